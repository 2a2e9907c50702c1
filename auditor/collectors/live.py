"""The live collector: asks AWS itself, in bulk and side by side, and notes whatever it was not told.

No call is made per user, group, role or policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Any, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from msgspec import UNSET, Struct, convert, structs
from msgspec.json import Decoder

from auditor.collectors import credential_report
from auditor.collectors.account_facts import (
    AccountSummaryAnswer,
    DeviceDetail,
    DevicesAnswer,
    PasswordPolicyAnswer,
    password_policy,
    virtual_mfa_devices,
)
from auditor.collectors.answers import DENIED_CODES, Answer, gap, not_requested, refused, unread, utc
from auditor.collectors.assembly import COUNTED, Identity, assemble
from auditor.collectors.authorization_details import Page
from auditor.collectors.credential_report import CredentialReport
from auditor.collectors.session import Caller, Connection, LiveOptions, connect
from auditor.errors import SourceError
from auditor.facts import Gap
from auditor.model import ACTIONS, Snapshot, Source, SourceStatus

__all__ = ["Caller", "Connection", "LiveOptions", "ProgressEvent", "collect", "connect", "permissions_policy"]

T = TypeVar("T")

PAGE_SIZE = 1000  # AWS's maximum; a page may be shorter, even empty, while more follow
LIST_DEADLINE = timedelta(minutes=30)  # throttled all the time, a list ends here with a gap
REPORT_DEADLINE = timedelta(seconds=120)
FIRST_DELAY, LONGEST_DELAY = 0.5, 10.0  # seconds between two looks at the credential report

_ALWAYS = frozenset({Source.ACCOUNT_ALIAS, Source.ACCOUNT_SUMMARY})
_ENTITIES: Mapping[Source, tuple[Any, str]] = {
    Source.USERS: ("User", "user_detail_list"),
    Source.GROUPS: ("Group", "group_detail_list"),
    Source.ROLES: ("Role", "role_detail_list"),
    Source.POLICIES: ("LocalManagedPolicy", "policies"),
}
_UNREADABLE = (msgspec.ValidationError, SourceError, ValueError)  # the last is botocore's word on bad numbers and times
_FAULTS = (ClientError, BotoCoreError, ResponseParserError, *_UNREADABLE)
"""Everything by which one answer can fail, whatever becomes of the others."""
_REPORT = Source.CREDENTIAL_REPORT
_GENERATE, _GET = ACTIONS[_REPORT]
_COMPLETE, _INPROGRESS = "COMPLETE", "INPROGRESS"
_MISSING = frozenset({"ReportNotPresent", "ReportExpired"})
_BUSY = frozenset({"ReportInProgress", "LimitExceeded"})


class ProgressEvent(Struct, frozen=True):
    """Tell how far a source has been read; `done` comes once, at its end, however it ended."""

    source: Source
    items: int
    pages: int
    done: bool


class _ReportAnswer(Struct, rename="pascal"):
    """AWS's answer of GetCredentialReport."""

    content: bytes
    generated_time: datetime


