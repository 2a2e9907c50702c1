"""A plan that Terraform made, with modules, count and for_each: its references are followed.

Where Terraform is at hand, and TF_PLUGINS names a folder of providers, the plan is made again and compared.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from judging_plans import answers, report_of

from auditor.change.terraform import reading

FOLDER = Path(__file__).parent / "references"
BLOCKED, INLINE, ATTACHED = "iam-policy-blacklisted-check", "iam-no-inline-policy-check", "iam-user-no-policies-check"
NC, C = "NON_COMPLIANT", "COMPLIANT"
EXPECTED = {
    (BLOCKED, "module.one.aws_iam_role.this"): NC,
    (BLOCKED, 'module.role["a"].aws_iam_role.this'): NC,
    (BLOCKED, 'module.role["b"].aws_iam_role.this'): C,
    (INLINE, "module.one.aws_iam_role.this"): NC,
    (INLINE, 'module.role["b"].aws_iam_role.this'): NC,
    (ATTACHED, 'aws_iam_user.u["x"]'): NC,
    (ATTACHED, 'aws_iam_user.u["y"]'): C,
    ("iam-user-group-membership-check", 'aws_iam_user.u["y"]'): C,
    ("iam-group-has-users-check", "aws_iam_group.g"): C,
}


def test_references_are_followed_through_modules_count_and_for_each() -> None:
    found = answers(report_of([reading.opened(str(FOLDER / "plan.json"))]))
    assert {key: found[key][0] for key in EXPECTED} == EXPECTED


def compared(plan: Any) -> list[Any]:
    """Return of a plan what must be the same whenever it is made."""
    changes = [(each["address"], each["change"]) for each in plan["resource_changes"]]
    return sorted(changes, key=lambda each: str(each[0]))


@pytest.mark.skipif(
    shutil.which("terraform") is None or "TF_PLUGINS" not in os.environ,
    reason="needs Terraform, and TF_PLUGINS with the provider of AWS",
)
def test_terraform_makes_the_same_plan_again(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)

    def terraform(*arguments: str) -> str:
        done = subprocess.run(["terraform", *arguments], cwd=tmp_path, capture_output=True, check=True, text=True)
        return done.stdout

    terraform("init", f"-plugin-dir={os.environ['TF_PLUGINS']}")
    terraform("plan", "-out", "tfplan")
    again = json.loads(terraform("show", "-json", "tfplan"))
    assert compared(again) == compared(json.loads((FOLDER / "plan.json").read_text("utf-8")))
