"""Ten telling changes: where tools that judge plans go wrong, each with the right answer."""

from pathlib import Path

import pytest
from judging_plans import after, answers, report_of_plan
from plans import Json, changed, created, deleted, document, plan, refers, updated

from auditor.model import LoginProfile, ServiceCredential
from auditor.testing import CREATED_AT, account, allow, console_user, group, listing, policy, user
from auditor.testing import document as raw

INLINE, ATTACHED = "iam-no-inline-policy-check", "iam-user-no-policies-check"
IN_GROUP, HAS_USERS = "iam-user-group-membership-check", "iam-group-has-users-check"
ADMIN, FULL = "iam-policy-no-statements-with-admin-access", "iam-policy-no-statements-with-full-access"
NC, C, UNDECIDED = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA"

POLICY_UNKNOWN = {"arn": True, "policy": True, "policy_id": True}


def read_later(name: str, *, resources: list[str | None], actions: list[str], **more: object) -> Json:
    mask = {"json": True, "statement": [{"resources": [each is None for each in resources]}]}
    statement = {"actions": actions, "resources": resources, "effect": None, "condition": [], "principals": []}
    after = {"statement": [statement], "version": None, **more}
    unknown = {**mask, **({"source_policy_documents": [True]} if more else {})}
    return changed(f"data.aws_iam_policy_document.{name}", "read", after=after, unknown=unknown)


def test_a_document_that_is_read_later_is_judged_as_far_as_the_plan_shows_it(tmp_path: Path) -> None:
    names = ("later", "partly", "merged")
    policies = [created(f"aws_iam_policy.{name}", POLICY_UNKNOWN, name=name, path="/") for name in names]
    expressions = {
        f"aws_iam_policy.{name}": {"policy": refers(f"data.aws_iam_policy_document.{name}.json")} for name in names
    }
    made = plan(
        read_later("later", actions=["*"], resources=["*"]),
        read_later("partly", actions=["s3:*"], resources=[None]),
        read_later("merged", actions=["s3:GetObject"], resources=["*"], source_policy_documents=[None]),
        *policies,
        expressions=expressions,
    )
    found = answers(report_of_plan(tmp_path, made))
    assert {name: (found[ADMIN, name][0], found[FULL, name][0]) for name in names} == {
        "later": (NC, NC),
        "partly": (C, NC),
        "merged": (UNDECIDED, UNDECIDED),
    }


def test_exclusive_removes_at_once_and_a_new_attachment_or_membership_only_adds(tmp_path: Path) -> None:
    over = account(
        users=[
            user("ann", groups=["ops"], inline=["own"], attached=["read"]),
            user("bob", groups=["ops"], attached=["read"]),
        ],
        groups=[group("ops")],
    )
    read = "arn:aws:iam::aws:policy/read"
    made = plan(
        created("aws_iam_user.cy", {"arn": True}, name="cy", path="/"),
        created("aws_iam_policy_attachment.read", users=["cy"], roles=None, groups=None, policy_arn=read),
        created("aws_iam_group_membership.ops", group="ops", users=["cy"]),
        created("aws_iam_user_policies_exclusive.ann", user_name="ann", policy_names=[]),
        created("aws_iam_user_policy_attachments_exclusive.bob", user_name="bob", policy_arns=[]),
    )
    found = answers(report_of_plan(tmp_path, made, over))
    assert found[INLINE, "ann"] == (C, "resolved")
    assert found[ATTACHED, "ann"] == (NC, "unchanged")
    assert found[ATTACHED, "bob"] == (C, "resolved")
    assert found[IN_GROUP, "ann"] == (C, "unchanged")
    assert found[ATTACHED, "aws_iam_user.cy"] == (NC, "introduced")
    alone = answers(report_of_plan(tmp_path, made))
    assert (alone[ATTACHED, "cy"], alone[IN_GROUP, "cy"]) == ((NC, "introduced"), (C, None))


def test_what_is_forgotten_stays_as_it_is(tmp_path: Path) -> None:
    over = account(users=[user("old")], groups=[group("old-group")])
    made = plan(
        changed("aws_iam_user.old", "forget", before={"name": "old", "path": "/"}),
        changed("aws_iam_group.old", "forget", before={"name": "old-group", "path": "/"}),
    )
    report = report_of_plan(tmp_path, made, over)
    found = answers(report)
    assert (found[IN_GROUP, "old"], found[HAS_USERS, "old-group"]) == ((NC, "unchanged"), (NC, "unchanged"))
    assert report.planned is not None
    assert not report.planned.touches_iam


