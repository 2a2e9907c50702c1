"""AWS Organizations in the tests' server: accounts with State and Paths, units, tags, and pages with tokens.

moto has no Paths and only states of its own, gives accounts random ids, and never rejects a token.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aws_json import json_answer
from aws_server import Answer, Call, Front, error

ORGANIZATION = "o-exampleorg1"
ROOT = "r-ab12"
MANAGEMENT = "123456789012"
"""The account that the keys of tests belong to."""
_JOINED_AT = 1_700_000_000  # seconds since 1970
_MOST = 20  # accounts or units in a page, as AWS has it


class Member(NamedTuple):
    """Hold an account of the organization; `ou` is its path of unit names below the root."""

    id: str
    name: str
    ou: str = ""
    state: str = "ACTIVE"
    tags: Mapping[str, str] = {}


class OrganizationsService:
    """Answer for AWS Organizations; the next calls return what is changed here.

    `page_sizes` are the numbers of accounts in the pages of ListAccounts, repeated; 0 is an empty page with a token.
    `tells` names the fields for an account's state that are returned ("State", "Status"), `paths` whether Paths are.
    """

    def __init__(self, members: Iterable[Member], management: str = MANAGEMENT) -> None:
        self.members = {member.id: member for member in members}
        self.management = management
        self.page_sizes: Sequence[int] = (_MOST,)
        self.tells: Sequence[str] = ("State", "Status")
        self.paths = True

    def serve(self, front: Front) -> None:
        """Answer the calls of AWS Organizations instead of moto."""
        front.own |= {
            "DescribeOrganization": self._organization,
            "DescribeAccount": self._account,
            "ListAccounts": self._accounts,
            "ListRoots": self._roots,
            "ListOrganizationalUnitsForParent": self._units,
            "ListAccountsForParent": self._accounts_of,
            "ListTagsForResource": self._tags,
        }

    def put(self, account_id: str, state: str) -> None:
        """Set the state of an account."""
        self.members[account_id] = self.members[account_id]._replace(state=state)

    def unit_id(self, path: str) -> str:
        """Return the id of the unit with a path of names below the root; that of the root for ""."""
        number = sorted(self._unit_paths()).index(path) if path else 0
        return f"ou-ab12-{number:08}" if path else ROOT

    def _unit_paths(self) -> set[str]:
        paths = {member.ou for member in self.members.values() if member.ou}
        return {"/".join(path.split("/")[: depth + 1]) for path in paths for depth in range(path.count("/") + 1)}

    def _organization(self, _: Call) -> Answer:
        arn = f"arn:aws:organizations::{self.management}"
        organization = {
            "Id": ORGANIZATION,
            "Arn": f"{arn}:organization/{ORGANIZATION}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{arn}:account/{ORGANIZATION}/{self.management}",
            "MasterAccountId": self.management,
            "MasterAccountEmail": "management@example.com",
        }
        return json_answer({"Organization": organization})

    def _account(self, call: Call) -> Answer:
        member = self.members.get(call.parameters["AccountId"])
        if member is None:
            return error("AccountNotFoundException", "You specified an account that doesn't exist.")
        return json_answer({"Account": self._entry(member)})

    def _entry(self, member: Member) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "Id": member.id,
            "Arn": f"arn:aws:organizations::{self.management}:account/{ORGANIZATION}/{member.id}",
            "Email": f"aws+{member.id}@example.com",
            "Name": member.name,
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": _JOINED_AT,
        }
        fields |= {name: _as_of(name, member.state) for name in self.tells if _as_of(name, member.state)}
        if self.paths:
            fields["Paths"] = [self._path(member)]
        return fields

    def _path(self, member: Member) -> str:
        names = member.ou.split("/") if member.ou else []
        units = [self.unit_id("/".join(names[: depth + 1])) for depth in range(len(names))]
        return "/".join([ORGANIZATION, ROOT, *units, member.id, ""])

    def _accounts(self, call: Call) -> Answer:
        accounts = [self._entry(member) for member in self.members.values()]
        return _page(call, "Accounts", accounts, self.page_sizes)

    def _roots(self, call: Call) -> Answer:
        arn = f"arn:aws:organizations::{self.management}:root/{ORGANIZATION}/{ROOT}"
        return _page(call, "Roots", [{"Id": ROOT, "Arn": arn, "Name": "Root", "PolicyTypes": []}], (_MOST,))

    def _units(self, call: Call) -> Answer:
        parent = call.parameters["ParentId"]
        below = [path for path in sorted(self._unit_paths()) if self.unit_id(path.rpartition("/")[0]) == parent]
        arn = f"arn:aws:organizations::{self.management}:ou/{ORGANIZATION}"
        named = [(self.unit_id(path), path.rpartition("/")[2]) for path in below]
        units = [{"Id": unit, "Arn": f"{arn}/{unit}", "Name": name} for unit, name in named]
        return _page(call, "OrganizationalUnits", units, (_MOST,))

    def _accounts_of(self, call: Call) -> Answer:
        parent = call.parameters["ParentId"]
        accounts = [self._entry(member) for member in self.members.values() if self.unit_id(member.ou) == parent]
        return _page(call, "Accounts", accounts, self.page_sizes)

    def _tags(self, call: Call) -> Answer:
        member = self.members.get(call.parameters["ResourceId"])
        if member is None:
            return error("TargetNotFoundException", "You specified a target that doesn't exist.")
        tags = [{"Key": key, "Value": value} for key, value in member.tags.items()]
        return _page(call, "Tags", tags, (1,))


def _as_of(name: str, state: str) -> str | None:
    """Return the state as the value of a field; Status has neither CLOSED nor PENDING_ACTIVATION."""
    return state if name == "State" else {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": None}.get(state, state)


def _page(call: Call, key: str, items: Sequence[Mapping[str, Any]], sizes: Sequence[int]) -> Answer:
    """Return the page for the token of a call; a token of another request is an error, as in AWS."""
    request = ",".join(value for name, value in call.parameters.items() if name != "NextToken")
    number, first = 0, 0
    if "NextToken" in call.parameters:
        try:
            requested, place = urlsafe_b64decode(call.parameters["NextToken"]).decode().rsplit(" ", 1)
            number, first = map(int, place.split("."))
        except (Base64Error, ValueError):
            requested = ""
        if requested != request:
            return error("InvalidInputException", "You specified an invalid value for the NextToken parameter.")
    last = first + sizes[number % len(sizes)]
    token = urlsafe_b64encode(f"{request} {number + 1}.{last}".encode()).decode()
    more = {"NextToken": token} if last < len(items) else {}
    return json_answer({key: items[first:last], **more})
