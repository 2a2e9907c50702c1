"""Verification: AWS is asked again about single users whose finding rests on a credential report older than the run.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, convert, structs

from auditor.collectors.answers import DENIED_CODES, prepare, utc
from auditor.collectors.refusals import EXPIRED_CODES, FAULTS, error_code, gap_of, timed_out
from auditor.collectors.session import Connection
from auditor.collectors.side_by_side import Deadline, side_by_side
from auditor.facts import Gap, at_rest, gaps_of
from auditor.model import ACTIONS, Notice, Snapshot, Source, SourceRecord, SourceStatus, User, Verified

THREADS = 8
CORRECTED, GONE = "corrected", "deleted-user"
"""The codes of the notices about users of whom AWS now says something else, or nothing."""

_NOT_THERE = "NoSuchEntity"
_FINAL = DENIED_CODES | EXPIRED_CODES  # what one user's call was refused for, the next one's will be too


class _DevicesPage(Struct):
    devices: list[Any] = msgspec.field(name="MFADevices")


class _Profile(Struct, rename="pascal"):
    user_name: str


class _ProfileAnswer(Struct, rename="pascal"):
    login_profile: _Profile


class _Told(NamedTuple):
    """What was asked so far: facts by user name, users that are gone, failures by source, and calls by source."""

    facts: dict[str, Verified]
    gone: list[str]
    failures: dict[Source, Gap]
    calls: dict[Source, list[str]]


def verified(
    connection: Connection,
    snapshot: Snapshot,
    names: Sequence[str],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    timer: Callable[[], float] = time.monotonic,
    timeout_s: float,
) -> Snapshot:
    """Give the snapshot with `user.verified` for those of the named users about whom AWS answered, at two calls each.

    Whoever AWS did not answer about stays as the credential report has them; the sources tell why. Notices name the
    users of whom the report said something else.
    """
    prepare((_DevicesPage, _ProfileAnswer))
    deadline = Deadline(timer, timeout_s)
    asking = _Asking(connection, clock, deadline, names)
    try:
        side_by_side(dict.fromkeys(range(min(THREADS, len(names))), asking.work), deadline)
    finally:
        deadline.halted.set()
    return _joined(snapshot, asking.ended(), utc(clock()))


class _Asking:
    """Ask about one user after the other, from several threads, until all are asked or it is no use."""

    def __init__(
        self, connection: Connection, clock: Callable[[], datetime], deadline: Deadline, names: Sequence[str]
    ) -> None:
        self._iam = connection.iam
        self._mfa = connection.mfa
        self._clock = clock
        self._deadline = deadline
        self._names: SimpleQueue[str] = SimpleQueue()
        for name in names:
            self._names.put(name)
        self._told = _Told({}, [], {}, {Source.MFA_DEVICES: [], Source.LOGIN_PROFILES: []})

    def work(self) -> None:
        """Take users from the queue until it is empty, the time is over, or a refusal says that none will be told."""
        while self._deadline.left() and not self._hopeless():
            try:
                self._ask(self._names.get_nowait())
            except Empty:
                return

    def ended(self) -> _Told:
        """Give what was told; users that are still waiting are a failure for want of time."""
        if not self._names.empty() and not self._hopeless():
            for source in self._told.calls:
                self._told.failures.setdefault(source, timed_out(source, self._deadline.timeout_s))
        return self._told

    def _hopeless(self) -> bool:
        return any(gap.error_code in _FINAL for gap in tuple(self._told.failures.values()))

    def _ask(self, name: str) -> None:
        mfa = self._answer(Source.MFA_DEVICES, name, partial(self._has_mfa, name))
        if mfa is None:
            return
        password = self._answer(Source.LOGIN_PROFILES, name, partial(self._has_password, name))
        if password is not None:
            self._told.facts[name] = Verified(utc(self._clock()), password, mfa)

    def _answer(self, source: Source, name: str, ask: Callable[[], bool]) -> bool | None:
        try:
            answer = ask()
        except FAULTS as error:
            if error_code(error) == _NOT_THERE:
                self._told.gone.append(name)
            else:
                self._told.failures[source] = gap_of(source, error, ACTIONS[source][0], mfa=self._mfa)
            return None
        self._told.calls[source].append(name)
        return answer

    def _has_mfa(self, name: str) -> bool:
        pages = self._iam.get_paginator("list_mfa_devices").paginate(UserName=name)
        return any(convert(page, _DevicesPage).devices for page in pages)

    def _has_password(self, name: str) -> bool:
        """Say whether the user has a login profile; the user itself is there, as ListMFADevices has just told."""
        try:
            convert(self._iam.get_login_profile(UserName=name), _ProfileAnswer)
        except self._iam.exceptions.NoSuchEntityException:
            return False
        return True


def _joined(snapshot: Snapshot, told: _Told, read_at: datetime) -> Snapshot:
    users = tuple(
        structs.replace(user, verified=told.facts[user.name]) if user.name in told.facts else user
        for user in snapshot.users.known
    )
    return structs.replace(
        snapshot,
        users=structs.replace(snapshot.users, known=users),
        sources=(*snapshot.sources, *(_record(source, told, read_at) for source in told.calls)),
        gaps=(*snapshot.gaps, *told.failures.values()),
        notices=(*snapshot.notices, *_notices(users, told)),
    )


def _record(source: Source, told: _Told, read_at: datetime) -> SourceRecord:
    failure, calls = told.failures.get(source), len(told.calls[source])
    status = SourceStatus.COMPLETE
    if failure is not None:
        status = SourceStatus.PARTIAL if calls else SourceStatus.FAILED
    return SourceRecord(source, status, read_at, calls, calls, failure.message if failure else None)


def _notices(users: Sequence[User], told: _Told) -> Iterator[Notice]:
    for user in users:
        said = _said(user)
        if user.verified is not None and said != (user.verified.password_enabled, user.verified.mfa_active):
            yield Notice(CORRECTED, user.name, f"{_words(said)}; asked again, AWS says {_pair(user.verified)}")
    for name in sorted(told.gone):
        yield Notice(GONE, name, "was deleted while the account was read; judged by the credential report")


def _said(user: User) -> tuple[object, object] | None:
    """Give what the credential report says of a user's password and MFA, None if nothing."""
    if "credentials" in gaps_of(user):
        return None
    return at_rest(user.credentials, "password_enabled"), at_rest(user.credentials, "mfa_active")


def _words(said: tuple[object, object] | None) -> str:
    if said is None:
        return "the credential report does not tell of the user"
    return f"the credential report says {_pair_of(*said)}"


def _pair(facts: Verified) -> str:
    return _pair_of(facts.password_enabled, facts.mfa_active)


def _pair_of(password_enabled: object, mfa_active: object) -> str:
    return f"password_enabled {str(password_enabled).lower()}, mfa_active {str(mfa_active).lower()}"
