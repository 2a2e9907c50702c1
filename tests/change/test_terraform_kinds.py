"""Each type of resource in a Terraform plan: what it does to an account, and what it shows alone."""

from pathlib import Path
from typing import NamedTuple

import pytest
from judging_plans import after, answers, report_of_plan
from msgspec import structs
from plans import Json, changed, created, deleted, document, plan, refers, updated

from auditor.account.checks import contradictions
from auditor.account.model import Snapshot
from auditor.testing import (
    account,
    allow,
    console_user,
    group,
    oidc_provider,
    password_policy,
    policy,
    role,
    saml_provider,
    server_certificate,
    user,
)

READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
INLINE, ATTACHED, BLOCKED = "iam-no-inline-policy-check", "iam-user-no-policies-check", "iam-policy-blacklisted-check"
IN_GROUP, HAS_USERS = "iam-user-group-membership-check", "iam-group-has-users-check"
CONSOLE_KEYS, CONSOLE_MFA = "iam-console-user-no-access-keys", "mfa-enabled-for-iam-console-access"
PASSWORD, ANALYZER = "iam-password-policy", "iam-external-access-analyzer-enabled"
NC, C, UNDECIDED, NA = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA", "NOT_APPLICABLE"

NOBODY = account()
ANN = account(users=[user("ann")])
ANN_IN_OPS = account(users=[user("ann", groups=["ops"])], groups=[group("ops")])
OPS = account(users=[user("ann")], groups=[group("ops")])
ROLE = account(roles=[role("r")])
WITH_POLICY = account(users=[user("ann", attached=["ReadOnlyAccess"])])
OWN = user("ann", inline=["own"]).inline_policies
HELD = account(
    users=[user("the-user", inline=["own"])],
    groups=[structs.replace(group("the-group"), inline_policies=OWN)],
    roles=[role("the-role", inline_policies=OWN)],
)


class Case(NamedTuple):
    """Hold a change over an account, and the verdict and effect that follow."""

    name: str
    over: Snapshot
    changes: list[Json]
    rule: str
    resource: str
    expected: tuple[str, str | None]


