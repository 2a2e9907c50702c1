"""The work on one account: read it, judge it, store the results, and write a receipt.

It runs in a thread, in another process or on another machine. No credentials are sent: each worker assumes the role
itself. The receipt is written last, so that an account with a receipt is done and is not read again.
"""

import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import BinaryIO

import msgspec
from msgspec import Struct, structs

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.account.sources import SourceStatus
from auditor.account.unknown import Gap, gaps_of
from auditor.collectors.answers import DENIED_CODES
from auditor.errors import AuditError, OutputError
from auditor.judging.engine import RULE_ERROR
from auditor.judging.rule import ComplianceType
from auditor.organization.names import CAUSES, PAGE, PARQUET, RECEIPT, REPORT, SNAPSHOT, folder_of
from auditor.organization.reading import NotReadError, Reading
from auditor.organization.receipts import read_receipt
from auditor.organization.records import Account, Cause, Failure, Keep, Receipt, RuleCounts, SourceState, State
from auditor.organization.storage import Storage
from auditor.report.audit import audit
from auditor.report.completeness import shortfall
from auditor.report.gate import decided_nothing
from auditor.report.in_use import completed
from auditor.report.report import Report, dump_report
from auditor.selection.plan import Plan, settled, sources_read

Page = Callable[[Report, BinaryIO], object]
"""Write the HTML page of one account."""

_LEVEL = 1  # of gzip; a higher one costs more than the audit itself and saves a fifth
_SLOW = frozenset({"Timeout", "Throttling", "ThrottlingException", "TooManyRequestsException"})
_OWN_FAULT = "InternalError"


class Work(Struct, frozen=True, kw_only=True):
    """Hold everything that the work on any account of a run needs; it can be pickled, and holds no credentials.

    `run` is the folder of the run in the storage, `as_of` the run's time, which all reports share. `page` writes the
    page of an account, None if pages are not kept; `parquet` keeps the findings as Parquet too.
    """

    storage: Storage
    run: str
    plan: Plan
    frameworks: tuple[str, ...] = ()
    reading: Reading
    as_of: datetime
    keep: Keep
    parquet: bool = False
    page: Page | None = None

    def receipt_of(self, account: Account) -> Receipt | None:
        """Return the receipt of an account, None if there is none; raise SourceError if it is damaged."""
        return read_receipt(self.storage, self.run, account)

    def request(self, account: Account, tries: int = 1) -> Receipt | None:
        """Request the credential report of an account; return a receipt if the account is done or out of reach."""
        if (found := self.receipt_of(account)) is not None:
            return found
        began = _now()
        try:
            self.reading.request_report(account)
        except NotReadError as error:
            return self.keep_receipt(account, _not_read(account, error, began, tries))
        return None

    def __call__(self, account: Account, tries: int = 1) -> Receipt:
        """Do the work on an account and return its receipt; if there is a receipt already, return that.

        The receipt records errors of the account and of our own code. Raises OutputError if the storage fails.
        """
        if (found := self.receipt_of(account)) is not None:
            return found
        began = _now()
        try:
            receipt = self._worked(account, began, tries)
        except NotReadError as error:
            receipt = _not_read(account, error, began, tries)
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001 - one account must not end the run; the receipt says what happened
            failure = Failure(code=_OWN_FAULT, message=f"{type(error).__name__}: {error}", remedy=_remedy(error))
            receipt = _empty(account, State.FAILED, failure, began, tries)
        return self.keep_receipt(account, receipt)

    def _worked(self, account: Account, began: datetime, tries: int) -> Receipt:
        snapshot = self.reading.snapshot(account, sources_read(self.plan))
        plan = settled(self.plan, snapshot)
        report = audit(
            snapshot,
            plan.rules,
            suppressions=plan.run.suppressions.value,
            suppression_limits=plan.run.suppression_limits,
            frameworks=self.frameworks,
            packs=plan.packs,
            as_of=self.as_of,
            max_report_age=plan.run.oldest_report,
            ou=account.ou or None,
        )
        report = completed(report, plan, snapshot)
        digests = dict(self._stored(account, snapshot, report))
        return _receipt(account, snapshot, report, digests, began, tries)

    def _stored(self, account: Account, snapshot: Snapshot, report: Report) -> Iterator[tuple[str, str]]:
        """Store the files that the run keeps, and yield the name and digest of each."""
        contents = {CAUSES: msgspec.json.encode(list(causes_of(snapshot, report)))}
        if self.keep is Keep.SNAPSHOTS and account.source is None:
            contents[SNAPSHOT] = gzip.compress(dump(snapshot), _LEVEL, mtime=0)
        if self.keep is not Keep.NONE:
            contents[REPORT] = gzip.compress(dump_report(report), _LEVEL, mtime=0)
        if self.parquet:
            from auditor.organization.parquet import dump_parquet  # needs pyarrow, an extra

            contents[PARQUET] = dump_parquet(report)
        if self.page is not None:
            stream = io.BytesIO()
            self.page(report, stream)
            contents[PAGE] = stream.getvalue()
        for name, content in contents.items():
            self.storage.write(f"{self.run}/{folder_of(account)}/{name}", content)
            yield name, sha256(content).hexdigest()

    def keep_receipt(self, account: Account, receipt: Receipt) -> Receipt:
        """Store a receipt, and return it; raise OutputError if that fails."""
        self.storage.write(f"{self.run}/{folder_of(account)}/{RECEIPT}", msgspec.json.encode(receipt))
        return receipt


