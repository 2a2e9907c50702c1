"""The credential report: AWS's CSV of every user's passwords, keys and MFA, read by column name.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from auditor.account.credentials import FLAGS, TIMES, Credentials, ReportMarker
from auditor.account.sources import Source
from auditor.account.unknown import Gap, with_gaps
from auditor.collectors.answers import gap, utc
from auditor.errors import SourceError

ROOT = "<root_account>"
REQUIRED_COLUMNS = ("user", "arn", "user_creation_time")

_OPTIONAL = "additional_credentials_info"
_MARKERS = frozenset(marker.value.lower() for marker in ReportMarker)
_WORDS: Mapping[str, bool | ReportMarker] = {  # if AWS adds a marker, add it to ReportMarker
    "true": True,
    "false": False,
    **{marker.value.lower(): marker for marker in ReportMarker},
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""Times as AWS writes them. ISO 8601 allows shorter ones, so that a time that was cut would look complete."""

_CONTRADICTED = gap(
    Source.CREDENTIAL_REPORT, "Contradicted", "The credential report lists the user twice, in contradictory ways"
)


class ReportRow(Struct, frozen=True):
    """Hold one row: the user's name and ARN, when the user was created (None if unreadable), and its credentials.

    `doubtful` means that another row contradicts this one: then all its credentials are unknown.
    """

    user: str
    arn: str
    created_at: datetime | None
    credentials: Credentials
    doubtful: bool = False


class CredentialReport(Struct, frozen=True):
    """Hold the credential report: its GeneratedTime or None, users by name, root's row, and the gaps of its cells.

    `whole` is false if rows may be missing at its end.
    """

    generated_at: datetime | None
    users: Mapping[str, ReportRow]
    root: ReportRow | None
    gaps: tuple[Gap, ...]
    whole: bool


def read(text: str, generated_at: datetime | None, place: str, *, whole: bool = True) -> CredentialReport:
    """Return the credential report in a CSV text; `place` names it in messages.

    `whole` means that the text cannot have been cut, because it was inside a complete document.
    If a user is listed twice with different values, in another case or under one ARN, all its columns are unknown.
    Raises SourceError if it is not a CSV with the columns user, arn and user_creation_time.
    """
    table = _Table(text.removeprefix("\ufeff"), place, whole=whole)
    seen: dict[str, ReportRow] = {}
    contradicted: set[str] = set()
    for row in table.rows():
        for key in (row.user.casefold(), row.arn):  # IAM's names are unique ignoring case
            earlier = seen.setdefault(key, row)
            if earlier != row:
                contradicted |= {earlier.user, row.user}
    users: dict[str, ReportRow] = {}
    taken: set[str] = set()
    for row in seen.values():
        if taken.isdisjoint(keys := {row.user.casefold(), row.arn}):
            taken |= keys
            users[row.user] = _doubtful(row) if row.user in contradicted else row
    root = users.pop(ROOT, None)
    gaps = (*table.gaps, *([_CONTRADICTED] if contradicted else []))
    return CredentialReport(generated_at, users, None if ROOT in contradicted else root, gaps, whole)


def _doubtful(row: ReportRow) -> ReportRow:
    """Return the row of a user whose rows contradict each other, with all columns unknown."""
    unknown = dict.fromkeys(Credentials.__struct_fields__, _CONTRADICTED.id)
    return ReportRow(row.user, row.arn, None, with_gaps(row.credentials, unknown), doubtful=True)


class _Table:
    """Read the rows of a CSV text, and collect a gap for each kind of cell that is blank or unreadable."""

    def __init__(self, text: str, place: str, *, whole: bool) -> None:
        self._place = place
        self._text = io.StringIO(text, newline="")
        self._reader = csv.reader(self._text, strict=True)
        self._gaps: dict[str, Gap] = {}
        if "\0" in text:
            raise self._broken("it holds a NUL character")
        self._columns = self._header()
        ended = whole or text.endswith(("\n", "\r")) or self._columns[-1] in (FLAGS | TIMES)
        self._loose_end = None if ended else len(text)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that the rows read so far refer to."""
        return tuple(self._gaps.values())

    def rows(self) -> Iterator[ReportRow]:
        """Yield the rows; the last cell of a short row, or of the last row of the text, may have been cut."""
        for cells in self._lines():
            cut = len(cells) < len(self._columns) or self._text.tell() == self._loose_end
            row = dict(zip(self._columns, cells[:-1] if cut else cells, strict=False))
            user, arn = row.get("user"), row.get("arn")
            if not user or not arn or len(cells) > len(self._columns):
                raise self._broken("does not have the cells that the header names", self._reader.line_num)
            if not arn.startswith("arn:"):
                raise self._broken("has no ARN where the header says", self._reader.line_num)
            yield ReportRow(user, arn, _time(row.get("user_creation_time")), self._credentials(row))

    def _lines(self) -> Iterator[list[str]]:
        try:
            yield from filter(None, self._reader)
        except csv.Error as error:
            raise self._broken(f"cannot be read: {error}", self._reader.line_num) from error

    def _header(self) -> Sequence[str]:
        columns = next(self._lines(), [])
        missing = [name for name in REQUIRED_COLUMNS if name not in columns]
        if missing:
            raise self._broken(f"it has no column {', '.join(missing)}")
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise self._broken(f"it has the column {', '.join(twice)} twice")
        return columns

    def _broken(self, reason: str, line: int | None = None) -> SourceError:
        return SourceError(
            f"{self._place} is not a credential report: {f'line {line} ' if line else ''}{reason}",
            "Write it with `aws iam get-credential-report > credential-report.json`; the file is read as it is.",
        )

    def _credentials(self, row: Mapping[str, str]) -> Credentials:
        values: dict[str, Any] = {}
        unknown: dict[str, str] = {}
        for column in Credentials.__struct_fields__:
            cell = row.get(column)
            values[column] = _value(column, cell) if cell else None
            if values[column] is None and not (column == _OPTIONAL and (cell == "" or column not in self._columns)):
                unknown[column] = self._gap(column, cell)
        return with_gaps(Credentials(**values), unknown)

    def _gap(self, column: str, cell: str | None) -> str:
        code, problem = ("UnreadableCell", "cannot be read in") if cell else ("BlankCell", "is blank in")
        if cell is None:
            cut = column in self._columns
            code, problem = ("CutRow", "has a row that may be cut in") if cut else ("MissingColumn", "has no")
        found = gap(Source.CREDENTIAL_REPORT, f"{code}:{column}", f"The credential report {problem} {column}")
        self._gaps[found.id] = found
        return found.id


def _value(column: str, cell: str) -> bool | str | None:
    """Return the value of a cell, None if it cannot be read."""
    if column in FLAGS:
        return _WORDS.get(cell.lower())
    if column in TIMES and cell.lower() not in _MARKERS and _time(cell) is None:
        return None
    return cell


def _time(cell: str | None) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(cell)) if cell and _TIME.fullmatch(cell) else None
    except (ValueError, OverflowError):
        return None
