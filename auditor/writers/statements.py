"""Texts about a whole report, and its findings worst first, for the formats of other programs.

The texts are those of the report; the writers must escape them or make them visible.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from auditor.judging.finding import Effect, Finding, Location
from auditor.judging.registry import load_rules, page, sections
from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.report import baseline_text, configuration, planned
from auditor.report.completeness import narrowing, shortfall
from auditor.report.report import Report, RuleResult
from auditor.selection.packs.summary import sentence

_KINDS, _SEVERITIES = list(ComplianceType), list(Severity)
_EFFECTS = (Effect.INTRODUCED, Effect.UNDETERMINED, Effect.UNCHANGED, Effect.RESOLVED, None)
_LINK = re.compile(r"https?://[!-~]+")


class RulePage(NamedTuple):
    """Hold the parts of a rule's page: its first line, why the rule exists, and how to fix its findings."""

    opening: str
    why: str
    fix: str


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by verdict and severity, then those known from a baseline, then the suppressed ones.

    For a planned change, findings that it introduces come first, then those for which this is undetermined.
    """

    def weight(finding: Finding) -> tuple[bool, bool, int, int, int]:
        aside, kind = finding.suppression is not None, _KINDS.index(finding.compliance_type)
        return aside, finding.known, _EFFECTS.index(finding.change), kind, _SEVERITIES.index(severity_of(finding))

    return sorted(findings, key=weight)


def severity_of(finding: Finding) -> Severity:
    """Return the severity of a finding, MEDIUM if it has none, as in a report of an earlier release."""
    return finding.severity or Severity.MEDIUM


def open_findings(report: Report) -> list[Finding]:
    """Return the findings that need attention, worst first, then the suppressed ones with these verdicts."""
    return worst_first(finding for finding in report.findings if finding.compliance_type in OPEN)


def about_account(report: Report) -> str:
    """Return a text with the account and its capture time."""
    account, captured_at = report.account, report.snapshot.captured_at
    alias = f" ({account.alias})" if account.alias else ""
    return f"Account {account.id or 'unknown'}{alias}, {account.partition}, captured {moment(captured_at)}"


def verdict(report: Report) -> str:
    """Return the verdict on the account with its counts."""
    summary = report.summary
    numbers = [f"{summary.counts[kind]:,} {kind}" for kind in ComplianceType if summary.counts.get(kind)]
    numbers += [f"{summary.suppressed:,} suppressed, counted apart"] if summary.suppressed else []
    numbers += [f"{report.baseline.known:,} known from the baseline"] if report.baseline else []
    return f"Account verdict {summary.compliance_type}: {', '.join(numbers) or 'no findings'}"


def remarks(report: Report) -> Iterator[str]:
    """Yield important remarks: what is incomplete, narrowed, configured, or was not read."""
    yield from filter(None, (shortfall(report), narrowing(report)))
    if report.configuration is not None:
        yield configuration.sentence(report.configuration)
    if report.baseline is not None:
        yield baseline_text.line(report.baseline)
        yield from (
            f"Different from the baseline: {each}" for each in baseline_text.differing(report.baseline.differences)
        )
    yield from map(sentence, report.packs)
    for source in report.snapshot.sources:
        if source.lacking:
            grant = f"; grant {', '.join(source.iam_actions)}" if source.iam_actions else ""
            yield f"Source {source.name} is {source.status}: {source.detail or 'no reason is known'}{grant}"


def of_change(report: Report) -> Iterator[str]:
    """Yield a summary of the effects of planned changes, and each finding that they resolve."""
    if report.planned is None:
        return
    yield planned.sentence(report.planned)
    names = report.shown_names
    for finding in report.planned.resolved:
        causes = f" ({'; '.join(finding.causes)})" if finding.causes else ""
        yield f"Resolved: {names[finding.config_rule_name]} on {finding.resource_name}{causes}"


def change_text(finding: Finding) -> str:
    """Return the effect of a planned change on a finding with its causes, in brackets; empty without an effect."""
    if finding.change is None:
        return ""
    known = finding.change is Effect.UNCHANGED or finding.compliance_type is ComplianceType.INSUFFICIENT_DATA
    causes = "" if known else "; ".join(finding.causes)
    return f" ({finding.change}: {causes})" if causes else f" ({finding.change})"


def changed_first(report: Report) -> Sequence[Finding]:
    """Return the findings; for a planned change, introduced ones first, then undetermined ones."""
    if report.planned is None:
        return report.findings
    return sorted(report.findings, key=lambda finding: _EFFECTS.index(finding.change))


def warnings(report: Report) -> Iterator[str]:
    """Yield the warnings of the report and the notes on its packs."""
    names = report.shown_names
    for warning in report.warnings:
        rule = warning.config_rule_name
        about = " ".join(name for name in (rule and names.get(rule, rule), warning.resource_name) if name)
        yield f"{about}: {warning.message}" if about else warning.message
    yield from (f"Pack {pack.name}: {note}" for pack in report.packs for note in pack.notes)


def suppression_text(finding: Finding) -> str:
    """Return the fields of a suppression, such as its reason and end date, as text in their order."""
    parts = (f"{name} {value}" for name, value in (finding.suppression or {}).items() if value is not None)
    return f"Suppressed: {'; '.join(parts)}"


def place_text(location: Location) -> str:
    """Return the location of a resource in a user's files as text."""
    line = None if location.line is None else str(location.line)
    file = ":".join(part for part in (location.file, line) if part)
    return " ".join(part for part in (file, location.address) if part)


def slashed(file: str) -> str:
    """Return the path of a file with forward slashes, as GitHub and GitLab expect it."""
    return file.replace("\\", "/").removeprefix("./")


def stand_in_path(report: Report) -> str:
    """Return the path that stands for the account if a format requires a file; it is the same in every run."""
    return f"aws-iam/{report.account.id or 'unknown'}"


def link(url: str) -> str | None:
    """Return the URL if other programs can use it as a link, else None."""
    return url if _LINK.fullmatch(url) else None


def moment(time: datetime | None) -> str:
    """Return a time in UTC as text for reports."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if time else "at an unknown time"


def shortened(text: str, most: int) -> str:
    """Return the text, cut to `most` characters with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def rule_pages(report: Report) -> Mapping[str, RulePage]:
    """Return the page of each rule of the report; for a rule that is not installed here, only its name."""
    known = {rule.source_identifier: sections(page(rule)) for rule in load_rules().values()}
    return {rule.config_rule_name: _page(rule, known.get(rule.source_identifier, {})) for rule in report.rules}


def _page(rule: RuleResult, parts: Mapping[str, str]) -> RulePage:
    opening = parts.get("") or f"The rule {rule.shown_name}."
    return RulePage(opening, parts.get("Why", ""), parts.get("Fix", ""))
