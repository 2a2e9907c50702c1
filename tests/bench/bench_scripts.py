"""Scripts that the benchmark compares with: the same bulk calls and nothing else, and the five questions asked naively.

`python bench_scripts.py bare KIND...` makes the bulk calls for these filters (all kinds: also the MFA devices);
`python bench_scripts.py naive` asks AWS about every user and group by itself, as most scripts do.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import boto3
from botocore.exceptions import ClientError

ALL_KINDS = ["User", "Group", "Role", "LocalManagedPolicy"]
AUDITED_KINDS = ["User", "Group"]


def bare(kinds: list[str]) -> None:
    """Make the calls that iam-audit makes for these kinds, one after the other, and drop the answers."""
    boto3.client("sts").get_caller_identity()
    iam = boto3.client("iam")
    iam.list_account_aliases()
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    policies: list[str] = []
    for kind in kinds:
        pages = iam.get_paginator("get_account_authorization_details")
        for page in pages.paginate(Filter=[kind], PaginationConfig={"PageSize": 1000}):
            policies += [
                policy["Arn"] for policy in page.get("Policies", [])
            ]  # the benchmark's AWS leaves out what is empty
    iam.get_account_password_policy()
    iam.get_account_summary()
    if kinds == ALL_KINDS:
        iam.list_virtual_mfa_devices()
        one_by_one(iam, policies)
    iam.get_credential_report()


def one_by_one(iam: Any, policies: list[str]) -> None:
    """Make the calls that a snapshot takes for single entities, for policies eight at a time as iam-audit does."""
    boto3.client("accessanalyzer").list_analyzers()
    with suppress(ClientError):  # the account is in none
        boto3.client("organizations").describe_organization()
    for certificate in iam.list_server_certificates()["ServerCertificateMetadataList"]:
        iam.list_server_certificate_tags(ServerCertificateName=certificate["ServerCertificateName"])
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    for provider in iam.list_saml_providers()["SAMLProviderList"]:
        iam.list_saml_provider_tags(SAMLProviderArn=provider["Arn"])
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda arn: iam.get_policy(PolicyArn=arn), policies))


def naive() -> None:
    """Ask the five questions with the calls that come to mind first: several for each user, one for each group."""
    iam = boto3.client("iam")
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            name = user["UserName"]
            iam.list_groups_for_user(UserName=name)
            iam.list_user_policies(UserName=name)
            iam.list_attached_user_policies(UserName=name)
            if has_password(iam, name):
                iam.list_mfa_devices(UserName=name)
    for page in iam.get_paginator("list_groups").paginate():
        for group in page["Groups"]:
            iam.get_group(GroupName=group["GroupName"])
    iam.get_account_password_policy()


def has_password(iam: Any, name: str) -> bool:
    """Return whether a user has a console password."""
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1] == "naive":
        naive()
    else:
        bare(sys.argv[2:])