STRONG: Json = {
    "minimum_password_length": 14,
    **{f"require_{each}": True for each in ("symbols", "numbers", "uppercase_characters", "lowercase_characters")},
    "password_reuse_prevention": 24,
    "max_password_age": 90,
    "allow_users_to_change_password": True,
    "hard_expiry": None,
}
CASES = [
    Case("a user", NOBODY, [created("aws_iam_user.u", name="u", path="/")], IN_GROUP, "u", (NC, "introduced")),
    Case("a group", NOBODY, [created("aws_iam_group.g", name="g", path="/")], HAS_USERS, "g", (NC, "introduced")),
    Case(
        "a role with an inline policy",
        NOBODY,
        [
            created(
                "aws_iam_role.r",
                name="r",
                path="/",
                assume_role_policy=document(),
                inline_policy=[{"name": "own", "policy": document(allow())}],
            )
        ],
        INLINE,
        "r",
        (NC, "introduced"),
    ),
    Case(
        "a role with managed policies",
        NOBODY,
        [
            created(
                "aws_iam_role.r", name="r", path="/", assume_role_policy=document(), managed_policy_arns=[ADMINISTRATOR]
            )
        ],
        BLOCKED,
        "r",
        (NC, "introduced"),
    ),
    Case(
        "a service-linked role, whose policies AWS attaches",
        NOBODY,
        [created("aws_iam_service_linked_role.s", {"name": True, "path": True}, aws_service_name="x.amazonaws.com")],
        BLOCKED,
        "aws_iam_service_linked_role.s",
        (UNDECIDED, "undetermined"),
    ),
    Case(
        "a policy",
        NOBODY,
        [created("aws_iam_policy.p", name="p", path="/", description=None, policy=document(allow()))],
        "iam-policy-no-statements-with-admin-access",
        "p",
        (NC, "introduced"),
    ),
    Case(
        "a policy that is attached by its reference",
        ANN,
        [
            created("aws_iam_policy.p", {"arn": True}, name="p", path="/", policy=document()),
            created("aws_iam_user_policy_attachment.a", user="ann", policy_arn="arn:aws:iam::111122223333:policy/p"),
        ],
        ATTACHED,
        "ann",
        (NC, "introduced"),
    ),
    Case(
        "a user policy",
        ANN,
        [created("aws_iam_user_policy.i", user="ann", name="i", policy=document(allow()))],
        INLINE,
        "ann",
        (NC, "introduced"),
    ),
    Case(
        "a group policy",
        OPS,
        [created("aws_iam_group_policy.i", group="ops", name="i", policy=document(allow()))],
        INLINE,
        "ops",
        (NC, "introduced"),
    ),
    Case(
        "a role policy",
        ROLE,
        [created("aws_iam_role_policy.i", role="r", name="i", policy=document(allow()))],
        INLINE,
        "r",
        (NC, "introduced"),
    ),
    Case(
        "a group policy attachment",
        OPS,
        [created("aws_iam_group_policy_attachment.a", group="ops", policy_arn=ADMINISTRATOR)],
        BLOCKED,
        "ops",
        (NC, "introduced"),
    ),
    Case(
        "a role policy attachment",
        ROLE,
        [created("aws_iam_role_policy_attachment.a", role="r", policy_arn=ADMINISTRATOR)],
        BLOCKED,
        "r",
        (NC, "introduced"),
    ),
    Case(
        "an attachment that is deleted",
        WITH_POLICY,
        [deleted("aws_iam_user_policy_attachment.a", user="ann", policy_arn=READ)],
        ATTACHED,
        "ann",
        (C, "resolved"),
    ),
    Case(
        "an update of aws_iam_policy_attachment detaches who is not listed any more",
        WITH_POLICY,
        [updated("aws_iam_policy_attachment.a", {"users": ["ann"], "policy_arn": READ}, users=[])],
        ATTACHED,
        "ann",
        (C, "resolved"),
    ),
    Case(
        "an update of aws_iam_group_membership removes who is not listed any more",
        ANN_IN_OPS,
        [updated("aws_iam_group_membership.m", {"users": ["ann"], "group": "ops"}, users=[])],
        IN_GROUP,
        "ann",
        (NC, "introduced"),
    ),
    Case(
        "aws_iam_user_group_membership",
        OPS,
        [created("aws_iam_user_group_membership.m", user="ann", groups=["ops"])],
        IN_GROUP,
        "ann",
        (C, "resolved"),
    ),
    Case(
        "a group that is deleted, of which its members lose their only group",
        ANN_IN_OPS,
        [deleted("aws_iam_group.ops", name="ops", path="/")],
        IN_GROUP,
        "ann",
        (NC, "introduced"),
    ),
    Case(
        "a policy that is deleted",
        account(users=[user("ann")], policies=[policy("p")]),
        [deleted("aws_iam_policy.p", name="p", path="/", policy=document())],
        "iam-policy-description",
        "p",
        ("", None),
    ),
    Case(
        "deleting an exclusive resource changes nothing",
        WITH_POLICY,
        [deleted("aws_iam_user_policy_attachments_exclusive.x", user_name="ann", policy_arns=[])],
        ATTACHED,
        "ann",
        (NC, "unchanged"),
    ),
    Case(
        "an exclusive list with an item that is known only after apply",
        WITH_POLICY,
        [
            changed(
                "aws_iam_user_policy_attachments_exclusive.x",
                "create",
                after={"user_name": "ann", "policy_arns": [None]},
                unknown={"policy_arns": [True]},
            )
        ],
        ATTACHED,
        "ann",
        (NC, "unchanged"),
    ),
    Case(
        "a console password of somebody with a key",
        account(users=[user("ann", unknown=["credentials"])]),
        [
            created("aws_iam_user_login_profile.l", user="ann"),
            created("aws_iam_access_key.k", {"secret": True}, user="ann", status="Active"),
        ],
        CONSOLE_KEYS,
        "ann",
        (NC, "undetermined"),
    ),
    Case(
        "a console password that is deleted",
        account(users=[console_user("ann", mfa=False)]),
        [deleted("aws_iam_user_login_profile.l", user="ann")],
        CONSOLE_MFA,
        "ann",
        (C, "resolved"),
    ),
    Case(
        "a key of which nobody knows which one it is",
        account(users=[user("ann")]),
        [deleted("aws_iam_access_key.k", user="ann", status="Active")],
        "access-keys-rotated",
        "ann",
        (UNDECIDED, "undetermined"),
    ),
    Case(
        "a virtual MFA device gives nobody MFA",
        account(users=[console_user("ann", mfa=False)]),
        [created("aws_iam_virtual_mfa_device.d", {"arn": True}, virtual_mfa_device_name="d", path="/")],
        CONSOLE_MFA,
        "ann",
        (NC, "unchanged"),
    ),
    Case(
        "a password policy that is weaker where it leaves something off",
        account(password=password_policy()),
        [
            changed(
                "aws_iam_account_password_policy.p",
                "create",
                after={"minimum_password_length": 14, "allow_users_to_change_password": True},
                unknown={"require_symbols": True, "max_password_age": True},
            )
        ],
        PASSWORD,
        "111122223333",
        (NC, "introduced"),
    ),
    Case(
        "a strong password policy",
        NOBODY,
        [created("aws_iam_account_password_policy.p", **STRONG)],
        PASSWORD,
        "111122223333",
        (C, "resolved"),
    ),
    Case(
        "a password policy that is deleted",
        account(password=password_policy()),
        [deleted("aws_iam_account_password_policy.p", **STRONG)],
        PASSWORD,
        "111122223333",
        (NC, "introduced"),
    ),
    Case(
        "a server certificate",
        NOBODY,
        [created("aws_iam_server_certificate.c", {"expiration": True}, name="c", path="/", tags=None)],
        "iam-server-certificate-tagged",
        "c",
        (NC, "introduced"),
    ),
    Case(
        "an OIDC provider",
        NOBODY,
        [created("aws_iam_openid_connect_provider.o", url="https://example.com", client_id_list=["a"], tags=None)],
        "iam-oidc-provider-tagged",
        "example.com",
        (NC, "introduced"),
    ),
    Case(
        "a SAML provider",
        NOBODY,
        [
            created(
                "aws_iam_saml_provider.s", name="s", saml_metadata_document="x", tags={"a": "b"}, tags_all={"a": "b"}
            )
        ],
        "iam-saml-provider-tagged",
        "s",
        (C, None),
    ),
    Case(
        "an analyzer",
        NOBODY,
        [created("aws_accessanalyzer_analyzer.a", analyzer_name="a", type="ACCOUNT", region="us-east-1")],
        ANALYZER,
        "111122223333",
        (C, "resolved"),
    ),
    Case(
        "an analyzer of another Region",
        NOBODY,
        [created("aws_accessanalyzer_analyzer.a", analyzer_name="a", type="ACCOUNT", region="eu-west-1")],
        ANALYZER,
        "111122223333",
        (NC, "unchanged"),
    ),
    Case(
        "an analyzer of a Region that the plan does not show",
        NOBODY,
        [created("aws_accessanalyzer_analyzer.a", analyzer_name="a", type="ACCOUNT")],
        ANALYZER,
        "111122223333",
        (UNDECIDED, "undetermined"),
    ),
    Case(
        "a user who is renamed is the same one",
        account(users=[user("ann", attached=["ReadOnlyAccess"])]),
        [updated("aws_iam_user.u", {"name": "ann", "path": "/"}, name="bea")],
        ATTACHED,
        "bea",
        (NC, "unchanged"),
    ),
    Case(
        "a group that is renamed keeps its members",
        ANN_IN_OPS,
        [updated("aws_iam_group.g", {"name": "ops", "path": "/"}, name="dev")],
        HAS_USERS,
        "dev",
        (C, "unchanged"),
    ),
    Case(
        "a user who is replaced loses what the plan does not manage",
        account(users=[user("ann", groups=["ops"], attached=["ReadOnlyAccess"])], groups=[group("ops")]),
        [
            changed(
                "aws_iam_user.u",
                "delete",
                "create",
                before={"name": "ann", "path": "/"},
                after={"name": "ann", "path": "/"},
            )
        ],
        HAS_USERS,
        "ops",
        (NC, "introduced"),
    ),
    Case(
        "a type that is not known leaves in doubt what it names",
        ANN_IN_OPS,
        [created("aws_iam_user_something_new.x", user="ann")],
        IN_GROUP,
        "ann",
        (UNDECIDED, "undetermined"),
    ),
    Case(
        "a type that is not known and names nobody leaves everything in doubt",
        ANN_IN_OPS,
        [created("aws_iam_something_new.x", mode="all")],
        ATTACHED,
        "ann",
        (UNDECIDED, "undetermined"),
    ),
    Case(
        "an SSH key changes no finding",
        ANN_IN_OPS,
        [created("aws_iam_user_ssh_key.k", username="ann")],
        IN_GROUP,
        "ann",
        (C, "unchanged"),
    ),
    Case(
        "a group's members who are known only after apply",
        account(users=[user("ann")], groups=[group("ops")]),
        [created("aws_iam_group_membership.m", {"users": True}, group="ops")],
        HAS_USERS,
        "ops",
        (UNDECIDED, "undetermined"),
    ),
    Case(
        "a role that has none inline before another resource adds one",
        NOBODY,
        [
            created(
                "aws_iam_role.r",
                name="r",
                path="/",
                assume_role_policy=document(),
                inline_policy=[{"name": "", "policy": ""}],
            ),
            created("aws_iam_role_policy.i", role="r", name="i", policy=document(allow())),
        ],
        INLINE,
        "r",
        (NC, "introduced"),
    ),
    Case(
        "an exclusive list that leaves out what the same change attaches",
        ANN,
        [
            created("aws_iam_user_policy_attachment.a", user="ann", policy_arn=ADMINISTRATOR),
            created("aws_iam_user_policy_attachments_exclusive.x", user_name="ann", policy_arns=[]),
        ],
        BLOCKED,
        "ann",
        (UNDECIDED, "undetermined"),
    ),
    *(
        Case(
            f"aws_iam_{kind}_policies_exclusive takes off what it does not list",
            HELD,
            [created(f"aws_iam_{kind}_policies_exclusive.x", None, **{f"{kind}_name": f"the-{kind}"}, policy_names=[])],
            INLINE,
            f"the-{kind}",
            (C, "resolved"),
        )
        for kind in ("user", "group", "role")
    ),
    *(
        Case(
            f"aws_iam_{kind}_policy_attachments_exclusive attaches what is missing",
            HELD,
            [
                created(
                    f"aws_iam_{kind}_policy_attachments_exclusive.x",
                    None,
                    **{f"{kind}_name": f"the-{kind}"},
                    policy_arns=[ADMINISTRATOR],
                )
            ],
            BLOCKED,
            f"the-{kind}",
            (NC, "introduced"),
        )
        for kind in ("user", "group", "role")
    ),
    Case(
        "a signing certificate leaves the console password as it is",
        account(users=[console_user("ann", mfa=False)]),
        [created("aws_iam_signing_certificate.s", user_name="ann", certificate_body="x", status="Active")],
        CONSOLE_MFA,
        "ann",
        (NC, "unchanged"),
    ),
    Case(
        "a service-specific credential is in no group",
        ANN_IN_OPS,
        [created("aws_iam_service_specific_credential.s", user_name="ann", service_name="codecommit.amazonaws.com")],
        IN_GROUP,
        "ann",
        (C, "unchanged"),
    ),
    Case(
        "an instance profile has its role",
        account(roles=[role("r")]),
        [created("aws_iam_instance_profile.p", name="p", path="/", role="r")],
        INLINE,
        "r",
        (C, "unchanged"),
    ),
    Case(
        "an imported resource exists already",
        ANN_IN_OPS,
        [changed("aws_iam_user.ann", "no-op", before={"name": "ann"}, after={"name": "ann"}, importing={"id": "ann"})],
        IN_GROUP,
        "ann",
        (C, "unchanged"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_type_over_an_account(tmp_path: Path, case: Case) -> None:
    found = answers(report_of_plan(tmp_path, plan(*case.changes), case.over))
    assert found.get((case.rule, case.resource), ("", None)) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_account_after_a_change_does_not_contradict_itself(tmp_path: Path, case: Case) -> None:
    found = contradictions(after(tmp_path, plan(*case.changes), case.over).snapshot)
    assert not [each for each in found if "known after apply" not in each]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_alone_no_verdict_differs_from_the_one_over_an_account(tmp_path: Path, case: Case) -> None:
    over = answers(report_of_plan(tmp_path, plan(*case.changes), case.over))
    for key, (verdict, _) in answers(report_of_plan(tmp_path, plan(*case.changes))).items():
        if verdict in (C, NC) and key in over and key[1] != "111122223333":
            assert over[key][0] == verdict, key


def test_alone_an_account_rule_runs_where_the_change_sets_its_fact(tmp_path: Path) -> None:
    found = answers(report_of_plan(tmp_path, plan(created("aws_iam_account_password_policy.p", **STRONG))))
    assert found[PASSWORD, "account"][0] == C
    assert found["root-account-mfa-enabled", "account"][0] == NA


def test_a_change_without_iam_is_judged_as_touching_none(tmp_path: Path) -> None:
    report = report_of_plan(tmp_path, plan(created("aws_s3_bucket.b", bucket="b")))
    assert report.planned is not None
    assert not report.planned.touches_iam
    assert {each.compliance_type for each in report.findings} == {NA}


INSTANCES = [
    ("by its name", "aws_iam_policy.p", refers("aws_iam_policy.p.arn", "aws_iam_policy.p"), NC),
    ("by its key", 'aws_iam_policy.p["a"]', refers('aws_iam_policy.p["a"].arn', 'aws_iam_policy.p["a"]'), NC),
    ("of which nobody knows which", "aws_iam_policy.p", refers("aws_iam_policy.p.arn", "aws_iam_policy.q.arn"), NC),
]


@pytest.mark.parametrize(("name", "address", "expression", "expected"), INSTANCES, ids=lambda each: str(each)[:30])
def test_a_policy_that_is_attached_by_reference(
    tmp_path: Path, name: str, address: str, expression: Json, expected: str
) -> None:
    made = plan(
        created(address, {"arn": True}, name="p", path="/", policy=document()),
        created("aws_iam_user.u", name="u", path="/"),
        created("aws_iam_user_policy_attachment.a", {"policy_arn": True}, user="u"),
        expressions={"aws_iam_user_policy_attachment.a": {"policy_arn": expression}},
    )
    found = answers(report_of_plan(tmp_path, made))
    assert found[ATTACHED, "u"][0] == expected
    assert found[BLOCKED, "u"][0] == (UNDECIDED if "which" in name else C)


def test_a_role_of_another_account_is_left_out(tmp_path: Path) -> None:
    over = account(roles=[role("r")])
    made = plan(created("aws_iam_role_policy_attachment.a", role="r", policy_arn=ADMINISTRATOR))
    other = {"assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::999988887777:role/x"}}]}
    made["configuration"]["provider_config"] = {"aws": {"expressions": other}}
    report = report_of_plan(tmp_path, made, over)
    assert answers(report)[BLOCKED, "r"] == (C, "unchanged")
    assert any("999988887777" in each.message for each in report.warnings)


