"""Pages: split moto's whole answers into pages with markers, as IAM does.

moto ignores MaxItems and Marker in GetAccountAuthorizationDetails and most lists, and leaves out IsTruncated in some.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from botocore.loaders import create_loader

AUTHORIZATION_DETAILS = "GetAccountAuthorizationDetails"
KINDS = {
    "User": "UserDetailList",
    "Role": "RoleDetailList",
    "Group": "GroupDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
"""The filters of GetAccountAuthorizationDetails, in the order in which their entities fill the pages, and its lists."""
DEFAULT_ITEMS, MOST_ITEMS = 100, 1000
_POLICY_ID = re.compile("<PolicyId>[^<]*</PolicyId>")
_CUT = ("Marker", "MaxItems", "nextToken", "maxResults")


@cache
def lists_of_actions() -> Mapping[str, tuple[str, ...]]:
    """Return the lists of each action that IAM pages, from botocore's model."""
    paginators = create_loader().load_service_model("iam", "paginators-1")["pagination"]
    keys = {action: paginator["result_key"] for action, paginator in paginators.items()}
    return {action: (key,) if isinstance(key, str) else tuple(key) for action, key in keys.items()}


class Whole(NamedTuple):
    """Hold a whole answer: its members in order, each with its list, and the part that every page repeats."""

    lists: tuple[str, ...]
    members: tuple[tuple[str, str], ...]
    rest: str


class BadPageError(Exception):
    """Raised if a requested page does not exist; IAM answers with a ValidationError."""


def request_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a call without those that select a page."""
    return {name: value for name, value in parameters.items() if name not in _CUT}


def filters_of(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Return the filters of a GetAccountAuthorizationDetails call, in the order of its pages; by default all."""
    given = {value for name, value in parameters.items() if name.startswith("Filter.member.")}
    if not given <= KINDS.keys():
        raise BadPageError(f"Value '{sorted(given)}' at 'filter' failed to satisfy constraint: {sorted(KINDS)}")
    return tuple(kind for kind in KINDS if kind in given or not given)


def whole_of(action: str, answer: bytes) -> Whole:
    """Split moto's answer into its members, sorted by path and name; moto orders some of them by random ids."""
    result = next(node for node in _bare(answer) if node.tag.endswith("Result"))
    lists = lists_of_actions()[action]
    members: list[tuple[str, str]] = []
    rest = ""
    for node in result:
        if node.tag in lists:
            members += sorted(((node.tag, ET.tostring(member, encoding="unicode")) for member in node), key=_order)
        elif node.tag not in ("IsTruncated", "Marker"):
            rest += ET.tostring(node, encoding="unicode")
    return Whole(lists, tuple(members), rest)


def _order(member: tuple[str, str]) -> str:
    return _POLICY_ID.sub("", member[1])


def joined(wholes: Sequence[Whole]) -> Whole:
    """Return one whole answer with the members of several, in order."""
    members = tuple(member for whole in wholes for member in whole.members)
    return Whole(wholes[0].lists, members, wholes[0].rest)


def _bare(answer: bytes) -> ET.Element:
    root = ET.fromstring(answer)
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def page_of(whole: Whole, parameters: Mapping[str, str], sizes: Sequence[int]) -> str:
    """Return the content of the requested page; the numbers of members in pages are those of `sizes`, in turn.

    Raises BadPageError for a marker that was not returned for the same request, and for an invalid MaxItems.
    """
    most = int(parameters.get("MaxItems", DEFAULT_ITEMS))
    if not 1 <= most <= MOST_ITEMS:
        raise BadPageError(f"Value '{most}' at 'maxItems' failed to satisfy constraint: between 1 and {MOST_ITEMS}")
    number, first = place_of(parameters)
    last = min(first + min(sizes[number % len(sizes)], most), len(whole.members))
    end = _end(marker_of(parameters, number + 1, last) if last < len(whole.members) else None)
    return "".join(_page_lists(whole, first, last)) + whole.rest + end


def _page_lists(whole: Whole, first: int, last: int) -> Iterator[str]:
    held = dict.fromkeys(whole.lists, "")
    for name, xml in whole.members[first:last]:
        held[name] += xml
    return (f"<{name}>{members}</{name}>" for name, members in held.items())


def _end(marker: str | None) -> str:
    more = f"<Marker>{marker}</Marker>" if marker is not None else ""
    return f"<IsTruncated>{str(marker is not None).lower()}</IsTruncated>{more}"


def marker_of(parameters: Mapping[str, str], number: int, first: int) -> str:
    """Return a marker that is valid only for the same request."""
    place = f"{number} {first}"
    return urlsafe_b64encode(f"{place} {_seal(parameters, place)}".encode()).decode()


def place_of(parameters: Mapping[str, str]) -> tuple[int, int]:
    """Return the number of a page, and the number of its first member."""
    marker = parameters.get("Marker")
    if marker is None:
        return 0, 0
    try:
        number, first, seal = urlsafe_b64decode(marker).decode().split(" ")
    except (Base64Error, ValueError) as error:
        raise BadPageError("Invalid Marker.") from error
    if seal != _seal(parameters, f"{number} {first}"):
        raise BadPageError("Invalid Marker.")
    return int(number), int(first)


def _seal(parameters: Mapping[str, str], place: str) -> str:
    request: Any = sorted(request_of(parameters).items())
    return sha256(f"{request} {place}".encode()).hexdigest()[:32]
