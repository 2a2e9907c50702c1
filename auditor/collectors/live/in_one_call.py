"""Reading an account in one call, for programs; the command line connects and collects in two steps."""

import time

from auditor.account.model import Snapshot
from auditor.account.sources import BULK, Source
from auditor.collectors.live.collection import LiveOptions, connect
from auditor.collectors.live.collection import collect as collect_over
from auditor.errors import UsageError


def collect(
    *,
    profile: str | None = None,
    region: str | None = None,
    role_arn: str | None = None,
    external_id: str | None = None,
    expect_account: str | None = None,
    sources: frozenset[Source] = BULK,
    timeout_s: float | None = None,
) -> Snapshot:
    """Return a snapshot of the account that the AWS credentials belong to, as `iam-audit snapshot` saves it.

    The options are those of the command line; options that are None follow AWS's own environment variables and
    configuration files. `sources` selects what is read, by default everything that any rule reads. What AWS refuses,
    and what was not read within `timeout_s` seconds (1800 by default), is unknown in the snapshot, with the reason; it
    raises no error.

    Raises SourceError if AWS cannot be reached or the credentials are not valid, and UsageError if the account
    is not `expect_account`.
    """
    options = LiveOptions(profile=profile, region=region, role_arn=role_arn, external_id=external_id)
    start = time.monotonic()
    connection = connect(options, ask_code=None)
    found = connection.caller.account_id
    if expect_account is not None and expect_account != found:
        raise UsageError(f"this is account {found}, not {expect_account}", "Check the profile and the credentials.")
    left_s = (options.timeout_s if timeout_s is None else timeout_s) - (time.monotonic() - start)
    return collect_over(connection, sources, timeout_s=max(left_s, 0.001))
