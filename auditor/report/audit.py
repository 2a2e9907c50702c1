"""The audit: make a report from a snapshot and rules."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.report_age import without_old_report
from auditor.account.snapshot import digest_of
from auditor.judging.engine import Evaluation, RuleNotice, evaluate
from auditor.judging.finding import Finding
from auditor.judging.rule import OPEN, ConfiguredRule
from auditor.judging.suppressions import Limits, Suppression, suppressed
from auditor.report.build import build, with_frameworks
from auditor.report.report import Report
from auditor.selection.frameworks import find
from auditor.selection.named import Rules, configured_rules
from auditor.selection.packs.summary import PackSummary

Engine = Callable[[Snapshot, Sequence[ConfiguredRule]], Evaluation]
"""A function that evaluates rules on a snapshot."""
Judge = Callable[[Snapshot, Engine | None], Report]
"""A function that makes the report of a snapshot, with the given engine or the usual one."""
_LIMITS = Limits()


def audit(
    snapshot: Snapshot,
    rules: Rules = None,
    parameters: Mapping[str, Mapping[str, object]] | None = None,
    *,
    suppressions: Sequence[Suppression] = (),
    suppression_limits: Limits = _LIMITS,
    frameworks: Sequence[str] = (),
    packs: Sequence[PackSummary] = (),
    as_of: datetime | None = None,
    max_report_age: timedelta | None = None,
    ou: str | None = None,
    engine: Engine | None = None,
) -> Report:
    """Return the report of a snapshot: the same snapshot, rules, settings and `as_of` give the same report.

    `rules` is the name of a set ("core", "aws-config", "all", or a framework's, with its values), or rules by id, by
    source identifier or configured; by default AWS Config's rules that need no value. `parameters` has values by
    rule and name, in AWS's spelling.
    `frameworks` names those to show control by control, `packs` are the summaries of the conformance packs that the
    rules come from. `as_of` is the run's time (UTC, by default now), which is only compared with the end dates of
    suppressions. `ou` is the path of the account's organizational unit, for suppressions that name one. Facts of a
    credential report older than `max_report_age` are unknown; the digest in the report is of the snapshot as it was
    read. `engine` evaluates the rules; planned changes use another one.

    Raises UsageError for a rule, parameter or framework that does not exist, or an invalid value.
    """
    configured = configured_rules(rules, parameters)
    wanted = [find(name) for name in frameworks]
    now = as_of or datetime.now(UTC).replace(microsecond=0)
    believed = snapshot if max_report_age is None else without_old_report(snapshot, max_report_age)
    evaluation = (engine or evaluate)(believed, configured)
    if suppressions:
        ids = {each.config_rule_name: each.rule.id for each in configured}
        findings, notices = suppressed(
            evaluation.findings, suppressions, believed, ids, suppression_limits, now.date(), ou=ou
        )
        of_suppressions = (RuleNotice(rule, notice) for rule, notice in notices)
        evaluation = Evaluation(findings, (*evaluation.notices, *of_suppressions))
    report = build(believed, configured, evaluation, sha256=digest_of(snapshot), evaluated_at=now, packs=packs)
    return with_frameworks(report, wanted)


def doubtful_users(snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> Sequence[str]:
    """Return the users with an open finding of a verifiable rule, if the credential report is older than the run.

    They are few if most users are compliant: a COMPLIANT finding is not verified again.
    """
    made, captured_at = snapshot.report_generated_at, snapshot.captured_at
    if made is None or captured_at is None or made >= captured_at:
        return ()
    findings = evaluate(snapshot, [each for each in rules if each.rule.verifiable and not each.undecided]).findings
    names = (found.resource_name for found in findings if found.compliance_type in OPEN and _is_user(found))
    return tuple(dict.fromkeys(names))


def _is_user(finding: Finding) -> bool:
    return finding.resource_type is ResourceType.USER
