"""Policies of users, groups and roles: their statements, and whom trust policies let in; unknown ones raise."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import Raw

from auditor.account.model import Group, InlinePolicy, Policy, Role, User
from auditor.account.sources import Source
from auditor.account.unknown import Listing, gaps_of, undecided
from auditor.policies.decoding import UnreadableDocumentError
from auditor.policies.statements import Effect, Statement, statements, trust_statements

T = TypeVar("T")
Documented = TypeVar("Documented", InlinePolicy, Role)
Holder = TypeVar("Holder", User, Group, Role)


def source_of(holder: User | Group | Role) -> Source:
    """Return the source of an identity and its policies."""
    return Source.USERS if isinstance(holder, User) else Source.GROUPS if isinstance(holder, Group) else Source.ROLES


def boundary_only(policy: Policy) -> bool:
    """Return whether a policy is a permissions boundary and not attached as well (that condition is our decision)."""
    return policy.permissions_boundary_usage_count > 0 and policy.attachment_count == 0


def default_statements(policy: Policy) -> tuple[Statement, ...]:
    """Return the statements of the policy's default version.

    Raises UnknownFact if its document cannot be read, or if it is unclear which version is the default.
    """
    return read_default(policy, statements)


def read_default(policy: Policy, read: Callable[[Raw], T]) -> T:
    """Return the result of `read` for the document of the policy's default version; raise as `default_statements`."""
    wanted = policy.default_version_id
    _check_versions(policy, wanted)
    for version in policy.versions:
        if version.id == wanted:
            if not version.is_default:
                raise undecided(f"version {wanted} is the policy's default version, but is not marked as the default")
            try:
                return read(version.document)
            except UnreadableDocumentError as error:
                raise undecided(f"the document of version {wanted} cannot be read: {error}") from error
    raise undecided(f"version {wanted}, the default, is not among the policy's versions")


def _check_versions(policy: Policy, wanted: str) -> None:
    """Raise UnknownFact if the default version is listed twice, or another version is marked as the default."""
    known = [version for version in policy.versions.known_part if not gaps_of(version).keys() & {"id", "is_default"}]
    if sum(version.id == wanted for version in known) > 1:
        raise undecided(f"version {wanted}, the default, is listed twice")
    others = [version.id for version in known if version.is_default and version.id != wanted]
    if others:
        raise undecided(f"version {wanted} is the default by the policy, and {others[0]} by itself")


def inline_statements(policies: Listing[InlinePolicy]) -> Iterator[tuple[InlinePolicy, tuple[Statement, ...]]]:
    """Yield each inline policy that can be read, with its statements; then raise UnknownFact if there may be more."""
    return _readable_first(policies, "document", statements)


def trusts(roles: Listing[Role]) -> Iterator[tuple[Role, tuple[Statement, ...]]]:
    """Yield each role with a readable trust policy, and its statements; then raise UnknownFact if others may exist."""
    return _readable_first(roles, "trust_policy", trust_statements)


def _readable_first(
    records: Listing[Documented], field: str, read: Callable[..., tuple[Statement, ...]]
) -> Iterator[tuple[Documented, tuple[Statement, ...]]]:
    doubts: list[str] = []
    for record in records.known_part:
        if field not in gaps_of(record):
            try:
                found = read(getattr(record, field))
            except UnreadableDocumentError as error:
                doubts.append(f"the {field.replace('_', ' ')} of {record.name} cannot be read: {error}")
            else:
                yield record, found
    for record in records:
        getattr(record, field)  # raises if it is unknown
    if doubts:
        raise undecided(doubts[0])


def trusts_somebody(trust: Sequence[Statement]) -> bool:
    """Return whether a trust policy lets anybody assume the role."""
    return any(True for _ in _trusted(trust))


def trusts_only(role: Role, account_id: str) -> bool:
    """Return whether somebody may assume the role, and only principals of one account.

    Raises UnknownFact if the trust policy is unknown or cannot be read.
    """
    try:
        trusted = set(_trusted(trust_statements(role.trust_policy)))
    except UnreadableDocumentError as error:
        raise undecided(f"the trust policy cannot be read: {error}") from error
    number = re.escape(account_id)
    principal = re.compile(rf"{number}|arn:[^:]+:(iam|sts)::{number}:.+")
    return bool(trusted) and all(kind == "AWS" and principal.fullmatch(name) for kind, name in trusted)


def _trusted(trust: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    """Yield the principals that are allowed, by kind and name; an Allow with NotPrincipal counts as everybody."""
    for statement in trust:
        if statement.effect is Effect.ALLOW:
            for kind, names in ({"AWS": ("*",)} if statement.principals is None else statement.principals).items():
                yield from ((kind, name) for name in names)


def not_arns(parameter: str, values: Sequence[str], partition: str) -> Iterator[str]:
    """Yield a note for each value of a parameter that can match no policy: not an ARN, or of another partition.

    If the list also contains the same ARN in the account's partition, it was written for several partitions, and there
    is no note.
    """
    for value in values:
        start, _, rest = value.partition(":")
        other, _, rest = rest.partition(":")
        if start != "arn" or not rest:
            yield f"{parameter}: {value!r} is not an ARN, so it matches no policy"
        elif f"arn:{partition}:{rest}" not in values:
            yield (
                f"{parameter}: {value!r} is of the partition {other}, and the account is in {partition}, "
                "so it matches no policy"
            )
