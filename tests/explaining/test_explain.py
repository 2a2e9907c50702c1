"""Explanations: everything that is known of a user, group, role or policy, and why the rest is not known."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from explained_account import ARN, LIMITS, POWER_USER, SELF_MANAGE, explained_account
from less_explained import contradictions
from msgspec.structs import replace

import auditor
from auditor.account.model import LoginProfile, Notice, Snapshot
from auditor.account.unknown import with_gaps
from auditor.explaining.explanation import Explanation, OfPolicy, OfUser, shortfall
from auditor.explaining.facts import Fact, Listed
from auditor.explaining.questions import ACTIONS
from auditor.testing import WITHHELD, account, credentials, listing, policy, user

WITHHELD_TEXT = "The case withholds it; grant iam:Test"
SNAPSHOT = explained_account()


def of_user(name: str = "alice", snapshot: Snapshot = SNAPSHOT) -> OfUser:
    found = auditor.explain(snapshot, name, kind="user").user
    assert found is not None
    return found


def of_policy(name: str, snapshot: Snapshot = SNAPSHOT) -> OfPolicy:
    found = auditor.explain(snapshot, name).policy
    assert found is not None
    return found


def test_each_policy_of_a_user_says_where_it_comes_from_and_what_it_allows() -> None:
    found = of_user()
    assert [(each.name, each.kind, each.group) for each in found.policies.items] == [
        ("own", "inline policy", None),
        ("PowerUserAccess", "AWS-managed policy", None),
        ("self-manage", "customer-managed policy", "developers"),
    ]
    contents = [each.contents.value for each in found.policies.items]
    assert [each and each.summary for each in contents] == [
        "allows s3:GetObject",
        "allows every action but iam:*, organizations:*",
        "allows iam:*MFADevice*; denies every action but 2, depending on aws:MultiFactorAuthPresent",
    ]
    assert found.policies.unknown is None
    assert found.boundary == Fact(LIMITS.arn)
    assert found.boundary_contents is not None
    assert found.boundary_contents.value is not None
    assert found.boundary_contents.value.summary == "allows ec2:Describe*, all of iam, all of s3"
    assert of_user("bob").boundary == Fact(None)


def test_the_names_of_a_user_are_there() -> None:
    found = auditor.explain(SNAPSHOT, "alice")
    assert (found.resource_type, found.name) == ("AWS::IAM::User", "alice")
    assert (found.arn, found.path) == (Fact(f"{ARN}:user/eng/alice"), Fact("/eng/"))
    assert found.tags == Fact({"team": "web"})
    assert found.created_at == Fact(datetime(2025, 1, 1, tzinfo=UTC))
    assert auditor.explain(SNAPSHOT, f"{ARN}:user/eng/alice").name == "alice"


def test_credentials_are_those_of_the_credential_report() -> None:
    row = of_user().credentials.value
    assert row is not None
    assert (row.password_enabled, row.mfa_active) == (Fact(True), Fact(True))
    first, second = row.access_keys
    assert first.active == Fact(True)
    assert first.last_rotated == Fact(datetime(2026, 1, 1, 1, tzinfo=UTC))
    assert (first.last_used_region, first.last_used_service) == (Fact("eu-central-1"), Fact("s3"))
    assert (second.active, second.last_rotated, second.last_used) == (Fact(False), Fact(None), Fact(None))
    assert of_user().reset_required == Fact(True)
    assert [each.serial_number for each in of_user().mfa_devices.items] == [f"{ARN}:mfa/phone"]


def test_what_a_user_may_do_is_what_can_answers() -> None:
    questions = of_user().questions
    assert [each.action for each in questions] == list(ACTIONS)
    for question in questions:
        for given in question.answers:
            asked = auditor.can(SNAPSHOT, user="alice", action=question.action, session=given.session)
            assert (given.decision, given.reason, given.statements) == (asked.decision, asked.reason, asked.statements)
            assert question.resource == asked.resource


def test_what_is_said_beside_a_verdict_is_said_of_its_resource_only() -> None:
    profile = LoginProfile("alice", password_reset_required=False)
    row = credentials(password_enabled=True)
    noticed = (Notice("example", "alice", "Something odd"),)
    snapshot = explained_account(alice={"credentials": row}, login_profiles=(profile,), notices=noticed)
    said = {each.config_rule_name: each.message for each in auditor.explain(snapshot, "alice").warnings}
    mistaken = ("iam-poweruser-self-service", "iam-user-can-self-manage-mfa")
    assert list(said) == [None, "iam-first-signin-not-locked-out", *mistaken]
    assert said[None] == "Something odd"
    assert said["iam-first-signin-not-locked-out"] == "will be locked out at the next forced reset of the password"
    assert all("self-manage of the group developers never allows" in said[rule] for rule in mistaken)
    assert auditor.explain(snapshot, "bob").warnings == ()


def test_verdicts_are_those_of_a_scan() -> None:
    report = auditor.audit(SNAPSHOT, "all")
    found = auditor.explain(SNAPSHOT, "alice", report=report)
    own = [each for each in report.findings if each.resource_name == "alice"]
    assert sorted(found.findings, key=lambda each: each.config_rule_name) == own != []
    without = {each.config_rule_name: each for each in auditor.explain(SNAPSHOT, "alice").findings}
    assert {each.config_rule_name: each for each in own} == without
    assert found.rules["iam-user-mfa-enabled"] == "IAM_USER_MFA_ENABLED"


def test_a_report_of_another_snapshot_is_refused() -> None:
    with pytest.raises(auditor.AuditError, match="the report is of another snapshot"):
        auditor.explain(SNAPSHOT, "alice", report=auditor.audit(account()))


def test_a_group_has_its_members_and_policies() -> None:
    found = auditor.explain(SNAPSHOT, "developers").group
    assert found is not None
    assert found.members == Listed(("alice", "bob"))
    assert [(each.name, each.group) for each in found.policies.items] == [("self-manage", None)]


def test_a_role_says_who_may_assume_it() -> None:
    found = auditor.explain(SNAPSHOT, "Deploy", kind="role").role
    assert found is not None
    (trust,) = found.trust.items
    assert trust.principals == ("Service: ec2.amazonaws.com", "AWS: arn:aws:iam::444455556666:root")
    assert (trust.effect, trust.actions, trust.condition_keys) == ("Allow", ("sts:AssumeRole",), ("sts:ExternalId",))
    assert (found.boundary, found.last_used) == (Fact(LIMITS.arn), Fact(None))


def test_a_policy_says_who_has_it_and_what_it_allows() -> None:
    found = of_policy("self-manage")
    assert (found.kind, found.default_version, found.attachment_count) == (
        "customer-managed policy",
        Fact("v1"),
        Fact(1),
    )
    assert [(each.name, each.members) for each in found.groups.items] == [("developers", Listed(("alice", "bob")))]
    assert (found.users, found.roles) == (Listed(()), Listed(()))
    allowing, denying = found.statements
    assert (allowing.effect, allowing.actions) == ("Allow", ("iam:*MFADevice*",))
    assert (denying.sid, denying.all_actions_but) == ("UnlessMfa", True)
    assert denying.conditions == ("BoolIfExists aws:MultiFactorAuthPresent = false",)
    bounding = of_policy("limits")
    assert (bounding.boundary_of_users, bounding.boundary_of_roles) == (Listed(("alice",)), Listed(("Deploy",)))


@pytest.mark.parametrize("name", ["PowerUserAccess", POWER_USER])
def test_a_policy_of_aws_is_known_by_name_or_arn_where_somebody_has_it(name: str) -> None:
    found = of_policy(name)
    assert (found.kind, found.users) == ("AWS-managed policy", Listed(("alice",)))
    assert found.at_large.value is not None
    assert found.at_large.value.all_but == ("iam:*", "organizations:*")
    assert (found.attachment_count, found.versions) == (None, None)


def test_a_policy_of_aws_that_was_not_read_is_unknown() -> None:
    found = auditor.explain(explained_account(aws_managed_policies=()), POWER_USER)
    assert found.policy is not None
    assert found.policy.at_large.unknown is not None
    assert "the document was not read" in found.policy.at_large.unknown
    assert shortfall(found) is not None


HIDDEN: dict[str, tuple[tuple[str, ...], str]] = {
    "groups": (("group_names",), "policies"),
    "inline policies": (("inline_policies",), "policies"),
    "attached policies": (("attached_policies",), "policies"),
    "boundary": (("permissions_boundary",), "boundary"),
    "credentials": (("credentials",), "credentials"),
    "arn": (("arn",), "mfa_devices"),
}


@pytest.mark.parametrize(("fields", "place"), HIDDEN.values(), ids=list(HIDDEN))
def test_what_is_not_known_says_why_and_is_never_left_blank(fields: tuple[str, ...], place: str) -> None:
    (alice, *others) = SNAPSHOT.users.known_part
    hidden = replace(SNAPSHOT, users=listing([with_gaps(alice, dict.fromkeys(fields, WITHHELD)), *others]))
    found = auditor.explain(hidden, "alice")
    assert found.user is not None
    assert getattr(found.user, place).unknown is not None
    assert shortfall(found) is not None


@pytest.mark.parametrize("lists", ["groups", "policies", "virtual_mfa_devices"])
def test_a_list_that_is_cut_leaves_what_rests_on_it_unknown(lists: str) -> None:
    whole = getattr(SNAPSHOT, lists)
    cut = replace(SNAPSHOT, **{lists: listing(() if lists != "virtual_mfa_devices" else whole.known_part, WITHHELD)})
    found = auditor.explain(cut, "alice")
    assert shortfall(found) is not None
    assert found.user is not None
    places = {
        "groups": found.user.policies.unknown,
        "policies": found.user.policies.items[-1].contents.unknown,
        "virtual_mfa_devices": found.user.mfa_devices.unknown,
    }
    assert WITHHELD_TEXT in (places[lists] or "")


def everything_hidden() -> Iterator[tuple[str, Snapshot]]:
    """Yield the account once for each field of its users, groups, roles and policies, without it."""
    for place in ("users", "groups", "roles", "policies"):
        records = getattr(SNAPSHOT, place).known_part
        fields = {name for name in records[0].__struct_fields__ if name not in ("name", "verified", "gaps")}
        for field in sorted(fields):
            first, *others = records
            hidden = listing([with_gaps(first, {field: WITHHELD}), *others])
            yield f"{place}.{field}", replace(SNAPSHOT, **{place: hidden})


@pytest.mark.parametrize(
    ("name", "kind"), [("alice", "user"), ("developers", "group"), ("Deploy", "role"), ("limits", "policy")]
)
def test_hiding_a_fact_changes_no_other(name: str, kind: str) -> None:
    whole = auditor.explain(SNAPSHOT, name, kind=kind)
    assert shortfall(whole) is None
    for hidden, snapshot in everything_hidden():
        less = auditor.explain(snapshot, name, kind=kind)
        by_rule = {each.config_rule_name: each for each in whole.findings}
        same = replace(whole, findings=tuple(by_rule[each.config_rule_name] for each in less.findings))
        assert list(contradictions(same, less, "it")) == [], hidden


def test_members_and_holders_may_be_others_where_users_are_unknown() -> None:
    cut = replace(SNAPSHOT, users=listing(SNAPSHOT.users.known_part, WITHHELD))
    group = auditor.explain(cut, "developers").group
    assert group is not None
    assert group.members == Listed(("alice", "bob"), WITHHELD_TEXT)
    held = of_policy("limits", cut)
    assert (held.users, held.boundary_of_users) == (Listed((), WITHHELD_TEXT), Listed(("alice",), WITHHELD_TEXT))


def test_facts_that_take_a_call_each_count_only_where_a_verdict_rests_on_them() -> None:
    described = policy("p", unknown=["description"])
    of_aws = SNAPSHOT.aws_managed_policies
    empty = listing(())
    plain = account(users=[user("carol")], policies=[described], aws_managed_policies=of_aws, service_credentials=empty)
    for name in ("carol", "p"):
        assert shortfall(auditor.explain(plain, name)) is None
    without = explained_account(login_profiles=())
    assert of_user("alice", without).reset_required.unknown is not None
    assert of_user("bob").reset_required == Fact(None)  # no password


def test_root_is_no_subject_and_names_are_exact() -> None:
    for name, message in {
        "": "the name is empty",
        "root": "root is no IAM user",
        "alise": "the account has no user, group, role or policy 'alise'",
        "ALICE": "the account has no user, group, role or policy 'ALICE'",
        "arn:aws:s3:::reports": "is not the ARN of a user, group, role or policy",
        f"{ARN}:role/alice": "the account has no user, group, role or policy",
    }.items():
        with pytest.raises(auditor.AuditError, match=message) as raised:
            auditor.explain(SNAPSHOT, name)
        assert raised.value.exit_code == 2
        if name.lower().startswith("ali"):
            assert raised.value.hint == "Did you mean alice?"


def test_a_name_that_several_have_needs_its_kind() -> None:
    with pytest.raises(auditor.AuditError) as raised:
        auditor.explain(SNAPSHOT, "Deploy")
    assert raised.value.message == f"'Deploy' may mean the user {ARN}:user/Deploy and the role {ARN}:role/Deploy"
    assert raised.value.hint == "Add --type role or --type user."
    assert auditor.explain(SNAPSHOT, "Deploy", kind="user").user is not None
    with pytest.raises(auditor.AuditError, match="'bucket' is not a kind of resource to explain"):
        auditor.explain(SNAPSHOT, "Deploy", kind="bucket")


def test_a_name_that_a_cut_list_may_hold_is_neither_there_nor_missing() -> None:
    cut = replace(SNAPSHOT, roles=listing((), WITHHELD))
    found = auditor.explain(cut, "Backup")
    assert found.unseen is not None
    assert f"the list of roles is not complete ({WITHHELD_TEXT})" in found.unseen
    more = auditor.explain(replace(cut, groups=listing((), WITHHELD)), "Backup")
    assert f"the lists of groups, roles are not complete ({WITHHELD_TEXT})" in (more.unseen or "")
    assert (found.resource_type, found.findings, shortfall(found)) == (None, (), found.unseen)
    with pytest.raises(auditor.AuditError, match="has no user 'Backup'"):
        auditor.explain(cut, "Backup", kind="user")


def test_a_policy_of_aws_that_somebody_unseen_may_have_is_neither_there_nor_missing() -> None:
    audit_policy = "arn:aws:iam::aws:policy/SecurityAudit"
    with pytest.raises(auditor.AuditError, match="the account has no policy"):
        auditor.explain(SNAPSHOT, audit_policy, kind="policy")
    alice, *others = SNAPSHOT.users.known_part
    cut = replace(SNAPSHOT, users=listing(SNAPSHOT.users.known_part, WITHHELD))
    hidden = replace(SNAPSHOT, users=listing([with_gaps(alice, {"attached_policies": WITHHELD}), *others]))
    for snapshot, reason in ((cut, "the list of users is not complete"), (hidden, "not all policies of alice")):
        found = auditor.explain(snapshot, audit_policy, kind="policy")
        assert reason in (found.unseen or "")


def test_the_same_snapshot_and_report_give_the_same_explanation() -> None:
    report: Any = auditor.audit(SNAPSHOT, as_of=datetime(2026, 11, 24, tzinfo=UTC))
    first: Explanation = auditor.explain(SNAPSHOT, "alice", report=report)
    assert first.to_json() == auditor.explain(SNAPSHOT, "alice", report=report).to_json()


def test_a_policy_of_which_nobody_knows_the_default_version_allows_nobody_knows_what() -> None:
    doubtful = policy("self-manage", document=SELF_MANAGE.versions[0].document, default_version_id="v2")
    found = of_policy("self-manage", account(policies=[doubtful]))
    assert found.at_large.unknown == "version v2 is the default by the policy, and v1 by itself"
    assert found.statements == ()
