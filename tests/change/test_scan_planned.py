"""`iam-audit scan` of planned changes: exit codes, files that are no plans, and what is shown."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import Run
from plans import Json, changed, created, deleted, document, plan, written
from test_planned_cases import sensitive_plan

from auditor.account.snapshot import dump
from auditor.testing import account, allow, group, user

GATE = ("--fail-on", "noncompliant", "--only", "introduced", "--rules", "all", "--allow-incomplete")


@pytest.fixture
def today(tmp_path: Path) -> str:
    """Write a snapshot of an account with an old sin, and return its path."""
    path = tmp_path / "today.json"
    old = account(users=[user("ann", groups=["ops"], attached=["ReadOnlyAccess"]), user("lone")], groups=[group("ops")])
    path.write_bytes(dump(old))
    return str(path)


def attach(name: str) -> Json:
    values: Json = {"user": name, "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    return created(f"aws_iam_user_policy_attachment.{name}", **values)


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("nothing that is wrong", [created("aws_iam_user_ssh_key.k", username="ann")], 0),
        ("what was wrong before", [deleted("aws_iam_user_ssh_key.k", username="ann")], 0),
        ("a new sin", [attach("lone")], 1),
        (
            "a sin that is resolved",
            [
                deleted(
                    "aws_iam_user_policy_attachment.a", user="ann", policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess"
                )
            ],
            0,
        ),
        ("no IAM at all", [created("aws_s3_bucket.b", bucket="b")], 0),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_the_gate_counts_only_what_the_change_introduces(
    run: Run, tmp_path: Path, today: str, name: str, changes: list[Json], code: int
) -> None:
    path = written(tmp_path, plan(*changes))
    assert run("scan", "--terraform-plan", path, "--snapshot", today, *GATE).code == code, name


def test_what_was_unknown_before_and_is_wrong_after_is_undetermined(run: Run, tmp_path: Path) -> None:
    less = tmp_path / "less.json"
    less.write_bytes(dump(account(users=[user("ann", unknown=["attached_policies", "inline_policies"])])))
    path = written(tmp_path, plan(attach("ann")))
    result = run("scan", "--terraform-plan", path, "--snapshot", less, *GATE)
    assert result.code == 4
    assert "not known before" in result.err


def test_the_table_shows_what_is_introduced_and_resolved_with_cause_and_place(
    run: Run, tmp_path: Path, today: str
) -> None:
    gone = deleted("aws_iam_user_policy_attachment.a", user="ann", policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    path = written(tmp_path, plan(attach("lone"), gone))
    shown = " ".join(run("scan", "--terraform-plan", path, "--snapshot", today).out.split())
    assert "2 introduced" in shown or "introduced" in shown
    assert "Resolved by the change" in shown
    assert "aws_iam_user_policy_attachment.lone: lone gets the policy AdministratorAccess" in shown


def test_the_json_report_has_effect_cause_and_place(run: Run, tmp_path: Path, today: str) -> None:
    path = written(tmp_path, plan(created("aws_iam_user.u", name="u", path="/")))
    report = json.loads(run("scan", "--terraform-plan", path, "--snapshot", today, "--format", "json").out)
    (finding,) = [
        each
        for each in report["findings"]
        if each["resource_name"] == "u" and each["config_rule_name"] == "iam-user-group-membership-check"
    ]
    assert finding["change"] == "introduced"
    assert finding["location"] == {"file": path, "line": None, "address": "aws_iam_user.u"}
    assert report["planned"]["alone"] is False
    assert report["planned"]["counts"]["introduced"] >= 1


def test_alone_it_is_said_that_no_account_was_read(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, plan(created("aws_s3_bucket.b", bucket="b")))
    result = run("scan", "--terraform-plan", path)
    assert result.code == 0
    assert "judging the planned change alone" in result.err.lower()
    assert "The change touches no IAM resource" in result.err


@pytest.mark.parametrize("form", ["table", "json", "junit", "markdown", "step-summary", "github"])
def test_a_format_says_what_the_change_introduces_and_why(run: Run, tmp_path: Path, today: str, form: str) -> None:
    path = written(tmp_path, plan(attach("lone")))
    result = run("scan", "--terraform-plan", path, "--snapshot", today, "--format", form)
    shown = " ".join(result.out.split())
    assert "introduced" in shown
    if form != "junit":
        assert "aws_iam_user_policy_attachment.lone: lone gets the policy" in shown


def test_a_stored_report_is_shown_again_with_what_the_change_does(run: Run, tmp_path: Path, today: str) -> None:
    gone = deleted("aws_iam_user_policy_attachment.a", user="ann", policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    path, stored, html = written(tmp_path, plan(gone)), tmp_path / "report.json", tmp_path / "report.html"
    run("scan", "--terraform-plan", path, "--snapshot", today, "-o", stored, "-o", html)
    assert "Resolved by the change" in run("report", stored).out
    assert "Resolved: iam-user-no-policies-check on ann" in html.read_text("utf-8")


@pytest.mark.parametrize("form", ["table", "json", "csv", "sarif", "junit", "markdown", "github", "gitlab", "jsonl"])
def test_what_is_sensitive_stands_in_no_format(run: Run, tmp_path: Path, form: str) -> None:
    path = written(tmp_path, sensitive_plan())
    result = run("scan", "--terraform-plan", path, "--format", form, "-v", "--all" if form == "table" else "-v")
    assert "Zelda" not in result.out + result.err


def test_what_is_sensitive_stands_in_no_file(run: Run, tmp_path: Path, today: str) -> None:
    path, html = written(tmp_path, sensitive_plan()), tmp_path / "report.html"
    run("scan", "--terraform-plan", path, "--snapshot", today, "-o", html)
    assert "Zelda" not in html.read_text("utf-8")


WRONG = [
    ("a log", '{"type":"version","terraform":"1.11.4"}\n{"type":"log"}\n', "log of `terraform plan -json`"),
    ("a state file", '{"version": 4, "resources": [], "lineage": "x"}', "state (terraform.tfstate)"),
    ("a state in JSON", '{"format_version": "1.0", "values": {}}', "state in JSON"),
    ("another major version", '{"format_version": "2.0", "resource_changes": []}', "plan format 2.0"),
    ("a run that failed", '{"format_version": "1.2", "errored": true}', "failed (errored)"),
    ("a plan of some resources", '{"format_version": "1.2", "complete": false}', "not a complete plan"),
    ("entries that are none", '{"format_version": "1.2", "resource_changes": [7]}', "$.resource_changes[0]"),
    ("no JSON", "resource {}", "not JSON"),
    ("a list", "[]", "no JSON object"),
]


@pytest.mark.parametrize(("name", "text", "expected"), WRONG, ids=[name for name, _, _ in WRONG])
def test_a_wrong_file_is_named_with_the_command_that_makes_the_right_one(
    run: Run, tmp_path: Path, name: str, text: str, expected: str
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, "utf-8")
    result = run("scan", "--terraform-plan", path)
    assert result.code == 3, name
    assert expected in result.err
    assert len(result.err.strip().splitlines()) > 1


def test_the_plan_file_itself_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tfplan"
    with ZipFile(path, "w") as archive:
        archive.writestr("tfplan", "x")
    result = run("scan", "--terraform-plan", path)
    assert result.code == 3
    assert "terraform show -json" in result.err


@pytest.mark.parametrize(
    "more", [{"applyable": False}, {"format_version": "0.1"}, {"errored": False, "complete": True}]
)
def test_a_plan_of_another_version_or_without_changes_is_read(run: Run, tmp_path: Path, more: Json) -> None:
    path = written(tmp_path, {**plan(), **more})
    assert run("scan", "--terraform-plan", path).code == 0


def test_a_plan_with_nothing_but_its_version_is_read(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, {"format_version": "1.2", "planned_values": {}})
    assert run("scan", "--terraform-plan", path).code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--only", "introduced"), "--only can only be used with a planned change"),
        (("--terraform-plan", "x", "--only", "introduced"), "--only introduced has no effect without --fail-on"),
        (("--stack-parameter", "A=b"), "--stack-parameter can only be used with --cloudformation"),
        (("--live",), "--live can only be used with a planned change"),
        (("--terraform-plan", ""), "is empty"),
        (("--terraform-plan", "-", "--snapshot", "-"), "standard input can only be read once"),
        (("--terraform-plan", "x", "--verify"), "--verify asks AWS"),
    ],
)
def test_options_that_do_not_go_together(run: Run, arguments: tuple[str, ...], expected: str) -> None:
    result = run("scan", *arguments)
    assert result.code == 2
    assert expected in result.err


TEMPLATE = """
Parameters: {Team: {Type: String}}
Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: u, Groups: [!Ref Team]}}}
"""


def test_a_template_takes_parameters_and_its_findings_know_their_line(run: Run, tmp_path: Path, today: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(TEMPLATE, "utf-8")
    for given in ("Team=ops", f"{path}:Team=ops"):
        arguments = ("--cloudformation", path, "--stack-parameter", given, "--snapshot", today, "--format", "json")
        report = json.loads(run("scan", *arguments).out)
        (place,) = {json.dumps(each["location"]) for each in report["findings"] if each["resource_name"] == "u"}
        assert json.loads(place) == {"file": str(path), "line": 3, "address": "U"}
    result = run("scan", "--cloudformation", path, "--stack-parameter", "Tem=ops")
    assert result.code == 2
    assert "Team" in result.err


def test_plans_and_templates_apply_one_after_the_other(run: Run, tmp_path: Path, today: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("Resources: {A: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: g, Users: [lone]}}}")
    first = written(tmp_path, plan(created("aws_iam_group.g", name="g", path="/")))
    arguments = ("--terraform-plan", first, "--cloudformation", path, "--snapshot", today, "--format", "json")
    report = json.loads(run("scan", *arguments).out)
    found = {(each["config_rule_name"], each["resource_name"]): each for each in report["findings"]}
    assert found["iam-group-has-users-check", "g"]["compliance_type"] == "COMPLIANT"
    assert found["iam-user-group-membership-check", "lone"]["change"] == "resolved"


def test_a_contradiction_is_told(run: Run, tmp_path: Path, today: str) -> None:
    taken = created("aws_iam_user.ann", name="ann", path="/")
    nowhere = changed("aws_iam_user.x", "update", before={"name": "nobody"}, after={"name": "nobody", "path": "/"})
    inline = created("aws_iam_user_policy.p", user="nobody", name="p", policy=document(allow()))
    result = run("scan", "--terraform-plan", written(tmp_path, plan(taken, nowhere, inline)), "--snapshot", today)
    assert "aws_iam_user.ann creates a resource whose name is taken" in result.err
    assert "aws_iam_user_policy.p changes a user that the account does not have" in result.err


def test_plans_and_templates_apply_in_the_order_given(run: Run, tmp_path: Path) -> None:
    today = tmp_path / "today.json"
    today.write_bytes(dump(account(users=[user("ann", groups=["ops"])], groups=[group("ops")])))
    path = written(tmp_path, plan(deleted("aws_iam_group.ops", name="ops", path="/")))
    template = tmp_path / "t.yaml"
    member = "{Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: ops, Users: [ann]}}"
    template.write_text(f"Resources: {{G: {{Type: AWS::IAM::Group, Properties: {{GroupName: ops}}}}, M: {member}}}")
    first, second = ("--terraform-plan", path), ("--cloudformation", template)
    over = ("--snapshot", today, "--rule", "iam-group-has-users-check", "--format", "json")
    again = json.loads(run("scan", *first, *second, *over).out)
    gone = json.loads(run("scan", *second, *first, *over).out)
    assert [each["resource_name"] for each in again["findings"]] == ["ops"]
    assert [each["resource_type"] for each in gone["findings"]] == ["AWS::::Account"]
    assert (again["planned"]["files"], gone["planned"]["files"]) == (
        [path, str(template)],
        [str(template), path],
    )
