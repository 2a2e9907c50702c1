"""Assembly: joins the answers of all sources into one snapshot; a list that other sources contradict is partial."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from auditor.account.kinds import listed_kinds
from auditor.account.model import Account, Notice, Policy, ServiceCredential, Snapshot, User
from auditor.account.snapshot import FORMAT, SCHEMA_VERSION
from auditor.account.sources import Source, SourceRecord, SourceStatus
from auditor.account.tallies import misused
from auditor.account.unknown import MISCOUNTED, Gap, Listing, with_gaps
from auditor.collectors.answers import Answer, gap, same_time, unread
from auditor.collectors.authorization_details import EntityReader, ManagedPolicyDetail, UserDetail
from auditor.collectors.credential_report import CredentialReport, ReportRow
from auditor.collectors.doubts import COUNTED, Answers, doubts
from auditor.collectors.entity_facts import Descriptions

T = TypeVar("T")

OPTIONAL = frozenset(
    {
        Source.SERVER_CERTIFICATES,
        Source.OIDC_PROVIDERS,
        Source.SAML_PROVIDERS,
        Source.ACCESS_ANALYZERS,
        Source.ORGANIZATION,
        Source.POLICY_DESCRIPTIONS,
    }
)
"""The sources that a collector may leave out."""
_ACCOUNT_ARN = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):")


class Identity(Struct, frozen=True):
    """Hold the account of a snapshot: its number and alias (None while unknown), its partition, and the Region."""

    account_id: str | None
    alias: str | None
    partition: str
    region: str | None = None


def identity_of_arns(arns: Iterable[str], alias: str | None) -> Identity:
    """Return the identity of an account by the first ARN of its entities that contains an account number."""
    for arn in arns:
        match = _ACCOUNT_ARN.match(arn)
        if match:
            return Identity(match["account"], alias, match["partition"])
    return Identity(None, alias, "aws")


def assemble(
    kind: str,
    identity: Identity,
    answers: Answers,
    captured_at: datetime | None,
    reader: EntityReader | None = None,
) -> Snapshot:
    """Return the snapshot of all answers; `answers` has one for each Source, except identity and account alias.

    `reader` may be one that has already read policy documents.
    """
    return _Assembly(answers, reader or EntityReader()).snapshot(kind, identity, captured_at)


class _Assembly:
    """Join the answers, and collect the gaps and notices found on the way."""

    def __init__(self, answers: Answers, reader: EntityReader) -> None:
        self._answers: Answers = {source: _not_reported(source) for source in OPTIONAL - set(answers)} | dict(answers)
        self._gaps: dict[str, Gap] = {}
        self._notices: list[Notice] = []
        self._doubts = {source: doubt.gap for source, doubt in doubts(self._answers).items()}
        self._reader = reader
        for answer in self._answers.values():
            for found in (*answer.cell_gaps, *((answer.gap,) if answer.gap else ())):
                self._add(found)

    def snapshot(self, kind: str, identity: Identity, captured_at: datetime | None) -> Snapshot:
        report: CredentialReport | None = self._answers[Source.CREDENTIAL_REPORT].value
        for found in report.gaps if report else ():
            self._add(found)
        lists: dict[str, Any] = {listing: self._list(source, report) for _, listing, source in listed_kinds()}
        lists["policies"] = self._doubted_use(lists)
        account = self._account(identity, report)
        for found in self._reader.gaps:
            self._add(found)
        of_aws, profiles = map(self._answers.get, (Source.AWS_MANAGED_POLICIES, Source.PASSWORD_RESETS))
        return Snapshot(
            format=FORMAT,
            schema_version=SCHEMA_VERSION,
            kind=kind,
            region=identity.region,
            captured_at=captured_at,
            report_generated_at=report.generated_at if report else None,
            account=account,
            sources=tuple(self._source_records()),
            gaps=tuple(self._gaps[gap_id] for gap_id in sorted(self._gaps)),
            notices=tuple(self._notices),
            aws_managed_policies=tuple(of_aws.value or ()) if of_aws else (),
            login_profiles=tuple(profiles.value or ()) if profiles else (),
            service_credentials=self._service_credentials(),
            **lists,
        )

    def _service_credentials(self) -> Listing[ServiceCredential] | None:
        """Return the list of service-specific credentials, None if it was not requested."""
        answer = self._answers.get(Source.SERVICE_CREDENTIALS)
        if answer is None:
            return None
        return Listing(tuple(answer.value or ()), answer.gap.id if answer.gap else None)

    def _add(self, found: Gap) -> str:
        self._gaps[found.id] = found
        return found.id

    def _list(self, source: Source, report: CredentialReport | None) -> Listing[Any]:
        """Return a list as its source returned it; partial if something contradicts it."""
        readers: Mapping[Source, Callable[[Any], Any]] = {
            Source.GROUPS: self._reader.group,
            Source.ROLES: self._reader.role,
            Source.POLICIES: self._policy,
        }
        if source is Source.USERS:
            return self._users(report)
        answer = self._answers[source]
        records = tuple(answer.value or ())
        if source in readers:
            records = tuple(sorted(map(readers[source], records), key=lambda record: record.name))
        return Listing(records, self._list_gap(source, len(records), agreed=source not in COUNTED))

    def _users(self, report: CredentialReport | None) -> Listing[Any]:
        answer = self._answers[Source.USERS]
        details: list[UserDetail] = answer.value or []
        # A row whose name differs in case belongs to an earlier user: two users never differ only in case.
        rows = {name.casefold(): row for name, row in report.users.items()} if report else {}
        users = [self._user(detail, rows.get(detail.user_name.casefold())) for detail in details]
        seen = {user.name.casefold() for user in users}
        unseen = [row for name, row in rows.items() if name not in seen]
        gap_id = self._list_gap(Source.USERS, len(users), agreed=_proves_no_users(report))
        if gap_id is None and unseen:
            gap_id = self._unseen_gap(len(unseen))
        if gap_id is not None:
            users += [self._user_of_report(row, gap_id) for row in unseen]
        else:
            self._notices += [_gone(row) for row in unseen]
        return Listing(tuple(sorted(users, key=lambda user: user.name)), gap_id)

    def _user(self, detail: UserDetail, row: ReportRow | None) -> User:
        reason = self._credentials_gap(detail, row)
        return self._reader.user(detail, row.credentials if row and reason is None else None, reason)

    def _credentials_gap(self, detail: UserDetail, row: ReportRow | None) -> str | None:
        """Return the gap of a user's credentials, or None if the row of the credential report is of this user."""
        report = self._answers[Source.CREDENTIAL_REPORT]
        if row is None:
            if report.gap is not None:
                return report.gap.id
            message = "The credential report does not list the user (created since, or listed in contradictory ways)"
            return self._add(gap(Source.CREDENTIAL_REPORT, "NotInReport", message))
        if row.doubtful:
            return None  # its credentials say why they are unknown
        if row.arn == detail.arn and _same_time(detail.create_date, row.created_at):
            return None
        if row.arn == detail.arn and row.created_at is None:
            message = (
                "The credential report does not say clearly when the user was created: it may be an earlier user's"
            )
            return self._add(gap(Source.CREDENTIAL_REPORT, "NoCreationTime", message))
        message = "The credential report's row may be of an earlier user of this name"
        return self._add(gap(Source.CREDENTIAL_REPORT, "OtherUser", message))

    def _unseen_gap(self, count: int) -> str | None:
        """Return the gap of a list without some users of the credential report, None if they were certainly deleted."""
        answer = self._answers[Source.USERS]
        if answer.exhaustive or self._counted(Source.USERS) is not None:
            return None
        lacking = f"The credential report has {count:,} users that the list lacks"
        message = f"{lacking}; account-summary.json would show whether they exist"
        self._doubts[Source.USERS] = gap(Source.USERS, "UnseenUsers", message)
        return self._add(self._doubts[Source.USERS])

    def _counted(self, source: Source) -> int | None:
        summary: Mapping[str, int] = self._answers[Source.ACCOUNT_SUMMARY].value or {}
        return summary.get(COUNTED[source]) if source in COUNTED else None

    def _user_of_report(self, row: ReportRow, gap_id: str) -> User:
        """Return a user from the credential report alone, if the user's entity was not read."""
        unknown = ["id", "group_names", "inline_policies", "attached_policies", "permissions_boundary", "tags"]
        if row.created_at is None:
            unknown.append("created_at")
        nothing: Any = Listing((), gap_id)
        absent: Any = None
        resource = row.arn.split(":", 5)[-1]
        user = User(
            name=row.user,
            id=absent,
            arn=row.arn,
            path=resource.removeprefix("user").removesuffix(row.user),
            created_at=row.created_at or absent,
            group_names=nothing,
            inline_policies=nothing,
            attached_policies=nothing,
            permissions_boundary=None,
            tags={},
            credentials=row.credentials,
            verified=None,
        )
        return with_gaps(user, dict.fromkeys(unknown, gap_id))

    def _list_gap(self, source: Source, count: int, *, agreed: bool) -> str | None:
        """Return the gap of a list that was cut or that other sources contradict; None if it is complete.

        An empty list counts as complete only if the account summary or another source (`agreed`) confirms it, or if
        the collector itself requested everything of this kind.
        """
        answer = self._answers[source]
        if answer.gap is not None:
            return answer.gap.id
        confirmed = agreed or answer.exhaustive or self._counted(source) is not None
        if source not in self._doubts and count == 0 and not confirmed:
            message = f"The list of {source} is empty, and nothing confirms it (account-summary.json would)"
            self._doubts[source] = gap(source, "EmptyUnconfirmed", message)
        return self._add(self._doubts[source]) if source in self._doubts else None

    def _account(self, identity: Identity, report: CredentialReport | None) -> Account:
        policy = self._answers[Source.PASSWORD_POLICY]
        summary = self._answers[Source.ACCOUNT_SUMMARY]
        unknown: dict[str, str] = {}
        if policy.gap is not None and policy.value is None:
            unknown["password_policy"] = policy.gap.id
        if summary.value is None and summary.gap is not None:
            unknown["summary"] = summary.gap.id
        organization = self._answers[Source.ORGANIZATION]
        if organization.gap is not None:
            unknown["management_account_id"] = organization.gap.id
        root = report.root if report and _is_root(report.root, identity) else None
        if root is None:
            unknown["root_credentials"] = self._root_gap()
        absent: Any = None
        account = Account(
            id=identity.account_id,
            alias=identity.alias,
            partition=identity.partition,
            password_policy=policy.value,
            summary=absent if summary.value is None else summary.value,
            root_credentials=root.credentials if root else absent,
            management_account_id=organization.value,
        )
        return with_gaps(account, unknown)

    def _root_gap(self) -> str:
        report = self._answers[Source.CREDENTIAL_REPORT]
        if report.gap is not None:
            return report.gap.id
        if report.value is not None and report.value.root is not None:
            message = f"The credential report's row for root is of {report.value.root.arn}"
            return self._add(gap(Source.CREDENTIAL_REPORT, "OtherRoot", message))
        return self._add(gap(Source.CREDENTIAL_REPORT, "NoRootRow", "The credential report has no row for root"))

    def _policy(self, detail: ManagedPolicyDetail) -> Policy:
        """Return a policy with its description, which only GetPolicy returns."""
        answer = self._answers[Source.POLICY_DESCRIPTIONS]
        descriptions: Descriptions = answer.value or Descriptions({}, {})
        if detail.arn in descriptions.reported:
            return self._reader.policy(detail, descriptions.reported[detail.arn], None)
        if detail.arn in descriptions.gaps:
            return self._reader.policy(detail, None, descriptions.gaps[detail.arn])
        reason = answer.gap or gap(answer.source, "NotTold", "GetPolicy returned nothing about this policy")
        return self._reader.policy(detail, None, self._add(reason))

    def _doubted_use(self, lists: Mapping[str, Listing[Any]]) -> Listing[Policy]:
        """Return the policies; a count of uses is unknown if users, groups and roles contradict it.

        AWS returns them at different moments, so an attachment that is made meanwhile can cause this.
        """
        unknown: dict[str, dict[str, str]] = {}
        for misuse in misused(lists):
            message = f"AWS reports the policy {misuse.name!r} with {misuse.problem}: collect again"
            found = Gap(f"policies:{misuse.field}:{misuse.arn}", Source.POLICIES, MISCOUNTED, None, message)
            unknown.setdefault(misuse.arn, {})[misuse.field] = self._add(found)
        policies: Listing[Policy] = lists["policies"]
        if not unknown:
            return policies
        known = (with_gaps(each, unknown.get(each.arn, {})) for each in policies.known_part)
        return Listing(tuple(known), policies.gap)

    def _source_records(self) -> Iterator[SourceRecord]:
        for source in Source:
            if source in self._answers:
                yield self._source_record(self._answers[source])

    def _source_record(self, answer: Answer[Any]) -> SourceRecord:
        """Return the record of a source; its status is not COMPLETE if other sources contradict its list."""
        contradicted = self._doubts.get(answer.source)
        status, detail = answer.status, answer.detail
        if contradicted and status is SourceStatus.COMPLETE:
            status, detail = SourceStatus.PARTIAL, contradicted.message
        return SourceRecord(answer.source, status, answer.read_at, answer.pages, answer.items, detail)


def _not_reported(source: Source) -> Answer[Any]:
    message = f"The exports hold no data of {source.text}"
    return unread(source, SourceStatus.ABSENT, gap(source, "NotProvided", message))


def _is_root(row: ReportRow | None, identity: Identity) -> bool:
    """Return whether a row's ARN is that of the account's root."""
    account = identity.account_id
    return row is not None and account is not None and row.arn == f"arn:{identity.partition}:iam::{account}:root"


def _same_time(created: object, reported: datetime | None) -> bool:
    """Return whether both times of creation are known and the same."""
    return isinstance(created, datetime) and reported is not None and same_time(created, reported)


def _proves_no_users(report: CredentialReport | None) -> bool:
    """Return whether a complete credential report, with root's row, lists no user."""
    return bool(report and report.whole and report.root and not report.users)


def _gone(row: ReportRow) -> Notice:
    message = "is in the credential report but no longer in the account (deleted since); not judged"
    return Notice("deleted-user", row.user, message)
