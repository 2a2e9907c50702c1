"""--source-dir: findings of a plan name the file and line of its addresses, through modules."""

import json
from pathlib import Path

import pytest
from conftest import Run
from plans import Json, created, deleted, plan, updated, written

from auditor.account.snapshot import dump
from auditor.testing import account, group, user

ROOT = """# resource "aws_iam_user" "u" {
/* resource "aws_iam_user" "u" {
*/
locals {
  script = <<-EOT
    resource "aws_iam_user" "u" {
  EOT
  text = "a \\" resource // b"
}

resource "aws_iam_user" "u" {
  for_each = local.x
}
resource aws_iam_group g { name = "g" }
module "near" {
  source = "./near"
}
  module "far" {
  source = "example/far/aws"
}
"""
NEAR = 'variable "x" {}\r\nresource "aws_iam_user"  "u" {}\r\nmodule "within" {\r\n  source = "../within"\r\n}\r\n'
GENERATED = """{
  "//": {"resource": {"aws_iam_user": {"u": {}}}},
  "resource": [
    {"aws_iam_user": {
      "made": {"name": "m"},
      "also_made": [{"name": "n"}]}},
    {"aws_iam_group": [{
      "made": {"name": "g"}}]}
  ],
  "module": {
    "generated": {"source": "./generated"}
  }
}
"""
CALLS = {
    "generated": {"source": "./generated", "module": {}},
    "near": {"source": "./near", "module": {"module_calls": {"within": {"source": "../within", "module": {}}}}},
    "far": {"source": "example/far/aws", "module": {"module_calls": {"deep": {"source": "./deep", "module": {}}}}},
}
PLACES = [
    ('aws_iam_user.u["a.b"]', "main.tf", 11),
    ('aws_iam_user.u["c[0]"]', "main.tf", 11),
    ("aws_iam_group.g", "main.tf", 14),
    ("module.near.aws_iam_user.u", "near/main.tf", 2),
    ('module.near.module.within["k"].aws_iam_user.u', "within/users.tf", 1),
    ("module.near.module.within.aws_iam_user.not_there", "near/main.tf", 3),
    ("module.far.aws_iam_user.u", "main.tf", 18),
    ("module.far.module.deep.aws_iam_user.u", "main.tf", 18),
    ("aws_iam_user.overridden", "users.tf", 1),
    ("aws_iam_user.elsewhere", None, None),
    ("aws_iam_user.made", "cdk.tf.json", 5),
    ("aws_iam_user.also_made[0]", "cdk.tf.json", 6),
    ("aws_iam_group.made", "cdk.tf.json", 8),
    ("module.generated.aws_iam_user.u", "generated/main.tofu.json", 1),
    ("module.generated.aws_iam_user.v", "cdk.tf.json", 11),
    ("aws_iam_user.of_tofu", "more.tofu", 1),
]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the sources of a root module into the working folder, and return it."""
    monkeypatch.chdir(tmp_path)
    files = {
        "main.tf": ROOT,
        "near/main.tf": NEAR,
        "within/users.tf": 'resource "aws_iam_user" "u" {}',
        "users.tf": 'resource "aws_iam_user" "overridden" {}',
        "a_override.tf": '\nresource "aws_iam_user" "overridden" {}',
        "binary.tf": "\x00\ufffd",
        "cdk.tf.json": GENERATED,
        "z_override.tf.json": '\n{"resource": {"aws_iam_user": {"made": {}}}}',
        "damaged.tf.json": '{"resource": {"aws_iam_user": {"elsewhere": {}}}',
        "generated/main.tofu.json": '{"resource": {"aws_iam_user": {"u": {}}}}',
        "more.tofu": 'resource "aws_iam_user" "of_tofu" {}',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8", newline="")
    return tmp_path


def of_users(addresses: list[str]) -> Json:
    made = plan(*(created(address, name=f"n{number}", path="/") for number, address in enumerate(addresses)))
    made["configuration"]["root_module"]["module_calls"] = CALLS
    return made


def test_findings_name_file_and_line_of_their_addresses(run: Run, source: Path) -> None:
    path = written(source, of_users([address for address, *_ in PLACES]))
    done = run("scan", "--terraform-plan", path, "--source-dir", ".", "--rules", "all", "--format", "json")
    found = {
        each["location"]["address"]: (each["location"]["file"], each["location"]["line"])
        for each in json.loads(done.out)["findings"]
        if each["location"] is not None
    }
    assert found == {address: (file or path, line) for address, file, line in PLACES}


def test_a_cause_names_its_file_and_line(run: Run, source: Path) -> None:
    today = source / "today.json"
    today.write_bytes(dump(account(users=[user("ann", groups=["ops"])], groups=[group("ops")])))
    (source / "m.tf").write_text('\n\nresource "aws_iam_group_membership" "m" {\n}')
    path = written(source, plan(updated("aws_iam_group_membership.m", {"group": "ops", "users": ["ann"]}, users=[])))
    over = ("--snapshot", today, "--rule", "iam-group-has-users-check", "--format", "json")
    done = run("scan", "--terraform-plan", path, "--source-dir", source, *over)
    (finding,) = json.loads(done.out)["findings"]
    assert finding["causes"] == [f"aws_iam_group_membership.m ({source}/m.tf:3): ann leaves it"]
    assert finding["location"] == {"file": f"{source}/m.tf", "line": 3, "address": "aws_iam_group_membership.m"}


def test_a_folder_without_the_addresses_of_the_plan_is_a_warning(run: Run, tmp_path: Path) -> None:
    warning = f"--source-dir {tmp_path}: no address of"
    made = written(tmp_path, plan(created("aws_iam_user.u", name="u", path="/")))
    assert warning in run("scan", "--terraform-plan", made, "--source-dir", tmp_path).err
    gone = written(tmp_path, plan(deleted("aws_iam_user.u", name="u", path="/")))
    assert warning not in run("scan", "--terraform-plan", gone, "--source-dir", tmp_path).err


WRONG = [
    (("--source-dir", "nowhere"), "--source-dir nowhere is not a folder"),
    (("--source-dir", ".", "--source-dir", "."), "--source-dir is given 2 times, and --terraform-plan 1 times"),
]


@pytest.mark.parametrize(("options", "problem"), WRONG, ids=["no folder", "too many"])
def test_a_wrong_source_dir_is_one_error(run: Run, source: Path, options: tuple[str, ...], problem: str) -> None:
    path = written(source, of_users(["aws_iam_user.u"]))
    done = run("scan", "--terraform-plan", path, *options)
    assert (done.code, problem in done.err, "Traceback" in done.err) == (2, True, False)


def test_source_dir_needs_a_plan(run: Run, source: Path) -> None:
    (source / "t.yaml").write_text("Resources: {U: {Type: AWS::IAM::User}}")
    done = run("scan", "--cloudformation", "t.yaml", "--source-dir", ".")
    assert (done.code, "--source-dir can only be used with --terraform-plan" in done.err) == (2, True)


def test_each_plan_may_have_its_own_folder(run: Run, source: Path) -> None:
    one = written(source, of_users(["aws_iam_user.u"]), "one.json")
    two = written(source, plan(created("aws_iam_user.u", name="other", path="/")), "two.json")
    plans = ("--terraform-plan", one, "--terraform-plan", two, "--source-dir", ".", "--source-dir", "within")
    done = run("scan", *plans, "--rule", "iam-user-group-membership-check", "--format", "json")
    found = {each["resource_name"]: each["location"]["file"] for each in json.loads(done.out)["findings"]}
    assert found == {"n0": "main.tf", "other": "within/users.tf"}