class _AliasAnswer(Struct, rename="pascal"):
    """AWS's answer of ListAccountAliases: an account has one alias or none."""

    account_aliases: list[str]


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
    sleep: Callable[[float], object] | None = None,
) -> Snapshot:
    """Give the snapshot of the account, with the sources that are asked for; the account summary always is.

    `captured_at` is the time at which the collection began. `progress` is called from several threads. What AWS
    refuses becomes a gap, never an error.
    """
    captured_at = utc(clock())
    with _garbage_left():
        answers: dict[Source, Answer[Any]] = {source: not_requested(source) for source in Source}
        answers |= _Reading(connection, progress, clock, sleep).answers(sources | _ALWAYS)
        answers[Source.IDENTITY] = Answer(
            source=Source.IDENTITY, status=SourceStatus.COMPLETE, value=None, read_at=captured_at, pages=1, items=1
        )
        caller = connection.caller
        identity = Identity(caller.account_id, answers[Source.ACCOUNT_ALIAS].value, caller.partition)
        return assemble(kind, identity, answers, captured_at)


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Look for no garbage meanwhile: answers are large trees without cycles, and a look at all of them takes 40 ms."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def permissions_policy(sources: frozenset[Source]) -> dict[str, Any]:
    """Give the IAM policy that allows exactly what `collect` calls for these sources."""
    actions = sorted({action for source in sources | _ALWAYS for action in ACTIONS[source]})
    statement = {"Sid": "IamAudit", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


class _Reading:
    """Read the sources of one account, each in a thread of its own."""

    def __init__(
        self, connection: Connection, progress: Progress, clock: Clock, sleep: Callable[[float], object] | None
    ) -> None:
        self._iam = connection.iam
        self._mfa = connection.mfa
        self._progress = progress
        self._clock = clock
        self._halted = Event()
        self._sleep = sleep or self._halted.wait

    def answers(self, sources: frozenset[Source]) -> dict[Source, Answer[Any]]:
        """Give the answers of the sources; those that take no call of their own are left out."""
        for shape in _SHAPES:
            Decoder(shape)  # two threads that use a type of msgspec's for the first time at once crash the process
        readers: dict[Source, Callable[[], Answer[Any]]] = {
            _REPORT: self._credential_report,
            **{source: partial(self._entities, source) for source in _ENTITIES},
            Source.PASSWORD_POLICY: self._password_policy,
            Source.ACCOUNT_SUMMARY: self._summary,
            Source.VIRTUAL_MFA_DEVICES: self._devices,
            Source.ACCOUNT_ALIAS: self._alias,
        }
        answers = self._side_by_side({source: read for source, read in readers.items() if source in sources})
        if _contradicted(answers):
            # Somebody may have made or deleted something meanwhile: only a second count tells.
            answers[Source.ACCOUNT_SUMMARY] = self._summary()
        return answers

    def _side_by_side(self, readers: Mapping[Source, Callable[[], Answer[Any]]]) -> dict[Source, Answer[Any]]:
        pool = ThreadPoolExecutor(len(readers))
        try:
            futures = {source: pool.submit(self._told, source, read) for source, read in readers.items()}
            return {source: future.result() for source, future in futures.items()}
        finally:
            self._halted.set()  # after an interruption: threads end with the call that they are in
            pool.shutdown(wait=False, cancel_futures=True)

    def _told(self, source: Source, read: Callable[[], Answer[T]]) -> Answer[T]:
        self._progress(ProgressEvent(source, 0, 0, done=False))
        answer = structs.replace(read(), read_at=utc(self._clock()))
        self._progress(ProgressEvent(source, answer.items, answer.pages, done=True))
        return answer

    def _gap(self, source: Source, error: Exception, action: str | None = None) -> Gap:
        found = refused(source, _code(error), action)
        if found.error_code in DENIED_CODES and "explicit deny" in str(error) and not self._mfa:
            hint = "a policy denies it explicitly; if it does so without MFA, give --mfa-serial"
            return structs.replace(found, message=f"{found.message}: {hint}")
        return found

    def _entities(self, source: Source) -> Answer[list[Any]]:
        kind, field = _ENTITIES[source]
        ask = partial(self._iam.get_account_authorization_details, Filter=[kind])
        return self._list(source, self._pages(source, ask, Page), field)

    def _devices(self) -> Answer[Any]:
        pages = self._pages(Source.VIRTUAL_MFA_DEVICES, self._iam.list_virtual_mfa_devices, DevicesAnswer)
        answer = self._list(Source.VIRTUAL_MFA_DEVICES, pages, "devices")
        return answer if answer.value is None else structs.replace(answer, value=virtual_mfa_devices(answer.value))

    def _list(self, source: Source, pages: Iterable[Any], field: str) -> Answer[list[Any]]:
        """Join the pages of a list; an item that a change of the account put on two pages counts as last seen."""
        items: dict[str, Any] = {}
        count, asked, reason = 0, False, None
        for page in pages:
            if isinstance(page, Gap):
                reason = page
                break
            details = getattr(page, field)
            asked |= details is not UNSET
            items.update((_name(detail), detail) for detail in details or ())
            count += 1
            self._progress(ProgressEvent(source, len(items), count, done=False))
        if reason is not None and not count:
            return unread(source, SourceStatus.FAILED, reason)
        return Answer(
            source=source,
            status=SourceStatus.PARTIAL if reason else SourceStatus.COMPLETE,
            value=list(items.values()),
            gap=reason,
            asked=asked,
            pages=count,
            items=len(items),
            detail=reason.message if reason else None,
        )

    def _pages(self, source: Source, ask: Callable[..., Any], page_type: type[T]) -> Iterator[T | Gap]:
        """Yield the pages of a list; a Gap comes last if its end was not reached."""
        marker: dict[str, str] = {}
        markers = {None, ""}
        deadline = self._clock() + LIST_DEADLINE
        while not self._halted.is_set():
            try:
                page: Any = convert(ask(MaxItems=PAGE_SIZE, **marker), page_type)
            except _FAULTS as error:
                yield self._gap(source, error)
                return
            yield page
            if not page.is_truncated:
                return
            if page.marker in markers:
                yield gap(source, "BadMarker", f"AWS says that more {source} follow, but not where")
                return
            if self._clock() > deadline:
                yield gap(source, "Deadline", f"The list of {source} took more than {LIST_DEADLINE}")
                return
            markers.add(page.marker)
            marker = {"Marker": page.marker}

    def _single(self, source: Source, read: Callable[[], Answer[T]]) -> Answer[T]:
        try:
            return read()
        except _FAULTS as error:
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
        """Give the alias; it is only shown, so failing to read it leaves no gap."""

        def read() -> Answer[Any]:
            aliases = convert(self._iam.list_account_aliases(), _AliasAnswer).account_aliases
            return _complete(Source.ACCOUNT_ALIAS, aliases[0] if aliases else None, len(aliases))

        return structs.replace(self._single(Source.ACCOUNT_ALIAS, read), gap=None)

    def _credential_report(self) -> Answer[CredentialReport]:
        """Have a report made and wait for it; one that is there already will do if none may be made."""
        deadline = self._clock() + REPORT_DEADLINE
        refusal: Gap | None = None
        state, delay = "", FIRST_DELAY
        while True:
            if refusal is None:
                state, refusal = self._generated()
            last = self._halted.is_set() or self._clock() >= deadline
            if state == _COMPLETE or refusal or last:
                answer = self._fetched(refusal)
                code = answer.gap.error_code if answer.gap else None
                again = code in _BUSY or (code in _MISSING and refusal is None)
                if last or not again:
                    return unread(_REPORT, SourceStatus.FAILED, refusal) if refusal and code in _MISSING else answer
            self._sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    def _generated(self) -> tuple[str, Gap | None]:
        """Ask for a report: give the state of the making, and the gap if it was refused for good."""
        try:
            return self._iam.generate_credential_report().get("State", ""), None
        except _FAULTS as error:
            busy = _code(error) in _BUSY
            return _INPROGRESS, None if busy else self._gap(_REPORT, error, _GENERATE)

    def _fetched(self, refusal: Gap | None) -> Answer[CredentialReport]:
        try:
            answer = convert(self._iam.get_credential_report(), _ReportAnswer)
            text = answer.content.decode("utf-8", errors="replace")
            report = credential_report.read(text, utc(answer.generated_time), "the answer of GetCredentialReport")
        except _FAULTS as error:
            return unread(_REPORT, SourceStatus.FAILED, self._gap(_REPORT, error, _GET))
        detail = f"An older report: {refusal.message}" if refusal else None
        return _complete(_REPORT, report, len(report.users), detail=detail)


def _complete(source: Source, value: T, items: int, **more: Any) -> Answer[T]:
    return Answer(source=source, status=SourceStatus.COMPLETE, value=value, pages=1, items=items, **more)


def _code(error: Exception) -> str:
    """Give AWS's error code, or the name of a fault that botocore or we found."""
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code", "Unknown"))
    return "UnreadableAnswer" if isinstance(error, _UNREADABLE) else type(error).__name__


def _name(detail: Any) -> str:
    return detail.serial_number if isinstance(detail, DeviceDetail) else detail.arn.rsplit("/", 1)[-1]


def _contradicted(answers: Mapping[Source, Answer[Any]]) -> bool:
    """Say whether a list that was read to its end has another length than the account summary counts."""
    counts = answers[Source.ACCOUNT_SUMMARY].value or {}
    lists = [answers[source] for source in _ENTITIES if source in answers and answers[source].gap is None]
    return any(counts.get(COUNTED[answer.source], answer.items) != answer.items for answer in lists)
