"""The live collector: reads an account from AWS with bulk calls in parallel, and records a gap for what it cannot read.

It makes no call per user, group or role; single_entities reads policies and other entities one by one if necessary.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from msgspec import UNSET, Struct, convert, structs

from auditor.account.model import Snapshot
from auditor.account.snapshot import check
from auditor.account.sources import ACTIONS, BULK, Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, gaps_of
from auditor.collectors import credential_report
from auditor.collectors.account_facts import (
    AccountSummaryAnswer,
    DeviceDetail,
    DevicesAnswer,
    PasswordPolicyAnswer,
    password_policy,
    virtual_mfa_devices,
)
from auditor.collectors.answers import Answer, not_requested, prepare, unread, utc
from auditor.collectors.assembly import Identity, assemble
from auditor.collectors.authorization_details import ENTITIES, EntityReader, Page
from auditor.collectors.credential_report import CredentialReport
from auditor.collectors.doubts import doubts
from auditor.collectors.entity_facts import SHAPES
from auditor.collectors.live import aws_managed
from auditor.collectors.live.asking_again import answered
from auditor.collectors.live.login_profiles import with_login_profiles
from auditor.collectors.live.pages import pages
from auditor.collectors.live.permissions import needed, permissions_policy
from auditor.collectors.live.refusals import FAULTS, error_code, gap_of, timed_out
from auditor.collectors.live.session import DEFAULT_TIMEOUT_S, Caller, Connection, LiveOptions, connect
from auditor.collectors.live.side_by_side import Deadline, side_by_side
from auditor.collectors.live.single_entities import SingleEntities
from auditor.collectors.live.strangers import unconfirmed, without_strangers

__all__ = ["Caller", "Connection", "LiveOptions", "ProgressEvent", "collect", "connect", "permissions_policy"]

T = TypeVar("T")

PAGE_SIZE = 1000  # AWS's maximum; a page may be shorter, even empty, while more follow
REPORT_TIMEOUT_S = 120.0
FIRST_DELAY, LONGEST_DELAY = 0.5, 10.0  # seconds between two looks at the credential report

_READ_AGAIN = "Nothing was kept. See that this machine's clock is right, and read the account again."
_DESCRIPTIONS = Source.POLICY_DESCRIPTIONS
_OF_AWS = Source.AWS_MANAGED_POLICIES
_DEVICES = Source.VIRTUAL_MFA_DEVICES
_REPORT = Source.CREDENTIAL_REPORT
_GENERATE, _GET = ACTIONS[_REPORT]
_COMPLETE, _INPROGRESS = "COMPLETE", "INPROGRESS"
_MISSING = frozenset({"ReportNotPresent", "ReportExpired"})
_BUSY = frozenset({"ReportInProgress", "LimitExceeded"})


class ProgressEvent(Struct, frozen=True):
    """Report how far a source has been read; `done` is true once, at its end, unless the time was over before."""

    source: Source
    items: int
    pages: int
    done: bool


class _ReportAnswer(Struct, rename="pascal"):
    """AWS's response to GetCredentialReport."""

    content: bytes
    generated_time: datetime


class _AliasAnswer(Struct, rename="pascal"):
    """AWS's response to ListAccountAliases: an account has one alias or none."""

    account_aliases: list[str]


class _List(NamedTuple):
    """Hold a list that is being read: the call for a page, its type, the field with the items, and the pages so far."""

    call: Callable[..., Any]
    page_type: Any
    field: str
    pages: list[Any]


_SHAPES = (Page, DevicesAnswer, PasswordPolicyAnswer, AccountSummaryAnswer, _ReportAnswer, _AliasAnswer)
Progress = Callable[[ProgressEvent], None]
Clock = Callable[[], datetime]


def _silent(_: ProgressEvent) -> None:
    """Show nothing."""


def _now() -> datetime:
    return datetime.now(UTC)


