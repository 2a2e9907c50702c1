"""Exports: a folder of raw AWS CLI output, so that somebody without iam-audit can hand over the data.

The AWS CLI pages by itself; its output contains NextToken only if an option made it stop early:
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html
"""

import os
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from msgspec import UNSET, Struct, structs

from auditor import documents
from auditor.account.arns import is_misnamed
from auditor.account.kinds import listed_kinds
from auditor.account.model import Notice, Snapshot
from auditor.account.snapshot import check
from auditor.account.sources import Source, SourceRecord, SourceStatus
from auditor.account.times import later_than_captured, later_than_reported
from auditor.account.unknown import Gap, Listing, stored, with_gaps
from auditor.collectors import credential_report
from auditor.collectors.account_facts import (
    AccountSummaryAnswer,
    DevicesAnswer,
    PasswordPolicyAnswer,
    password_policy,
    virtual_mfa_devices,
)
from auditor.collectors.answers import Answer, gap, unread, utc
from auditor.collectors.assembly import assemble, identity_of_arns
from auditor.collectors.authorization_details import ENTITIES, Page, policies_of
from auditor.collectors.aws_managed import read_of_export
from auditor.collectors.cli_output.decoding import FILE, HINT, Folder, Read, decoder, status_without
from auditor.collectors.cli_output.names import (
    DETAILS,
    DEVICES,
    FILES,
    LOGIN_PROFILES,
    PASSWORD_POLICY,
    REPORT_CSV,
    REPORT_DOWNLOAD,
    REPORT_JSON,
    SUMMARY,
    meant,
)
from auditor.collectors.cli_output.single_entities import of_region, single_entities
from auditor.collectors.credential_report import CredentialReport
from auditor.collectors.doubts import COUNTED
from auditor.collectors.login_profiles import ProfileAnswer, profiles_of
from auditor.errors import SourceError

T = TypeVar("T")


_SHOWN = 3  # files with similar names that the error lists if there is no file with a right name
_NOT_BELIEVED = "the time counts as unknown"
_AWS = "aws"  # in ARNs of AWS-managed policies, in place of an account number
_AWS_MANAGED = re.compile(rf"arn:[\w-]+:iam::{_AWS}:")
_ARN = re.compile(rf"arn:(?P<partition>[\w-]+):[\w-]+:[\w-]*:(?P<account>\d{{12}}|{_AWS}):", re.ASCII)


class ReportAnswer(Struct, rename="pascal"):
    """The AWS CLI's output of `iam get-credential-report`; Content is base64."""

    content: str
    generated_time: datetime | None = None


def read_exports(
    folder: str | os.PathLike[str], captured_at: datetime | None = None, region: str | None = None
) -> Snapshot:
    """Return the snapshot of an account from a folder of AWS CLI output.

    `captured_at` is when the files were written, which they do not contain: without it, everything that depends on the
    capture time is unknown. The credential report has its own time.
    `region` is the AWS Region whose analyzers were listed, because an empty list does not name it.
    Raises SourceError for a folder without any such file, a file that cannot be read, and files that contradict each
    other.
    """
    return collect(Path(folder), captured_at, region)


def collect(path: Path, captured_at: datetime | None, region: str | None = None) -> Snapshot:
    """Return the snapshot of an account from a folder of AWS CLI output, as `read_exports` does."""
    folder = Folder(path)
    _check_folder(folder)
    try:
        snapshot = _assembled(folder, captured_at, region)
        if captured_at is not None and (later := next(later_than_captured(snapshot, captured_at), None)):
            wrong = f"{_text(captured_at)} cannot be the time at which the files were written"
            message = f"{wrong}, because they hold {later}; {_NOT_BELIEVED}"
            snapshot = _assembled(folder.reopened(Notice(FILE, "--captured-at", message)), None, region)
        snapshot = _without_false_arns(_with_fit_report_time(snapshot))
    except OverflowError as error:
        raise SourceError(f"{folder} holds a time that is out of range", HINT) from error
    check(snapshot, f"{folder} cannot be of one account", HINT)
    return snapshot


