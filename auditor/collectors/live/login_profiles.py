"""Login profiles, read live: one call for each user whose verdict depends on a forced password reset.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import convert, structs

from auditor.account.model import LoginProfile, Snapshot, User
from auditor.account.sources import ACTIONS, Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, evaluate_quietly, with_gaps
from auditor.collectors.answers import prepare
from auditor.collectors.live.asking_again import answered
from auditor.collectors.live.one_by_one import Answers, one_by_one
from auditor.collectors.live.pages import Sleep
from auditor.collectors.live.refusals import gap_of, timed_out
from auditor.collectors.live.session import Connection
from auditor.collectors.live.side_by_side import Deadline
from auditor.collectors.live.strangers import unconfirmed
from auditor.collectors.login_profiles import ProfileAnswer
from auditor.policies.access.answer import Decision
from auditor.policies.access.evaluator import Access
from auditor.policies.access.sessions import Session

_SOURCE = Source.PASSWORD_RESETS
_ACTION = ACTIONS[_SOURCE][0]
_CHANGE = "iam:ChangePassword"


def with_login_profiles(
    connection: Connection,
    snapshot: Snapshot,
    deadline: Deadline,
    sleep: Sleep,
    say: Callable[[str], object],
    read_at: Callable[[], datetime],
) -> Snapshot:
    """Return the snapshot with the login profiles of the users at risk; `say` is called with the number of calls."""
    prepare((ProfileAnswer,))
    names = list(at_risk(snapshot))
    if names and deadline.left():
        ending = "" if len(names) == 1 else "s"
        say(f"Reading {len(names):,} login profile{ending} ({len(names):,} call{ending} of {_ACTION})")
    try:
        reported = one_by_one(names, lambda name: answered(partial(_profile, connection.iam, name), sleep), deadline)
        reported = _confirmed(reported, unconfirmed(connection, sleep) if names else None)
    finally:
        deadline.halted.set()
    lacks = {name: _lack(name, reported, connection, deadline) for name in names if name not in reported.answers}
    gaps = {each.id: each for each in lacks.values()}
    return structs.replace(
        snapshot,
        login_profiles=tuple(_record(name, reported, lacks.get(name)) for name in sorted(names)),
        sources=tuple(_sources(snapshot.sources, len(reported.answers), gaps.values(), read_at())),
        gaps=tuple(sorted((*_others(snapshot), *gaps.values()), key=lambda each: each.id)),
    )


def at_risk(snapshot: Snapshot) -> Iterator[str]:
    """Yield the users with a console password who cannot, or perhaps cannot, change it when they sign in.

    A forced password reset would lock out these users; for all others it does not matter.
    """
    access = Access(snapshot)
    for user in snapshot.users.known_part:
        if evaluate_quietly(partial(_is_at_risk, user, access)) is True:
            yield user.name


def _is_at_risk(user: User, access: Access) -> bool:
    if not user.credentials.password_enabled:
        return False
    session = Session.MFA if user.credentials.mfa_active else Session.NO_MFA
    return access.can(user, _CHANGE, session).decision is not Decision.ALLOW


def _confirmed(reported: Answers[LoginProfile], detail: str | None) -> Answers[LoginProfile]:
    """Return the answers, or none of them if AWS did not confirm afterwards that the account is the same."""
    return reported if detail is None else Answers({}, {}, reported.unread, ValueError(detail))


def _profile(iam: Any, name: str) -> LoginProfile:
    found = convert(iam.get_login_profile(UserName=name), ProfileAnswer).login_profile
    if found is None or found.user_name != name:
        raise ValueError(f"the answer is not about {name!r}")
    return LoginProfile(name, found.password_reset_required)


def _lack(name: str, reported: Answers[LoginProfile], connection: Connection, deadline: Deadline) -> Gap:
    error = reported.errors.get(name, reported.final)
    if error is None:
        return timed_out(_SOURCE, deadline.timeout_s)
    return gap_of(_SOURCE, error, _ACTION, mfa=connection.mfa)


def _record(name: str, reported: Answers[LoginProfile], lack: Gap | None) -> LoginProfile:
    if lack is None:
        return reported.answers[name]
    nothing: Any = None
    return with_gaps(LoginProfile(name, nothing), {"password_reset_required": lack.id})


def _sources(
    records: Iterable[SourceRecord], calls: int, gaps: Iterable[Gap], read_at: datetime
) -> Iterator[SourceRecord]:
    detail = next((each.message for each in gaps), None)
    status = SourceStatus.COMPLETE if detail is None else SourceStatus.PARTIAL if calls else SourceStatus.FAILED
    for record in records:
        own = record.name is _SOURCE
        yield SourceRecord(_SOURCE, status, read_at, calls, calls, detail) if own else record


def _others(snapshot: Snapshot) -> Iterator[Gap]:
    return (gap for gap in snapshot.gaps if gap.source != _SOURCE)