def collect(
    connection: Connection,
    sources: frozenset[Source],
    *,
    progress: Progress = _silent,
    kind: str = "live",
    clock: Clock = _now,
    timer: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    say: Callable[[str], object] = lambda _: None,
) -> Snapshot:
    """Return the snapshot of the account with the requested sources, and always the account summary.

    `captured_at` is the time at which the collection began. `progress` is called from several threads. What AWS
    refuses, and what was not read after `timeout_s` seconds, becomes a gap, never an error. `say` is called, also from
    several threads, with a message before calls whose number grows with the number of entities.

    Raises SourceError if the responses contradict each other, and it is unclear which list or fact is wrong.
    """
    captured_at = utc(clock())
    deadline = Deadline(timer, timeout_s)
    answers: dict[Source, Answer[Any]] = {source: not_requested(source) for source in BULK - {Source.IDENTITY}}
    try:
        reading = _Reading(connection, progress, clock, sleep, deadline, say)
        answers |= reading.answers(needed(sources) & BULK)
    finally:
        left_s = deadline.left()
        deadline.halted.set()  # threads that are still waiting for a call end after it
    caller = connection.caller
    with ThreadPoolExecutor(1) as pool:  # this call runs while the answers are joined
        confirmed = pool.submit(_identity, connection, deadline, captured_at)
        answers = without_strangers(answers, caller)
        alias = answers[Source.ACCOUNT_ALIAS].value
        identity = Identity(caller.account_id, alias, caller.partition, connection.region)
        snapshot = assemble(kind, identity, answers, captured_at, reading.reader)
        if Source.PASSWORD_RESETS in sources:
            rest = Deadline(timer, left_s)
            pause = sleep or rest.halted.wait
            snapshot = with_login_profiles(connection, snapshot, rest, pause, say, lambda: utc(clock()))
            known = sum(not gaps_of(profile) for profile in snapshot.login_profiles)
            progress(ProgressEvent(Source.PASSWORD_RESETS, known, known, done=True))
        snapshot = structs.replace(snapshot, sources=(confirmed.result(), *snapshot.sources))
    check(snapshot, "AWS's answers contradict each other", _READ_AGAIN)
    return snapshot


def _identity(connection: Connection, deadline: Deadline, read_at: datetime) -> SourceRecord:
    """Return the record of the identity, which AWS confirms again at the end; raise SourceError if it has changed."""
    detail = unconfirmed(connection, deadline.halted.wait)
    status = SourceStatus.COMPLETE if detail is None else SourceStatus.PARTIAL
    return SourceRecord(Source.IDENTITY, status, read_at, 1, 1, detail)