def _with_fit_report_time(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot; the time of the credential report is unknown if later times are in it."""
    generated_at = snapshot.report_generated_at
    later = next(later_than_reported(snapshot, generated_at), None) if generated_at is not None else None
    if generated_at is None or later is None:
        return snapshot
    message = f"GeneratedTime is {_text(generated_at)}, but the report holds {later}; {_NOT_BELIEVED}"
    notices = (*snapshot.notices, Notice(FILE, REPORT_JSON, message))
    return structs.replace(snapshot, report_generated_at=None, notices=notices)


def _without_false_arns(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot; an ARN is unknown if its name or path is not that of its resource.

    A list with such an ARN is partial, because it is unclear which of the two names is right.
    """
    changes: dict[str, Listing[Any]] = {}
    doubts: dict[Source, str] = {}
    gaps = list(snapshot.gaps)
    for kind, listing, source in listed_kinds():
        records = kind.resources(snapshot)
        false = [record for record in records.known_part if kind.arn != kind.name and is_misnamed(kind, record)]
        if false:
            names = ", ".join(stored(record, kind.name) for record in false[:_SHOWN])
            message = f"The ARN of {names} in the list of {source} is of another name or path"
            gaps.append(gap(source, "OtherName", message))
            unknown, these = {kind.arn: gaps[-1].id}, set(map(id, false))
            known = (with_gaps(each, unknown) if id(each) in these else each for each in records.known_part)
            changes[listing] = Listing(tuple(known), records.gap or gaps[-1].id)
            doubts[source] = message
    sources = tuple(_doubted(each, doubts.get(each.name)) for each in snapshot.sources)
    return structs.replace(snapshot, gaps=tuple(sorted(gaps, key=lambda each: each.id)), sources=sources, **changes)


def _doubted(source: SourceRecord, doubt: str | None) -> SourceRecord:
    """Return the record of a source; its status is not COMPLETE if there is a doubt about its data."""
    if doubt is None or source.status is not SourceStatus.COMPLETE:
        return source
    return structs.replace(source, status=SourceStatus.PARTIAL, detail=doubt)


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _assembled(folder: Folder, captured_at: datetime | None, given_region: str | None) -> Snapshot:
    report = _credential_report(folder, captured_at)
    summary = _summary(folder)
    read = folder.read(DETAILS, Source.USERS, decoder(Page))
    entities = _entities(folder, read, summary.value or {})
    answers = {
        **entities,
        Source.CREDENTIAL_REPORT: report,
        Source.PASSWORD_POLICY: _password_policy(folder),
        Source.ACCOUNT_SUMMARY: summary,
        Source.VIRTUAL_MFA_DEVICES: _devices(folder),
        Source.AWS_MANAGED_POLICIES: _documents_of_aws(read, entities),
        **single_entities(folder, entities[Source.POLICIES]),
        **_login_profiles(folder),
    }
    identity = identity_of_arns(_one_account(folder, answers), alias=None)
    answers[Source.ACCESS_ANALYZERS], region = of_region(folder, answers[Source.ACCESS_ANALYZERS], given_region)
    identity = structs.replace(identity, region=region)
    dated = {source: structs.replace(answer, read_at=captured_at) for source, answer in answers.items()}
    snapshot = assemble("exports", identity, dated, captured_at)
    return structs.replace(snapshot, notices=(*snapshot.notices, *folder.notices))


def _documents_of_aws(read: Read, entities: Mapping[Source, Answer[Any]]) -> Answer[Any]:
    source = Source.AWS_MANAGED_POLICIES
    if not read.answers and read.gap is not None:
        reason = gap(source, read.gap.error_code, read.gap.message, read.gap.iam_action)
        return unread(source, status_without(read), reason)
    holders = [each for holding in (Source.USERS, Source.GROUPS) for each in entities[holding].value or ()]
    return structs.replace(read_of_export(read.answers, holders), pages=len(read.answers))


def _login_profiles(folder: Folder) -> dict[Source, Answer[Any]]:
    """Return the answer of login profiles; nothing for a folder without any, because few exports need them."""
    source = Source.PASSWORD_RESETS
    read = folder.read(LOGIN_PROFILES, source, decoder(ProfileAnswer))
    if not read.files:
        return {}
    if not read.answers and read.gap is not None:
        return {source: unread(source, SourceStatus.FAILED, read.gap)}
    try:
        profiles = tuple(profiles_of(read.answers))
    except ValueError as error:
        raise SourceError(f"{folder}: {LOGIN_PROFILES}: {error}", "Keep the files of one export.") from error
    status = SourceStatus.PARTIAL if read.gap else SourceStatus.COMPLETE
    pages, detail = len(read.answers), read.gap.message if read.gap else None
    answer = Answer(source=source, status=status, value=profiles, pages=pages, items=len(profiles), detail=detail)
    return {source: answer}


def _check_folder(folder: Folder) -> None:
    if not folder.path.is_dir():
        raise SourceError(f"--exports: {folder} is not a folder", "Give the folder that holds the AWS CLI's output.")
    files = [file for pattern in FILES for file in folder.path.glob(pattern)]
    for file in sorted(set(folder.path.iterdir()) - set(files)):
        if name := meant(file.name):
            folder.note(file, f"is not read; if it is the AWS CLI's output, name it {name}")
    if not files:
        near = "".join(f" {notice.resource_name} {notice.message}." for notice in folder.notices[:_SHOWN])
        raise SourceError(
            f"--exports: {folder} holds none of the files that are read",
            f"The README has the commands that write them, such as {', '.join(FILES[:3])}.{near}",
        )
    for file in files:
        if not file.is_file():
            raise SourceError(f"--exports: {file} is not a file", "Put the AWS CLI's output there, or remove it.")
    if sum(file.stat().st_size for file in files) > documents.MAX_SIZE:
        raise documents.too_large(str(folder))


def _entities(folder: Folder, read: Read, summary: Mapping[str, int]) -> dict[Source, Answer[Any]]:
    pages: list[Page] = read.answers
    stopped = any(page.next_token or page.marker or page.is_truncated for page in pages)
    return {
        source: _entity_answer(
            source, _joined(folder, pages, entity.field), read, summary.get(COUNTED[source]), stopped=stopped
        )
        for source, entity in ENTITIES.items()
    }


def _joined(folder: Folder, pages: Iterable[Page], field: str) -> list[Any]:
    """Return the details of one kind from all pages, without AWS-managed policies, which the CLI writes as well."""
    by_name: dict[str, Any] = {}
    for page in pages:
        details = getattr(page, field)
        for detail in () if details is UNSET else details:
            if field == "policies" and _AWS_MANAGED.match(detail.arn):
                continue
            name = detail.arn.rsplit("/", 1)[-1].casefold()  # IAM's names are unique ignoring case, whatever the path
            if by_name.setdefault(name, detail) != detail:
                raise SourceError(
                    f"{folder}: {detail.arn} stands in {DETAILS} twice, with different content",
                    "Keep the files of one export only.",
                )
    return list(by_name.values())


def _entity_answer(
    source: Source, details: list[Any], read: Read, counted: int | None, *, stopped: bool
) -> Answer[Any]:
    if not read.answers and read.gap is not None:
        status = SourceStatus.FAILED if read.files else SourceStatus.ABSENT
        return unread(source, status, gap(source, read.gap.error_code, read.gap.message, read.gap.iam_action))
    reason = read.gap and gap(source, read.gap.error_code, read.gap.message, read.gap.iam_action)
    if reason is None and stopped and (counted is None or counted > len(details)):
        reason = gap(source, "Truncated", f"{DETAILS} stops early (NextToken), and {SUMMARY} does not count as many")
    return Answer(
        source=source,
        status=SourceStatus.COMPLETE if reason is None else SourceStatus.PARTIAL,
        value=details,
        gap=reason,
        pages=len(read.answers),
        items=len(details),
        detail=reason.message if reason else None,
    )


def _credential_report(folder: Folder, captured_at: datetime | None) -> Answer[CredentialReport]:
    name = _report_name(folder, captured_at)
    bare, place = name.endswith(".csv"), str(folder.path / name)

    def decoded(text: str) -> CredentialReport:
        if bare:
            return credential_report.read(text, captured_at, place, whole=False)
        answer = decoder(ReportAnswer, any_length=True)(text)
        generated_at = utc(answer.generated_time) if answer.generated_time else None
        return credential_report.read(_content(answer.content, place), generated_at, place)

    return _single(folder, name, Source.CREDENTIAL_REPORT, decoded, lambda report: len(report.users))


def _report_name(folder: Folder, captured_at: datetime | None) -> str:
    """Return the name of the credential report's file; one that the console downloaded is read if it is alone."""
    named = [name for name in (REPORT_CSV, REPORT_JSON) if (folder.path / name).exists()]
    if len(named) > 1:
        raise SourceError(f"{folder} holds {REPORT_CSV} and {REPORT_JSON}", "Keep the one that is to be read.")
    downloads = folder.files(REPORT_DOWNLOAD)
    if not named and len(downloads) == 1:
        if captured_at is None:
            message = "is read as the credential report; --captured-at TIME says when it was downloaded"
            folder.note(downloads[0], message)
        return downloads[0].name
    for file in downloads:
        other = f"{named[0]} is there" if named else "there are several: keep one"
        folder.note(file, f"is a credential report, and is not read, because {other}")
    return named[0] if named else REPORT_JSON


def _content(base64: str, place: str) -> str:
    try:
        return b64decode(base64, validate=True).decode("utf-8")
    except (Base64Error, UnicodeDecodeError) as error:
        raise SourceError(
            f"{place}: Content is not base64 of UTF-8 text: {error}",
            "Write the file again with `aws iam get-credential-report`.",
        ) from error


def _password_policy(folder: Folder) -> Answer[Any]:
    cell_gaps: tuple[Gap, ...] = ()

    def decoded(text: str) -> Any:
        nonlocal cell_gaps
        answer = decoder(PasswordPolicyAnswer)(text)
        policy, cell_gaps = password_policy(answer.password_policy)
        return policy

    answer: Answer[Any] = _single(folder, PASSWORD_POLICY, Source.PASSWORD_POLICY, decoded, lambda _: 1)
    if answer.gap is not None and answer.gap.error_code == "NoSuchEntity":
        return Answer(source=answer.source, status=SourceStatus.COMPLETE, value=None, pages=1)
    return structs.replace(answer, cell_gaps=cell_gaps)


def _summary(folder: Folder) -> Answer[dict[str, int]]:
    return _single(
        folder,
        SUMMARY,
        Source.ACCOUNT_SUMMARY,
        lambda text: decoder(AccountSummaryAnswer)(text).summary_map,
        len,
    )


def _devices(folder: Folder) -> Answer[Any]:
    read = folder.read(DEVICES, Source.VIRTUAL_MFA_DEVICES, decoder(DevicesAnswer))
    if not read.answers and read.gap is not None:
        return unread(Source.VIRTUAL_MFA_DEVICES, status_without(read), read.gap)
    pages: list[DevicesAnswer] = read.answers
    devices = virtual_mfa_devices(device for page in pages for device in page.devices)
    reason = read.gap
    if reason is None and any(page.next_token or page.marker or page.is_truncated for page in pages):
        reason = gap(Source.VIRTUAL_MFA_DEVICES, "Truncated", f"{DEVICES} stops early (NextToken)")
    return Answer(
        source=Source.VIRTUAL_MFA_DEVICES,
        status=SourceStatus.PARTIAL if reason else SourceStatus.COMPLETE,
        value=devices,
        gap=reason,
        pages=len(pages),
        items=len(devices),
        detail=reason.message if reason else None,
    )


def _single(
    folder: Folder, name: str, source: Source, decoded: Callable[[str], T], count: Callable[[T], int]
) -> Answer[T]:
    read = folder.read(name, source, decoded)
    if read.gap is not None:
        return unread(source, status_without(read), read.gap)
    value: T = read.answers[0]
    return Answer(source=source, status=SourceStatus.COMPLETE, value=value, pages=1, items=count(value))


def _one_account(folder: Folder, answers: Mapping[Source, Answer[Any]]) -> Sequence[str]:
    """Return the ARNs of everything read; raise SourceError if they are of several accounts or partitions."""
    arns = list(_arns(answers))
    matches = [match for arn in set(arns) if (match := _ARN.match(arn))]
    accounts = {match["account"] for match in matches} - {_AWS}
    for what, values in (("account", accounts), ("partition", {match["partition"] for match in matches})):
        if len(values) > 1:
            raise SourceError(
                f"{folder} mixes the data of {what}s {' and '.join(sorted(values))}", "Use one folder for each account."
            )
    return arns


def _arns(answers: Mapping[Source, Answer[Any]]) -> Iterator[str]:
    """Yield the ARNs of the resources in the files, and then the ARNs that entities and devices refer to."""
    for kind, _, source in listed_kinds():
        yield from (getattr(each, kind.arn) for each in answers[source].value or ())
    report: CredentialReport | None = answers[Source.CREDENTIAL_REPORT].value
    if report is not None:
        yield from (row.arn for row in (*report.users.values(), *filter(None, (report.root,))))
    for source in (Source.USERS, Source.GROUPS, Source.ROLES):
        for detail in answers[source].value or ():
            yield from policies_of(detail)
    yield from (device.user_arn for device in answers[Source.VIRTUAL_MFA_DEVICES].value or () if device.user_arn)
