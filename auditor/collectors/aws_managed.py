"""Documents of AWS-managed policies, which an account's list leaves out: which ones are read, and those in an export.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import UNSET, Raw

from auditor.account.model import AwsManagedPolicy
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import Gap, evaluate_quietly, with_gaps
from auditor.collectors.answers import Answer, gap
from auditor.collectors.authorization_details import GroupDetail, ManagedPolicyDetail, Page, UserDetail, policies_of
from auditor.collectors.credential_report import CredentialReport
from auditor.policies.access.holdings import is_aws_managed
from auditor.policies.decoding import UnreadableDocumentError, raw_document

_SOURCE = Source.AWS_MANAGED_POLICIES
_NOT_EXPORTED = gap(
    _SOURCE,
    "NotProvided",
    "The export does not hold the document of the AWS-managed policy;"
    " aws iam get-account-authorization-details without --filter writes it",
)


def held(details: Iterable[UserDetail | GroupDetail]) -> tuple[str, ...]:
    """Return the ARNs of AWS-managed policies that users or groups have attached or users have as their boundary."""
    return tuple(sorted({arn for detail in details for arn in policies_of(detail) if is_aws_managed(arn)}))


def held_at_console(
    users: Iterable[UserDetail], groups: Iterable[GroupDetail], report: CredentialReport | None
) -> tuple[str, ...]:
    """Return the ARNs of AWS-managed policies of users who (may) have a console password, and of their groups."""
    chosen = [user for user in users if _may_have_password(user, report)]
    names = {name for user in chosen if user.group_list is not UNSET for name in user.group_list}
    return held([*chosen, *(group for group in groups if group.group_name in names)])


def _may_have_password(user: UserDetail, report: CredentialReport | None) -> bool:
    row = report.users.get(user.user_name) if report else None
    return row is None or evaluate_quietly(lambda: row.credentials.password_enabled) is not False


def read_of_export(pages: Iterable[Page], holders: Iterable[UserDetail | GroupDetail]) -> Answer[Any]:
    """Return the documents of the policies of users and groups from an export that was made without a filter."""
    wanted = held(holders)
    found: dict[str, list[ManagedPolicyDetail]] = {arn: [] for arn in wanted}
    for page in pages:
        for detail in () if page.policies is UNSET else page.policies:
            if detail.arn in found and detail not in found[detail.arn]:
                found[detail.arn].append(detail)
    read = {arn: policy for arn in wanted if (policy := _default_version(found[arn])) is not None}
    return answer_of(wanted, read, dict.fromkeys(wanted, _NOT_EXPORTED), SourceStatus.ABSENT)


def answer_of(
    wanted: Iterable[str], read: Mapping[str, AwsManagedPolicy], lacks: Mapping[str, Gap], unread: SourceStatus
) -> Answer[Any]:
    """Return the answer with each wanted policy, or its gap; `unread` is the status if no policy was read."""
    missing = {arn: lacks[arn] for arn in wanted if arn not in read}
    gaps = {each.id: each for each in missing.values()}
    nothing: Any = None
    policies = [read.get(arn) or AwsManagedPolicy(arn, nothing, Raw(b"null")) for arn in wanted]
    status = SourceStatus.COMPLETE if not missing else SourceStatus.PARTIAL if read else unread
    return Answer(
        source=_SOURCE,
        status=status,
        value=tuple(_with_gap(policy, missing.get(policy.arn)) for policy in policies),
        cell_gaps=tuple(gaps.values()),
        items=len(read),
        detail=next((each.message for each in gaps.values()), None),
    )


def _with_gap(policy: AwsManagedPolicy, lack: Gap | None) -> AwsManagedPolicy:
    return with_gaps(policy, {"version_id": lack.id, "document": lack.id} if lack else {})


def _default_version(details: Collection[ManagedPolicyDetail]) -> AwsManagedPolicy | None:
    """Return the default version, None if it cannot be read or occurs twice with different content."""
    for detail in details if len(details) == 1 else ():
        versions = () if detail.policy_version_list is UNSET else detail.policy_version_list
        default = [each for each in versions if each.is_default_version or each.version_id == detail.default_version_id]
        for version in default if len(default) == 1 else ():
            if version.is_default_version and version.version_id == detail.default_version_id:
                return _readable(detail.arn, version.version_id, version.document)
    return None


def _readable(arn: str, version_id: str, document: object) -> AwsManagedPolicy | None:
    try:
        return AwsManagedPolicy(arn, version_id, raw_document(document))
    except UnreadableDocumentError:
        return None
