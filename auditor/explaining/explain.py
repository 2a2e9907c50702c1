"""Making the explanation of one resource from a snapshot and its report."""

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.snapshot import digest_of
from auditor.account.sources import Source
from auditor.errors import UsageError
from auditor.explaining.explanation import Explanation
from auditor.explaining.facts import Fact, Reader
from auditor.explaining.identities import Identities
from auditor.explaining.policies import Policies
from auditor.explaining.questions import questions
from auditor.explaining.subject import Explained, Subject, Unseen, find
from auditor.judging.finding import Finding
from auditor.judging.rule import ConfiguredRule
from auditor.policies.access.evaluator import Access
from auditor.report.audit import audit
from auditor.report.report import Report, ReportWarning, most_urgent_first
from auditor.selection.named import configured_rules

_TAGGED = (ResourceType.USER, ResourceType.ROLE)


def explain(snapshot: Snapshot, name: str, *, kind: str | None = None, report: Report | None = None) -> Explanation:
    """Return everything that is known about a user, group, role or policy, by name or ARN.

    `kind` is "user", "group", "role" or "policy", for a name that is not unique. `report` provides the findings; it
    must be made from the same snapshot by `auditor.audit`. By default, all rules for the resource type run, except
    those that need a parameter value or one call for each policy.

    Raises UsageError for a name that does not exist or is not unique, an unknown kind, and a report of another
    snapshot. If a list is incomplete and the name is not in it, the explanation says so in `unseen`.
    """
    chosen = _kind(kind)
    if report is None:
        found = find(snapshot, name, chosen)  # first, because it raises for a name that does not exist
        rules = cheap(relevant(configured_rules("all"), found.resource_type))
        return explained(snapshot, audit(snapshot, rules), found)
    if report.snapshot.sha256 != digest_of(snapshot):
        raise UsageError("the report is of another snapshot", "Give the report of this one, or none.")
    return explained(snapshot, report, find(snapshot, name, chosen))


def relevant(rules: Iterable[ConfiguredRule], resource_type: ResourceType | None) -> list[ConfiguredRule]:
    """Return the rules that judge resources of a type, or of any type that can be explained."""
    types = {resource_type} if resource_type else {kind.resource_type for kind in Explained}
    return [each for each in rules if types & set(each.rule.resource_types)]


def cheap(rules: Iterable[ConfiguredRule]) -> list[ConfiguredRule]:
    """Return the rules without those on policy descriptions, which need one call for each policy."""
    return [each for each in rules if Source.POLICY_DESCRIPTIONS not in each.rule.reads]


def explained(snapshot: Snapshot, report: Report, found: Subject | Unseen) -> Explanation:
    """Return the explanation of a subject, with the findings of a report on the snapshot."""
    head: dict[str, Any] = {
        "tool": report.tool,
        "evaluated_at": report.evaluated_at,
        "account": report.account,
        "snapshot": report.snapshot,
        "configuration": report.configuration,
        "name": found.name,
        "resource_type": found.resource_type,
    }
    if isinstance(found, Unseen):
        return _unseen(head, found)
    judged = _judged(report, found)
    return Explanation(
        **head,
        **_identity(snapshot, found),
        **_facts(snapshot, found),
        rules=_rules(report, judged),
        findings=tuple(judged),
        warnings=tuple(_warnings(report, found, judged)),
    )


def _kind(kind: str | None) -> Explained | None:
    try:
        return None if kind is None else Explained(kind)
    except ValueError:
        names = ", ".join(Explained)
        raise UsageError(f"{kind!r} is not a kind of resource to explain", f"Choose one of {names}.") from None


def _unseen(head: dict[str, Any], found: Unseen) -> Explanation:
    nothing: Fact[Any] = Fact(None, found.reason)
    return Explanation(
        **head,
        arn=nothing,
        id=nothing,
        path=nothing,
        created_at=nothing,
        tags=None,
        unseen=found.reason,
        rules={},
        findings=(),
        warnings=(),
    )


def _identity(snapshot: Snapshot, found: Subject) -> dict[str, Any]:
    """Return the names, time of creation and tags of the resource."""
    fact, record = Reader(snapshot).fact, found.record
    if found.is_aws_managed:
        return {"arn": Fact(found.arn), "id": Fact(None), "path": Fact(None), "created_at": Fact(None), "tags": None}
    return {
        "arn": fact(lambda: record.arn),
        "id": fact(lambda: record.id),
        "path": fact(lambda: record.path),
        "created_at": fact(lambda: record.created_at),
        "tags": fact(lambda: record.tags) if found.resource_type in _TAGGED else None,
    }


def _facts(snapshot: Snapshot, found: Subject) -> dict[str, Any]:
    """Return what is known about the resource, by the name of its kind."""
    index, record = Index(snapshot), found.record
    if found.arn is not None and found.is_aws_managed:
        return {"policy": Policies(snapshot, index).of_aws(found.arn, record)}
    if found.resource_type is ResourceType.POLICY:
        return {"policy": Policies(snapshot, index).of_account(record)}
    identities = Identities(snapshot, index)
    if found.resource_type is ResourceType.GROUP:
        return {"group": identities.group(record)}
    if found.resource_type is ResourceType.ROLE:
        return {"role": identities.role(record)}
    return {"user": identities.user(record, list(questions(Access(snapshot, index), record)))}


def _judged(report: Report, found: Subject) -> list[Finding]:
    """Return the findings on a resource, most urgent rules first."""
    order = {rule.config_rule_name: place for place, rule in enumerate(most_urgent_first(report.rules))}
    own = [
        each
        for each in report.findings
        if each.resource_type is found.resource_type and each.resource_name == found.name and not found.is_aws_managed
    ]
    return sorted(own, key=lambda each: order[each.config_rule_name])


def _rules(report: Report, judged: list[Finding]) -> dict[str, str]:
    names = {each.config_rule_name for each in judged}
    return {rule.config_rule_name: rule.source_identifier for rule in report.rules if rule.config_rule_name in names}


def _warnings(report: Report, found: Subject, judged: list[Finding]) -> Iterator[ReportWarning]:
    """Yield the warnings about a resource, from its rules and from the account's facts."""
    names = {None, *(each.config_rule_name for each in judged)}
    for warning in report.warnings:
        if warning.resource_name == found.name and warning.config_rule_name in names:
            yield warning
