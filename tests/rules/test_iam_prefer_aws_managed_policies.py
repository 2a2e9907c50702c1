"""Cases of iam-prefer-aws-managed-policies."""

from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace
from permissions import attached, deny, managed, of_aws, written

from auditor.account.model import AwsManagedPolicy, PolicyVersion
from auditor.account.unknown import with_gaps
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.testing import (
    ACCOUNT_ID,
    NA,
    NC,
    UNKNOWN,
    WITHHELD,
    C,
    Case,
    account,
    allow,
    group,
    listing,
    policy,
    role,
)
from rules.iam_prefer_aws_managed_policies import RULE

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
READ_S3 = allow(["s3:Get*", "s3:List*"])
STATEMENTS = [READ_S3, deny("s3:GetObjectAcl", ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"], Condition=MFA)]
OURS = of_aws("S3ReadOnly", *STATEMENTS)
OTHER = of_aws("ViewOnly", allow("ec2:Describe*"))
UNREAD = with_gaps(OTHER, {"version_id": WITHHELD, "document": WITHHELD})
BROKEN = AwsManagedPolicy("arn:aws:iam::aws:policy/Broken", "v1", Raw(b"{}"))


def of(name: str, expected: Any, *policies: Any, of_aws: Any = (OURS, OTHER), **parameters: object) -> Case:
    """Return the case of customer-managed policies beside these documents of AWS's."""
    verdicts = {each.name: expected for each in policies}
    share = {ACCOUNT_ID: NA}
    return Case(name, account(policies=policies, aws_managed_policies=of_aws), verdicts | share, parameters)


def same(**elements: object) -> Any:
    """Return the policy that says the same, with one element of its first statement written otherwise."""
    first = {name: value for name, value in {**READ_S3, **elements}.items() if value is not None}
    return managed("copy", first, STATEMENTS[1])


def changed(**elements: object) -> Any:
    """Return the policy that says the same, with one element of its second statement written otherwise."""
    second = {name: value for name, value in {**STATEMENTS[1], **elements}.items() if value is not None}
    return managed("copy", READ_S3, second)


def share(name: str, expected: Any, *holders: Any, least: object = "50", **facts: Any) -> Case:
    groups = [each for each in holders if "group" in each.arn]
    roles = [each for each in holders if "role" in each.arn]
    return Case(
        name, account(groups=groups, roles=roles, **facts), {ACCOUNT_ID: expected}, {"minAwsManagedPercent": least}
    )


OWN = managed("own", READ_S3)
MIXED = [group("team", attached=["ViewOnlyAccess"]), replace(role("r"), attached_policies=attached(OWN))]
TWO_VERSIONS = policy(
    "copy",
    default_version_id="v2",
    versions=listing(
        [
            PolicyVersion("v1", is_default=False, document=written(STATEMENTS)),
            PolicyVersion("v2", is_default=True, document=written([READ_S3])),
        ]
    ),
)

CASES = [
    of("the same", NC, same()),
    of("Sids", NC, same(Sid="Mine")),
    of("the order of statements", NC, managed("copy", *reversed(STATEMENTS))),
    of("the order of actions, and repetition", NC, same(Action=["s3:List*", "s3:Get*", "s3:List*"])),
    of("the case of actions", NC, same(Action=["S3:get*", "s3:LIST*"])),
    of("the Version", NC, managed("copy", *STATEMENTS, version="2008-10-17")),
    of("a statement twice", NC, managed("copy", *STATEMENTS, READ_S3)),
    of("a list of one", NC, same(Resource=["*"])),
    of(
        "a JSON boolean in a condition, and the case of its key",
        NC,
        changed(Condition={"Bool": {"AWS:multifactorauthpresent": True}}),
    ),
    of("the same as one of several", NC, same(), of_aws=(OTHER, OURS)),
    of("the same, though another one was not read", NC, same(), of_aws=(UNREAD, OURS)),
    of("fewer actions", C, same(Action="s3:Get*")),
    of("other resources", C, same(Resource="arn:aws:s3:::a/*")),
    of(
        "resources in another case",
        C,
        changed(Resource=["arn:aws:s3:::A/*", "arn:aws:s3:::b/*"]),
    ),
    of("NotAction for Action", C, same(Action=None, NotAction=["s3:Get*", "s3:List*"])),
    of(
        "without its condition",
        C,
        changed(Condition=None),
    ),
    of("a statement less", C, OWN),
    of("an older version says the same", C, TWO_VERSIONS),
    of("other than what was read, and one was not", UNKNOWN, OWN, of_aws=(OURS, UNREAD)),
    of("other than what was read, and one cannot be", UNKNOWN, OWN, of_aws=(OURS, BROKEN)),
    of("no document of AWS's was read", UNKNOWN, same(), of_aws=()),
    of("an unreadable document of one's own", UNKNOWN, policy("copy", document=Raw(b"{}"))),
    of("unknown versions", UNKNOWN, policy("copy", unknown=["versions"])),
    of("switched off", NA, same(), duplicates="false"),
    of("no policies", NA),
    share("half of them", C, *MIXED),
    share("less than asked for", NC, *MIXED, least="51"),
    share("none, and none is asked for", C, MIXED[1], least="0"),
    share("all of them", C, MIXED[0], least="100"),
    share("nothing attached", NA, group("team"), role("r")),
    share("the groups unknown", UNKNOWN, MIXED[1], unknown=["groups"]),
    share("the roles unknown", UNKNOWN, MIXED[0], unknown=["roles"]),
    share("the policies of a role unknown", UNKNOWN, MIXED[0], role("r", unknown=["attached_policies"])),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_compliant_names_how_many_were_compared() -> None:
    found = of("", C, OWN).check(RULE).findings
    assert [each.annotation for each in found if each.resource_name == "own"] == [
        "The policy repeats none of the 2 AWS-managed policies that were read"
    ]


def test_policies_that_were_not_listed_are_unknown_beside_the_share() -> None:
    known = account(unknown=["policies"], aws_managed_policies=(OURS,))
    findings = evaluate(known, [configure(RULE, {})]).findings
    assert {each.compliance_type for each in findings} == {NA, UNKNOWN}
    assert len({each.fingerprint for each in findings}) == len(findings)
