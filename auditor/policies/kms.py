"""Blocked KMS actions: which of them a policy document allows on many keys."""

import re
from collections.abc import Iterator, Sequence

from auditor.account.unknown import Record
from auditor.policies.patterns import covers, everything, overlap, without_variables
from auditor.policies.statements import Effect, Statement

_KEY_PARTS = ("arn", "*", "kms", "*", "*", "key/*")  # arn, partition, service, Region, account, key
_ACTION = re.compile(r"[A-Za-z*?:]+")  # the letters of KMS's actions, and wildcards


class KeyAccess(Record, frozen=True):
    """Hold a blocked pattern that a statement (numbered from 0) allows on a resource that stands for many keys.

    `every_key` is False if these are the keys of only one account and Region, which AWS's guidance accepts.
    """

    statement: int
    pattern: str
    resource: str
    every_key: bool

    @property
    def said(self) -> str:
        """Return the access as text for an annotation."""
        return f"statement {self.statement + 1} allows {self.pattern} on {self.resource}"


def accesses(statements: Sequence[Statement], blocked: Sequence[str], partition: str) -> Iterator[KeyAccess]:
    """Yield each blocked pattern that the statements of one document allow; their conditions are ignored.

    An Allow with NotResource does not count if that excludes every key of the account's partition. A Deny counts only
    if it has no conditions, is on "*", and covers everything that is allowed.
    """
    denials = [each for each in statements if _denies_everywhere(each)]
    for number, statement in enumerate(statements):
        if statement.effect is Effect.ALLOW:
            reached = tuple(_reached(statement, partition))
            for pattern in blocked if reached else ():
                if _allows(statement, pattern, denials):
                    yield from (KeyAccess(number, pattern, *each) for each in reached)


def not_actions(patterns: Sequence[str]) -> Iterator[str]:
    """Yield a note for each value of blockedActionsPatterns that is not a KMS action and so blocks nothing."""
    for pattern in patterns:
        if not (_ACTION.fullmatch(pattern) and overlap(pattern, "kms:?*")):
            yield f"blockedActionsPatterns: {pattern!r} is not a KMS action such as kms:Decrypt, so it blocks nothing"


def _denies_everywhere(statement: Statement) -> bool:
    on_all = any(everything(resource) for resource in statement.resources or ())
    return statement.effect is Effect.DENY and on_all and not statement.conditions


def _allows(statement: Statement, pattern: str, denials: Sequence[Statement]) -> bool:
    if statement.actions is None:
        excluded = any(covers(action, pattern) for action in statement.not_actions or ())
        return not excluded and not _denied(pattern, pattern, denials)
    return any(overlap(action, pattern) and not _denied(action, pattern, denials) for action in statement.actions)


def _denied(action: str, pattern: str, denials: Sequence[Statement]) -> bool:
    """Return whether a denial covers everything that matches both the action and the pattern."""
    return any(_covered(denial, action, pattern) for denial in denials)


def _covered(denial: Statement, action: str, pattern: str) -> bool:
    if denial.actions is None:
        return not any(overlap(spared, action) and overlap(spared, pattern) for spared in denial.not_actions or ())
    return any(covers(denied, action) or covers(denied, pattern) for denied in denial.actions)


def _reached(statement: Statement, partition: str) -> Iterator[tuple[str, bool]]:
    """Yield each resource of a statement that stands for many keys, and whether for every key."""
    if statement.resources is None:
        excluded = statement.not_resources or ()
        if not any(covers(each, _keys(partition), ignore_case=False) for each in excluded):
            yield f"all but {', '.join(excluded)}", True
        return
    for resource in statement.resources:
        every_key = _reach(without_variables(resource))
        if every_key is not None:
            yield resource, every_key


def _reach(resource: str) -> bool | None:
    """Return whether a pattern matches every key (True), all keys of an account and Region (False), or fewer (None).

    In a shorter ARN, a wildcard may stand for the missing parts; otherwise AWS completes it with stars:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    parts = resource.split(":", len(_KEY_PARTS) - 1)
    missing = len(_KEY_PARTS) - len(parts)
    partition = parts[1] if len(parts) > 1 else "*"
    if missing and overlap(resource, _keys(partition), ignore_case=False):
        return True
    parts += ["*"] * missing
    if not all(overlap(part, wanted, ignore_case=False) for part, wanted in zip(parts, _KEY_PARTS, strict=True)):
        return None
    region, account, key = parts[-3:]
    if _open(account):
        return True
    return _open(region) if _open(key) else None


def _keys(partition: str) -> str:
    return ":".join(("arn", partition, *_KEY_PARTS[2:]))


def _open(part: str) -> bool:
    return "*" in part or "?" in part
