"""`iam-audit scan` of planned changes: exit codes, files that are no plans, and what is shown."""

import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import Run
from msgspec import structs
from permissions import group_of, managed
from plans import Json, changed, created, deleted, document, plan, updated, written
from test_planned_cases import sensitive_plan

from auditor.account.snapshot import dump
from auditor.testing import account, allow, console_user, group, user

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
    assert re.match(r"Planned change .*: findings: 2 introduced, 1 resolved, 5 unchanged, 0 undetermined", shown)
    assert shown.index("Introduced by the change") < shown.index("Resolved by the change") < shown.index("Sources:")
    assert "aws_iam_user_policy_attachment.lone: lone gets the policy AdministratorAccess" in shown


@pytest.mark.parametrize(
    ("printed", "by_table"),
    [((), 1), (("--query", "planned.counts"), 0), (("--format", "json"), 0), (("--format", "markdown"), 1)],
    ids=["table", "query", "json", "markdown"],
)
def test_what_the_change_does_is_shown_to_people_once(
    run: Run, tmp_path: Path, today: str, printed: tuple[str, ...], by_table: int
) -> None:
    path = written(tmp_path, plan(attach("lone")))
    files = ("-o", tmp_path / "report.html")
    result = run("scan", "--terraform-plan", path, "--snapshot", today, *files, *printed)
    shown, told = (" ".join(text.split()) for text in (result.out, result.err))
    assert len(re.findall(r"Planned change\b[^:]*: (?:findings: )?2 introduced", shown)) == by_table
    assert told.count(": findings: 2 introduced") == 1 - by_table
    quiet = run("scan", "--terraform-plan", path, "--snapshot", today, "--quiet", *printed)
    assert (quiet.out.count("2 introduced"), quiet.err) == (by_table, "")


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
    assert "The change touches no IAM resource" in result.out


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
    shown = " ".join(run("report", stored).out.split())
    lost = "ann The user has policies of its own: ReadOnlyAccess at"
    assert shown.index("Resolved by the change") < shown.index(lost) < shown.index("Account verdict")
    assert "aws_iam_user_policy_attachment.a: ann loses the policy ReadOnlyAccess" in html.read_text("utf-8")


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
        (("--terraform-plan", "x", "--only", "introduced"), "--only introduced needs a gate, and --fail-on is nothing"),
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
    assert "aws_iam_user.x changes a user that the account does not have" in result.err


@pytest.fixture
def stored(run: Run, tmp_path: Path, today: str) -> Path:
    """Write the report of a change that attaches a policy to a user, and return its path."""
    path = tmp_path / "change.json"
    run("scan", "--terraform-plan", written(tmp_path, plan(attach("lone"))), "--snapshot", today, "-o", path)
    return path


FORMATS = [
    "table",
    "json",
    "jsonl",
    "csv",
    "sarif",
    "junit",
    "markdown",
    "step-summary",
    "github",
    "gitlab",
    "asff",
    "ocsf",
]


@pytest.mark.parametrize("form", FORMATS)
def test_a_stored_report_is_rendered_as_the_scan_renders_it(
    run: Run, tmp_path: Path, today: str, stored: Path, form: str
) -> None:
    shown = ("--format", form, "--security-hub-region", "eu-central-1", "--only", "introduced")
    told = tmp_path / "plan.json", "--snapshot", today, "--as-of", json.loads(stored.read_bytes())["evaluated_at"]
    direct = run("scan", "--terraform-plan", *told, "--fail-on", "noncompliant", *shown)
    assert run("report", stored, *shown).out == direct.out


def test_the_gate_of_a_stored_report_counts_what_the_change_introduces(run: Run, stored: Path) -> None:
    result = run("report", stored, "--fail-on", "noncompliant", "--only", "introduced")
    assert (result.code, "the change introduces 2 findings" in result.err) == (1, True)


def test_only_introduced_narrows_what_is_shown_and_says_what_else_there_is(run: Run, stored: Path) -> None:
    shown = " ".join(run("report", stored, "--only", "introduced").out.split())
    assert "listed are 2 of 8 NON_COMPLIANT" in shown
    assert "6 findings were NON_COMPLIANT before the change and still are" in shown
    assert "Not caused by the change" not in shown
    assert "Not caused by the change" in run("report", stored).out


