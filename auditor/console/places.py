"""Places: reads the account from the place that the options name (AWS, a snapshot, exports or the demo)."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

import auditor
from auditor.account.model import Snapshot
from auditor.account.sources import Source
from auditor.collectors.cli_output.names import FILES
from auditor.errors import UsageError

Doubtful = Callable[[Snapshot], Sequence[str]]
"""Return the names of the users to read again from AWS."""

AWS_OPTIONS = ("profile", "region", "role_arn", "external_id", "mfa_serial", "mfa_code", "expect_account")


class Inputs(Struct, frozen=True, kw_only=True):
    """Hold the options that name the place of the account; by default that is AWS."""

    snapshot: str | None = None
    exports: str | None = None
    captured_at: datetime | None = None
    demo: bool = False
    profile: str | None = None
    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    mfa_serial: str | None = None
    mfa_code: str | None = None
    expect_account: str | None = None
    timeout_s: float | None = None


def check(inputs: Inputs) -> None:
    """Raise UsageError for options that exclude each other, or that need another one."""
    for name in ("snapshot", "exports"):
        if getattr(inputs, name) == "":
            raise UsageError(f"{_option(name)} is empty", "Name the file or folder; a variable may not be set.")
    given = [name for name in ("snapshot", "exports", "demo") if getattr(inputs, name)]
    with_files = {"expect_account"} | ({"region"} if given == ["exports"] else set())
    aws = [name for name in AWS_OPTIONS if getattr(inputs, name) is not None and name not in with_files]
    if given and aws:
        given.append(aws[0])
    if len(given) > 1:
        raise UsageError(
            f"{' and '.join(map(_option, given))} exclude each other", "Read the account from one place at a time."
        )
    if inputs.captured_at is not None and inputs.exports is None:
        hint = "Leave it out: snapshots hold their time, and AWS is read now."
        raise UsageError("--captured-at can only be used with --exports", hint)
    if inputs.timeout_s is not None and not reads_aws(inputs):
        raise UsageError("--timeout is for reading AWS", "Files are read to their end; leave it out.")
    if inputs.external_id is not None and inputs.role_arn is None:
        raise UsageError("--external-id needs --role-arn", "Give --role-arn too.")


def reads_aws(inputs: Inputs) -> bool:
    """Return whether the account is read from AWS, or from the demo's emulator."""
    return inputs.snapshot is None and inputs.exports is None


def files_read(inputs: Inputs) -> list[str]:
    """Return the files that the account is read from; no output may replace them."""
    folder = Path(inputs.exports) if inputs.exports is not None else None
    exports = [str(each) for name in FILES for each in folder.glob(name)] if folder else []
    return [*([inputs.snapshot] if inputs.snapshot is not None else []), *exports]


def names_account(inputs: Inputs) -> bool:
    """Return whether an option names the place of the account, which planned changes do not need."""
    named = [name for name in AWS_OPTIONS if name not in ("region", "expect_account")]
    return any(getattr(inputs, name) for name in ("snapshot", "exports", "demo", *named))


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def collect(
    inputs: Inputs,
    sources: frozenset[Source],
    say: Callable[[str], None],
    *,
    progress: bool,
    doubtful: Doubtful | None = None,
) -> Snapshot:
    """Return the snapshot of the account that the options name; `say` shows people what is being read.

    `doubtful` returns the users of a snapshot to read again from AWS.
    Raises UsageError if the account is not --expect-account, and whatever the collectors raise.
    """
    if inputs.snapshot is not None:
        snapshot = auditor.load_snapshot(inputs.snapshot)  # `auditor` imports only the collector that is needed
    elif inputs.exports is not None:
        snapshot = auditor.read_exports(inputs.exports, inputs.captured_at, inputs.region)
    else:
        return _collect_live(inputs, sources, say, progress=progress, doubtful=doubtful)
    _expect(inputs.expect_account, snapshot.account.id, aws=False)
    return snapshot


@contextmanager
def connected(inputs: Inputs, say: Callable[[str], None]) -> Iterator[tuple[Any, float]]:
    """Yield a connection to the account that the options lead to, and the timeout for reading it (s).

    Raises UsageError if it is not --expect-account, and whatever connecting raises.
    """
    from auditor.collectors.live import session  # boto3: 380 ms

    with _aws(inputs) as options:
        connection = session.connect(options, ask_code=_ask_code if sys.stdin.isatty() else None)
        caller = connection.caller
        profile = f" (profile {caller.profile})" if caller.profile else ""
        say(f"Reading account {caller.account_id} as {caller.arn}{profile}")
        _expect(inputs.expect_account, caller.account_id, aws=True)
        yield connection, inputs.timeout_s or options.timeout_s


def _collect_live(
    inputs: Inputs,
    sources: frozenset[Source],
    say: Callable[[str], None],
    *,
    progress: bool,
    doubtful: Doubtful | None,
) -> Snapshot:
    from auditor.collectors.live import collection as live  # boto3: 380 ms

    with connected(inputs, say) as (connection, timeout_s):
        end = time.monotonic() + timeout_s
        kind = "demo" if inputs.demo else "live"
        with _progress(shown=progress) as report_progress:
            snapshot = live.collect(
                connection, sources, progress=report_progress, kind=kind, timeout_s=timeout_s, say=say
            )
        if doubtful is None:
            return snapshot
        return _verified(connection, snapshot, doubtful(snapshot), say, end - time.monotonic())


def _verified(
    connection: Any, snapshot: Snapshot, names: Sequence[str], say: Callable[[str], None], timeout_s: float
) -> Snapshot:
    from auditor.collectors.live import verification

    if not names:
        say("Verified: no finding on MFA rests on a credential report older than the run")
        return snapshot
    again = verification.verified(connection, snapshot, names, timeout_s=timeout_s)
    verified = sum(user.verified is not None for user in again.users.known_part)
    corrected = [notice.resource_name for notice in again.notices if notice.code == verification.CORRECTED]
    say(f"Verified {verified:,} of {len(names):,} users with AWS, {len(corrected):,} corrected")
    return again


def _aws(inputs: Inputs) -> AbstractContextManager[Any]:
    if inputs.demo:
        from auditor.demo.made_up import demo_account  # moto

        return demo_account()
    from auditor.collectors.live.collection import LiveOptions

    names: Sequence[str] = LiveOptions.__struct_fields__
    given: dict[str, Any] = {name: getattr(inputs, name) for name in (*AWS_OPTIONS, "timeout_s") if name in names}
    return nullcontext(LiveOptions(**{name: value for name, value in given.items() if value is not None}))


def _progress(*, shown: bool) -> AbstractContextManager[Callable[[Any], None]]:
    if not shown:
        return nullcontext(lambda _: None)
    from auditor.console import progress  # rich

    return progress.show(sys.stderr)


def _ask_code(serial: str) -> str:
    sys.stderr.write(f"MFA code of {serial}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _expect(expected: str | None, found: str | None, *, aws: bool) -> None:
    if expected is not None and expected != found:
        place = "the profile and the credentials" if aws else "which file or folder you named"
        raise UsageError(
            f"this is account {found or 'unknown'}, not {expected} as --expect-account says",
            f"Check {place}{' (AWS_PROFILE is set)' if aws and os.environ.get('AWS_PROFILE') else ''}.",
        )
