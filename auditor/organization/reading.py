"""Reads one account of an organization: live, through a role that is assumed here, or from stored files."""

import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.account.sources import Source
from auditor.errors import AuditError
from auditor.organization.records import Account, Failure, State

_OTHER_ACCOUNT = "OtherAccount"
_DENIED_REMEDY = "sts:AssumeRole"
_REQUEST_S = 20.0  # how long a request for a credential report may take; reading it later detects one that hangs


class NotReadError(Exception):
    """Raised when an account cannot be read; `state` is the account's state in the run, `failure` says why."""

    def __init__(self, state: State, failure: Failure) -> None:
        super().__init__(state, failure)
        self.state = state
        self.failure = failure


class Reading(Struct, frozen=True, kw_only=True):
    """Hold how accounts are read: the profile, the Region, and the timeout (s) for each account.

    If `through` is the ARN of a role, that role's credentials assume the role in each account.
    """

    profile: str | None = None
    region: str | None = None
    through: str | None = None
    timeout_s: float = 1800.0

    def snapshot(self, account: Account, sources: frozenset[Source]) -> Snapshot:
        """Return the snapshot of an account; raise NotReadError if it cannot be read."""
        if account.source is None:
            return self._live(account, sources)
        found = _stored(account, self.region)
        if account.id not in (None, found.account.id):
            message = f"{account.source} is of account {found.account.id}, not of {account.id}"
            remedy = "Put the snapshot of the right account there."
            raise NotReadError(State.FAILED, Failure(code=_OTHER_ACCOUNT, message=message, remedy=remedy))
        return found

    def request_report(self, account: Account) -> None:
        """Request the credential report of an account without waiting; raise NotReadError if it cannot be reached.

        AWS's answer to the request is ignored: an error shows up again when the credential report is read.
        """
        from auditor.collectors.live.side_by_side import Deadline, side_by_side  # boto3: 380 ms

        connection = self._connection(account)
        deadline = Deadline(time.monotonic, min(self.timeout_s, _REQUEST_S))
        side_by_side({account.key: partial(_request, connection)}, deadline)
        deadline.halted.set()

    def _live(self, account: Account, sources: frozenset[Source]) -> Snapshot:
        from auditor.collectors.live.collection import collect

        start = time.monotonic()
        connection = self._connection(account)
        left_s = max(self.timeout_s - (time.monotonic() - start), 0.001)
        try:
            return collect(connection, sources, timeout_s=left_s)
        except AuditError as error:
            raise NotReadError(State.FAILED, _failure(error, None)) from error

    def _connection(self, account: Account) -> Any:
        from auditor.collectors.live.refusals import refusal_of
        from auditor.collectors.live.session import LiveOptions, connect

        direct = account.role_arn in (None, self.through)
        options = LiveOptions(
            profile=self.profile,
            region=self.region,
            role_arn=account.role_arn,
            through_role_arn=None if direct else self.through,
            external_id=account.external_id,
            timeout_s=self.timeout_s,
        )
        try:
            connection = connect(options, ask_code=None)
        except AuditError as error:
            refusal = refusal_of(error)
            state = State.DENIED if refusal.denied else State.TIMED_OUT if refusal.timed_out else State.FAILED
            action = _DENIED_REMEDY if refusal.denied and account.role_arn is not None else None
            raise NotReadError(state, _failure(error, refusal.code, action)) from error
        found = connection.caller.account_id
        if account.id is not None and found != account.id:
            message = f"{account.role_arn or 'the credentials'} led to account {found}, not to {account.id}"
            remedy = "Correct the role in the list of accounts."
            raise NotReadError(State.FAILED, Failure(code=_OTHER_ACCOUNT, message=message, remedy=remedy))
        return connection


def _request(connection: Any) -> None:
    from auditor.collectors.live.refusals import FAULTS

    with suppress(*FAULTS):
        connection.iam.generate_credential_report()


def _stored(account: Account, region: str | None) -> Snapshot:
    """Return the snapshot of a stored account, from a snapshot file or a folder of exports."""
    from auditor.collectors.cli_output.folder import read_exports
    from auditor.collectors.saved import load_snapshot

    source = str(account.source)
    try:
        return read_exports(source, None, region) if Path(source).is_dir() else load_snapshot(source)
    except AuditError as error:
        raise NotReadError(State.FAILED, _failure(error, None)) from error


def _failure(error: AuditError, code: str | None, action: str | None = None) -> Failure:
    return Failure(code=code, message=error.message, action=action, remedy=error.hint)
