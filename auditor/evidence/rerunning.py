"""Judging again: the rules of a stored report over its snapshot, and whether the findings are the same."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
from msgspec import structs

from auditor.account.model import Snapshot
from auditor.account.sources import Source, SourceRecord
from auditor.judging.finding import Finding
from auditor.judging.parameters import doubts_of
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, ConfiguredRule, Rule
from auditor.report.audit import audit
from auditor.report.report import Report, RuleResult

_SHOWN = 5  # findings that are named of those that differ
_MAX_AGE = re.compile(r"older than --max-report-age ([0-9.e+]+) h")
_NOT_JUDGED = {"suppression": None, "known": False, "change": None, "causes": ()}
"""What a report says of a finding that no rule said."""


class Judged(NamedTuple):
    """Hold how many findings were judged again, what differs, and why some rules were not judged again."""

    findings: int
    differences: Sequence[str]
    not_judged: Sequence[str]


def judged_again(report: Report, snapshot: Snapshot) -> Judged:
    """Return what the rules of a report say of its snapshot now, with the same values and the same time."""
    configured: list[ConfiguredRule] = []
    not_judged: list[str] = []
    installed = {rule.source_identifier: rule for rule in load_rules().values()}
    for result in report.rules:
        made = _configured(report, result, installed.get(result.source_identifier))
        if isinstance(made, str):
            not_judged.append(f"{result.config_rule_name}: {made}")
        else:
            configured.append(made)
    of_any = configured or None  # without a rule of the report, others show what it must say of the snapshot
    again = audit(snapshot, of_any, as_of=report.evaluated_at, max_report_age=_max_report_age(report, snapshot))
    names = {each.config_rule_name for each in configured}
    before = [_bare(each) for each in report.findings if each.config_rule_name in names]
    findings = again.findings if configured else ()
    differences = [*_of_header(report, again), *_of_rules(report, again, names), *_differences(before, findings)]
    return Judged(len(findings), differences, not_judged)


def _of_header(report: Report, again: Report) -> Iterator[str]:
    """Yield what a report says otherwise of its account, and of the times and sources of its snapshot."""
    for name in ("account", "snapshot"):
        if msgspec.json.encode(getattr(report, name)) != msgspec.json.encode(getattr(again, name)):
            yield f"`{name}` is not what the snapshot says"


def _of_rules(report: Report, again: Report, names: Collection[str]) -> Iterator[str]:
    """Yield what a report says otherwise of its rules, besides the verdicts and counts, which suppressions change."""
    new = {each.config_rule_name: each for each in again.rules}
    for rule in (each for each in report.rules if each.config_rule_name in names):
        for field in ("coverage", "controls", "source_url"):
            old_value, new_value = getattr(rule, field), getattr(new[rule.config_rule_name], field)
            if msgspec.json.encode(old_value, order="sorted") != msgspec.json.encode(new_value, order="sorted"):
                yield f"{rule.config_rule_name}: its `{field}` is not that of the rule"


def _configured(report: Report, result: RuleResult, rule: Rule | None) -> ConfiguredRule | str:
    """Return a rule as it ran for the report, or why it cannot run again."""
    name = result.config_rule_name
    if rule is None:
        return "the rule is not installed here"
    noted = any(note.startswith(f"{name} is undecided: ") for pack in report.packs for note in pack.notes)
    if noted and not any(decides(each) for each in report.findings if each.config_rule_name == name):
        return "what its conformance pack asks was not known"
    try:
        parameters = msgspec.convert(result.parameters, rule.parameters)
    except msgspec.ValidationError as error:
        return f"its parameters are not those of the rule that is installed here: {error}"
    judged = tuple(kind for kind in rule.resource_types if kind not in result.left_out)
    rule = structs.replace(rule, severity=result.severity, resource_types=judged)
    given = frozenset(rule.parameters.__struct_fields__)  # no default is moved to another partition again
    doubts = doubts_of(each.message for each in report.warnings if each.config_rule_name == name)
    return ConfiguredRule(rule, name, parameters, (), given, left_out=result.left_out, doubts=doubts)


def decides(finding: Finding) -> bool:
    """Return whether a finding says that a resource is as a rule asks, or that it is not."""
    return finding.compliance_type in (ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT)


def _max_report_age(report: Report, snapshot: Snapshot) -> timedelta | None:
    """Return the age above which the report took the credential report for unknown, None if it did not."""
    now, then = _credential_report(report.snapshot.sources), _credential_report(snapshot.sources)
    if now is None or then is None or (now.status, now.detail) == (then.status, then.detail):
        return None
    found = _MAX_AGE.search(now.detail or "")
    return timedelta(hours=float(found[1]) if found else 0)


def _credential_report(sources: Sequence[SourceRecord]) -> SourceRecord | None:
    return next((each for each in sources if each.name is Source.CREDENTIAL_REPORT), None)


def _bare(finding: Finding) -> Finding:
    return structs.replace(finding, **_NOT_JUDGED)


def _differences(before: Sequence[Finding], again: Sequence[Finding]) -> Iterator[str]:
    """Yield a sentence for each finding that is not the same in both; the first few of many."""
    old, new = ({_key(each): each for each in found} for found in (before, again))
    differing = sorted(key for key in old.keys() | new.keys() if not _same(old.get(key), new.get(key)))
    for key in differing[:_SHOWN]:
        yield _sentence(old.get(key), new.get(key))
    if len(differing) > _SHOWN:
        yield f"{len(differing) - _SHOWN:,} more findings differ"
    if not differing and len(before) != len(again):
        yield f"it lists {len(before):,} findings, and the rules have {len(again):,}"


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.config_rule_name, finding.fingerprint, finding.resource_id or ""


def _same(old: Finding | None, new: Finding | None) -> bool:
    """Return whether two findings are written the same: what was read from JSON has other types."""
    return msgspec.json.encode(old) == msgspec.json.encode(new)


def _sentence(old: Finding | None, new: Finding | None) -> str:
    about = new or old
    if about is None:
        raise ValueError("no finding to be named")
    name = f"{about.config_rule_name} on {about.resource_name}"
    if old is None or new is None:
        kind = about.compliance_type
        return f"{name}: {kind} {'is not in the report' if old is None else 'by the report, and judged by no rule'}"
    if old.compliance_type is not new.compliance_type:
        return f"{name}: {old.compliance_type} by the report, {new.compliance_type} by the rules"
    fields = [each for each in old.__struct_fields__ if getattr(old, each) != getattr(new, each)]
    return f"{name}: {' and '.join(fields) or 'evidence'} of the report and of the rules differ"
