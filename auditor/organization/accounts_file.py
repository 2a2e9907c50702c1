"""Lists of accounts in files: CSV, or JSON such as `aws organizations list-accounts` prints.

Columns may be spelled in many ways, but values must be as AWS writes them: a wrong account number loses an account.
"""

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.collectors.organizations import ACTIVE, STATES
from auditor.errors import SourceError
from auditor.organization.accounts import EXTERNAL_ID, EXTERNAL_IDS, Listed, partition_of, state_of
from auditor.organization.records import Account

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "accountid", "account", "accountnumber", "awsaccountid", "awsaccount", "awsaccountnumber"),
    "name": ("name", "accountname", "alias", "accountalias"),
    "email": ("email", "accountemail", "emailaddress"),
    "role_arn": ("rolearn", "role", "iamrole", "iamrolearn"),
    "external_id": ("externalid", "roleexternalid"),
    "tags": ("tags", "tag"),
    "ou": ("ou", "oupath", "oupaths", "organizationalunit", "organizationalunitpath", "orgunit"),
    "state": ("state", "accountstate"),
    "status": ("status", "accountstatus"),
    "paths": ("paths",),
}
_SPELLINGS = {spelling: field for field, spellings in _FIELDS.items() for spelling in spellings}
_KNOWN = frozenset({"arn", "accountarn", "joinedmethod", "joinedtimestamp"})
"""Fields that AWS lists for accounts and that are not needed."""
_TAG = re.compile(r"tags?[:.](?P<key>.+)", re.IGNORECASE)
_ROLE_ARN = re.compile(r"arn:(?P<partition>aws[\w-]*):iam::(?P<account>\d{12}):role/[\x21-\x7e]+", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
_SHOWN = 10  # columns in one warning

Entry = Mapping[str, Any]


class _Form(Struct, frozen=True):
    """Hold the hints for errors in a CSV or JSON file: an example, and how to keep numbers and letters unchanged."""

    example: str
    whole_numbers: str
    encoding: str


_CSV = _Form(
    "The first line names the columns: id,name,role_arn,external_id,tags,ou; only id is needed.",
    "Spreadsheets drop leading zeros and round long numbers: format the column as text, and write it again.",
    'Save it as "CSV UTF-8".',
)
_JSON = _Form(
    'Write {"Accounts": [{"Id": "111122223333"}]}, as `aws organizations list-accounts` does; only the id is needed, '
    "and name, role_arn, external_id, tags and ou are read too.",
    "Numbers in JSON have no leading zeros and may be rounded: put the account number between quotes.",
    "Save it as UTF-8.",
)


class _Row(Struct, frozen=True):
    """Hold one entry of the file: its line or number, and its values by field; a tag's field is `tag:KEY`."""

    place: str
    values: Entry
    form: _Form


def read_accounts_file(path: str, region: str | None = None) -> Listed:
    """Return the accounts that a CSV or JSON file lists; `path` may be "-" for standard input.

    Their partition is that of the roles in the file; without roles, that of `region` or of the Region in AWS's
    environment variables.
    Raises SourceError for a file that cannot be read, a value that is not as AWS writes it, an account that is listed
    twice, and an incomplete list; the error names the line or entry.
    """
    place = "standard input" if path == "-" else path
    content = documents.in_utf_8(documents.unpacked(documents.read(path, place), place), place)
    form = _JSON if content.lstrip()[:1] in (b"{", b"[") else _CSV
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"is not UTF-8 text: {error}", form.encoding, subject=place) from error
    rows = list(_json_rows(text, place) if form is _JSON else _csv_rows(text, place))
    if not rows:
        raise SourceError("lists no accounts", form.example, subject=place)
    accounts = [_account(row) for row in rows]
    _check_once(rows, accounts)
    return Listed(
        accounts=tuple(accounts),
        listed_by=f"the file {path}" if path != "-" else place,
        partition=_partition(rows, accounts) or partition_of(region or _usual_region()),
        warnings=tuple(_warnings(rows, place)),
    )


