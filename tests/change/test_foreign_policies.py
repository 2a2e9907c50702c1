"""Policies that AWS would not attach: those of other accounts and partitions make nothing COMPLIANT."""

from pathlib import Path

import pytest
from judging_plans import answers, report_of, report_of_plan
from plans import created, plan

from auditor.change.cloudformation import reading
from auditor.report.report import Report
from auditor.testing import account, user

BLOCKED, ATTACHED = "iam-policy-blacklisted-check", "iam-user-no-policies-check"
C, NC, UNDECIDED = "COMPLIANT", "NON_COMPLIANT", "INSUFFICIENT_DATA"
OVER = account(users=[user("ann")])
WARNING = "is not a policy of this account or of AWS"


def report(folder: Path, properties: str) -> Report:
    path = folder / "template.yaml"
    path.write_text(f"Resources: {{X: {{Type: AWS::IAM::Role, Properties: {{{properties}}}}}}}", "utf-8")
    return report_of([reading.opened(str(path), reading.document_of(str(path)), {})], OVER)


ARNS = [
    ("arn:aws:iam::999999999999:policy/p", True),
    ("arn:aws-cn:iam::111122223333:policy/p", True),
    ("arn:aws-cn:iam::aws:policy/AdministratorAccess", True),
    ("arn:aws:iam::111122223333:policy/p", False),
    ("arn:aws:iam::aws:policy/ReadOnlyAccess", False),
]


@pytest.mark.parametrize(("arn", "refused"), ARNS, ids=[arn for arn, _ in ARNS])
def test_a_policy_that_aws_refuses_leaves_the_policies_of_a_role_undecided(
    tmp_path: Path, arn: str, refused: bool
) -> None:
    made = report(tmp_path, f"ManagedPolicyArns: ['{arn}']")
    assert answers(made)[BLOCKED, "X"][0] == (UNDECIDED if refused else C)
    assert any(WARNING in each.message and arn in each.message for each in made.warnings) is refused


def test_a_boundary_of_another_account_is_a_warning(tmp_path: Path) -> None:
    made = report(tmp_path, "PermissionsBoundary: 'arn:aws:iam::999999999999:policy/b'")
    assert any(WARNING in each.message for each in made.warnings)


def test_a_plan_that_attaches_a_policy_of_another_partition(tmp_path: Path) -> None:
    arn = "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"
    made = report_of_plan(tmp_path, plan(created("aws_iam_user_policy_attachment.a", user="ann", policy_arn=arn)), OVER)
    assert answers(made)[BLOCKED, "ann"] == (UNDECIDED, "undetermined")
    assert answers(made)[ATTACHED, "ann"][0] == NC
    assert any(WARNING in each.message for each in made.warnings)
