"""Managed policies in explanations: what they allow, and who has them."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import AwsManagedPolicy, Policy, Snapshot
from auditor.account.unknown import Listing, UnknownFact, evaluate_quietly, stored
from auditor.explaining.documents import Documents, kind_of_policy
from auditor.explaining.explanation import HoldingGroup, OfPolicy, PolicyStatement
from auditor.explaining.facts import Fact, Listed, Reader
from auditor.policies.at_large import at_large
from auditor.policies.statements import Statement

_NO_ARN = "the policy's ARN is not known"


class Policies:
    """Read the managed policies of a snapshot, including AWS-managed ones."""

    def __init__(self, snapshot: Snapshot, index: Index) -> None:
        self._snapshot = snapshot
        self._index = index
        self._reader = Reader(snapshot)
        self._documents = Documents(snapshot, self._reader)

    def of_account(self, policy: Policy) -> OfPolicy:
        """Return what is known about a customer-managed policy."""
        fact = self._reader.fact
        return self._policy(
            stored(policy, "arn"),
            default_version=fact(lambda: policy.default_version_id),
            versions=self._reader.listed(lambda: policy.versions, lambda each: str(stored(each, "id"))),
            attachment_count=fact(lambda: policy.attachment_count),
            boundary_usage_count=fact(lambda: policy.permissions_boundary_usage_count),
            updated_at=fact(lambda: policy.updated_at),
            description=fact(lambda: policy.description),
        )

    def of_aws(self, arn: str, policy: AwsManagedPolicy | None) -> OfPolicy:
        """Return what is known about an AWS-managed policy; `policy` is None if its document was not read."""
        version = self._reader.fact(lambda: policy.version_id) if policy else Fact(None, "the document was not read")
        return self._policy(
            arn,
            default_version=version,
            versions=None,
            attachment_count=None,
            boundary_usage_count=None,
            updated_at=None,
            description=None,
        )

    def _policy(self, arn: str | None, **facts: Any) -> OfPolicy:
        if arn is None:
            return self._without_arn(facts)
        read = self._documents.statements(arn)
        return OfPolicy(
            kind=kind_of_policy(arn),
            at_large=Fact(None, read.unknown) if read.value is None else Fact(at_large(read.value)),
            statements=tuple(_statement(number, each) for number, each in enumerate(read.value or (), start=1)),
            users=self._reader.listed(lambda: self._index.holders(ResourceType.USER, arn), _name),
            groups=self._reader.listed(lambda: self._index.holders(ResourceType.GROUP, arn), self._with_members),
            roles=self._reader.listed(lambda: self._index.holders(ResourceType.ROLE, arn), _name),
            boundary_of_users=self._bounded(self._snapshot.users, arn),
            boundary_of_roles=self._bounded(self._snapshot.roles, arn),
            **facts,
        )

    def _without_arn(self, facts: Mapping[str, Any]) -> OfPolicy:
        nobody: Listed[Any] = Listed((), _NO_ARN)
        unread: Fact[Any] = Fact(None, _NO_ARN)
        return OfPolicy(
            kind=kind_of_policy(""),
            at_large=unread,
            statements=(),
            users=nobody,
            groups=nobody,
            roles=nobody,
            boundary_of_users=nobody,
            boundary_of_roles=nobody,
            **facts,
        )

    def _with_members(self, group: Any) -> HoldingGroup:
        name = _name(group)
        return HoldingGroup(name, self._reader.listed(lambda: self._index.members(name), str))

    def _bounded(self, holders: Listing[Any], arn: str) -> Listed[str]:
        """Return the users or roles that have the policy as permissions boundary; partial while others may have it."""
        found, reason = [], self._reader.of_gap(holders.gap)
        for holder in holders.known_part:
            boundary = evaluate_quietly(partial(getattr, holder, "permissions_boundary"))
            if boundary == arn:
                found.append(_name(holder))
            elif isinstance(boundary, UnknownFact):
                reason = reason or self._reader.reason(boundary)
        return Listed(tuple(found), reason)


def _name(record: Any) -> str:
    return str(record.name)


def _statement(number: int, statement: Statement) -> PolicyStatement:
    return PolicyStatement(
        number=number,
        sid=statement.sid,
        effect=statement.effect,
        actions=statement.not_actions or () if statement.actions is None else statement.actions,
        all_actions_but=statement.actions is None,
        resources=statement.not_resources or () if statement.resources is None else statement.resources,
        all_resources_but=statement.resources is None,
        conditions=tuple(_conditions(statement)),
    )


def _conditions(statement: Statement) -> Iterator[str]:
    for operator, keys in statement.conditions.items():
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            yield f"{operator} {key} = {', '.join(map(_value, listed))}"


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
