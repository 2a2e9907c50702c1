"""The credential report: AWS's CSV of every user's passwords, keys and MFA, read by column name.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from auditor.collectors.answers import gap, utc
from auditor.errors import SourceError
from auditor.facts import Gap, with_gaps
from auditor.model import Credentials, ReportMarker, Source

ROOT = "<root_account>"
REQUIRED_COLUMNS = ("user", "arn", "user_creation_time")

_CELLS = tuple((name, name.endswith(("_active", "_enabled"))) for name in Credentials.__struct_fields__)
"""The columns that are kept, and whether each is a flag."""
_OPTIONAL = "additional_credentials_info"
_WORDS: Mapping[str, bool | ReportMarker] = {
    "true": True,
    "false": False,
    **{marker.value.lower(): marker for marker in ReportMarker},
}


class ReportRow(Struct, frozen=True):
    """Hold one row: the user's name and ARN, when the user was created (None if unreadable), its credentials."""

    user: str
    arn: str
    created_at: datetime | None
    credentials: Credentials


class CredentialReport(Struct, frozen=True):
    """Hold the report: its GeneratedTime (None if not told), users by name, root's row, and the gaps of its cells.

    `contradicted` names the users that it lists in contradictory ways; they are not among `users`.
    """

    generated_at: datetime | None
    users: Mapping[str, ReportRow]
    contradicted: frozenset[str]
    root: ReportRow | None
    gaps: tuple[Gap, ...]


def read(text: str, generated_at: datetime | None, place: str) -> CredentialReport:
    """Give the credential report that a CSV text holds; `place` names it in messages.

    A user listed twice with different values is left out, so that its credentials are unknown.
    Raises SourceError when it is not a CSV with the columns user, arn and user_creation_time.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    columns = _columns(reader, place)
    rows: dict[str, ReportRow] = {}
    contradicted: set[str] = set()
    gaps: dict[str, Gap] = {}
    try:
        for cells in filter(None, reader):  # a csv.DictReader takes twice as long
            if len(cells) > len(columns):
                raise _misshapen(place, reader.line_num)
            row = _row(dict(zip(columns, cells, strict=False)), gaps, place, reader.line_num)
            if rows.setdefault(row.user, row) != row:
                contradicted.add(row.user)
    except csv.Error as error:
        raise _broken(place, f"line {reader.line_num}: {error}") from error
    users = {name: row for name, row in rows.items() if name not in contradicted}
    root = users.pop(ROOT, None)
    return CredentialReport(generated_at, users, frozenset(contradicted - {ROOT}), root, tuple(gaps.values()))


def _columns(reader: Iterator[list[str]], place: str) -> Sequence[str]:
    try:
        columns = next(reader, [])
    except csv.Error as error:
        raise _broken(place, str(error)) from error
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    if missing:
        raise _broken(place, f"it has no column {', '.join(missing)}")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise _broken(place, f"it has the column {', '.join(twice)} twice")
    return columns


def _broken(place: str, reason: str) -> SourceError:
    return SourceError(
        f"{place} is not a credential report: {reason}",
        "Write it with `aws iam get-credential-report > credential-report.json`; the file is read as it is.",
    )


def _misshapen(place: str, line: int) -> SourceError:
    return _broken(place, f"line {line} does not have the cells that the header names")


def _row(cells: Mapping[str, str], gaps: dict[str, Gap], place: str, line: int) -> ReportRow:
    user, arn = cells.get("user"), cells.get("arn")
    if not user or not arn:
        raise _misshapen(place, line)
    values: list[Any] = []
    unknown: dict[str, str] = {}
    for column, is_flag in _CELLS:
        cell = cells.get(column)
        value = (_WORDS.get(cell.lower()) if is_flag else cell) if cell else None
        values.append(value)
        if value is None and column != _OPTIONAL:
            unknown[column] = _cell_gap(gaps, column, cell)
    return ReportRow(user, arn, _time(cells.get("user_creation_time")), with_gaps(Credentials(*values), unknown))


def _cell_gap(gaps: dict[str, Gap], column: str, cell: str | None) -> str:
    code, said = ("MissingColumn", "has no") if cell is None else ("BlankCell", "is blank in")
    if cell:
        code, said = "UnreadableCell", "cannot be read in"
    found = gap(Source.CREDENTIAL_REPORT, f"{code}:{column}", f"The credential report {said} {column}")
    gaps[found.id] = found
    return found.id


def _time(cell: str | None) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(cell)) if cell else None
    except (ValueError, OverflowError):
        return None
