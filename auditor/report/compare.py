"""Comparing two reports: what is new, what is resolved, and what the newer one does not prove."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from auditor import __version__
from auditor.account.kinds import KINDS, ResourceType
from auditor.judging.engine import RULE_ERROR
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, Severity
from auditor.report.changes import Outcome, Unproven
from auditor.report.comparison import Change, Comparison, NotSeen, Resource, compared
from auditor.report.differences import differences
from auditor.report.proof import Fate, ListName, Side, is_open
from auditor.report.report import Report, Tool
from auditor.report.same_account import check_account

_SEVERITIES = list(Severity)
_OF_SOURCES = (Unproven.SOURCE_INCOMPLETE, Unproven.UNDECIDED)


def compare(old: Report, new: Report) -> Comparison:
    """Return what changed from an old report of an account to a new one.

    A finding is the same in both if its fingerprint and the unique id of its resource are equal, because a user who is
    created again under the same name is another user. An id that is unknown on only one side equals no other. A finding
    is resolved only if the new report proves it.

    Raises UsageError for reports of two accounts, SourceError for one that was narrowed and lists only some findings.
    """
    check_account(old.account, new.account, "the old report", "the new report")
    before, after = Side(old, "the old report"), Side(new, "the new report")
    fates = [
        (finding, after.fate(finding, _identifier(before, finding))) for finding in old.findings if is_open(finding)
    ]
    changes = [Change(finding, fate.now) for finding, fate in fates if fate.outcome is Outcome.UNCHANGED and fate.now]
    seen_before, seen_after = _resources(old), _resources(new)
    held = {change.new.fingerprint for change in changes}
    fresh = tuple(each for each in new.findings if is_open(each) and each.fingerprint not in held)
    return Comparison(
        tool=Tool("iam-audit", __version__),
        account=new.account,
        old_report=compared(old, len(fates), _undecided(old)),
        new_report=compared(new, len(fresh) + len(changes), _undecided(new)),
        differences=differences(old, new),
        new=fresh,
        reopened=tuple(each for each in fresh if _was_set_aside(each, before, after)),
        worse=tuple(each for each in changes if _rank(each.new) < _rank(each.old)),
        changed=tuple(each for each in changes if each.new.evidence != each.old.evidence),
        unchanged=tuple(change.new for change in changes),
        resolved=tuple(finding for finding, fate in fates if fate.outcome is Outcome.RESOLVED),
        suppressed=tuple(fate.now for _, fate in fates if fate.outcome is Outcome.SUPPRESSED and fate.now),
        not_seen=tuple(_not_seen(fates, after)),
        appeared=_only_in(seen_after, seen_before, before),
        vanished=_only_in(seen_before, seen_after, after),
        failed_rules=_failed(old, new),
    )


def _identifier(side: Side, finding: Finding) -> str:
    return side.rules[finding.config_rule_name].source_identifier


def _undecided(report: Report) -> int:
    return report.summary.counts[ComplianceType.INSUFFICIENT_DATA]


def _rank(finding: Finding) -> int:
    return _SEVERITIES.index(finding.severity) if finding.severity is not None else len(_SEVERITIES)


def _was_set_aside(finding: Finding, before: Side, after: Side) -> bool:
    """Return whether an open finding was already NON_COMPLIANT before, but suppressed."""
    earlier = before.by_fingerprint.get(finding.fingerprint)
    return (
        earlier is not None
        and earlier.resource_id == finding.resource_id
        and earlier.compliance_type is ComplianceType.NON_COMPLIANT
        and earlier.suppression is not None
        and _identifier(before, earlier) == _identifier(after, finding)
    )


def _not_seen(fates: Iterable[tuple[Finding, Fate[Finding]]], after: Side) -> Iterator[NotSeen]:
    for finding, fate in fates:
        if fate.reason is not None:
            lacking = after.lacking(finding.config_rule_name) if fate.reason in _OF_SOURCES else ()
            yield NotSeen(finding, fate.reason, tuple(lacking))


def _failed(*reports: Report) -> tuple[str, ...]:
    warnings = (warning for report in reports for warning in report.warnings if warning.code == RULE_ERROR)
    return tuple(sorted({warning.config_rule_name for warning in warnings if warning.config_rule_name}))


_Names = tuple[str, str | None, str | None]
"""The name, ARN and unique id of a resource; plain tuples, because there are many."""
_Lists = Mapping[ListName, AbstractSet[_Names]]
_NAME, _ARN, _ID = range(3)


def _only_in(here: _Lists, there: _Lists, other: Side) -> tuple[Resource, ...]:
    """Return the resources that only one report has, from lists that are complete in the other one."""
    found = (
        Resource(listed_in[0], *names)
        for listed_in, resources in here.items()
        if listed_in in other.lists
        for names in _unlike(resources, there.get(listed_in, frozenset()))
    )
    return tuple(sorted(found, key=lambda each: (each.resource_type, each.resource_name, each.resource_arn or "")))


def _unlike(resources: AbstractSet[_Names], others: AbstractSet[_Names]) -> Iterator[_Names]:
    """Yield the resources that are certainly not among the others, neither by unique id nor by name."""
    left = resources - others
    if not left:
        return
    ids = {names[_ID] for names in others} - {None}
    by_address = {names[_ARN] or names[_NAME]: names[_ID] for names in others}
    for names in left:
        address = names[_ARN] or names[_NAME]
        namesake = address in by_address and None in (names[_ID], by_address[address])
        if names[_ID] not in ids and not namesake:
            yield names


def _resources(report: Report) -> _Lists:
    """Return the resources with findings in a report, by the list that they are in."""
    regional = {kind.resource_type for kind in KINDS if kind.regional}
    found: dict[ListName, set[_Names]] = {}
    for each in report.findings:
        kind = each.resource_type
        listed_in = kind, each.region if kind in regional else None
        names = each.resource_name, each.resource_arn, each.resource_id
        if listed_in in found:
            found[listed_in].add(names)
        else:
            found[listed_in] = {names}
    return {listed_in: names for listed_in, names in found.items() if listed_in[0] is not ResourceType.ACCOUNT}
