"""Verification: reading again single users whose finding depends on a credential report that is older than the run.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct, convert, structs

from auditor.account.model import Notice, Snapshot, User, Verified
from auditor.account.sources import ACTIONS, VERIFYING, Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, gaps_of, stored
from auditor.collectors.answers import gap, prepare, utc
from auditor.collectors.live.asking_again import answered
from auditor.collectors.live.one_by_one import Answers, one_by_one
from auditor.collectors.live.refusals import error_code, gap_of, timed_out
from auditor.collectors.live.session import Connection
from auditor.collectors.live.side_by_side import Deadline
from auditor.collectors.live.strangers import is_strange, unconfirmed

CORRECTED, GONE = "corrected", "deleted-user"
"""The codes of the notices about users whose facts have changed, or who were deleted."""

_NOT_THERE = "NoSuchEntity"


class _Device(Struct, rename="pascal"):
    user_name: str
    serial_number: str


class _DevicesPage(Struct):
    devices: list[_Device] = msgspec.field(name="MFADevices")
    is_truncated: bool = msgspec.field(name="IsTruncated")


class _Profile(Struct, rename="pascal"):
    user_name: str


class _ProfileAnswer(Struct, rename="pascal"):
    login_profile: _Profile


def verified(
    connection: Connection,
    snapshot: Snapshot,
    names: Sequence[str],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    timer: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] | None = None,
    timeout_s: float,
) -> Snapshot:
    """Return the snapshot with `user.verified` set for the named users, after two calls for each.

    Users whose calls failed stay as they are in the credential report, and the sources say why. Notices name the
    users whose facts differ from the credential report.
    """
    prepare((_DevicesPage, _ProfileAnswer))
    deadline = Deadline(timer, timeout_s)
    pause = sleep or deadline.halted.wait
    try:
        mfa = one_by_one(names, lambda name: answered(partial(_has_mfa, connection, name), pause), deadline)
        # Only for users that ListMFADevices has just found: for them, NoSuchEntity means that there is no profile.
        passwords = one_by_one(
            mfa.answers, lambda name: answered(partial(_has_password, connection.iam, name), pause), deadline
        )
        detail = unconfirmed(connection, pause)
    finally:
        deadline.halted.set()
    read_at = utc(clock())
    if detail is not None:
        return _unverified(snapshot, detail, read_at)
    reported = {Source.MFA_DEVICES: mfa, Source.LOGIN_PROFILES: passwords}
    failures = {source: _failure(source, each, timeout_s, mfa=connection.mfa) for source, each in reported.items()}
    users = tuple(_with_facts(user, mfa, passwords, read_at) for user in snapshot.users.known_part)
    gone = sorted(name for name, error in mfa.errors.items() if error_code(error) == _NOT_THERE)
    return structs.replace(
        snapshot,
        users=structs.replace(snapshot.users, known_part=users),
        sources=(
            *snapshot.sources,
            *(_record(source, reported[source], failures[source], read_at) for source in reported),
        ),
        gaps=(*snapshot.gaps, *filter(None, failures.values())),
        notices=(*snapshot.notices, *filter(None, map(_correction, users)), *map(_gone, gone)),
    )


def _unverified(snapshot: Snapshot, detail: str, read_at: datetime) -> Snapshot:
    """Return the snapshot with gaps that say why nothing was verified."""
    gaps = [gap(source, "UnconfirmedAccount", detail) for source in sorted(VERIFYING)]
    records = (SourceRecord(Source(each.source), SourceStatus.FAILED, read_at, 0, 0, detail) for each in gaps)
    return structs.replace(snapshot, sources=(*snapshot.sources, *records), gaps=(*snapshot.gaps, *gaps))


def _has_mfa(connection: Connection, name: str) -> bool:
    """Return whether the user has an MFA device; False only if the list was read completely and is empty."""
    more = True
    for answer in connection.iam.get_paginator("list_mfa_devices").paginate(UserName=name):
        page = convert(answer, _DevicesPage)
        for device in page.devices:
            if device.user_name != name or is_strange(device.serial_number, connection.caller):
                raise ValueError(f"the answer is about {device.serial_number} of {device.user_name!r}")
            return True
        more = page.is_truncated
    if more:  # the paginator stops silently if AWS does not say where the list continues
        raise ValueError("AWS does not say where more MFA devices follow")
    return False


def _has_password(iam: Any, name: str) -> bool:
    try:
        answer = convert(iam.get_login_profile(UserName=name), _ProfileAnswer)
    except iam.exceptions.NoSuchEntityException:
        return False
    if answer.login_profile.user_name != name:
        raise ValueError(f"the answer is about {answer.login_profile.user_name!r}")
    return True


def _failure(source: Source, reported: Answers[bool], timeout_s: float, *, mfa: bool) -> Gap | None:
    errors = [error for error in reported.errors.values() if error_code(error) != _NOT_THERE]
    if errors:
        return gap_of(source, errors[0], ACTIONS[source][0], mfa=mfa)
    return timed_out(source, timeout_s) if reported.unread else None


def _record(source: Source, reported: Answers[bool], failure: Gap | None, read_at: datetime) -> SourceRecord:
    calls, status = len(reported.answers), SourceStatus.COMPLETE
    if failure is not None:
        status = SourceStatus.PARTIAL if calls else SourceStatus.FAILED
    return SourceRecord(source, status, read_at, calls, calls, failure.message if failure else None)


def _with_facts(user: User, mfa: Answers[bool], passwords: Answers[bool], read_at: datetime) -> User:
    if user.name not in passwords.answers:
        return user
    facts = Verified(read_at, passwords.answers[user.name], mfa.answers[user.name])
    return structs.replace(user, verified=facts)


def _correction(user: User) -> Notice | None:
    """Return the notice about a user whose verified facts differ from the credential report, None if they agree."""
    facts, before = user.verified, _in_report(user)
    if facts is None or before == (facts.password_enabled, facts.mfa_active):
        return None
    reported = _pair(facts.password_enabled, facts.mfa_active)
    return Notice(CORRECTED, user.name, f"{_text(before)}; read again, AWS reports {reported}")


def _gone(name: str) -> Notice:
    return Notice(GONE, name, "was deleted while the account was read; judged by the credential report")


def _in_report(user: User) -> tuple[object, object] | None:
    """Return a user's password_enabled and mfa_active in the credential report, None if they are not in it."""
    if "credentials" in gaps_of(user):
        return None
    return stored(user.credentials, "password_enabled"), stored(user.credentials, "mfa_active")


def _text(values: tuple[object, object] | None) -> str:
    if values is None:
        return "the credential report does not list the user"
    return f"the credential report says {_pair(*values)}"


def _pair(password_enabled: object, mfa_active: object) -> str:
    return f"password_enabled {str(password_enabled).lower()}, mfa_active {str(mfa_active).lower()}"
