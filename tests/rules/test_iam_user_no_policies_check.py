"""Cases of iam-user-no-policies-check."""

from typing import Any

import pytest

from auditor.account.model import InlinePolicy
from auditor.account.unknown import with_gaps
from auditor.judging.rule import MAX_ANNOTATION, ComplianceType
from auditor.testing import ACCOUNT_ID, DOCUMENT, NA, NC, UNKNOWN, WITHHELD, C, Case, account, group, listing, user
from rules.iam_user_no_policies_check import RULE

BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
UNREADABLE = with_gaps(InlinePolicy("broken", DOCUMENT), {"document": WITHHELD})


def alice(name: str, expected: ComplianceType, **fields: Any) -> Case:
    """Return the case of one user."""
    return Case(name, account(groups=[group("Dev")], users=[user("alice", **fields)]), {"alice": expected})


CASES = [
    alice("no policies, no groups", C),
    alice("no policies, in a group", C, groups=["Dev"]),
    alice("policies unknown", UNKNOWN, unknown=["inline_policies", "attached_policies"]),
    alice("an inline policy", NC, inline=["p1"]),
    alice("an AWS-managed policy", NC, attached=["ReadOnlyAccess"]),
    alice("membership does not excuse a policy", NC, attached=["customer"], groups=["Dev"]),
    alice("both kinds of policy", NC, inline=["p1"], attached=["ReadOnlyAccess"]),
    alice("the policy that the console attaches for a forced reset", NC, attached=["IAMUserChangePassword"]),
    alice("a permissions boundary is no policy", C, permissions_boundary=BOUNDARY),
    alice("the boundary attached too", NC, permissions_boundary=BOUNDARY, attached=["PowerUserAccess"]),
    alice("a policy that only denies", NC, inline=["deny-all"]),
    alice("a policy whose document cannot be read", NC, inline_policies=listing([UNREADABLE])),
    alice("a policy on a user without credentials", NC, inline=["p1"], unknown=["credentials"]),
    alice("the policy that SES makes for SMTP users", NC, inline=["AmazonSesSendingAccess"]),
    alice("managed policies unknown, an inline one seen", NC, inline=["p1"], attached_policies=listing([], WITHHELD)),
    alice("managed policies unknown, no inline one", UNKNOWN, unknown=["attached_policies"]),
    alice("inline policies unknown, a managed one seen", NC, attached=["A"], unknown=["inline_policies"]),
    alice("inline policies unknown, no managed one", UNKNOWN, unknown=["inline_policies"]),
    Case(
        "policies of a group are not the user's",
        account(groups=[group("Admins", attached=["AdministratorAccess"])], users=[user("alice", groups=["Admins"])]),
        {"alice": C},
    ),
    Case("no users, since root is never judged", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_one_finding_names_every_policy() -> None:
    snapshot = account(users=[user("alice", inline=["p1"], attached=["ReadOnlyAccess"])])
    (finding,) = Case("", snapshot, {"alice": NC}).check(RULE).findings
    assert finding.annotation == "The user has policies of its own: ReadOnlyAccess, p1 (inline)"


def test_an_annotation_is_cut_at_the_length_that_aws_allows() -> None:
    snapshot = account(users=[user("alice", inline=[f"policy-{number:03}" for number in range(100)])])
    (finding,) = Case("", snapshot, {"alice": NC}).check(RULE).findings
    assert len(finding.annotation) == MAX_ANNOTATION
    assert len(finding.evidence[0].value) == 100


@pytest.mark.parametrize(("spare", "ends"), [(0, ")"), (-1, "…")])
def test_an_annotation_of_just_that_length_stays_whole(spare: int, ends: str) -> None:
    said = len("The user has policies of its own:  (inline)")
    snapshot = account(users=[user("alice", inline=["p" * (MAX_ANNOTATION - said - spare)])])
    (finding,) = Case("", snapshot, {"alice": NC}).check(RULE).findings
    assert len(finding.annotation) == MAX_ANNOTATION
    assert finding.annotation.endswith(ends)
