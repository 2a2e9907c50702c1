"""Cases of iam-policy-blacklisted-check."""

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.account.model import AttachedPolicy
from auditor.errors import UsageError
from auditor.judging.engine import evaluate
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, group, listing, role, user
from rules.iam_policy_blacklisted_check import RULE

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
GOV_ADMIN = ADMIN.replace("aws", "aws-us-gov", 1)
SHELL = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
SHELLS = f"{SHELL},{SHELL.replace('aws', 'aws-cn', 1)}, {SHELL.replace('aws', 'aws-us-gov', 1)}"


def alice(
    name: str,
    attached: Sequence[str],
    expected: ComplianceType,
    gap: str | None = None,
    arns: str = ADMIN,
    **fields: Any,
) -> Case:
    """Return the case of a user with these policies attached."""
    policies = listing([AttachedPolicy(arn.rpartition("/")[2], arn) for arn in attached], gap)
    snapshot = account(users=[user("alice", **{"attached_policies": policies, **fields})])
    return Case(name, snapshot, {"alice": expected}, {"policyArns": arns})


ADMINISTRATORS = account(
    users=[user("alice", attached=["AdministratorAccess"]), user("bob", attached=["AdministratorAccess"])],
    groups=[group("alice", attached=["AdministratorAccess"])],
    roles=[role("alice", attached_policies=listing([AttachedPolicy("AdministratorAccess", ADMIN)]))],
)


def excepting(name: str, exceptions: str, *excepted: tuple[str, str]) -> Any:
    return pytest.param(exceptions, set(excepted), id=name)


EXCEPTIONS = [
    excepting("none", ""),
    excepting("a user", "users:[alice]", ("AWS::IAM::User", "alice")),
    excepting("two users", "users:[alice;bob]", ("AWS::IAM::User", "alice"), ("AWS::IAM::User", "bob")),
    excepting("a group", "groups:[alice]", ("AWS::IAM::Group", "alice")),
    excepting("a role", "roles:[alice]", ("AWS::IAM::Role", "alice")),
    excepting(
        "all kinds",
        "users:[bob;alice], groups:[alice], roles:[alice;x]",
        ("AWS::IAM::User", "alice"),
        ("AWS::IAM::User", "bob"),
        ("AWS::IAM::Group", "alice"),
        ("AWS::IAM::Role", "alice"),
    ),
    excepting("blanks anywhere", " users : [ alice ; x ] , roles:[y] ", ("AWS::IAM::User", "alice")),
    excepting("kinds in capitals", "Users:[alice],ROLES:[x]", ("AWS::IAM::User", "alice")),
    excepting(
        "commas inside brackets",
        "users:[x,alice], groups:[x,alice]",
        ("AWS::IAM::User", "alice"),
        ("AWS::IAM::Group", "alice"),
    ),
    excepting("a kind twice", "users:[alice],users:[bob]", ("AWS::IAM::User", "alice"), ("AWS::IAM::User", "bob")),
    excepting("a comma at the end", "users:[alice],", ("AWS::IAM::User", "alice")),
    excepting("a name in capitals", "users:[ALICE]"),
    excepting("an ARN", f"users:[arn:aws:iam::{ACCOUNT_ID}:user/alice]"),
]

