"""The snapshot of an account that was not read, used to judge a planned change alone."""

from typing import Any

from auditor.account.kinds import listed_kinds
from auditor.account.model import Account, Snapshot
from auditor.account.snapshot import FORMAT, SCHEMA_VERSION
from auditor.account.sources import BULK, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, Listing, with_gaps

NOT_READ = "account-not-read"
"""The id of the gap for every fact that only the account could provide."""
ERROR_CODE = "AccountNotRead"
_GAP = Gap(NOT_READ, "account", ERROR_CODE, None, "The planned change was judged alone; the account was not read")
_FACTS = ("password_policy", "summary", "root_credentials", "management_account_id")


def nothing_read(account_id: str | None = None, partition: str = "aws", region: str | None = None) -> Snapshot:
    """Return the snapshot of an account of which at most the id, partition and Region are known."""
    blank: dict[str, Any] = dict.fromkeys(_FACTS)
    account = Account(id=account_id, alias=None, partition=partition, **blank)
    sources = (SourceRecord(each, SourceStatus.ABSENT, None, 0, 0, _GAP.message) for each in sorted(BULK))
    lists: dict[str, Any] = {listing: Listing((), NOT_READ) for _, listing, _ in listed_kinds()}
    return Snapshot(
        format=FORMAT,
        schema_version=SCHEMA_VERSION,
        kind="planned-change",
        region=region,
        captured_at=None,
        report_generated_at=None,
        account=with_gaps(account, dict.fromkeys(_FACTS, NOT_READ)),
        sources=tuple(sources),
        gaps=(_GAP,),
        notices=(),
        **lists,
    )


def was_read(snapshot: Snapshot) -> bool:
    """Return whether a snapshot comes from an account that was read."""
    return not any(gap.id == NOT_READ for gap in snapshot.gaps)
