"""Credentials: a user's row of the credential report as booleans and times; reading an unknown value raises.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

from msgspec import Struct

from auditor.account.unknown import Partial, Record, UnknownFact, gaps_of, keep_slots, slot, undecided

C = TypeVar("C", bound=type[Struct])


class ReportMarker(StrEnum):
    """List the markers that the credential report writes instead of a value; each has another meaning."""

    NOT_APPLICABLE = "N/A"
    NO_INFORMATION = "no_information"
    NOT_SUPPORTED = "not_supported"


_NOTHING = frozenset({ReportMarker.NOT_APPLICABLE.lower(), ReportMarker.NO_INFORMATION.lower()})
"""The markers, in lower case, that mean "never" for a time and "none" for a value."""


_Stored = Callable[[Any], Any]
"""A function that reads a column of a row as it is stored."""


def _flag(stored: _Stored, column: str) -> Callable[[Any], bool]:
    def read(row: Any) -> bool:
        value: bool = stored(row)
        if value is True or value is False:
            return value
        raise _undecided_column(value, column)

    return read


def _moment(stored: _Stored, column: str) -> Callable[[Any], datetime | None]:
    def read(row: Any) -> datetime | None:
        text = stored(row)
        if text.lower() in _NOTHING:
            return None
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            raise _undecided_column(text, column)
        return time

    return read


def _word(stored: _Stored, column: str) -> Callable[[Any], str | None]:
    def read(row: Any) -> str | None:
        text: str = stored(row)
        if text == ReportMarker.NOT_SUPPORTED:
            raise _undecided_column(text, column)
        return None if text.lower() in _NOTHING else text

    return read


def _nothing_more(stored: _Stored, _column: str) -> Callable[[Any], None]:
    def read(row: Any) -> None:
        text: str | None = stored(row)
        if text is not None and text.lower() not in _NOTHING:
            raise undecided(f"the credential report does not describe every key; it says {text!r}")

    return read


def _undecided_column(value: object, column: str) -> UnknownFact:
    return undecided(f"the credential report says {str(value)!r} in {column}")


if TYPE_CHECKING:  # what reading a column returns
    Flag = bool
    Moment = datetime | None
    Word = str | None
    NothingMore = None | None
else:  # what is stored, and the function that makes the column's reader
    Flag = Annotated[bool | ReportMarker, _flag]
    Moment = Annotated[str, _moment]
    Word = Annotated[str, _word]
    NothingMore = Annotated[str | None, _nothing_more]


def _read_by_type(record_type: C) -> C:
    """Replace each column of a record type with a property that converts the stored value."""
    keep_slots(record_type)
    for column, hint in get_type_hints(record_type, include_extras=True).items():
        if column in record_type.__struct_fields__:
            (reading,) = hint.__metadata__
            setattr(record_type, column, property(reading(slot(record_type, column), column)))
    return record_type


@_read_by_type
class Credentials(Record, frozen=True, tag_field="record", tag="credentials"):
    """Hold one row of the credential report, under AWS's column names.

    Reading a true/false column returns a bool. Reading a time returns an aware datetime, or None (never, or not set)
    for N/A and no_information. Any other value raises UnknownFact, and so does a column that is missing or
    cannot be read. The text of the credential report is stored, and `as_reported` returns it as evidence.
    """

    password_enabled: Flag
    password_last_used: Moment
    password_last_changed: Moment
    password_next_rotation: Moment
    mfa_active: Flag
    access_key_1_active: Flag
    access_key_1_last_rotated: Moment
    access_key_1_last_used_date: Moment
    access_key_1_last_used_region: Word
    access_key_1_last_used_service: Word
    access_key_2_active: Flag
    access_key_2_last_rotated: Moment
    access_key_2_last_used_date: Moment
    access_key_2_last_used_region: Word
    access_key_2_last_used_service: Word
    cert_1_active: Flag
    cert_1_last_rotated: Moment
    cert_2_active: Flag
    cert_2_last_rotated: Moment
    additional_credentials_info: NothingMore
    """The 23rd column, documented but absent from real reports: None, or UnknownFact where keys are not described."""

    @property
    def access_keys(self) -> tuple["AccessKey", "AccessKey"]:
        """Return the two access keys that a user may have, whether or not they exist."""
        first, second = _KEYS
        return AccessKey(self, first), AccessKey(self, second)


class PartialCredentials(Partial, Credentials, frozen=True, tag="partial_credentials"):
    """Hold a row of the credential report in which some columns are missing, blank or unreadable."""


class KeyColumns(Struct, frozen=True):
    """Name the columns that describe one of the two access keys that a user may have."""

    name: str
    active: str
    last_rotated: str
    last_used: str


_KEYS = tuple(
    KeyColumns(name, f"{name}_active", f"{name}_last_rotated", f"{name}_last_used_date")
    for name in ("access_key_1", "access_key_2")
)


class AccessKey(Record, frozen=True):
    """Read the columns of a row that describe one access key."""

    row: Credentials
    columns: KeyColumns

    @property
    def active(self) -> bool:
        """Return whether the key exists and may be used."""
        active: bool = getattr(self.row, self.columns.active)
        return active

    @property
    def last_rotated(self) -> datetime | None:
        """Return when the key was created or last activated; None if there is no key."""
        time: datetime | None = getattr(self.row, self.columns.last_rotated)
        return time

    @property
    def last_used(self) -> datetime | None:
        """Return when the key was last used; None for never, or not since AWS began tracking."""
        time: datetime | None = getattr(self.row, self.columns.last_used)
        return time


def as_reported(row: Credentials, column: str) -> Any:
    """Return a column as the credential report has it: True, False or text. Use it as evidence only, not to decide.

    Raises UnknownFact for a column that is missing or could not be read.
    """
    if type(row) is not Credentials and column in gaps_of(row):
        raise UnknownFact(gaps_of(row)[column], column)
    return _STORED[column](row)


_STORED = {column: slot(Credentials, column) for column in Credentials.__struct_fields__}
FLAGS = frozenset(c for c, hint in get_type_hints(Credentials, include_extras=True).items() if hint is Flag)
"""The columns that are true or false."""
TIMES = frozenset(c for c, hint in get_type_hints(Credentials, include_extras=True).items() if hint is Moment)
"""The columns that hold a time."""
