"""Effects: what a planned change does to each finding, compared with the account before it."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import structs

from auditor.account.kinds import ResourceType, listed_kinds
from auditor.change.draft import Applied
from auditor.change.hiding import without_secrets
from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, ComplianceType
from auditor.report.planned import PlannedSummary, is_counted
from auditor.report.report import Report

_BAD, _UNKNOWN = ComplianceType.NON_COMPLIANT, ComplianceType.INSUFFICIENT_DATA
_LISTINGS = {kind.resource_type: listing for kind, listing, _ in listed_kinds()}
_Named = tuple[str, ResourceType, str]
"""The rule, type and name of a finding."""


def judged_alone(report: Report, after: Applied) -> Report:
    """Return the report of a change alone: findings on what it creates are new, all others are undetermined."""
    findings = tuple(
        _with(each, _alone(each, after), after) if each.compliance_type in OPEN else each for each in report.findings
    )
    return structs.replace(report, findings=findings, planned=_summary(after, findings, (), (), 0))


def _with(finding: Finding, effect: Effect, change: Applied) -> Finding:
    """Return the finding with the effect of the change, and with its causes unless it is unchanged."""
    finding = structs.replace(finding, change=effect)
    return finding if effect is Effect.UNCHANGED else without_secrets(change.causes.traced(finding), change.secrets)


def _alone(finding: Finding, after: Applied) -> Effect:
    new = _is_created(finding, after) or finding.resource_type is ResourceType.ACCOUNT
    return Effect.INTRODUCED if new and finding.compliance_type is _BAD else Effect.UNDETERMINED


def compared(before: Report, after: Report, change: Applied) -> Report:
    """Return the report of the account after a change; each finding says what the change does to it."""
    by_print = {each.fingerprint: each for each in before.findings}
    by_name = {_named(each): each for each in before.findings} if change.renamed else {}
    findings = tuple(_with_effect(each, _earlier(each, by_print, by_name, change), change) for each in after.findings)
    resolved, lost, unseen = _resolved_and_lost(before, after, change)
    return structs.replace(after, findings=findings, planned=_summary(change, findings, resolved, lost, unseen))


def _named(finding: Finding) -> _Named:
    return finding.config_rule_name, finding.resource_type, finding.resource_name


def _earlier(
    finding: Finding, by_print: Mapping[str, Finding], by_name: Mapping[_Named, Finding], change: Applied
) -> Finding | None:
    """Return the earlier finding on the same resource, also if the change renames the resource."""
    if _is_created(finding, change):
        return None
    old = change.renamed.get((_LISTINGS.get(finding.resource_type, ""), finding.resource_name))
    if old is not None:
        return by_name.get((finding.config_rule_name, finding.resource_type, old))
    return by_print.get(finding.fingerprint)


def _is_created(finding: Finding, change: Applied) -> bool:
    return (_LISTINGS.get(finding.resource_type, ""), finding.resource_name) in change.created


def _with_effect(finding: Finding, earlier: Finding | None, change: Applied) -> Finding:
    effect = _effect(finding.compliance_type, earlier, created=_is_created(finding, change))
    return _with(finding, effect, change) if effect is not None else finding


def _effect(now: ComplianceType, earlier: Finding | None, *, created: bool) -> Effect | None:
    was = earlier.compliance_type if earlier is not None else None
    if was is now:
        return Effect.UNCHANGED
    if now is _BAD:
        known = created if was is None else was is not _UNKNOWN
        return Effect.INTRODUCED if known else Effect.UNDETERMINED
    if now is _UNKNOWN or was is _UNKNOWN:
        return Effect.UNDETERMINED
    return Effect.RESOLVED if was is _BAD else Effect.UNCHANGED if was is not None else None


def _resolved_and_lost(
    before: Report, after: Report, change: Applied
) -> tuple[tuple[Finding, ...], tuple[Finding, ...], int]:
    """Return findings that were NON_COMPLIANT before the change: those it resolves, and those that become unknown.

    The number counts findings of the second kind that are missing after the change.
    """
    now = {each.fingerprint: each for each in after.findings}
    renamed = {(listing, old): new for (listing, new), old in change.renamed.items()}
    by_name = {_named(each): each for each in after.findings} if change.renamed else {}
    resolved: list[Finding] = []
    lost: list[Finding] = []
    unseen = 0
    for finding in before.findings:
        if finding.compliance_type is not _BAD:
            continue
        key = (_LISTINGS.get(finding.resource_type, ""), finding.resource_name)
        new = renamed.get(key)
        later = now.get(finding.fingerprint) if new is None else by_name.get((*_named(finding)[:2], new))
        if later is not None and _is_created(later, change):
            later = None
        fate = _fate(later, deleted=key in change.deleted)
        if fate is not None:
            with_causes = change.causes.traced(
                structs.replace(finding, change=fate), now=key if new is None else (key[0], new)
            )
            (resolved if fate is Effect.RESOLVED else lost).append(without_secrets(with_causes, change.secrets))
            unseen += fate is not Effect.RESOLVED and later is None
    return tuple(resolved), tuple(lost), unseen


def _fate(later: Finding | None, *, deleted: bool) -> Effect | None:
    """Return what the change does to a NON_COMPLIANT finding, None if it is still NON_COMPLIANT."""
    if later is None:
        return Effect.RESOLVED if deleted else Effect.UNDETERMINED
    if later.compliance_type is _BAD:
        return None
    return Effect.UNDETERMINED if later.compliance_type is _UNKNOWN else Effect.RESOLVED


def _summary(
    change: Applied, findings: Iterable[Finding], resolved: tuple[Finding, ...], lost: tuple[Finding, ...], unseen: int
) -> PlannedSummary:
    counts = Counter(each.change for each in findings if is_counted(each))
    counts[Effect.RESOLVED], counts[Effect.UNDETERMINED] = len(resolved), counts[Effect.UNDETERMINED] + unseen
    return PlannedSummary(
        files=change.files,
        alone=change.alone,
        touches_iam=change.touches_iam,
        counts={effect: counts[effect] for effect in Effect},
        resolved=resolved,
        lost=lost,
    )
