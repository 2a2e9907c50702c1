"""The subject of an explanation: the user, group, role or policy with a name or an ARN."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any

from msgspec import Struct

from auditor.account.kinds import ResourceType, kind_of
from auditor.account.model import AwsManagedPolicy, Snapshot
from auditor.account.unknown import gaps_of, stored_in
from auditor.errors import UsageError, nearest
from auditor.explaining.facts import Reader
from auditor.policies.access.holdings import is_aws_managed

_ROOT = ("root", "<root_account>")
_PARTS = 6  # of an ARN


class Explained(StrEnum):
    """List the kinds of resources that can be explained."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"
    POLICY = "policy"

    @property
    def resource_type(self) -> ResourceType:
        """Return the resource type."""
        return ResourceType[self.name]


class Subject(Struct, frozen=True):
    """Hold what is explained; the record is None for an AWS-managed policy of which only the ARN is known."""

    resource_type: ResourceType
    name: str
    arn: str | None
    record: Any

    @property
    def text(self) -> str:
        """Return the subject as text for errors."""
        kind = self.resource_type.rpartition(":")[2].lower()
        return f"the {'AWS-managed ' if self.is_aws_managed else ''}{kind} {self.arn or self.name}"

    @property
    def is_aws_managed(self) -> bool:
        """Return whether it is an AWS-managed policy."""
        return self.arn is not None and is_aws_managed(self.arn)


class Unseen(Struct, frozen=True):
    """Hold why it is unknown whether a resource with a name exists; the type is None if it is unknown too."""

    resource_type: ResourceType | None
    name: str
    reason: str


def find(snapshot: Snapshot, name: str, kind: Explained | None) -> Subject | Unseen:
    """Return the subject with a name or an ARN, of the given kind if it is not None.

    Raises UsageError for a name that does not exist, is empty, or is not unique.
    """
    if not name:
        raise UsageError("the name is empty", "Name a user, group, role or policy; a variable may not be set.")
    kinds = list(Explained) if kind is None else [kind]
    candidates = [each for one in kinds for each in _listed(snapshot, one)]
    by_arn = name.startswith("arn:")
    found = [each for each in candidates if (each.arn if by_arn else each.name) == name]
    if len(found) > 1:
        raise _ambiguous(name, found)
    if found:
        return found[0]
    if by_arn:
        _check_arn(name, kinds)
    return _unseen(snapshot, name, kinds, candidates)


def names(snapshot: Snapshot) -> list[str]:
    """Return the names of everything that can be explained, each once."""
    found = (each.name for kind in Explained for each in _listed(snapshot, kind))
    return sorted(set(found))


def _listed(snapshot: Snapshot, kind: Explained) -> Iterator[Subject]:
    row = kind_of(kind.resource_type)
    records = row.resources(snapshot).known_part
    for record, identity in zip(records, row.identities(records), strict=True):
        arn = None if "arn" in gaps_of(record) else identity.arn
        yield Subject(kind.resource_type, identity.name, arn, record)
    if kind is Explained.POLICY:
        yield from _of_aws(snapshot)


def _of_aws(snapshot: Snapshot) -> Iterator[Subject]:
    """Yield the AWS-managed policies that somebody has, or whose documents were read."""
    known: dict[str, AwsManagedPolicy] = {each.arn: each for each in snapshot.aws_managed_policies}
    for arn in dict.fromkeys((*known, *filter(is_aws_managed, _held(snapshot)))):
        yield Subject(ResourceType.POLICY, arn.rpartition("/")[2], arn, known.get(arn))


def _held(snapshot: Snapshot) -> Iterator[str]:
    for records in (snapshot.users.known_part, snapshot.groups.known_part, snapshot.roles.known_part):
        for attached in stored_in(records, "attached_policies"):
            yield from (each.arn for each in attached.known_part)
    for holders in (snapshot.users.known_part, snapshot.roles.known_part):
        yield from filter(None, stored_in(holders, "permissions_boundary"))


def _ambiguous(name: str, found: Sequence[Subject]) -> UsageError:
    kinds = {each.resource_type for each in found}
    listed = " and ".join(each.text for each in found)
    options = " or ".join(f"--type {kind.rpartition(':')[2].lower()}" for kind in sorted(kinds))
    hint = f"Add {options}." if len(kinds) > 1 else "Name it by its ARN."
    return UsageError(f"{name!r} may mean {listed}", hint)


def _check_arn(arn: str, kinds: Sequence[Explained]) -> None:
    """Raise UsageError for an ARN that is not of one of these kinds."""
    parts = arn.split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[2] != "iam" or not parts[-1].startswith(tuple(f"{kind}/" for kind in kinds)):
        hint = "Name the role for a session of it; other resources are in the report of `iam-audit scan`."
        raise UsageError(f"{arn!r} is not the ARN of a {_either(kinds)}", hint)


def _either(kinds: Sequence[Explained]) -> str:
    *others, last = kinds
    return f"{', '.join(others)} or {last}" if others else last


def _unseen(snapshot: Snapshot, name: str, kinds: Sequence[Explained], candidates: Sequence[Subject]) -> Unseen:
    """Return why it is unknown whether the name exists; raise UsageError if it certainly does not."""
    if name.lower() in _ROOT:
        hint = "`iam-audit scan` judges root, and `iam-audit can root ACTION` answers."
        raise UsageError("root is no IAM user", hint)
    by_arn = name.startswith("arn:")
    known = [(each.arn or each.name) if by_arn else each.name for each in candidates]
    lacking = "; ".join(_lacking(snapshot, kinds))
    if by_arn and not lacking:
        lacking = next((f"the ARN of {each.name} is not known" for each in candidates if each.arn is None), "")
    if not lacking:
        hint = nearest(name, known, "Give the exact name, or the ARN.")
        raise UsageError(f"the account has no {_either(kinds)} {name!r}", hint)
    guess = nearest(name, known, "")
    reason = f"No known {_either(kinds)} is named {name!r}, and {lacking}{f'. {guess}' if guess else ''}"
    return Unseen(kinds[0].resource_type if len(kinds) == 1 else None, name, reason)


def _lacking(snapshot: Snapshot, kinds: Sequence[Explained]) -> Iterator[str]:
    """Yield why lists may be incomplete; AWS-managed policies are known only if a listed identity has them."""
    reader = Reader(snapshot)
    cut: dict[str, list[str]] = {}
    for kind in Explained if Explained.POLICY in kinds else kinds:
        row = kind_of(kind.resource_type)
        if (reason := reader.of_gap(row.resources(snapshot).gap)) is not None:
            cut.setdefault(reason, []).append(str(row.listing))
    for reason, lists in cut.items():
        named = f"list of {lists[0]} is" if len(lists) == 1 else f"lists of {', '.join(lists)} are"
        yield f"the {named} not complete ({reason})"
    if not cut and Explained.POLICY in kinds:
        yield from islice(_doubtful_holders(snapshot, reader), 1)


def _doubtful_holders(snapshot: Snapshot, reader: Reader) -> Iterator[str]:
    """Yield a text for each identity whose policies are not all known."""
    for listing in (snapshot.users, snapshot.groups, snapshot.roles):
        names, held = (stored_in(listing.known_part, field) for field in ("name", "attached_policies"))
        for name, attached in zip(names, held, strict=True):
            if attached.gap is not None:
                yield f"not all policies of {name} are known ({reader.of_gap(attached.gap)})"