@pytest.mark.parametrize(
    ("allowed", "verdict"),
    [(["111122223333"], NC), (["999988887777"], C), (["111122223333", "2"], UNDECIDED)],
    ids=["this account", "another", "one of two"],
)
def test_a_provider_may_name_its_account(tmp_path: Path, allowed: list[str], verdict: str) -> None:
    made = plan(created("aws_iam_user_policy_attachment.x", user="ann", policy_arn=ADMINISTRATOR))
    made["configuration"]["root_module"]["resources"][0]["provider_config_key"] = "aws.other"
    other = {"profile": {"constant_value": "x"}, "allowed_account_ids": {"constant_value": allowed}}
    made["configuration"]["provider_config"] = {"aws": {}, "aws.other": {"expressions": other}}
    found = answers(report_of_plan(tmp_path, made, account(users=[user("ann")])))
    assert found[ATTACHED, "ann"][0] == verdict


def test_a_provider_with_credentials_of_its_own_may_be_in_another_account(tmp_path: Path) -> None:
    made = plan(created("aws_iam_role_policies_exclusive.x", role_name="r", policy_names=[]))
    made["configuration"]["provider_config"] = {"aws.other": {"expressions": {"profile": {"constant_value": "x"}}}}
    made["configuration"]["root_module"]["resources"][0]["provider_config_key"] = "aws.other"
    found = answers(report_of_plan(tmp_path, made, account(roles=[role("r")])))
    assert found[INLINE, "r"] == (UNDECIDED, "undetermined")


