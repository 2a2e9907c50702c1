"""Checks that none of the given managed policies is attached to an IAM user, group or role.

Why
    Some policies, AdministratorAccess above all, give so much that each use of them should be a known exception.

COMPLIANT
    None of policyArns is attached to the identity itself, or the identity is in exceptionList, whatever is attached.
    A policy that is used only as a permissions boundary does not count, which is our decision.
NON_COMPLIANT
    At least one of policyArns is attached to the identity. What a user has through a group counts for the group
    only, which is our decision.
INSUFFICIENT_DATA
    None of them is known to be attached, and the attached policies could not be read completely.

Parameters
    policyArns (CSV, required, AWS prints arn:aws:iam::aws:policy/AdministratorAccess): ARNs of managed policies.
    AWS prints this default for every partition; it means AdministratorAccess of the account's own, which is our
    decision. Given ARNs compare exactly, which is our decision too, and the partition is part of an ARN: a warning
    names those that are no policy of the account.
    exceptionList (CSV, optional): names of identities that may have the policies, as
    `users:[u1;u2], groups:[g1], roles:[r1;r2]`. Kinds ignore case, names compare exactly, blanks around either do not
    count, and "," separates names as well as ";" does, all of which is our decision. A name with a comma cannot be
    given here.

Fix
    `aws iam detach-user-policy`, `aws iam detach-group-policy` or `aws iam detach-role-policy` with
    `--policy-arn ARN`, after attaching a policy that gives no more than is needed.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model import Group, ResourceType, Role, Source, User
from auditor.policy import not_arns, source_of
from auditor.rule import Context, Evidence, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant

_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_ENTRY = re.compile(r"\s*(\w+)\s*:\s*\[([^\[\]]*)\]\s*(?:,|$)")
_KINDS: Mapping[str, Source] = {"users": Source.USERS, "groups": Source.GROUPS, "roles": Source.ROLES}


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling; exceptionList is a text, because its commas have two meanings."""

    policyArns: Annotated[tuple[str, ...], Meta(extra={"printed_default": _ADMINISTRATOR})]
    exceptionList: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an exceptionList that cannot be parsed."""
        _exceptions(self.exceptionList)


@lru_cache(maxsize=16)
def _exceptions(text: str | None) -> Mapping[Source, frozenset[str]]:
    """Return the excepted names by the source of their kind (users, groups or roles)."""
    found: dict[Source, frozenset[str]] = {}
    rest = text or ""
    while rest.strip():
        entry = _ENTRY.match(rest)
        if entry is None:
            raise ValueError(f"exceptionList has {rest.strip()!r} where an entry like users:[u1;u2] should be")
        kind = entry[1].lower()
        if kind not in _KINDS:
            raise ValueError(f"exceptionList has the kind {entry[1]!r}, which is none of users, groups and roles")
        names = frozenset(name.strip() for name in re.split("[;,]", entry[2])) - {""}
        if not names:
            raise ValueError(f"exceptionList has {entry[1]}:[] without names")
        source = _KINDS[kind]
        found[source] = found.get(source, frozenset()) | names
        rest = rest[entry.end() :]
    return found


def evaluate(identity: User | Group | Role, context: Context[Parameters]) -> Verdict:
    """Judge one user, group or role by the managed policies that are attached to it."""
    source, parameters = source_of(identity), context.parameters
    if identity.name in _exceptions(parameters.exceptionList).get(source, ()):
        return compliant("The identity is in exceptionList")
    if not any(policy.arn in parameters.policyArns for policy in identity.attached_policies):
        return compliant("None of policyArns is attached")
    arns = [policy.arn for policy in identity.attached_policies.known_part]
    listed = [arn for arn in parameters.policyArns if arn in arns]
    return non_compliant(f"Attached: {', '.join(listed)}", Evidence("attached_policies", listed, source))


def notes(context: Context[Parameters]) -> Iterator[str]:
    """Yield a warning for values that name no policy of the account."""
    return not_arns("policyArns", context.parameters.policyArns, context.snapshot.account.partition)


RULE = Rule(
    id="iam-policy-blacklisted-check",
    source_identifier="IAM_POLICY_BLACKLISTED_CHECK",
    resource_types=(ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE),
    reads=frozenset({Source.USERS, Source.GROUPS, Source.ROLES}),
    severity=Severity.MEDIUM,  # Security Hub IAM.27
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-policy-blacklisted-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    notes=notes,
)
