"""Documents of AWS's own policies, which an account's list leaves out and an export without a filter holds.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from msgspec import UNSET

from auditor.account.model import AwsManagedPolicy
from auditor.collectors.authorization_details import GroupDetail, ManagedPolicyDetail, Page, UserDetail, policies_of
from auditor.policies.access.holdings import is_aws_managed
from auditor.policies.decoding import UnreadableDocumentError, raw_document


def aws_managed_policies(
    pages: Iterable[Page], held_by: Iterable[UserDetail | GroupDetail]
) -> Iterator[AwsManagedPolicy]:
    """Yield AWS's own policies that users or groups have attached, or users as their boundary, in the order of ARNs.

    What cannot be read, or stands twice with different content, is left out: then its document is unknown.
    """
    held = {arn for detail in held_by for arn in policies_of(detail)}
    found: dict[str, list[ManagedPolicyDetail]] = {}
    for page in pages:
        for detail in () if page.policies is UNSET else page.policies:
            if detail.arn in held and is_aws_managed(detail.arn) and detail not in found.setdefault(detail.arn, []):
                found[detail.arn].append(detail)
    for arn in sorted(found):
        yield from _default_version(found[arn])


def _default_version(details: Collection[ManagedPolicyDetail]) -> Iterator[AwsManagedPolicy]:
    for detail in details if len(details) == 1 else ():
        versions = () if detail.policy_version_list is UNSET else detail.policy_version_list
        default = [each for each in versions if each.is_default_version or each.version_id == detail.default_version_id]
        for version in default if len(default) == 1 else ():
            if version.is_default_version and version.version_id == detail.default_version_id:
                with suppress(UnreadableDocumentError):
                    yield AwsManagedPolicy(detail.arn, version.version_id, raw_document(version.document))
