"""Change sets of CloudFormation: what they show is judged, and what they do not show makes nothing COMPLIANT."""

import json
import os
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from change_sets import LATER, Json, answer, change, written
from conftest import Run
from judging_plans import answers, report_of
from msgspec import Raw

from auditor import read_cloudformation_template
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.change.cloudformation import files
from auditor.report.report import Report
from auditor.testing import account, credentials, group, policy, role, user

INLINE, ATTACHED, BLOCKED = "iam-no-inline-policy-check", "iam-user-no-policies-check", "iam-policy-blacklisted-check"
IN_GROUP, HAS_USERS = "iam-user-group-membership-check", "iam-group-has-users-check"
ADMIN, ANALYZER = "iam-policy-no-statements-with-admin-access", "iam-external-access-analyzer-enabled"
HAS_MFA = "iam-user-mfa-enabled"
MFA = "mfa-enabled-for-iam-console-access"
NC, C, UNDECIDED = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA"
ARN = "arn:aws:iam::111122223333:policy/p"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SOME = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TODAY = account(
    users=[
        user("ann", groups=["ops"], attached=["AdministratorAccess"]),
        user("bob", inline=["x"], credentials=credentials(mfa_active=True)),
    ],
    groups=[group("ops"), group("dev")],
    roles=[role("r")],
    policies=[policy("p", document=Raw(b'{"Statement": []}'))],
)
ANN = {"UserName": "ann", "Groups": ["ops"]}
HELD = {**ANN, "ManagedPolicyArns": [ADMINISTRATOR]}
OF_ANN: Json = {"PhysicalResourceId": "ann"}


def report(folder: Path, *changes: Json, over: Snapshot | None = TODAY, template: str = "", **more: Any) -> Report:
    paths = [written(folder, answer(*changes, **more))]
    if template:
        (folder / "t.yaml").write_text(template, "utf-8")
        paths.insert(0, str(folder / "t.yaml"))
    return report_of(list(files.opened([files.read(path) for path in paths], {})), over)