def test_a_list_that_is_written_empty_is_known(tmp_path: Path) -> None:
    made = plan(
        created("aws_iam_role.r", {"managed_policy_arns": True}, name="r", path="/", assume_role_policy=document()),
        expressions={"aws_iam_role.r": {"managed_policy_arns": {"constant_value": []}}},
    )
    assert answers(report_of_plan(tmp_path, made))[BLOCKED, "r"][0] == C


def test_a_plan_of_which_everything_is_sensitive_shows_addresses_alone(tmp_path: Path) -> None:
    secret = "Quicksilver"
    changes = [
        created("aws_iam_user.u", name=secret, path=f"/{secret}/", permissions_boundary=secret, tags_all={"a": secret}),
        created("aws_iam_openid_connect_provider.o", url=f"https://{secret}", client_id_list=[secret]),
        created("aws_iam_saml_provider.s", name=secret),
        created("aws_iam_policy.p", name=secret, path="/", description=secret, policy=document(allow("s3:*", secret))),
        created("aws_accessanalyzer_analyzer.a", analyzer_name=secret, type="ACCOUNT"),
        created("aws_iam_virtual_mfa_device.d", virtual_mfa_device_name=secret, path="/"),
        created("aws_iam_user_group_membership.m", user=secret, groups=[secret]),
        created(
            "aws_iam_user_policy_attachment.t", user=secret, policy_arn=f"arn:aws:iam::111122223333:policy/{secret}"
        ),
    ]
    for each in changes:
        each["change"]["after_sensitive"] = dict.fromkeys(each["change"]["after"], True)
    for over in (None, ANN):
        report = report_of_plan(tmp_path, plan(*changes), over)
        assert secret not in report.to_json()
        assert answers(report)[IN_GROUP, "aws_iam_user.u"][0] == C


KNOWN = account(
    oidc_providers=[oidc_provider("example.com")],
    saml_providers=[saml_provider("s")],
    server_certificates=[server_certificate("c")],
)
GONE = [
    deleted("aws_iam_openid_connect_provider.o", url="https://example.com"),
    deleted("aws_iam_saml_provider.s", name="s"),
    deleted("aws_iam_server_certificate.c", name="c"),
]


@pytest.mark.parametrize("change", GONE, ids=lambda each: each["type"])
def test_what_is_deleted_has_its_findings_resolved(tmp_path: Path, change: Json) -> None:
    report = report_of_plan(tmp_path, plan(change), KNOWN)
    assert report.planned is not None
    assert {each.resource_name for each in report.planned.resolved} == {
        change["change"]["before"].get("name", "example.com")
    }