def _csv_rows(text: str, place: str) -> Iterator[_Row]:
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    header: Sequence[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _checked_header(cells, place)
                continue
            where = f"{place}: line {reader.line_num}"
            if len(cells) != len(header):
                problem = f"has {len(cells)} cells, and the first line {len(header)}"
                raise SourceError(problem, "Put texts that hold the separator between quotes.", subject=where)
            yield _Row(where, dict(zip(map(_field, header), (cell.strip() for cell in cells), strict=True)), _CSV)
    except csv.Error as error:
        raise SourceError(f"is not CSV: {error}", _CSV.example, subject=f"{place}: line {reader.line_num}") from error


def _checked_header(cells: Sequence[str], place: str) -> Sequence[str]:
    fields = [_field(cell) for cell in cells]
    if "id" not in fields:
        problem = f"has no column with account numbers in its first line ({', '.join(cells)[:80]})"
        raise SourceError(problem, _CSV.example, subject=place)
    twice = next((field for field in fields if fields.count(field) > 1), None)
    if twice is not None:
        raise SourceError(f"has two columns for {twice}", "Keep one of them.", subject=place)
    return cells


def _json_rows(text: str, place: str) -> Iterator[_Row]:
    try:
        documents.check_keys(text)
        content = msgspec.json.decode(text)
    except documents.FAULTS as error:
        raise SourceError(f"is not JSON: {documents.reason(error)}", "Write it again.", subject=place) from error
    entries = content
    if isinstance(content, dict):
        if content.get("NextToken"):
            problem = "holds only the first part of a list, as its NextToken says"
            raise SourceError(problem, "Write it again without --max-items and --no-paginate.", subject=place)
        entries = next((value for key, value in content.items() if key.lower() == "accounts"), None)
    if not isinstance(entries, list):
        problem = "holds no list of accounts"
        remedy = 'Write {"Accounts": [...]}, as `aws organizations list-accounts` does, or the list alone.'
        raise SourceError(problem, remedy, subject=place)
    for number, entry in enumerate(entries, 1):
        where = f"{place}: account {number}"
        if not isinstance(entry, dict | str):
            raise SourceError("is neither an object nor an account's number", 'Write {"id": "..."}.', subject=where)
        values = {"id": entry} if isinstance(entry, str) else {_field(key): value for key, value in entry.items()}
        if isinstance(entry, dict) and len(values) < len(entry):
            raise SourceError("has two keys of one meaning", "Keep one of them.", subject=where)
        yield _Row(where, values, _JSON)


def _field(column: str) -> str:
    """Return the field that a column or key stands for, or the column itself if it is unknown."""
    tag = _TAG.fullmatch(column.strip())
    if tag is not None:
        return f"tag:{tag['key'].strip()}"
    return _SPELLINGS.get(_plain(column), column.strip())


def _plain(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.lower())


def _account(row: _Row) -> Account:
    number = _number(row)
    written = _text(row, "state") or _text(row, "status")
    if written and written.upper() not in STATES:
        raise _wrong(row, f"has the state {written!r}", f"Valid states are {', '.join(STATES)}.")
    state = written.upper() if written else ACTIVE
    return Account(
        id=number,
        name=_text(row, "name"),
        email=_text(row, "email") or None,
        ou=_unit(row),
        tags=dict(_tags(row)),
        state=state_of(state),
        detail=None if state == ACTIVE else state,
        role_arn=_role(row, number),
        external_id=_external_id(row),
    )


def _number(row: _Row) -> str:
    value = row.values.get("id")
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if _ACCOUNT.fullmatch(text):
        return text
    if not text:
        raise _wrong(row, "has no account number", row.form.example)
    shown = f"has the account number {text[:40]!r}"
    if text.isdecimal():
        raise _wrong(row, f"{shown}, which has {len(text)} digits and not 12", row.form.whole_numbers)
    if _ROUNDED.fullmatch(text) or isinstance(value, float):
        raise _wrong(row, f"{shown}, which is rounded", row.form.whole_numbers)
    raise _wrong(row, shown, "Write its 12 digits without anything between them.")


def _text(row: _Row, field: str) -> str:
    value = row.values.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(row, f"has a {field} that is no text", "Put it between quotes.")
    return value.strip()


def _role(row: _Row, number: str) -> str | None:
    arn = _text(row, "role_arn")
    if not arn:
        return None
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        problem = f"has the role {arn[:100]!r}, which is no role's ARN"
        raise _wrong(row, problem, "Write arn:aws:iam::ACCOUNT:role/NAME, or leave it empty and use --role-name.")
    if match["account"] != number:
        problem = f"is about account {number}, and its role is of account {match['account']}"
        raise _wrong(row, problem, "Correct the number or the ARN.")
    return arn


def _external_id(row: _Row) -> str | None:
    text = _text(row, "external_id")
    if text and EXTERNAL_ID.fullmatch(text) is None:
        raise _wrong(row, "has an external id that AWS does not take", EXTERNAL_IDS)  # it is not shown: a secret
    return text or None


def _unit(row: _Row) -> str:
    """Return the path of organizational units; in AWS's `Paths` these are ids."""
    paths = row.values.get("paths")
    if not _text(row, "ou") and isinstance(paths, list) and paths:
        return "/".join(part for part in str(paths[0]).split("/") if part.startswith(("r-", "ou-")))
    return _text(row, "ou").strip("/")


def _tags(row: _Row) -> Iterator[tuple[str, str]]:
    yield from _listed_tags(row, row.values.get("tags") or "")
    for field, value in row.values.items():
        if field.startswith("tag:") and value not in ("", None):
            yield field.removeprefix("tag:"), _text(row, field)


def _listed_tags(row: _Row, tags: Any) -> Iterator[tuple[str, str]]:
    """Yield tags as "Key=Value;Key=Value", as an object, or as AWS's list of Key and Value."""
    if isinstance(tags, str):
        for pair in filter(str.strip, re.split("[;|]", tags)):
            key, equals, value = pair.partition("=")
            if not (key.strip() and equals):
                raise _wrong(row, f"has the tag {pair.strip()[:60]!r}", "Write tags as KEY=VALUE;KEY=VALUE.")
            yield key.strip(), value.strip()
        return
    pairs = tags.items() if isinstance(tags, dict) else _pairs(tags)
    for key, value in pairs:
        if not (isinstance(key, str) and isinstance(value, str)):
            raise _wrong(row, "has a tag that is no text", 'Write tags as {"KEY": "VALUE"}.')
        yield key, value


def _pairs(tags: Any) -> Iterator[tuple[Any, Any]]:
    for tag in tags if isinstance(tags, list) else [tags]:
        yield (tag.get("Key"), tag.get("Value")) if isinstance(tag, dict) else (None, None)


def _check_once(rows: Sequence[_Row], accounts: Sequence[Account]) -> None:
    first: dict[str, str] = {}
    for row, account in zip(rows, accounts, strict=True):
        number = str(account.id)
        if number in first:
            where = first[number].rpartition(": ")[2]
            raise _wrong(row, f"lists account {number} again, after {where}", "Keep one of them.")
        first[number] = row.place


def _usual_region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _partition(rows: Sequence[_Row], accounts: Sequence[Account]) -> str | None:
    """Return the partition of the roles, None without roles; credentials of one partition are invalid in another."""
    found: dict[str, _Row] = {}
    for row, account in zip(rows, accounts, strict=True):
        if account.role_arn is not None:
            found.setdefault(account.role_arn.split(":")[1], row)
    if len(found) > 1:
        first, second = list(found)[:2]
        problem = f"has a role in the partition {second}, and others are in {first}"
        raise _wrong(found[second], problem, "Audit one partition at a time.")
    return next(iter(found), None)


def _warnings(rows: Sequence[_Row], place: str) -> Iterator[str]:
    names = {name for row in rows for name in row.values if name not in _FIELDS and not name.startswith("tag:")}
    unread = sorted(name for name in names if _plain(name) not in _KNOWN)
    if unread:
        yield f"{place}: not read: {', '.join(unread[:_SHOWN])}{' and others' if len(unread) > _SHOWN else ''}"


def _wrong(row: _Row, problem: str, remedy: str) -> SourceError:
    return SourceError(problem, remedy, subject=row.place)