CASES: list[tuple[str, Json, tuple[str, str], tuple[str, str | None]]] = [
    (
        "a user is added to no group",
        change("Add", "U", "User", after={"UserName": "eve"}),
        (IN_GROUP, "eve"),
        (NC, "introduced"),
    ),
    (
        "a user is added whose groups are known later",
        change("Add", "U", "User", after={"UserName": "eve", "Groups": [LATER]}),
        (IN_GROUP, "eve"),
        (C, None),
    ),
    (
        "a policy document with a part that is masked",
        change("Add", "P", "ManagedPolicy", after={"ManagedPolicyName": "q", "PolicyDocument": "****"}),
        (ADMIN, "q"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "a user loses what the stack gave",
        change("Modify", "U", "User", HELD, ANN, **OF_ANN),
        (ATTACHED, "ann"),
        (C, "resolved"),
    ),
    (
        "a user leaves the group of the stack",
        change("Modify", "U", "User", ANN, {"UserName": "ann"}, **OF_ANN),
        (HAS_USERS, "ops"),
        (NC, "introduced"),
    ),
    (
        "what a stack does not change stays",
        change("Modify", "U", "User", ANN, {**ANN, "Path": "/x/"}, **OF_ANN),
        (ATTACHED, "ann"),
        (NC, "unchanged"),
    ),
    (
        "an update without values",
        change("Modify", "U", "User", **OF_ANN),
        (IN_GROUP, "ann"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "an update that shows only what comes",
        change("Modify", "U", "User", None, ANN, **OF_ANN),
        (ATTACHED, "ann"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "an update of a policy document",
        change(
            "Modify", "P", "ManagedPolicy", {"PolicyDocument": SOME}, {"PolicyDocument": ALL}, PhysicalResourceId=ARN
        ),
        (ADMIN, "p"),
        (NC, "introduced"),
    ),
    (
        "an update of a policy without values",
        change("Modify", "P", "ManagedPolicy", PhysicalResourceId=ARN),
        (ADMIN, "p"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "an update that may replace the user",
        change("Modify", "U", "User", ANN, {**ANN, "Path": "/x/"}, **OF_ANN | {"Replacement": "Conditional"}),
        (IN_GROUP, "ann"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "a user is removed",
        change("Remove", "U", "User", ANN, **OF_ANN),
        (HAS_USERS, "ops"),
        (NC, "introduced"),
    ),
    (
        "a user leaves the stack and is kept",
        change("Remove", "U", "User", ANN, **OF_ANN | {"PolicyAction": "Retain"}),
        (HAS_USERS, "ops"),
        (C, "unchanged"),
    ),
    (
        "a user is removed, and nobody says whether for good",
        change("Remove", "U", "User", ANN, **OF_ANN | {"PolicyAction": None}),
        (HAS_USERS, "dev"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "a membership is removed",
        change("Remove", "A", "UserToGroupAddition", {"GroupName": "ops", "Users": ["ann"]}),
        (IN_GROUP, "ann"),
        (NC, "introduced"),
    ),
    (
        "a membership is removed, without values",
        change("Remove", "A", "UserToGroupAddition"),
        (IN_GROUP, "ann"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "an inline policy moves to another user",
        change(
            "Modify",
            "I",
            "Policy",
            {"PolicyName": "x", "PolicyDocument": SOME, "Users": ["bob"]},
            {"PolicyName": "x", "PolicyDocument": SOME, "Users": ["ann"]},
            PhysicalResourceId="x",
        ),
        (INLINE, "bob"),
        (C, "resolved"),
    ),
    (
        "a user is replaced",
        change(
            "Modify",
            "U",
            "User",
            ANN,
            {"UserName": "eve"},
            **OF_ANN | {"Replacement": "True", "PolicyAction": "ReplaceAndDelete"},
        ),
        (HAS_USERS, "ops"),
        (NC, "introduced"),
    ),
    (
        "a user is replaced and kept",
        change(
            "Modify",
            "U",
            "User",
            ANN,
            {"UserName": "eve"},
            **OF_ANN | {"Replacement": "True", "PolicyAction": "ReplaceAndRetain"},
        ),
        (HAS_USERS, "ops"),
        (C, "unchanged"),
    ),
    (
        "an MFA device is removed",
        change("Remove", "M", "VirtualMFADevice", {"Users": ["bob"]}, PhysicalResourceId=f"{ARN[:-8]}mfa/m"),
        (HAS_MFA, "bob"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "an MFA device of somebody is removed",
        change("Remove", "M", "VirtualMFADevice", PhysicalResourceId=f"{ARN[:-8]}mfa/m"),
        (HAS_MFA, "bob"),
        (UNDECIDED, "undetermined"),
    ),
    ("a user is imported", change("Import", "U", "User", after=ANN, **OF_ANN), (IN_GROUP, "ann"), (C, "unchanged")),
    (
        "only the stack is brought up to date",
        change("SyncWithActual", "U", "User", ANN, {"UserName": "ann"}, **OF_ANN),
        (IN_GROUP, "ann"),
        (C, "unchanged"),
    ),
    (
        "nobody knows what is done",
        change("Dynamic", "U", "User", **OF_ANN),
        (IN_GROUP, "ann"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "a nested stack",
        change("Modify", "S", "AWS::CloudFormation::Stack", ChangeSetId="arn:other"),
        (HAS_USERS, "dev"),
        (UNDECIDED, "undetermined"),
    ),
    (
        "an analyzer in the Region of the stack",
        change("Add", "A", "AWS::AccessAnalyzer::Analyzer", after={"Type": "ACCOUNT"}),
        (ANALYZER, "111122223333"),
        (C, "resolved"),
    ),
    (
        "a console password",
        change("Modify", "U", "User", ANN, {**ANN, "LoginProfile": {"Password": "****"}}, **OF_ANN),
        (MFA, "ann"),
        (NC, "introduced"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_change_of_a_change_set(
    tmp_path: Path, case: tuple[str, Json, tuple[str, str], tuple[str, str | None]]
) -> None:
    _, made, asked, expected = case
    assert answers(report(tmp_path, made))[asked] == expected


def test_a_nested_stack_is_seen_where_its_change_set_is_given(tmp_path: Path) -> None:
    nested = written(tmp_path, answer(ChangeSetId="arn:nested"), "nested.json")
    outer = written(tmp_path, answer(change("Modify", "S", "AWS::CloudFormation::Stack", ChangeSetId="arn:nested")))
    found = answers(report_of(list(files.opened([files.read(outer), files.read(nested)], {})), TODAY))
    assert found[IN_GROUP, "ann"] == (C, "unchanged")


TEMPLATE = """
Parameters: {Team: {Type: String}}
Resources:
  G: {Type: AWS::IAM::Group, Properties: {GroupName: dev}}
  U: {Type: AWS::IAM::User}
  A: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref Team, Users: [!Ref U]}}
"""
ADDED = (
    change("Add", "U", "User", after={}),
    change("Add", "A", "UserToGroupAddition", after={"GroupName": "dev", "Users": [LATER]}),
)


def test_its_template_shows_which_resource_a_value_is_of(tmp_path: Path) -> None:
    alone, paired = report(tmp_path, *ADDED), report(tmp_path, *ADDED, template=TEMPLATE)
    assert answers(alone)[IN_GROUP, "U"][0] == UNDECIDED
    assert (answers(paired)[IN_GROUP, "U"], answers(paired)[HAS_USERS, "dev"]) == ((C, None), (C, "resolved"))
    (place,) = {each.location for each in paired.findings if each.resource_name == "U"}
    assert place is not None
    assert (Path(place.file or "").name, place.line) == ("t.yaml", 5)


def test_its_template_shows_the_values_that_it_does_not(tmp_path: Path) -> None:
    bare = [change("Add", name, kind) for name, kind in (("U", "User"), ("A", "UserToGroupAddition"))]
    parameters = [{"ParameterKey": "Team", "ParameterValue": "dev"}]
    found = answers(report(tmp_path, *bare, template=TEMPLATE, Parameters=parameters))
    assert found[HAS_USERS, "dev"] == (C, "resolved")


def test_the_template_of_another_stack_is_judged_for_itself(tmp_path: Path) -> None:
    found = answers(report(tmp_path, ADDED[0], template="Resources: {X: {Type: AWS::IAM::Group}}"))
    assert found[HAS_USERS, "X"][0] == NC


def test_values_that_are_not_shown_are_a_warning(tmp_path: Path) -> None:
    said = " ".join(each.message for each in report(tmp_path, change("Add", "U", "User")).warnings)
    assert "--include-property-values" in said


REFUSED = [
    ({"NextToken": "x"}, "is only a part of a change set", "--no-paginate"),
    ({"Status": "CREATE_IN_PROGRESS"}, "is a change set that is not finished", "change-set-create-complete"),
    ({"Status": "FAILED", "StatusReason": "Template error"}, "FAILED, Template error", "create a new change set"),
    ({"ExecutionStatus": "OBSOLETE"}, "its ExecutionStatus is OBSOLETE", "Create a new change set"),
    ({"StackId": "people"}, "has no ARN of a stack", "describe-change-set"),
    ({"Changes": None}, "is not a complete change set", "--output json"),
    ({"Changes": [change("Guess", "U", "User")]}, "has the action 'Guess' for U", "newer release"),
    (
        {"StackId": "arn:aws:cloudformation:us-east-1:999999999999:stack/s/1"},
        "stack in account 999999999999",
        "snapshot",
    ),
]


@pytest.mark.parametrize(("more", "problem", "hint"), REFUSED, ids=[problem for _, problem, _ in REFUSED])
def test_a_change_set_that_cannot_be_judged_is_one_error(
    run: Run, tmp_path: Path, more: Json, problem: str, hint: str
) -> None:
    (tmp_path / "today.json").write_bytes(dump(TODAY))
    path = written(tmp_path, answer() | more)
    done = run("scan", "--cloudformation", path, "--snapshot", tmp_path / "today.json")
    assert (done.code, "Traceback" in done.err) == (3, False)
    assert problem in done.err
    assert hint in done.err


@pytest.mark.parametrize("content", [TEMPLATE, json.dumps(answer(*ADDED))], ids=["a template", "a change set"])
def test_a_pipe_is_read_once(run: Run, tmp_path: Path, content: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=[content], daemon=True)
    writer.start()
    done = run("scan", "--cloudformation", pipe, "-q")
    writer.join(5)
    assert f"Planned change ({pipe})" in " ".join(done.out.split()), done


def test_a_change_set_in_yaml_is_named_as_such(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "changes.yaml"
    path.write_text("ChangeSetId: x\nChanges: []\n", "utf-8")
    done = run("scan", "--cloudformation", path)
    assert (done.code, "--output json" in done.err) == (3, True)


@pytest.mark.parametrize(
    "reason", ["The submitted information didn't contain changes.", "No updates are to be performed."]
)
def test_a_change_set_without_changes_touches_nothing(run: Run, tmp_path: Path, reason: str) -> None:
    path = written(tmp_path, answer(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=reason))
    done = run("scan", "--cloudformation", path, "--fail-on", "noncompliant")
    assert (done.code, "touches no IAM resource" in done.out) == (0, True)


def test_programs_read_a_change_set_with_its_template(tmp_path: Path) -> None:
    path = written(tmp_path, answer(*ADDED))
    (tmp_path / "t.yaml").write_text(TEMPLATE, "utf-8")
    opened = read_cloudformation_template(tmp_path / "t.yaml", change_set=path)
    assert answers(report_of([opened], TODAY))[HAS_USERS, "dev"] == (C, "resolved")
