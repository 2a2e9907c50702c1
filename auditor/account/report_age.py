"""The age of the credential report when it was read, and what becomes unknown if it is too old.

AWS makes a new credential report at most every four hours, and the old one does not change meanwhile:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from datetime import datetime, timedelta

from msgspec import structs

from auditor.account.model import Snapshot, User
from auditor.account.sources import Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, gaps_of, with_gaps

REPORT_LIFE = timedelta(hours=4)
TOO_OLD = "ReportTooOld"
_SKEW = timedelta(minutes=5)  # how much a clock may differ from AWS's; AWS rejects requests of other clocks


def report_age(snapshot: Snapshot) -> timedelta | None:
    """Return how old the credential report was when it was read; None if a time is unknown or cannot be right."""
    read_at = _read_at(snapshot)
    if read_at is None or snapshot.report_generated_at is None:
        return None
    age = read_at - snapshot.report_generated_at
    return max(age, timedelta(0)) if age >= -_SKEW else None


def _read_at(snapshot: Snapshot) -> datetime | None:
    return next((source.read_at for source in snapshot.sources if source.name is Source.CREDENTIAL_REPORT), None)


def credential_report_text(generated_at: datetime | None, age: timedelta | None) -> str:
    """Return "credential report of TIME, AGE", for messages."""
    if generated_at is None:
        return "credential report of unknown time"
    return f"credential report of {time_and_age(generated_at, age)}"


def time_and_age(generated_at: datetime, age: timedelta | None) -> str:
    """Return the time of a credential report, and how old it was when it was read."""
    old = "age unknown" if age is None else f"{duration(age)} old"
    return f"{generated_at:%Y-%m-%dT%H:%M:%SZ}, {old}"


def duration(time: timedelta) -> str:
    """Return a duration as text, rounded down: in minutes below two hours, in hours below two days, else in days."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 2 * 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def without_old_report(snapshot: Snapshot, max_age: timedelta) -> Snapshot:
    """Return the snapshot, with the facts of the credential report unknown if it is older than `max_age`.

    A credential report of unknown age counts as older. Facts that were verified with AWS stay known.
    """
    age = report_age(snapshot)
    if not _has_report(snapshot) or (age is not None and age <= max_age):
        return snapshot
    reason = Gap(
        f"{Source.CREDENTIAL_REPORT}:{TOO_OLD}", Source.CREDENTIAL_REPORT, TOO_OLD, None, _reason(snapshot, max_age)
    )
    users = structs.replace(
        snapshot.users, known_part=tuple(_aged(user, reason.id) for user in snapshot.users.known_part)
    )
    return structs.replace(
        snapshot,
        account=with_gaps(snapshot.account, {"root_credentials": reason.id}),
        sources=tuple(_without(source, reason) for source in snapshot.sources),
        gaps=(*snapshot.gaps, reason),
        users=users,
    )


def _has_report(snapshot: Snapshot) -> bool:
    unread = (SourceStatus.FAILED, SourceStatus.ABSENT, SourceStatus.NOT_REQUESTED)
    return any(source.name is Source.CREDENTIAL_REPORT and source.status not in unread for source in snapshot.sources)


def _reason(snapshot: Snapshot, max_age: timedelta) -> str:
    hours = max_age.total_seconds() / 3600
    age, made = report_age(snapshot), snapshot.report_generated_at
    if made is not None and age is None and (read_at := _read_at(snapshot)) is not None:
        return f"The credential report is of {made:%Y-%m-%dT%H:%M:%SZ}, but was read at {read_at:%Y-%m-%dT%H:%M:%SZ}"
    if age is None or made is None:
        return "The age of the credential report is unknown; --captured-at TIME sets when it was read"
    return (
        f"The credential report is {duration(age)} old, older than --max-report-age {hours:g} h; "
        f"AWS makes a new one from {made + REPORT_LIFE:%Y-%m-%dT%H:%M:%SZ} on"
    )


def _aged(user: User, gap_id: str) -> User:
    """Return the user with unknown credentials; credentials that are already unknown keep their own reason."""
    return user if "credentials" in gaps_of(user) else with_gaps(user, {"credentials": gap_id})


def _without(source: SourceRecord, reason: Gap) -> SourceRecord:
    if source.name is not Source.CREDENTIAL_REPORT:
        return source
    return structs.replace(source, status=SourceStatus.PARTIAL, detail=reason.message)