def lost(account: Account, began: datetime, tries: int) -> Receipt:
    """Return the receipt of an account whose worker died each time."""
    message = f"The process that worked on it died {tries} times"
    remedy = "Scan this account by itself, with iam-audit scan, to see why; it may need more memory."
    return _empty(account, State.LOST, Failure(code="WorkerDied", message=message, remedy=remedy), began, tries)


def causes_of(snapshot: Snapshot, report: Report) -> Iterator[Cause]:
    """Yield the causes of NON_COMPLIANT findings that are not suppressed; equal faults of accounts have one cause."""
    digests = _policy_digests(snapshot)
    for finding in report.findings:
        if finding.compliance_type is ComplianceType.NON_COMPLIANT and finding.suppression is None:
            of_account = finding.resource_name == report.account.id
            name = "" if of_account else finding.resource_name
            digest = digests.get(finding.resource_arn or "")
            yield Cause(finding.config_rule_name, finding.resource_type, name, digest)


def _policy_digests(snapshot: Snapshot) -> Mapping[str, str]:
    """Return the digests of the default versions' documents by policy ARN; account numbers are left out of them."""
    own = (snapshot.account.id or "").encode()
    found: dict[str, str] = {}
    for policy in snapshot.policies.known_part:
        if gaps_of(policy):
            continue
        for version in policy.versions.known_part:
            if version.is_default and not gaps_of(version):
                document = bytes(version.document)
                text = document.replace(own, b"") if own else document
                found[policy.arn] = sha256(text).hexdigest()[:16]
    return found


def _receipt(
    account: Account, snapshot: Snapshot, report: Report, digests: dict[str, str], began: datetime, tries: int
) -> Receipt:
    state, failure = _outcome(snapshot, report)
    users = snapshot.users
    return Receipt(
        key=account.key,
        account_id=report.account.id,
        alias=report.account.alias,
        state=state,
        error=failure,
        counts=report.summary.counts,
        by_severity=report.summary.by_severity,
        suppressed=report.summary.suppressed,
        rules=tuple(
            RuleCounts(rule.config_rule_name, rule.source_identifier, rule.severity, rule.counts)
            for rule in report.rules
        ),
        sources=tuple(
            SourceState(source.name, source.status, source.detail, source.iam_actions)
            for source in report.snapshot.sources
            if source.status is not SourceStatus.NOT_REQUESTED
        ),
        users=len(users.known_part) if users.gap is None else None,
        rule_failed=any(each.code == RULE_ERROR and each.config_rule_name for each in report.warnings),
        report=f"{folder_of(account)}/{REPORT}" if REPORT in digests else None,
        captured_at=report.snapshot.captured_at,
        report_generated_at=report.snapshot.report_generated_at,
        digests=digests,
        began_at=began,
        ended_at=_now(),
        tries=tries,
    )


def _outcome(snapshot: Snapshot, report: Report) -> tuple[State, Failure | None]:
    """Return the state of an account that was judged, and the failure that keeps facts unknown."""
    why = shortfall(report)
    if why is None:
        return State.AUDITED, None
    gaps = sorted(snapshot.gaps, key=_of_other_services)
    late = next((gap for gap in gaps if gap.error_code in _SLOW), None)
    denied = next((gap for gap in gaps if gap.error_code in DENIED_CODES), None)
    if late is not None:
        remedy = "Try it again with --resume RUN --retry timed_out, with a longer --timeout where that was too short."
        return State.TIMED_OUT, Failure(code=late.error_code, message=late.message, remedy=remedy)
    gap = denied or next(iter(gaps), None)
    failure = Failure(code=None, message=why)
    if gap is not None:
        failure = Failure(code=gap.error_code, message=gap.message, action=gap.iam_action)
    if not decided_nothing(report):
        return State.PARTIAL, failure
    if denied is not None:
        return State.DENIED, failure
    message = why if gap is None else f"{why}. {gap.message}"
    return State.FAILED, structs.replace(failure, message=message)


def _of_other_services(gap: Gap) -> bool:
    return not (gap.iam_action or "").startswith("iam:")


def _not_read(account: Account, error: NotReadError, began: datetime, tries: int) -> Receipt:
    return _empty(account, error.state, error.failure, began, tries)


def _empty(account: Account, state: State, failure: Failure, began: datetime, tries: int) -> Receipt:
    return Receipt(
        key=account.key,
        account_id=account.id,
        state=state,
        error=failure,
        began_at=began,
        ended_at=_now(),
        tries=tries,
    )


def _remedy(error: Exception) -> str:
    return error.hint if isinstance(error, AuditError) else "This is a fault of iam-audit: please report it."


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