def test_undetermined_counts_what_is_undecided_because_of_the_change(run: Run, tmp_path: Path, today: str) -> None:
    path = written(tmp_path, plan(created("aws_iam_user.u", name="u", path="/")))
    report = json.loads(run("scan", "--terraform-plan", path, "--snapshot", today, "--format", "json").out)
    undecided = [each for each in report["findings"] if each["change"] == "undetermined"]
    assert {each["compliance_type"] for each in undecided} == {"INSUFFICIENT_DATA"}
    assert report["planned"]["counts"]["undetermined"] == len(undecided) > 0


def test_a_policy_that_is_edited_is_a_cause_for_those_who_have_it_through_a_group(run: Run, tmp_path: Path) -> None:
    manage = allow("iam:*MFADevice*")
    held = structs.replace(managed("mfa", manage), attachment_count=1)
    ann = console_user("ann", mfa=True, groups=["ops"])
    snapshot = account(users=[ann], groups=[group_of("ops", held)], policies=[held])
    today = tmp_path / "today.json"
    today.write_bytes(dump(snapshot))
    nothing = updated(
        "aws_iam_policy.mfa",
        {"name": "mfa", "path": "/", "arn": held.arn, "policy": document(manage)},
        policy=document(allow("s3:GetObject")),
    )
    path = written(tmp_path, plan(nothing))
    arguments = ("--terraform-plan", path, "--snapshot", today, "--rules", "practices", "--format", "json")
    report = json.loads(run("scan", *arguments).out)
    (found,) = [each for each in report["findings"] if each["config_rule_name"] == "iam-user-can-self-manage-mfa"]
    assert (found["change"], found["resource_name"]) == ("introduced", "ann")
    assert found["causes"] == ["aws_iam_policy.mfa: it is updated (ann is in the group ops, which has the policy mfa)"]
    assert found["location"] == {"file": path, "line": None, "address": "aws_iam_policy.mfa"}


def test_what_never_was_is_no_baseline_and_no_night_of_a_history(
    run: Run, tmp_path: Path, today: str, stored: Path
) -> None:
    for arguments in (
        ("baseline", stored, "-o", tmp_path / "known.json"),
        ("history", "add", "--history", tmp_path / "history.db", stored),
        ("scan", "--snapshot", today, "--baseline", stored, "--fail-on", "new"),
    ):
        result = run(*arguments)
        assert result.code == 3, arguments
        assert "is of a planned change" in result.err
    history = run("scan", "--terraform-plan", tmp_path / "plan.json", "--history", tmp_path / "history.db")
    assert (history.code, "--history cannot be used with a planned change" in history.err) == (2, True)


def test_a_diff_says_that_a_report_is_of_a_planned_change(run: Run, tmp_path: Path, today: str, stored: Path) -> None:
    run("scan", "--snapshot", today, "-o", tmp_path / "today-report.json")
    result = run("diff", tmp_path / "today-report.json", stored)
    assert "Planned change that was judged, files: none before" in result.out
    assert "lone" in result.out


def test_a_baseline_forgives_what_a_change_brings_back(run: Run, tmp_path: Path, today: str) -> None:
    other, known = tmp_path / "other.json", tmp_path / "known.json"
    lone = user("lone", attached=["AdministratorAccess"])
    ann = user("ann", groups=["ops"], attached=["ReadOnlyAccess"])
    other.write_bytes(dump(account(users=[ann, lone], groups=[group("ops")])))
    run("scan", "--snapshot", other, "-o", tmp_path / "other-report.json")
    run("baseline", tmp_path / "other-report.json", "-o", known)
    path = written(tmp_path, plan(attach("lone")))
    arguments = ("--terraform-plan", path, "--snapshot", today, "--baseline", known)
    assert run("scan", *arguments, "--fail-on", "new", "--only", "introduced", "--allow-incomplete").code == 0


def test_a_stored_report_whose_effects_do_not_add_up_is_refused(run: Run, tmp_path: Path, stored: Path) -> None:
    report = json.loads(stored.read_bytes())
    report["planned"]["counts"]["introduced"] = 0
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(report), "utf-8")
    result = run("report", wrong)
    assert (result.code, "counts other findings than are listed" in result.err) == (3, True)


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
