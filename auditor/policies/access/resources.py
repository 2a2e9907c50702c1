"""Resources: whether the pattern of a statement matches what a request acts on; a doubt if AWS does not document it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import re
from functools import lru_cache

from auditor.account.unknown import Record
from auditor.policies.access.actions import LIST_VIRTUAL_DEVICES, TARGETS, Target
from auditor.policies.access.globs import fits, is_everything, is_wild
from auditor.policies.access.truth import Doubt, Truth
from auditor.policies.patterns import covers, overlap

_PARTS = 6  # of an ARN: arn, partition, service, Region, account, resource
_SERVICE, _RESOURCE = 2, 5
_UNTYPED = frozenset({"apigateway", "execute-api", "s3", "sns", "sqs"})
"""The services whose ARNs have no resource type before the first slash or colon of the resource."""
_TYPE = re.compile(r"[^/:]*[/:]")


class Requested(Record, frozen=True):
    """Hold an action in lower case and the resource that it is requested on, with the parts of its ARN.

    `type` is the resource type that the ARN's resource begins with, such as "user/", or "". Statements match all
    questions with the same `key` alike: the resource, or the action if there is none. `mismatch` says why AWS never
    checks the action on the resource, or is None.
    """

    action: str
    text: str
    parts: tuple[str, ...]
    type: str
    wild: bool
    key: str
    mismatch: Doubt | None


def parts_of(arn: str) -> list[str]:
    """Return the parts of an ARN, or of a pattern of ARNs."""
    return arn.split(":", _PARTS - 1)


@lru_cache(maxsize=1024)  # questions repeat the same resources in each session
def requested(action: str, resource: str) -> Requested:
    """Return the resource of a question, prepared for comparison with statements; `action` is in lower case."""
    parts = tuple(parts_of(resource))
    typed = _TYPE.match(parts[_RESOURCE]) if len(parts) == _PARTS and parts[_SERVICE] not in _UNTYPED else None
    return Requested(
        action=action,
        text=resource,
        parts=parts,
        type=typed[0] if typed else "",
        wild=is_wild(resource),
        key=action if resource == "*" else resource,
        mismatch=_mismatch(action, resource, parts),
    )


def _mismatch(action: str, resource: str, parts: tuple[str, ...]) -> Doubt | None:
    target = TARGETS.get(action)
    if target is None or target is Target.NONE or resource == "*":
        return None
    if parts[_SERVICE] == "iam" and parts[-1].startswith(target):
        return None
    return Doubt(f"AWS never checks {action} on {resource[:64]}, but on ARNs such as arn:aws:iam::…:{target}…")


def matches(pattern: str, of: Requested, *, granting: bool) -> Truth:
    """Return whether a pattern of Resource or NotResource matches; `granting` is true for Resource of an Allow."""
    if is_everything(pattern):
        return True
    if of.text == "*":
        return _matches_none(pattern, of.action, granting=granting)
    if pattern == of.text and not of.wild:
        return True
    parts = parts_of(pattern)
    return _matches_all(pattern, parts, of) if of.wild else _matches_one(pattern, parts, of)


def _matches_one(pattern: str, parts: list[str], of: Requested) -> Truth:
    if len(parts) == _PARTS and _each_fits(parts, of):
        return _certain(pattern, parts, of)
    if not pattern.startswith("arn:") and not is_wild(pattern):
        return Doubt(f"the resource {pattern[:64]!r} is not an ARN")
    return _doubtful(pattern, len(parts), of.text)


def _each_fits(parts: list[str], of: Requested) -> bool:
    return all(map(fits, parts, of.parts))


def _certain(pattern: str, parts: list[str], of: Requested) -> Truth:
    """Return True, or a doubt if a wildcard is where AWS does not document what it matches."""
    if parts[0] != "arn" or is_wild(parts[_SERVICE]) or not parts[_RESOURCE].startswith(of.type):
        return Doubt(f"AWS does not document what {pattern[:64]!r} matches: a wildcard stands for a service or a type")
    return True


def _doubtful(pattern: str, count: int, text: str) -> Truth:
    """Return a doubt if a pattern matches only in another case, across the parts of an ARN, or completed with stars."""
    pattern, text = pattern.lower(), text.lower()
    if fits(pattern, text) or (count < _PARTS and fits(pattern + ":*" * (_PARTS - count), text)):
        return Doubt(f"AWS does not document whether {pattern[:64]!r} matches: case, or parts of the ARN, differ")
    return False


def _matches_all(pattern: str, parts: list[str], of: Requested) -> Truth:
    """Return whether a pattern matches every resource that a question with wildcards is about."""
    if len(parts) == _PARTS == len(of.parts) and all(_covers(*pair) for pair in zip(parts, of.parts, strict=True)):
        return _certain(pattern, parts, of)
    if len(parts) == _PARTS == len(of.parts):
        possible = all(map(overlap, parts, of.parts))
    else:
        possible = overlap(f"{pattern}*", of.text)
    if possible:
        return Doubt(f"{pattern[:64]!r} may match some of {of.text[:64]}, and not all")
    return False


def _covers(wide: str, narrow: str) -> bool:
    return covers(wide, narrow, ignore_case=False)


def _matches_none(pattern: str, action: str, *, granting: bool) -> Truth:
    """Return whether a pattern matches a request without a resource; only "*" certainly does.

    AWS's own errors name an empty resource for some actions, such as "user/" for iam:ListUsers.
    """
    parts = parts_of(pattern)
    if len(parts) < _PARTS or parts[0] != "arn" or is_wild(parts[_SERVICE]):
        return Doubt(f"AWS does not document whether {pattern[:64]!r} matches actions without a resource")
    if parts[_SERVICE] != action.partition(":")[0]:
        return False
    if _is_open(parts[_RESOURCE], action, granting=granting):
        return Doubt(f"AWS contradicts itself on whether {pattern[:64]!r} matches actions without a resource")
    return False if granting or TARGETS.get(action) is Target.NONE else Doubt(f"it rests on {pattern[:64]!r}")


def _is_open(resource: str, action: str, *, granting: bool) -> bool:
    """Return whether a pattern's resource might match an empty one."""
    if is_wild(resource[:1]):
        return True
    if action == LIST_VIRTUAL_DEVICES:
        return fits(resource, Target.MFA_DEVICE)
    kind = _TYPE.match(resource)
    return not granting and kind is not None and fits(resource, kind[0])
