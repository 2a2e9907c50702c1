"""Checks of ARNs: each must have the account's number and partition, and the name of the record that it identifies."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from auditor.account.kinds import Kind, listed_kinds
from auditor.account.model import Snapshot
from auditor.account.unknown import stored, stored_in

_FIELDS = 6  # of an ARN: arn, partition, service, Region, account, resource
_AWS = "aws"  # in ARNs of AWS-managed policies, in place of an account number
_NUMBER = 12  # digits of an account's number
_HOLDERS, _BOUNDED = ("users", "groups", "roles"), {"users", "roles"}


class _Owner(NamedTuple):
    """Hold what all ARNs of an account have in common; the account number is None while it is unknown."""

    account: str | None
    partition: str
    region: str | None


def strange_arns(snapshot: Snapshot) -> Iterator[str]:
    """Yield a message for each ARN whose account, partition, Region or name differs from its snapshot or record.

    Policy documents, trust policies and tags may name other accounts, so they are not checked.
    """
    account = snapshot.account.id or _first_account(snapshot)
    owner = _Owner(account, snapshot.account.partition, snapshot.region)
    for kind, listing, _ in listed_kinds():
        yield from _of_records(kind, listing, kind.resources(snapshot).known_part, owner)
    policies = tuple(f"arn:{owner.partition}:iam::{number}:policy/" for number in (account, _AWS))
    for place, name, arn in _references(snapshot):
        if not (name and arn.startswith(policies) and arn.endswith(f"/{name}")):
            yield from _of_reference(place, name, arn, owner)


def _first_account(snapshot: Snapshot) -> str | None:
    """Return the account of the first ARN that names one; all others must then name the same."""
    for kind, _, _ in listed_kinds():
        for record in kind.resources(snapshot).known_part:
            fields = (stored(record, kind.arn) or "").split(":", _FIELDS - 1)
            if len(fields) == _FIELDS and len(fields[4]) == _NUMBER and fields[4].isdigit():
                return str(fields[4])
    return None


def _of_records(kind: Kind, listing: str, records: Sequence[Any], owner: _Owner) -> Iterator[str]:
    known = owner._replace(region=(owner.region or "*") if kind.regional else "")
    start = f"arn:{owner.partition}:{kind.service}:{known.region}:{owner.account}:{kind.resource}"
    arns, names = stored_in(records, kind.arn), stored_in(records, kind.name)
    right = [f"{start}{path}{name}" for path, name in zip(_paths(records), names, strict=True)]
    if arns == right:  # nearly always; this shortcut saves time
        return
    for arn, expected, record in zip(arns, right, records, strict=True):
        if arn is not None and arn != expected:
            yield from _fault(kind, f"$.{listing} holds {arn}", record, known)


def _paths(records: Sequence[Any]) -> Sequence[str | None]:
    if not records or "path" not in records[0].__struct_fields__:
        return ["/"] * len(records)
    return stored_in(records, "path")


def _fault(kind: Kind, holds: str, record: Any, owner: _Owner) -> Iterator[str]:
    """Yield a message if an ARN does not belong to its record."""
    arn = stored(record, kind.arn)
    named = kind.name != kind.arn
    if not named and not arn.startswith("arn:"):  # the serial number of an MFA device may be no ARN
        return
    fields = arn.split(":", _FIELDS - 1)
    if (fault := _strange(fields, owner)) is not None:
        yield f"{holds}, {fault}"
        return
    if is_misnamed(kind, record):
        name, (path,) = stored(record, kind.name), _paths([record])
        yield f"{holds} as the ARN of {path or ''}{name}, but the name or path in it is another"


def is_misnamed(kind: Kind, record: Any) -> bool:
    """Return whether a record's ARN has another kind, name or path than the record; False if it is not an ARN."""
    fields = (stored(record, kind.arn) or "").split(":", _FIELDS - 1)
    if len(fields) != _FIELDS:
        return False
    name, resource, (path,) = stored(record, kind.name), fields[5], _paths([record])
    start, end = f"{kind.resource}{path or '/'}", f"/{name}"
    whole = resource == f"{start}{name}" if path is not None else resource.startswith(start) and resource.endswith(end)
    named = kind.name != kind.arn
    return fields[2] != kind.service or not (whole if named else resource.startswith(f"{kind.resource}/"))


def _strange(fields: Sequence[str], owner: _Owner, *more_accounts: str) -> str | None:
    """Return why an ARN, split into its fields, cannot belong to the owner; None if it can."""
    if len(fields) != _FIELDS or fields[0] != "arn":
        return "which is not an ARN"
    if fields[4] not in (owner.account, *more_accounts):
        return f"which is not of account {owner.account}" if owner.account else "which names no account"
    if fields[1] != owner.partition:
        return f"which is not of the partition {owner.partition}, the account's"
    if owner.region not in ("*", fields[3]):
        return f"which is not of the Region {owner.region}" if owner.region else "which names a Region"
    return None


def _references(snapshot: Snapshot) -> set[tuple[str, str | None, str]]:
    """Return the ARNs in records that refer to other records: place, name beside the ARN, and ARN, each once."""
    found: set[tuple[str, str | None, str]] = set()
    for listing in _HOLDERS:
        records, place = getattr(snapshot, listing).known_part, f"$.{listing} has a policy attached"
        held = [each.known_part for each in stored_in(records, "attached_policies")]
        found.update((place, each.name, each.arn) for attached in held if attached for each in attached)
        if listing in _BOUNDED:
            boundaries = set(stored_in(records, "permissions_boundary")) - {None}
            found.update((f"$.{listing} has the permissions boundary", None, arn) for arn in boundaries)
    for device in snapshot.virtual_mfa_devices.known_part:
        if device.user_arn is not None:
            found.add(("$.virtual_mfa_devices has a device of", None, device.user_arn))
    return found


def _of_reference(place: str, name: str | None, arn: str, owner: _Owner) -> Iterator[str]:
    of_user = place.endswith("device of")
    fields = arn.split(":", _FIELDS - 1)
    fault = _strange(fields, owner._replace(region=""), *(() if of_user else (_AWS,)))
    if fault is not None:
        yield f"{place}, {arn}, {fault}"
        return
    right = fields[5] == "root" or fields[5].startswith("user/") if of_user else fields[5].startswith("policy/")
    if not right or fields[2] != "iam":
        yield f"{place}, {arn}, which is not the ARN of {'a user' if of_user else 'a policy'}"
    elif name is not None and not arn.endswith(f"/{name}"):
        yield f"{place}, {arn}, with the name {name!r}, which is not the one in its ARN"
