"""Checks of times: no fact may be later than the reading of the account or the making of the credential report."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from auditor.account.credentials import TIMES
from auditor.account.kinds import listed_kinds
from auditor.account.model import Snapshot
from auditor.account.sources import NOTHING_READ, VERIFYING, SourceRecord
from auditor.account.unknown import stored, stored_in

SKEW = timedelta(minutes=15)  # how much the clocks of AWS and of the collecting machine may differ
LONGEST_READING = timedelta(days=1)  # from AWS's first to its last response
_PAST = ("created_at", "updated_at", "uploaded_at", "last_used_at", "enabled_at")
_REPORTED = tuple(sorted(TIMES - {"password_next_rotation"}))
"""The columns of the credential report whose times are in the past."""

Reported = Mapping[str, set[str | None]]
_ZONES = timedelta(hours=25)  # between the same text in any two time zones


def impossible_times(snapshot: Snapshot) -> Iterator[str]:
    """Yield a message for each fact that is too late, and each source that was read far from the capture time."""
    captured_at, generated_at, reported = snapshot.captured_at, snapshot.report_generated_at, _reported(snapshot)
    if captured_at is not None:
        for fact in later_than_captured(snapshot, captured_at, reported):
            yield f"$.captured_at is {_text(captured_at)}, before {fact}"
        yield from _readings(snapshot.sources, captured_at)
    if generated_at is not None:
        for fact in later_than_reported(snapshot, generated_at, reported):
            yield f"$.report_generated_at is {_text(generated_at)}, before {fact}"
    yield from _verified(snapshot)


def later_than_captured(snapshot: Snapshot, captured_at: datetime, reported: Reported | None = None) -> Iterator[str]:
    """Yield the facts that are later than the end of reading: the capture time plus the time that reading took.

    `reported` holds the times of the credential report, if the caller already has them.
    """
    end, generated_at = _end_of_reading(snapshot.sources, captured_at), snapshot.report_generated_at
    if generated_at is not None and _later(generated_at, end):
        yield f"$.report_generated_at, {_text(generated_at)}"
    for place, time in (*_past(snapshot), *_latest(reported or _reported(snapshot), end)):
        if _later(time, end):
            yield f"{place}, {_text(time)}"


def later_than_reported(snapshot: Snapshot, generated_at: datetime, reported: Reported | None = None) -> Iterator[str]:
    """Yield the past events in the credential report that are later than its own time."""
    for place, time in _latest(reported or _reported(snapshot), generated_at):
        yield f"{place}, {_text(time)}"


def _end_of_reading(sources: Iterable[SourceRecord], captured_at: datetime) -> datetime:
    """Return when reading ended; facts may be as late as this, since the account may change while it is read."""
    times = [source.read_at for source in sources if source.read_at is not None]
    return captured_at + min(max(times) - min(times), LONGEST_READING) if times else captured_at


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _later(time: datetime, than: datetime) -> bool:
    return time - than > SKEW


def _past(snapshot: Snapshot) -> Iterator[tuple[str, datetime]]:
    """Yield the latest time of each field in each list of records, with its place."""
    for kind, listing, _ in listed_kinds():
        records = kind.resources(snapshot).known_part
        for field in _PAST:
            if records and field in records[0].__struct_fields__:
                times = (time for time in stored_in(records, field) if time is not None)
                if (latest := max(times, default=None)) is not None:
                    yield f"{field} in $.{listing}", latest


def _reported(snapshot: Snapshot) -> Reported:
    """Return the past times in the credential report, as its own text, by place."""
    root = stored(snapshot.account, "root_credentials")
    known = [row for row in stored_in(snapshot.users.known_part, "credentials") if row is not None]
    places = {"$.users": known, "$.account": [] if root is None else [root]}
    return {
        f"{column} in {place}": set(stored_in(rows, column)) for place, rows in places.items() for column in _REPORTED
    }


def _latest(reported: Reported, limit: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield the latest time of each place if it is after a limit; compares text first, because most are far from it."""
    least = (limit.astimezone(UTC) - min(_ZONES, limit - datetime.min.replace(tzinfo=UTC))).isoformat()
    for place, texts in reported.items():
        latest = max(_times(text for text in texts if text is not None and least < text < ":"), default=None)
        if latest is not None and _later(latest, limit):
            yield place, latest


def _times(texts: Iterable[str]) -> Iterator[datetime]:
    for text in texts:
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            continue
        if time.tzinfo is not None:
            yield time


def _readings(sources: Iterable[SourceRecord], captured_at: datetime) -> Iterator[str]:
    for source in sources:
        if source.read_at is None or source.name in VERIFYING:
            continue
        after = source.read_at - captured_at
        if not -SKEW <= after <= LONGEST_READING:
            yield f"$.captured_at is {_text(captured_at)}, but {source.name} was read at {_text(source.read_at)}"


def _verified(snapshot: Snapshot) -> Iterator[str]:
    """Yield a message for verified facts without a source, or older than the credential report that they verify."""
    requested = {source.name for source in snapshot.sources if source.status not in NOTHING_READ}
    generated_at = snapshot.report_generated_at
    users = snapshot.users.known_part
    for user, verified in zip(users, stored_in(users, "verified"), strict=True):
        if verified is None:
            continue
        if not requested >= VERIFYING:
            yield f"$.users holds verified facts of {user.name!r}, but $.sources has no login-profiles or mfa-devices"
        elif generated_at is not None and _later(generated_at, verified.read_at):
            yield (
                f"$.users holds facts of {user.name!r} that were verified at {_text(verified.read_at)}, "
                f"before the credential report of {_text(generated_at)}"
            )