def test_a_group_is_empty_when_its_last_members_leave_it_or_are_deleted(tmp_path: Path) -> None:
    over = account(
        users=[user("ann", groups=["dev", "ops"]), user("bob", groups=["ops"])], groups=[group("ops"), group("dev")]
    )
    made = plan(
        deleted("aws_iam_user.bob", name="bob", path="/"),
        deleted("aws_iam_user_group_membership.bob", user="bob", groups=["ops"]),
        updated("aws_iam_user_group_membership.ann", {"user": "ann", "groups": ["dev", "ops"]}, groups=["dev"]),
        changed("aws_iam_group.ops", "no-op", before={"name": "ops"}, after={"name": "ops"}),
    )
    report = report_of_plan(tmp_path, made, over)
    found = answers(report)
    assert found[HAS_USERS, "ops"] == (NC, "introduced")
    assert (found[HAS_USERS, "dev"], found[IN_GROUP, "ann"]) == ((C, "unchanged"), (C, "unchanged"))
    assert (IN_GROUP, "bob") not in found
    (ops,) = [each for each in report.findings if each.config_rule_name == HAS_USERS and each.resource_name == "ops"]
    assert ops.location is not None
    assert ops.location.address == "aws_iam_group.ops"
    assert any("aws_iam_user_group_membership.ann" in cause for cause in ops.causes)
    assert any("aws_iam_user.bob" in cause or "membership.bob" in cause for cause in ops.causes)