class _Reading:
    """Read the sources of one account, each in a thread of its own."""

    def __init__(
        self,
        connection: Connection,
        progress: Progress,
        clock: Clock,
        sleep: Callable[[float], object] | None,
        deadline: Deadline,
        say: Callable[[str], object],
    ) -> None:
        self.reader = EntityReader()
        self._iam = connection.iam
        self._mfa = connection.mfa
        self._progress = progress
        self._clock = clock
        self._deadline = deadline
        self._sleep = sleep or deadline.halted.wait
        self._single_entities = SingleEntities(connection, deadline, self._sleep, self._show_count, say)
        self._of_aws = aws_managed.AwsManagedPolicies(connection, deadline, self._sleep, self._show_count, say)
        details = self._iam.get_account_authorization_details
        self._lists: Mapping[Source, _List] = {
            **{
                source: _List(partial(details, Filter=[kind]), Page, field, [])
                for source, (kind, field) in ENTITIES.items()
            },
            _DEVICES: _List(self._iam.list_virtual_mfa_devices, DevicesAnswer, "devices", []),
        }

    def answers(self, sources: frozenset[Source]) -> dict[Source, Answer[Any]]:
        """Return the answers of the sources, except those that need no call of their own."""
        prepare((*_SHAPES, *SHAPES, *aws_managed.SHAPES))
        readers: dict[Source, Callable[[], Answer[Any]]] = {
            _REPORT: self._credential_report,
            **{source: partial(self._list, source) for source in self._lists},
            Source.PASSWORD_POLICY: self._password_policy,
            Source.ACCOUNT_SUMMARY: self._summary,
            Source.ACCOUNT_ALIAS: self._alias,
            **self._single_entities.readers(sources),
        }
        answers = self._in_time({source: read for source, read in readers.items() if source in sources})
        answers |= self._in_doubt(answers, readers)
        resting: dict[Source, Callable[[], Answer[Any]]] = {
            _DESCRIPTIONS: lambda: self._descriptions(answers[Source.POLICIES]),
            _OF_AWS: lambda: self._of_aws.of_console_users(answers),
        }
        return answers | self._in_time({source: read for source, read in resting.items() if source in sources})

    def _in_doubt(
        self, answers: Mapping[Source, Answer[Any]], readers: Mapping[Source, Callable[[], Answer[Any]]]
    ) -> dict[Source, Answer[Any]]:
        """Read again the sources that contradict each other: something may have been created or deleted meanwhile.

        A source that cannot be read completely this time keeps its first answer.
        """
        found = doubts(answers)
        sources = {source for doubt in found.values() for source in doubt.sources} | found.keys()
        again = [
            source for source in readers if source in sources and source in answers and answers[source].gap is None
        ]
        if not again:
            return {}
        for source in self._lists.keys() & set(again):
            self._lists[source].pages.clear()
        read = self._in_time({source: readers[source] for source in again})
        return {source: answer for source, answer in read.items() if answer.gap is None}

    def _descriptions(self, policies: Answer[Any]) -> Answer[Any]:
        """Read the description of each policy that was listed."""
        if policies.value is None and policies.gap is not None:
            unlisted = structs.replace(policies.gap, id=f"{_DESCRIPTIONS}:{policies.gap.error_code}")
            return unread(_DESCRIPTIONS, SourceStatus.FAILED, structs.replace(unlisted, source=_DESCRIPTIONS))
        return self._single_entities.policy_descriptions({policy.arn: policy for policy in policies.value or ()})

    def _in_time(self, readers: Mapping[Source, Callable[[], Answer[Any]]]) -> dict[Source, Answer[Any]]:
        """Return the answers of the readers; a reader that did not end in time has what it had read."""
        work = {source: partial(self._timed, source, read) for source, read in readers.items()}
        found = side_by_side(work, self._deadline)
        return {source: found[source] if source in found else self._cut(source) for source in readers}

    def _timed(self, source: Source, read: Callable[[], Answer[T]]) -> Answer[T]:
        self._show_progress(source, 0, 0, done=False)
        answer = structs.replace(read(), read_at=utc(self._clock()))
        self._show_progress(source, answer.items, answer.pages, done=True)
        return answer

    def _show_progress(self, source: Source, items: int, pages: int, *, done: bool) -> None:
        if not self._deadline.halted.is_set():
            self._progress(ProgressEvent(source, items, pages, done))

    def _show_count(self, source: Source, answered: int) -> None:
        self._show_progress(source, answered, answered, done=False)

    def _cut(self, source: Source) -> Answer[Any]:
        if source in self._lists:
            answer = self._joined(source, timed_out(source, self._deadline.timeout_s))
        elif source is _OF_AWS:
            answer = self._of_aws.so_far()
        else:
            answer = self._single_entities.so_far(source)
        return structs.replace(answer, read_at=utc(self._clock()))

    def _gap(self, source: Source, error: Exception, action: str | None = None) -> Gap:
        return gap_of(source, error, action or ACTIONS[source][0], mfa=self._mfa)

    def _list(self, source: Source) -> Answer[Any]:
        """Read a list to its end, page by page; what was read before a failure stays."""
        read = self._lists[source].pages
        items = 0
        for page in self._paged(source):
            if isinstance(page, Gap):
                return self._joined(source, page)
            read.append(page)
            items += len(_details(page, self._lists[source].field))
            self._show_progress(source, items, len(read), done=False)
        answer = self._joined(source, None)
        if source in ENTITIES:
            self.reader.read_ahead(answer.value or ())
        return answer

    def _paged(self, source: Source) -> Iterator[Any]:
        """Yield the pages of a list; a Gap comes last if its end was not reached."""
        listed = self._lists[source]
        try:
            yield from pages(partial(listed.call, MaxItems=PAGE_SIZE), listed.page_type, self._deadline, self._sleep)
        except FAULTS as error:
            yield self._gap(source, error)

    def _joined(self, source: Source, reason: Gap | None) -> Answer[Any]:
        """Join the pages read so far; an item on two pages, as after a change of the account, counts as last read."""
        field, read = self._lists[source].field, tuple(self._lists[source].pages)
        if reason is not None and not read:
            return unread(source, SourceStatus.FAILED, reason)
        items = list({_name(detail): detail for page in read for detail in _details(page, field)}.values())
        return Answer(
            source=source,
            status=SourceStatus.PARTIAL if reason else SourceStatus.COMPLETE,
            value=virtual_mfa_devices(items) if source is _DEVICES else items,
            gap=reason,
            exhaustive=any(getattr(page, field) is not UNSET for page in read),
            pages=len(read),
            items=len(items),
            detail=reason.message if reason else None,
        )

    def _single(self, source: Source, read: Callable[[], Answer[T]]) -> Answer[T]:
        try:
            return answered(read, self._sleep)
        except FAULTS as error:
            return unread(source, SourceStatus.FAILED, self._gap(source, error))

    def _password_policy(self) -> Answer[Any]:
        source = Source.PASSWORD_POLICY

        def read() -> Answer[Any]:
            answer = convert(self._iam.get_account_password_policy(), PasswordPolicyAnswer)
            policy, gaps = password_policy(answer.password_policy)
            return _complete(source, policy, 1, cell_gaps=gaps)

        answer = self._single(source, read)
        if answer.gap is not None and answer.gap.error_code == "NoSuchEntity":
            return _complete(source, None, 0, detail="There is none: AWS's default policy applies")
        return answer

    def _summary(self) -> Answer[Any]:
        def read() -> Answer[Any]:
            counts = convert(self._iam.get_account_summary(), AccountSummaryAnswer).summary_map
            return _complete(Source.ACCOUNT_SUMMARY, counts, len(counts))

        return self._single(Source.ACCOUNT_SUMMARY, read)

    def _alias(self) -> Answer[Any]:
        """Return the alias; it is only shown, so failing to read it leaves no gap."""

        def read() -> Answer[Any]:
            aliases = convert(self._iam.list_account_aliases(), _AliasAnswer).account_aliases
            return _complete(Source.ACCOUNT_ALIAS, aliases[0] if aliases else None, len(aliases))

        return structs.replace(self._single(Source.ACCOUNT_ALIAS, read), gap=None)

    def _credential_report(self) -> Answer[CredentialReport]:
        """Request a new credential report and wait for it; use an existing one if requesting is denied."""
        deadline = self._deadline.within(REPORT_TIMEOUT_S)
        refusal: Gap | None = None
        state, delay = "", FIRST_DELAY
        while True:
            if refusal is None:
                state, refusal = self._generated()
            last = not deadline.left()
            if state == _COMPLETE or refusal or last:
                answer = self._fetched(refusal)
                code = answer.gap.error_code if answer.gap else None
                again = code in _BUSY or (code in _MISSING and refusal is None)
                if last or not again:
                    return unread(_REPORT, SourceStatus.FAILED, refusal) if refusal and code in _MISSING else answer
            self._sleep(min(delay, deadline.left()))
            delay = min(delay * 2, LONGEST_DELAY)

    def _generated(self) -> tuple[str, Gap | None]:
        """Request a credential report; return its state, and a gap if AWS refused it."""
        try:
            return answered(self._iam.generate_credential_report, self._sleep).get("State", ""), None
        except FAULTS as error:
            busy = error_code(error) in _BUSY
            return _INPROGRESS, None if busy else self._gap(_REPORT, error, _GENERATE)

    def _fetched(self, refusal: Gap | None) -> Answer[CredentialReport]:
        try:
            answer = convert(answered(self._iam.get_credential_report, self._sleep), _ReportAnswer)
            text = answer.content.decode("utf-8", errors="replace")
            report = credential_report.read(text, utc(answer.generated_time), "the answer of GetCredentialReport")
        except FAULTS as error:
            return unread(_REPORT, SourceStatus.FAILED, self._gap(_REPORT, error, _GET))
        detail = f"An older report: {refusal.message}" if refusal else None
        return _complete(_REPORT, report, len(report.users), detail=detail)


def _complete(source: Source, value: T, items: int, **more: Any) -> Answer[T]:
    return Answer(source=source, status=SourceStatus.COMPLETE, value=value, pages=1, items=items, **more)


def _details(page: Any, field: str) -> Sequence[Any]:
    return getattr(page, field) or ()  # UNSET if the page has no such field


def _name(detail: Any) -> str:
    return detail.serial_number if isinstance(detail, DeviceDetail) else detail.arn.rsplit("/", 1)[-1]
