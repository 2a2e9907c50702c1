"""Scripts that the benchmark compares with: the same bulk calls and nothing else, and the five questions asked naively.

`python bench_scripts.py bare KIND...` makes the bulk calls for these filters (all kinds: also the MFA devices);
`python bench_scripts.py naive` asks AWS about every user and group by itself, as most scripts do.
"""

import sys
import time
from typing import Any

import boto3

ALL_KINDS = ["User", "Group", "Role", "LocalManagedPolicy"]
AUDITED_KINDS = ["User", "Group"]


def bare(kinds: list[str]) -> None:
    """Make the calls that iam-audit makes for these kinds, one after the other, and drop the answers."""
    boto3.client("sts").get_caller_identity()
    iam = boto3.client("iam")
    iam.list_account_aliases()
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    for kind in kinds:
        pages = iam.get_paginator("get_account_authorization_details")
        for _ in pages.paginate(Filter=[kind], PaginationConfig={"PageSize": 1000}):
            pass
    iam.get_account_password_policy()
    iam.get_account_summary()
    if kinds == ALL_KINDS:
        iam.list_virtual_mfa_devices()
    iam.get_credential_report()


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
    """Say whether a user has a console password."""
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
