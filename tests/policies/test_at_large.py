"""What a document allows at large: single actions, whole services, everything, and what it denies."""

import pytest
from permissions import Statements, deny, written

from auditor.policies.at_large import at_large
from auditor.policies.statements import statements
from auditor.testing import allow

MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
SERVICES = [f"s{number}:*" for number in range(10)]

SUMMARIES: dict[str, tuple[Statements, str]] = {
    "nothing": ([], "allows nothing"),
    "one action": ([allow("s3:GetObject")], "allows s3:GetObject"),
    "actions of a service, in any case, once": (
        [allow(["s3:GetObject", "S3:getobject", "s3:PutObject"])],
        "allows 2 actions of s3",
    ),
    "a whole service": ([allow(["ec2:*", "ec2:Run*"])], "allows all of ec2"),
    "an administrator": ([allow()], "allows every action on every resource (administrator)"),
    "an administrator by *:*": ([allow("*:*")], "allows every action on every resource (administrator)"),
    "everything on some resources": (
        [allow("*", "arn:aws:s3:::a")],
        "allows every action, limited by resources, conditions or denials",
    ),
    "everything under a condition": (
        [allow(Condition=MFA)],
        "allows every action, limited by resources, conditions or denials",
    ),
    "everything but a denial": (
        [allow(), deny("iam:*")],
        "allows every action, limited by resources, conditions or denials; denies iam:*",
    ),
    "everything but, and more": (
        [allow(None, NotAction=["iam:*", "account:*"]), allow("iam:ListRoles")],
        "allows every action but iam:*, account:*; also iam:ListRoles",
    ),
    "many services": (
        [allow(SERVICES)],
        f"allows {', '.join(f'all of s{n}' for n in range(8))}, actions of 2 more services",
    ),
    "a denial until MFA is used": (
        [deny(None, NotAction=["iam:A", "iam:B"], Condition=MFA)],
        "allows nothing; denies every action but 2, depending on aws:MultiFactorAuthPresent",
    ),
    "many denials": (
        [deny("a:A"), deny(), deny("c:C")],
        "allows nothing; denies a:A; denies every action; denies in 1 more statement",
    ),
}


@pytest.mark.parametrize(("document", "summary"), SUMMARIES.values(), ids=list(SUMMARIES))
def test_the_summary_says_what_is_allowed(document: Statements, summary: str) -> None:
    assert at_large(statements(written(document))).summary == summary


def test_wildcards_and_services_are_told_apart() -> None:
    found = at_large(statements(written([allow(["s3:Get*", "s3:PutObject", "EC2:*"]), deny("*", Condition=MFA)])))
    assert found.wildcards == ("s3:Get*", "EC2:*")
    assert [(each.service, each.actions, each.whole) for each in found.services] == [
        ("ec2", ("EC2:*",), True),
        ("s3", ("s3:Get*", "s3:PutObject"), False),
    ]
    assert (found.administrator, found.every_action, found.denies) == (False, False, 1)
    assert found.deny_keys == ("aws:MultiFactorAuthPresent",)
