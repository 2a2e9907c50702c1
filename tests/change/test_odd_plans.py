"""Plans as people have them: left-over objects, empty names, renamed people, other encodings and lost sections."""

import json
from pathlib import Path

import pytest
from judging_plans import after, answers, report_of, report_of_plan
from plans import Json, changed, created, deleted, document, plan, refers, updated

from auditor.account.model import Snapshot
from auditor.change.terraform import reading
from auditor.errors import AuditError
from auditor.testing import account, allow, group, policy, user

ATTACHED, INLINE = "iam-user-no-policies-check", "iam-no-inline-policy-check"
IN_GROUP, HAS_USERS = "iam-user-group-membership-check", "iam-group-has-users-check"
ADMIN, FULL = "iam-policy-no-statements-with-admin-access", "iam-policy-no-statements-with-full-access"
OWN = "iam-user-can-change-own-password"
NC, C, UNDECIDED = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA"
ANN_IN_OPS = account(users=[user("ann", groups=["ops"]), user("bob")], groups=[group("ops"), group("dev")])
ADMINISTRATOR: Json = {"user": "ann", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
ALL_BUT_NUMBERS = {
    **dict.fromkeys(("require_symbols", "require_uppercase_characters", "require_lowercase_characters"), True),
    "minimum_password_length": 14,
    "password_reuse_prevention": 24,
    "max_password_age": 90,
}
MEMBERS: Json = {"group": "ops", "users": ["ann"]}


def left_over(entry: Json) -> Json:
    return {**entry, "deposed": "00aa11bb"}


def renamed(kind: str, old: str, new: str) -> Json:
    return updated(f"aws_iam_{kind}.x", {"name": old, "path": "/"}, name=new)


def read_later(*statements: Json, unknown: Json) -> list[Json]:
    """Return a policy whose document is read only during apply."""
    return [
        created("aws_iam_policy.p", {"policy": True}, name="p", path="/"),
        changed("data.aws_iam_policy_document.d", "read", after={"statement": list(statements)}, unknown=unknown),
    ]


CASES: list[tuple[str, Snapshot, list[Json], str, str, tuple[str, str | None]]] = [
    (
        "what a failed replacement left is deleted",
        account(users=[user("ann", attached=["AdministratorAccess"])]),
        [
            left_over(
                deleted(
                    "aws_iam_user_policy_attachment.a",
                    user="ann",
                    policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
                )
            ),
            changed("aws_iam_user_policy_attachment.a", "no-op", before={"user": "bob"}, after={"user": "bob"}),
        ],
        ATTACHED,
        "ann",
        (C, "resolved"),
    ),
    (
        "nobody is a member",
        ANN_IN_OPS,
        [created("aws_iam_group_membership.m", group="dev", users=[""])],
        HAS_USERS,
        "dev",
        (NC, "unchanged"),
    ),
    (
        "groups that are known only after apply take nobody out",
        ANN_IN_OPS,
        [created("aws_iam_user_group_membership.m", {"groups": True}, user="ann")],
        IN_GROUP,
        "ann",
        (C, "unchanged"),
    ),
    (
        "a renamed user whom a group loses at the same time may not be found",
        ANN_IN_OPS,
        [renamed("user", "ann", "eve"), updated("aws_iam_group_membership.m", MEMBERS, users=["bob"])],
        IN_GROUP,
        "eve",
        (UNDECIDED, "undetermined"),
    ),
    (
        "a renamed group that loses its members at the same time may not be found",
        ANN_IN_OPS,
        [renamed("group", "ops", "new"), deleted("aws_iam_group_membership.m", **MEMBERS)],
        HAS_USERS,
        "new",
        (UNDECIDED, "undetermined"),
    ),
    (
        "a membership that one resource takes away while another gives it",
        ANN_IN_OPS,
        [
            deleted("aws_iam_user_group_membership.m", user="ann", groups=["ops"]),
            created("aws_iam_group_membership.m", **MEMBERS),
        ],
        IN_GROUP,
        "ann",
        (UNDECIDED, "undetermined"),
    ),
    (
        "an attachment whose address changes without a moved block",
        account(users=[user("ann", attached=["AdministratorAccess"])]),
        [
            deleted("aws_iam_user_policy_attachment.a", **ADMINISTRATOR),
            created('aws_iam_user_policy_attachment.a["x"]', **ADMINISTRATOR),
        ],
        ATTACHED,
        "ann",
        (UNDECIDED, "undetermined"),
    ),
    (
        "a membership that is created before the old one is destroyed, which takes its members out",
        ANN_IN_OPS,
        [changed("aws_iam_group_membership.m", "create", "delete", before=MEMBERS, after={**MEMBERS, "name": "new"})],
        HAS_USERS,
        "ops",
        (NC, "introduced"),
    ),
    (
        "a membership that is destroyed and created again",
        ANN_IN_OPS,
        [changed("aws_iam_group_membership.m", "delete", "create", before=MEMBERS, after={**MEMBERS, "name": "new"})],
        HAS_USERS,
        "ops",
        (C, "unchanged"),
    ),
    (
        "what a password policy leaves off is off, also when it is replaced",
        account(),
        [
            changed(
                "aws_iam_account_password_policy.p",
                "delete",
                "create",
                before={"require_numbers": True},
                after=ALL_BUT_NUMBERS,
                unknown={"require_numbers": True},
            )
        ],
        "iam-password-policy",
        "111122223333",
        (NC, "unchanged"),
    ),
    (
        "a renamed user keeps the groups that the plan does not touch",
        ANN_IN_OPS,
        [renamed("user", "ann", "eve"), created("aws_iam_user_group_membership.m", user="eve", groups=["dev"])],
        IN_GROUP,
        "eve",
        (C, "unchanged"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_plan_of_people(
    tmp_path: Path, case: tuple[str, Snapshot, list[Json], str, str, tuple[str, str | None]]
) -> None:
    _, over, changes, rule, resource, expected = case
    assert answers(report_of_plan(tmp_path, plan(*changes), over))[rule, resource] == expected


P = "arn:aws:iam::111122223333:policy/p"
OF_P = {"name": "p", "path": "/", "arn": P}
REFUSED = "which ann still has; AWS refuses that"


def with_p(folder: Path) -> Snapshot:
    """Return an account in which ann has the policy p."""
    base = account(users=[user("ann")], policies=[policy("p")])
    return after(folder, plan(created("aws_iam_user_policy_attachment.p", user="ann", policy_arn=P)), base).snapshot


def test_a_policy_that_is_deleted_while_somebody_has_it_resolves_nothing(tmp_path: Path) -> None:
    made = report_of_plan(tmp_path, plan(deleted("aws_iam_policy.p", **OF_P)), with_p(tmp_path))
    assert answers(made)[ATTACHED, "ann"] == (UNDECIDED, "undetermined")
    assert any(REFUSED in each.message for each in made.warnings)


@pytest.mark.parametrize("moves", [False, True])
def test_what_is_deleted_and_created_under_another_address_is_a_warning(tmp_path: Path, moves: bool) -> None:
    ann: Json = {"name": "ann", "path": "/"}
    replaced = changed("aws_iam_user.a", "delete", "create", before=ann, after=ann)
    moved = [deleted("aws_iam_user.a", **ann), created("aws_iam_user.b", **ann)]
    made = report_of_plan(tmp_path, plan(*(moved if moves else [replaced])), ANN_IN_OPS)
    assert any("creates what aws_iam_user.a deletes" in each.message for each in made.warnings) is moves


def test_a_warning_shows_no_sensitive_name(tmp_path: Path) -> None:
    gone = changed("aws_iam_policy.p", "delete", before=OF_P, sensitive={"name": True})
    seen = changed("aws_iam_user.u", "no-op", before={"name": "ann"}, after={"name": "ann"}, sensitive={"name": True})
    made = report_of_plan(tmp_path, plan(gone, seen), with_p(tmp_path))
    (warning,) = [each.message for each in made.warnings if "AWS refuses that" in each.message]
    assert "policy/(sensitive), which (sensitive) still has" in warning
    assert "ann still has" not in made.to_json()


@pytest.mark.parametrize(
    "released",
    [
        deleted("aws_iam_user.ann", name="ann", path="/"),
        deleted("aws_iam_user_policy_attachment.p", user="ann", policy_arn=P),
        created("aws_iam_user_policy_attachments_exclusive.p", user_name="ann", policy_arns=[]),
    ],
    ids=["the user is deleted", "it is detached", "it is excluded"],
)
def test_a_policy_that_nobody_has_any_more_is_deleted(tmp_path: Path, released: Json) -> None:
    made = report_of_plan(tmp_path, plan(deleted("aws_iam_policy.p", **OF_P), released), with_p(tmp_path))
    assert made.planned is not None
    assert (ATTACHED, "ann") in {(each.config_rule_name, each.resource_name) for each in made.planned.resolved}
    assert not any(REFUSED in each.message for each in made.warnings)


@pytest.mark.parametrize("empties", [False, True])
def test_a_group_that_is_deleted_with_members_is_a_warning(tmp_path: Path, empties: bool) -> None:
    left = [deleted("aws_iam_user_group_membership.m", user="ann", groups=["ops"])] if empties else []
    made = report_of_plan(tmp_path, plan(deleted("aws_iam_group.ops", name="ops", path="/"), *left), ANN_IN_OPS)
    assert any("ops, which ann is still in; AWS refuses" in each.message for each in made.warnings) is not empties


def test_what_goes_with_a_deleted_user_is_no_warning(tmp_path: Path) -> None:
    gone = [
        deleted("aws_iam_user.ann", name="ann", path="/"),
        deleted("aws_iam_user_login_profile.ann", user="ann"),
        deleted("aws_iam_access_key.ann", user="ann", status="Active"),
    ]
    made = report_of_plan(tmp_path, plan(*gone), ANN_IN_OPS)
    assert not [each for each in made.warnings if "does not have" in each.message]
    assert "ann" not in {each.resource_name for each in made.findings}


def test_a_key_with_a_bracket_is_followed(tmp_path: Path) -> None:
    address = 'aws_iam_policy.p["c]d"]'
    made = plan(
        created(address, {"arn": True}, name="p", path="/", policy=document(allow())),
        created("aws_iam_user_policy_attachment.a", {"policy_arn": True}, user="ann"),
        created("aws_iam_user_policy_attachment.b", {"user": True}, policy_arn=P),
        expressions={
            "aws_iam_user_policy_attachment.a": {"policy_arn": refers(f"{address}.arn", address, "aws_iam_policy.p")},
            "aws_iam_user_policy_attachment.b": {"user": refers(f"{address}.policy_id", address, "aws_iam_policy.p")},
        },
    )
    report = report_of_plan(tmp_path, made, ANN_IN_OPS)
    (found,) = [each for each in report.findings if (each.config_rule_name, each.resource_name) == (ATTACHED, "ann")]
    assert found.annotation.endswith(": p")
    assert answers(report)[ATTACHED, "bob"][0] == UNDECIDED


STATEMENT = {"actions": ["s3:*"], "resources": ["*"], "effect": None}
CONDITION = {"test": "StringEquals", "variable": "aws:SourceArn", "values": [None]}


def test_an_unknown_value_of_a_condition_hides_no_statement(tmp_path: Path) -> None:
    unknown = {"json": True, "statement": [{"condition": [{"values": [True]}]}, {"effect": True}]}
    made = plan(
        *read_later({**STATEMENT, "condition": [CONDITION]}, {"actions": ["*"], "resources": ["*"]}, unknown=unknown),
        expressions={"aws_iam_policy.p": {"policy": {"references": ["data.aws_iam_policy_document.d.json"]}}},
    )
    found = answers(report_of_plan(tmp_path, made))
    assert (found[FULL, "p"][0], found[ADMIN, "p"][0]) == (NC, UNDECIDED)


OWN_PASSWORD = {"actions": ["iam:ChangePassword"], "resources": ["*"], "effect": "Allow"}
NAMED = [{"test": "StringEquals", "variable": "aws:username", "values": [name]} for name in ("ann", "bob")]
READ_LATER = [
    ("a variable of IAM", {**OWN_PASSWORD, "resources": ["arn:aws:iam::*:user/&{aws:username}"]}, C),
    ("another user", {**OWN_PASSWORD, "resources": ["arn:aws:iam::*:user/bob"]}, NC),
    ("one of two conditions on one key", {**OWN_PASSWORD, "condition": NAMED}, C),
    ("a condition on another user", {**OWN_PASSWORD, "condition": NAMED[1:]}, NC),
]


@pytest.mark.parametrize(("name", "statement", "expected"), READ_LATER, ids=[name for name, *_ in READ_LATER])
def test_a_document_that_is_read_later_is_written_as_the_data_source_does(
    tmp_path: Path, name: str, statement: Json, expected: str
) -> None:
    made = plan(
        created("aws_iam_user_policy.p", {"policy": True}, user="ann", name="p"),
        created("aws_iam_user_login_profile.p", user="ann"),
        changed("data.aws_iam_policy_document.d", "read", after={"statement": [statement]}, unknown={"json": True}),
        expressions={"aws_iam_user_policy.p": {"policy": refers("data.aws_iam_policy_document.d.json")}},
    )
    assert answers(report_of_plan(tmp_path, made, ANN_IN_OPS))[OWN, "ann"][0] == expected, name


def test_a_list_of_documents_that_is_known_later_is_not_an_empty_one(tmp_path: Path) -> None:
    unknown = {"json": True, "override_policy_documents": [True]}
    made = plan(
        *read_later({**STATEMENT, "actions": ["s3:Get"]}, unknown=unknown),
        expressions={"aws_iam_policy.p": {"policy": refers("data.aws_iam_policy_document.d.json")}},
    )
    assert answers(report_of_plan(tmp_path, made))[ADMIN, "p"][0] == UNDECIDED


SIMPLE = plan(created("aws_iam_group.g", name="g", path="/"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_plan_may_be_written_by_powershell(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(SIMPLE), encoding)
    assert answers(report_of([reading.opened(str(path))]))[HAS_USERS, "g"][0] == NC


USER = created("aws_iam_user.u", name="u", path="/")
PLANNED = {"root_module": {"child_modules": [{"resources": [{**USER, "change": None}]}]}}
WRONG = [
    (
        json.dumps(plan({"address": "aws_iam_user.u", "type": "aws_iam_user", "change": {"after": {"name": "u"}}})),
        "does not say what happens to aws_iam_user.u",
        "terraform show -json",
    ),
    (
        json.dumps(plan(changed("aws_iam_user.u", "mend", after={"name": "u"}))),
        "has the action 'mend' for aws_iam_user.u",
        "newer release",
    ),
    ("[command]/bin/terraform show -json\n" + json.dumps(SIMPLE), "is not JSON", "terraform_wrapper: false"),
    (
        '{"format_version": "1.0", "planned_values": {"root_module": {"resources": []}}}',
        "a part of the plan was taken out",
        "terraform show -json",
    ),
    ('{"format_version": "1.0", "valid": true, "diagnostics": []}', "has no planned values", "terraform show -json"),
    ('{"format_version": "1.0", "provider_schemas": {}}', "has no planned values", "terraform show -json"),
    (json.dumps(plan({**USER, "type": ""})), "does not say what happens to aws_iam_user.u", "terraform show -json"),
    (json.dumps(plan(USER))[:-1] + ', "resource_changes": []}', "'resource_changes' stands twice", "terraform show"),
    (json.dumps(plan(deferred_changes=[{"resource_change": USER}])), "is not a complete plan", "Plan again"),
    (json.dumps(plan(planned_values=PLANNED)), "plans aws_iam_user.u, which is not in", "terraform show -json"),
    (json.dumps(plan(planned_values=PLANNED) | {"resource_changes": None}), "plans aws_iam_user.u", "terraform show"),
    (json.dumps(plan(planned_values=[])), "is not a readable Terraform plan", "terraform show -json"),
    (
        json.dumps(plan(changed("aws_iam_user.u", "no-op", before={"name": "u"}, after={"name": "v"}))),
        "whose values before and after differ",
        "terraform show -json",
    ),
]


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    WRONG,
    ids=[
        *("no actions", "an action of tomorrow", "of a wrapper", "without changes", "terraform validate"),
        *("terraform providers schema", "no type", "a key twice", "deferred changes", "planned and not changed"),
        *("planned and no changes", "planned values of no kind", "no-op that changes something"),
    ],
)
def test_a_file_that_is_not_a_whole_plan_is_refused(tmp_path: Path, text: str, problem: str, hint: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, "utf-8")
    with pytest.raises(AuditError) as caught:
        reading.opened(str(path))
    assert problem in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "kind",
    [
        *("aws_cloudformation_stack", "aws_cloudformation_stack_set", "awscc_cloudformation_stack"),
        *("awscc_cloudformation_stack_set", "aws_servicecatalog_provisioned_product"),
    ],
)
def test_what_a_stack_makes_is_unknown(tmp_path: Path, kind: str) -> None:
    found = answers(report_of_plan(tmp_path, plan(created(f"{kind}.s", name="s")), ANN_IN_OPS))
    assert found[IN_GROUP, "ann"] == (UNDECIDED, "undetermined")


UNCHANGED = {
    "nothing at all": plan(),
    "no changes of the state": plan(planned_values=PLANNED, prior_state={"values": PLANNED}),
    "listed as no-op": plan(changed("aws_iam_user.u", "no-op", before={}, after={}), planned_values=PLANNED),
    "no list of changes": {"format_version": "1.2", "planned_values": {}, "applyable": False},
}


@pytest.mark.parametrize("made", UNCHANGED.values(), ids=UNCHANGED)
def test_a_plan_without_changes_is_read(tmp_path: Path, made: Json) -> None:
    planned = report_of_plan(tmp_path, made, ANN_IN_OPS).planned
    assert planned is not None
    assert not planned.touches_iam


def test_members_that_a_plan_leaves_out_are_unknown(tmp_path: Path) -> None:
    found = answers(report_of_plan(tmp_path, plan(created("aws_iam_group_membership.m", group="dev")), ANN_IN_OPS))
    assert found[HAS_USERS, "dev"] == (UNDECIDED, "undetermined")


def test_a_policy_that_is_left_over_is_gone(tmp_path: Path) -> None:
    gone = left_over(deleted("aws_iam_policy.p", name="old", path="/", policy=document(allow())))
    kept = changed("aws_iam_policy.p", "no-op", before={"name": "p", "path": "/"}, after={"name": "p", "path": "/"})
    report = report_of_plan(tmp_path, plan(gone, kept), account(policies=[policy("old"), policy("p")]))
    names = {each.resource_name for each in report.findings if each.config_rule_name == ADMIN}
    assert names == {"p"}
