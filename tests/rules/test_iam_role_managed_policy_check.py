"""Cases of iam-role-managed-policy-check."""

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.account.model import AttachedPolicy
from auditor.errors import UsageError
from auditor.judging.parameters import configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, listing, role
from rules.iam_role_managed_policy_check import RULE

DENY, READ = "arn:aws:iam::aws:policy/AWSDenyAll", "arn:aws:iam::aws:policy/ReadOnlyAccess"
OWN = f"arn:aws:iam::{ACCOUNT_ID}:policy/Limits"


def having(
    name: str,
    attached: Sequence[str],
    wanted: str,
    expected: ComplianceType,
    gap: str | None = None,
    warning: str | None = None,
    **fields: Any,
) -> Case:
    """Return the case of one role with these policies attached."""
    policies = listing([AttachedPolicy(arn.rpartition("/")[2], arn) for arn in attached], gap)
    snapshot = account(roles=[role("R", **{"attached_policies": policies, **fields})])
    return Case(name, snapshot, {"R": expected}, {"managedPolicyArns": wanted}, warning=warning)


CASES = [
    having("the one wanted", [DENY], DENY, C),
    having("another than the one wanted", [READ], DENY, NC),
    having("none", [], DENY, NC),
    having("all wanted and more", [OWN, DENY, READ], f"{DENY}, {READ}", C),
    having("one of two wanted", [DENY], f"{DENY},{READ}", NC),
    having("a customer's policy", [OWN], OWN, C),
    having("the same name in another partition", [DENY.replace("aws:", "aws-cn:", 1)], DENY, NC),
    having("an ARN that differs in case", [DENY], DENY.lower(), NC),
    having("as permissions boundary only", [], DENY, NC, permissions_boundary=DENY),
    having("a role of an AWS service", [], DENY, NC, path="/aws-service-role/x.amazonaws.com/"),
    having("a customer's role under the path of services", [], DENY, NC, path="/service-role/"),
    having("a name instead of an ARN", [DENY], "AWSDenyAll", NC, warning="'AWSDenyAll' is not an ARN"),
    having(
        "an ARN of another partition than the account's",
        [DENY],
        DENY.replace("aws:", "aws-cn:", 1),
        NC,
        warning="is of the partition aws-cn",
    ),
    having("known in part, all wanted seen", [DENY, READ], DENY, C, WITHHELD),
    having("known in part, one wanted not seen", [DENY], f"{DENY},{READ}", UNKNOWN, WITHHELD),
    having("unknown", [], DENY, UNKNOWN, unknown=["attached_policies"]),
    Case("no roles", account(), {ACCOUNT_ID: NA}, {"managedPolicyArns": DENY}),
    Case("roles unknown", account(unknown=["roles"]), {ACCOUNT_ID: UNKNOWN}, {"managedPolicyArns": DENY}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_what_is_missing_in_the_order_asked() -> None:
    (finding,) = having("", [READ], f"{OWN},{READ},{DENY}", NC).check(RULE).findings
    assert finding.annotation == f"Not attached: {OWN}, {DENY}"


def test_the_policies_must_be_named() -> None:
    with pytest.raises(UsageError, match="managedPolicyArns is required"):
        configure(RULE, {})