CASES = [
    alice("attached", [ADMIN], NC),
    alice("another attached", [SHELL], C),
    alice("nothing attached", [], C),
    alice("among others", [SHELL, ADMIN], NC),
    alice("the same name in another partition", [GOV_ADMIN], C),
    alice("the second of two listed, after a blank", [SHELL.replace("aws", "aws-cn", 1)], NC, arns=SHELLS),
    alice("the third of three listed, after a blank", [SHELL.replace("aws", "aws-us-gov", 1)], NC, arns=SHELLS),
    Case(
        "the default that AWS prints means the account's own partition",
        account(
            partition="aws-us-gov",
            users=[user("alice", attached_policies=listing([AttachedPolicy("AdministratorAccess", GOV_ADMIN)]))],
        ),
        {"alice": NC},
    ),
    Case(
        "the default in China, and other policies",
        account(
            partition="aws-cn",
            users=[user("alice", attached_policies=listing([AttachedPolicy("AdministratorAccess", GOV_ADMIN)]))],
        ),
        {"alice": C},
    ),
    Case(
        "the default's ARN where somebody gives it, in another partition, where it names no policy",
        account(
            partition="aws-us-gov",
            users=[user("alice", attached_policies=listing([AttachedPolicy("AdministratorAccess", GOV_ADMIN)]))],
        ),
        {"alice": C},
        {"policyArns": ADMIN},
        warning="is of the partition aws, and the account is in aws-us-gov",
    ),
    Case(
        "ARNs of several partitions, the account's own among them",
        account(
            partition="aws-us-gov",
            users=[user("alice", attached_policies=listing([AttachedPolicy("AdministratorAccess", GOV_ADMIN)]))],
        ),
        {"alice": NC},
        {"policyArns": f"{ADMIN}, {GOV_ADMIN}"},
    ),
    alice("as permissions boundary only", [], C, permissions_boundary=ADMIN),
    alice("an inline policy of that name", [], C, inline=["AdministratorAccess"]),
    alice("known in part, the listed one seen", [ADMIN], NC, WITHHELD),
    alice("known in part, the listed one not seen", [SHELL], UNKNOWN, WITHHELD),
    alice("unknown", [], UNKNOWN, unknown=["attached_policies"]),
    Case(
        "users, groups and roles are judged, and a user does not inherit",
        account(
            users=[user("alice", groups=["Admins"])],
            groups=[group("Admins", attached=["AdministratorAccess"])],
            roles=[role("R", attached_policies=listing([AttachedPolicy("AdministratorAccess", ADMIN)]))],
        ),
        {"alice": C, "Admins": NC, "R": NC},
        {"policyArns": ADMIN},
    ),
    Case(
        "an exception whose policies are unknown",
        account(users=[user("alice", unknown=["attached_policies"])]),
        {"alice": C},
        {"policyArns": ADMIN, "exceptionList": "users:[alice]"},
    ),
    Case(
        "the default that AWS prints holds",
        account(users=[user("alice", attached=["AdministratorAccess"])]),
        {"alice": NC},
    ),
    Case(
        "a name instead of an ARN",
        account(users=[user("alice", attached=["AdministratorAccess"])]),
        {"alice": C},
        {"policyArns": "AdministratorAccess"},
        warning="'AdministratorAccess' is not an ARN",
    ),
    Case("no identities", account(), {ACCOUNT_ID: NA}, {"policyArns": ADMIN}),
    Case("groups unknown", account(unknown=["groups"]), {ACCOUNT_ID: UNKNOWN}, {"policyArns": ADMIN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


@pytest.mark.parametrize(("exceptions", "excepted"), EXCEPTIONS)
def test_who_is_excepted(exceptions: str, excepted: set[tuple[str, str]]) -> None:
    configured = configure(RULE, {"policyArns": ADMIN, "exceptionList": exceptions})
    findings = evaluate(ADMINISTRATORS, [configured]).findings
    compliant = {(each.resource_type, each.resource_name) for each in findings if each.compliance_type is C}
    assert compliant == excepted


@pytest.mark.parametrize(
    ("exceptions", "words"),
    [
        ("alice", "'alice' where an entry like"),
        ("users:alice", "'users:alice' where an entry like"),
        ("users:[alice", "'users:[alice' where"),
        ("users:[alice]]", "'users:[alice]]' where"),
        ("users:[alice] groups:[x]", "where an entry"),
        ("users:[alice],alice", "'alice' where"),
        ("user:[alice]", "kind 'user'"),
        ("policies:[x]", "kind 'policies'"),
        ("users:[]", "without names"),
        ("users:[ ; ]", "without names"),
        (",", "',' where"),
    ],
)
def test_an_exception_list_against_the_grammar_is_refused(exceptions: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        configure(RULE, {"policyArns": ADMIN, "exceptionList": exceptions})
    assert raised.value.message.startswith("iam-policy-blacklisted-check.exceptionList has ")
    assert words in raised.value.message


def test_a_pack_must_name_the_policies() -> None:
    with pytest.raises(UsageError, match="policyArns is required"):
        configure(RULE, {"exceptionList": "users:[alice]"}, origin=GivenBy.PACK)


def test_the_finding_names_what_is_attached_in_the_order_listed() -> None:
    (finding,) = alice("", [ADMIN, SHELL], NC, arns=f"{SHELL},{ADMIN}").check(RULE).findings
    assert finding.annotation == f"Attached: {SHELL}, {ADMIN}"
