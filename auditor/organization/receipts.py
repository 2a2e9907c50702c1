"""Reads stored receipts strictly, and rejects those that contradict themselves, as `report/reading.py` does reports."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from auditor import documents
from auditor.errors import SourceError
from auditor.judging.rule import ComplianceType
from auditor.organization.accounts import state_of
from auditor.organization.names import RECEIPT, REPORT, folder_of
from auditor.organization.records import Account, Receipt, State
from auditor.organization.storage import Storage

_UNWORKED = (State.UNFINISHED, State.NOT_ASKED)
"""The states that work on an account cannot end in."""
_LEFT = (State.SUSPENDED, State.CLOSED)
"""The states of accounts that were suspended or closed during the run."""


def read_receipt(storage: Storage, run: str, account: Account) -> Receipt | None:
    """Return the receipt of an account in a run, None if there is none.

    Raises SourceError if it is damaged, belongs to another account, or contradicts itself.
    """
    name = f"{run}/{folder_of(account)}/{RECEIPT}"
    content = storage.read(name)
    if content is None:
        return None
    try:
        receipt = msgspec.json.decode(content, type=Receipt)
        for contradiction in _contradictions(receipt, account):
            raise ValueError(contradiction)
    except documents.FAULTS as error:
        remedy = "Remove it: then the account is read again with --resume."
        raise SourceError(f"is not a receipt: {error}", remedy, subject=f"{storage.place}/{name}") from error
    return receipt


def _contradictions(receipt: Receipt, account: Account) -> Iterator[str]:
    """Yield why a receipt cannot come from the work on an account."""
    if receipt.key != account.key or (account.source is None and receipt.account_id != account.id):
        yield f"it is of account {receipt.key}"
    if receipt.report is not None and REPORT not in receipt.digests:
        yield "it lacks the digest of the report"
    if receipt.state in _UNWORKED:
        yield f"it has the state {receipt.state.value}"
    if receipt.state in _LEFT and (receipt.error is None or state_of(receipt.error.code) is not receipt.state):
        yield f"it has the state {receipt.state.value}, and not AWS's word for it"
    counted = _added(rule.counts for rule in receipt.rules)
    if not counted == _added([receipt.counts]) == _added(receipt.by_severity.values()):
        yield "its counts do not agree with those of its rules"
    if any(set(each.counts) != set(ComplianceType) or min(each.counts.values()) < 0 for each in receipt.rules):
        yield "its counts are not those of findings"
    if receipt.state is State.AUDITED and (counted[ComplianceType.INSUFFICIENT_DATA] or not receipt.rules):
        yield "it has the state audited, and not everything was decided"


def _added(counts: Iterable[Mapping[ComplianceType, int]]) -> Mapping[ComplianceType, int]:
    """Return the sum of several counts by compliance type."""
    total: Counter[ComplianceType] = Counter()
    for each in counts:
        total.update(each)
    return {kind: total[kind] for kind in ComplianceType}
