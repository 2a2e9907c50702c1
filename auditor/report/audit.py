"""The audit: from a snapshot and rules to a report, and nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.report_age import without_old_report
from auditor.account.snapshot import digest, dump
from auditor.judging.engine import Evaluation, RuleNotice, evaluate
from auditor.judging.finding import Finding
from auditor.judging.rule import OPEN, ConfiguredRule
from auditor.judging.suppressions import Limits, Suppression, suppressed
from auditor.report.build import build
from auditor.report.report import Report
from auditor.selection.packs.summary import PackSummary


def audit(
    snapshot: Snapshot,
    rules: Sequence[ConfiguredRule],
    evaluated_at: datetime | None = None,
    max_report_age: timedelta | None = None,
    suppressions: Sequence[Suppression] = (),
    limits: Limits = Limits(),  # noqa: B008 - never changed
    *,
    packs: Sequence[PackSummary] = (),
) -> Report:
    """Return the report of a snapshot; `evaluated_at` (UTC) is now unless it is given.

    What rests on a credential report older than `max_report_age` is unknown; the digest is of the snapshot as read.
    """
    now = evaluated_at or datetime.now(UTC).replace(microsecond=0)
    believed = snapshot if max_report_age is None else without_old_report(snapshot, max_report_age)
    evaluation = evaluate(believed, rules)
    if suppressions:
        ids = {each.config_rule_name: each.rule.id for each in rules}
        findings, notices = suppressed(evaluation.findings, suppressions, believed, ids, limits, now.date())
        of_suppressions = (RuleNotice(rule, notice) for rule, notice in notices)
        evaluation = Evaluation(findings, (*evaluation.notices, *of_suppressions))
    return build(believed, rules, evaluation, sha256=digest(dump(snapshot)), evaluated_at=now, packs=packs)


def doubtful_users(snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> Sequence[str]:
    """Return the users whose open finding of a verifiable rule rests on a credential report older than the run.

    They are few where most users are in order: what is COMPLIANT is not verified again.
    """
    made, captured_at = snapshot.report_generated_at, snapshot.captured_at
    if made is None or captured_at is None or made >= captured_at:
        return ()
    findings = evaluate(snapshot, [each for each in rules if each.rule.verifiable]).findings
    names = (found.resource_name for found in findings if found.compliance_type in OPEN and _is_user(found))
    return tuple(dict.fromkeys(names))


def _is_user(finding: Finding) -> bool:
    return finding.resource_type is ResourceType.USER