def test_a_list_that_is_null_is_nobody(tmp_path: Path) -> None:
    made = plan(
        created("aws_iam_policy.p", {"arn": True}, name="p", path="/", policy=document(allow("s3:GetObject"))),
        created("aws_iam_user.u", {"arn": True}, name="u", path="/"),
        created(
            "aws_iam_role.r",
            {"arn": True, "inline_policy": True, "managed_policy_arns": True},
            name="r",
            path="/",
            assume_role_policy=document(),
        ),
        created(
            "aws_iam_policy_attachment.roles_only", {"policy_arn": True}, users=None, groups=None, roles=["r"], name="x"
        ),
        created(
            "aws_iam_policy_attachment.admin",
            users=["u"],
            groups=None,
            roles=None,
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        expressions={"aws_iam_policy_attachment.roles_only": {"policy_arn": refers("aws_iam_policy.p.arn")}},
    )
    found = answers(report_of_plan(tmp_path, made))
    blocked = "iam-policy-blacklisted-check"
    assert (found[ATTACHED, "u"][0], found[blocked, "u"][0], found[blocked, "r"][0]) == (NC, NC, C)
    assert found[INLINE, "r"][0] == C


def test_members_that_are_named_by_text_count(tmp_path: Path) -> None:
    made = plan(
        *(created(f"aws_iam_group.{name}", {"arn": True}, name=name, path="/") for name in ("ops", "nobody", "other")),
        created("aws_iam_group_membership.ops", group="ops", users=["someone", "another"]),
        created("aws_iam_group_membership.nobody", group="nobody", users=[]),
        created("aws_iam_user_group_membership.other", user="someone", groups=["other", "existing"]),
    )
    found = answers(report_of_plan(tmp_path, made))
    assert [found[HAS_USERS, name][0] for name in ("ops", "nobody", "other")] == [C, NC, C]
    assert (HAS_USERS, "existing") not in found


def test_one_unknown_part_hides_a_document_that_is_made_by_a_function(tmp_path: Path) -> None:
    made = plan(
        created("aws_iam_policy.wide", POLICY_UNKNOWN, name="wide", path="/"),
        created("aws_iam_policy.plain", {"arn": True}, name="plain", path="/", policy=document(allow("s3:GetObject"))),
        expressions={"aws_iam_policy.wide": {"policy": refers("aws_iam_user.robot.arn")}},
    )
    found = answers(report_of_plan(tmp_path, made))
    assert [found[rule, "wide"][0] for rule in (ADMIN, FULL)] == [UNDECIDED, UNDECIDED]
    assert [found[rule, "plain"][0] for rule in (ADMIN, FULL)] == [C, C]


SECRET = "Zelda-Quicksilver"


def sensitive_plan() -> Json:
    everything = allow("*", ["*", f"arn:aws:s3:::{SECRET}"])
    return plan(
        changed("aws_iam_user.secret", "create", after={"name": SECRET, "path": "/"}, sensitive={"name": True}),
        changed(
            "aws_iam_user_policy.secret",
            "create",
            after={"name": "inline", "user": SECRET, "policy": document(everything)},
            sensitive={"user": True, "policy": True},
        ),
        created("aws_iam_group.g", name="g", path="/"),
        changed(
            "aws_iam_group_membership.g",
            "create",
            after={"group": "g", "users": [SECRET]},
            sensitive={"users": True},
        ),
        changed(
            "aws_iam_policy.p",
            "create",
            after={"name": "p", "path": "/", "policy": document(everything)},
            sensitive={"policy": True},
        ),
        variables={"person": {"value": SECRET}},
    )


def test_what_is_sensitive_is_judged_and_never_shown(tmp_path: Path) -> None:
    report = report_of_plan(tmp_path, sensitive_plan())
    found = answers(report)
    secret = "aws_iam_user.secret"
    assert [found[rule, secret][0] for rule in (INLINE, ATTACHED, IN_GROUP)] == [NC, NC, C]
    assert (found[HAS_USERS, "g"][0], found[ADMIN, "p"][0]) == (C, NC)
    assert "Zelda" not in report.to_json()
    assert "Quicksilver" not in report.to_json()


def test_modules_are_read_at_every_depth(tmp_path: Path) -> None:
    red, blue = 'module.team["red"]', 'module.team["blue"]'
    person = f"{red}.module.person"
    made = plan(
        *(created(f"{each}.aws_iam_group.this", name=each[13:-2], path="/") for each in (red, blue)),
        *(created(f"{person}[{n}].aws_iam_user.this", name=f"p{n}", path="/") for n in (0, 1)),
        *(created(f"{person}[{n}].aws_iam_user_group_membership.this", user=f"p{n}", groups=["red"]) for n in (0, 1)),
        created(
            f"{person}[0].aws_iam_user_policy_attachment.this[0]",
            user="p0",
            policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
    )
    found = answers(report_of_plan(tmp_path, made))
    assert [found[HAS_USERS, f"{each}.aws_iam_group.this"][0] for each in (red, blue)] == [C, NC]
    assert found[IN_GROUP, f"{person}[0].aws_iam_user.this"][0] == C
    assert [found[ATTACHED, f"{person}[{n}].aws_iam_user.this"][0] for n in (0, 1)] == [NC, C]


@pytest.mark.parametrize("rule", [ADMIN, FULL])
def test_an_edit_of_a_policy_is_judged_as_its_new_default_version(tmp_path: Path, rule: str) -> None:
    over = account(policies=[policy("wide", document=raw(allow("s3:GetObject")))])
    before = {"name": "wide", "path": "/", "arn": "x", "policy": document(allow("s3:GetObject"))}
    made = plan(updated("aws_iam_policy.wide", before, policy=document(allow("*", "*"))))
    assert answers(report_of_plan(tmp_path, made, over))[rule, "wide"] == (NC, "introduced")


def test_a_policy_that_a_user_has_inline_goes_with_its_resource(tmp_path: Path) -> None:
    over = account(users=[user("ann", inline=["own"])])
    made = plan(deleted("aws_iam_user_policy.own", user="ann", name="own", policy=document(allow())))
    assert answers(report_of_plan(tmp_path, made, over))[INLINE, "ann"] == (C, "resolved")


UNEXPIRING, FIRST = "iam-user-no-unexpiring-service-credentials", "iam-first-signin-not-locked-out"


def test_a_service_specific_credential_of_the_plan_leaves_its_user_in_doubt(tmp_path: Path) -> None:
    credential = ServiceCredential("ACCA1", "bob", "codecommit.amazonaws.com", "Active", CREATED_AT, None)
    over = account(users=[user("ann"), user("bob")], service_credentials=listing([credential]))
    made = plan(
        created("aws_iam_service_specific_credential.ann", user_name="ann", service_name="codecommit.amazonaws.com")
    )
    found = answers(report_of_plan(tmp_path, made, over))
    assert (found[UNEXPIRING, "ann"][0], found[UNEXPIRING, "bob"]) == (UNDECIDED, (NC, "unchanged"))


def test_a_user_made_again_inherits_no_credential_and_no_forced_reset(tmp_path: Path) -> None:
    credential = ServiceCredential("ACCA1", "ann", "codecommit.amazonaws.com", "Active", CREATED_AT, None)
    over = account(
        users=[console_user("ann", mfa=False)],
        service_credentials=listing([credential]),
        login_profiles=(LoginProfile("ann", password_reset_required=True),),
    )
    gone = after(tmp_path, plan(deleted("aws_iam_user.ann", name="ann", path="/")), over).snapshot
    assert (gone.service_credentials, gone.login_profiles) == (listing(), ())
    found = answers(report_of_plan(tmp_path, plan(updated_profile()), over))
    assert found[FIRST, "ann"][0] == UNDECIDED


def updated_profile() -> Json:
    """Return a login profile that is made anew: whether it forces a reset is known only after the change."""
    return created("aws_iam_user_login_profile.ann", user="ann")
