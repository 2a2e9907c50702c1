"""Answers about access: their reasons and statements, what is unknown, whom and what one may ask about."""

import pickle
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace
from permissions import (
    ALICE,
    ALLOW,
    ALLOW_ALL,
    EXPLICIT,
    IMPLICIT,
    MFA,
    OBJECT,
    UNDECIDED,
    alice,
    attached,
    bounded,
    decided,
    deny,
    group_of,
    managed,
)

import auditor
from auditor import can
from auditor.account.model import AttachedPolicy, InlinePolicy, PolicyVersion, Snapshot
from auditor.account.unknown import with_gaps
from auditor.errors import UsageError
from auditor.policies.access.evaluator import Access
from auditor.policies.access.sessions import Session
from auditor.policies.statements import statements
from auditor.testing import DOCUMENT, WITHHELD, account, allow, listing, password_policy, user

CHANGE = "iam:ChangePassword"
GRANTING, DENYING = managed("granting", ALLOW_ALL), managed("denying", deny())
AWS_MANAGED = listing([AttachedPolicy("ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess")])
UNREAD = with_gaps(InlinePolicy("unread", DOCUMENT), {"document": WITHHELD})


def of_alice(snapshot: Snapshot, action: str = CHANGE, session: str = "mfa", resource: str | None = None) -> Any:
    return can(snapshot, user="alice", action=action, session=session, resource=resource)


def held(*policies: Any, listed: bool = True, **fields: Any) -> Snapshot:
    """Return the account of alice, in a group with these policies attached."""
    member = user("alice", groups=["team"], **fields)
    return account(users=[member], groups=[group_of("team", *policies)], policies=policies if listed else ())


REASONS: dict[str, tuple[Snapshot, str]] = {
    "one statement": (
        held(GRANTING),
        "Statement 1 of the customer-managed policy granting of the group team allows it",
    ),
    "a Sid": (
        account(users=[alice(allow("s3:*"), deny(Sid="Nothing"))]),
        "Statement 2 (Nothing) of the inline policy own denies it",
    ),
    "several statements": (
        account(users=[alice(*[allow()] * 5)]),
        (
            "Statement 1 of the inline policy own, statement 2 of the inline policy own, "
            "statement 3 of the inline policy own and 2 more allow it"
        ),
    ),
    "no statement": (account(users=[alice()]), "No policy allows it"),
    "the boundary denies": (
        bounded(ALLOW_ALL, by=[deny()]),
        "Statement 1 of the permissions boundary boundary denies it",
    ),
    "the boundary does not allow": (
        bounded(ALLOW_ALL, by=[]),
        "The permissions boundary does not allow it",
    ),
    "the password policy": (
        account(users=[alice()], password=password_policy()),
        "The account password policy allows it",
    ),
    "an AWS-managed policy": (
        account(users=[user("alice", attached_policies=AWS_MANAGED)]),
        (
            "Undecided: the document of the policy arn:aws:iam::aws:policy/ReadOnlyAccess is not known: "
            "it is not in the snapshot; an export of all authorization details holds it"
        ),
    ),
    "a policy that is not listed": (
        held(GRANTING, listed=False),
        (
            "Undecided: the document of the policy arn:aws:iam::111122223333:policy/granting is not known: "
            "it is not in the snapshot"
        ),
    ),
    "a group that is not known": (
        account(users=[user("alice", groups=["team"])], unknown=["groups"]),
        "Undecided: the group team is not known: The case withholds it (grant iam:Test)",
    ),
    "a group that is not listed": (
        account(users=[user("alice", groups=["team"])]),
        "Undecided: the user is in the group team, which is not listed",
    ),
    "a condition": (
        account(users=[alice(allow(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}))]),
        (
            "Undecided: StringEquals on aws:sourcevpc: "
            "whether the request has this key, and with which value, is not known"
        ),
    ),
    "a broken document": (
        account(users=[alice({"Effect": "Allow", "Action": "iam", "Resource": "*"})]),
        (
            "Undecided: the document of the inline policy own cannot be read: "
            "statement 1: the action 'iam' names no service"
        ),
    ),
}


@pytest.mark.parametrize(("snapshot", "reason"), REASONS.values(), ids=list(REASONS))
def test_an_answer_says_why(snapshot: Snapshot, reason: str) -> None:
    answer = of_alice(snapshot)
    assert answer.reason == reason
    assert "SCP" in answer.not_considered


UNKNOWN: dict[str, Snapshot] = {
    "the user's groups": account(users=[alice(ALLOW_ALL, unknown=["group_names"])]),
    "the user's inline policies": account(users=[user("alice", unknown=["inline_policies"])]),
    "the user's attached policies": account(users=[alice(ALLOW_ALL, unknown=["attached_policies"])]),
    "the document of an inline policy": account(users=[user("alice", inline_policies=listing([UNREAD]))]),
    "whether there is a boundary": account(users=[alice(ALLOW_ALL, unknown=["permissions_boundary"])]),
    "the document of the boundary": account(users=[alice(ALLOW_ALL, permissions_boundary=DENYING.arn)]),
    "the group's inline policies": account(
        users=[alice(ALLOW_ALL, group_names=listing(["team"]))],
        groups=[replace(group_of("team"), inline_policies=listing([], WITHHELD))],
    ),
    "the group's attached policies": account(
        users=[alice(ALLOW_ALL, group_names=listing(["team"]))],
        groups=[replace(group_of("team"), attached_policies=listing([], WITHHELD))],
    ),
    "which version is the default": held(
        replace(GRANTING, versions=listing([PolicyVersion("v1", is_default=False, document=DOCUMENT)]))
    ),
    "the versions of a policy": held(managed("granting", ALLOW_ALL, unknown=["versions"])),
    "who the users are": account(unknown=["users"]),
}


@pytest.mark.parametrize("snapshot", UNKNOWN.values(), ids=list(UNKNOWN))
def test_what_is_unknown_leaves_a_question_undecided(snapshot: Snapshot) -> None:
    assert of_alice(snapshot).decision is UNDECIDED


@pytest.mark.parametrize("unknown", ["group_names", "attached_policies", "permissions_boundary"])
def test_a_deny_that_surely_applies_stays(unknown: str) -> None:
    assert decided(alice(deny(), unknown=[unknown]), CHANGE) is EXPLICIT


def test_the_statements_name_policy_kind_group_number_and_sid() -> None:
    own = allow(CHANGE, Sid="Own")
    snapshot = account(
        users=[alice(own, group_names=listing(["team"]), permissions_boundary=GRANTING.arn)],
        groups=[group_of("team", GRANTING)],
        policies=[GRANTING],
        password=password_policy(),
    )
    told = [
        (each.policy, each.policy_arn, each.kind, each.group, each.number, each.sid, each.effect)
        for each in of_alice(snapshot).statements
    ]
    assert told == [
        ("own", None, "inline policy", None, 1, "Own", "Allow"),
        ("granting", GRANTING.arn, "customer-managed policy", "team", 1, None, "Allow"),
        ("granting", GRANTING.arn, "permissions boundary", None, 1, None, "Allow"),
        ("AllowUsersToChangePassword", None, "account password policy", None, None, None, "Allow"),
    ]


def test_a_statement_that_might_decide_is_named() -> None:
    answer = of_alice(account(users=[alice(ALLOW_ALL, deny(Condition={"Bool": {"aws:SecureTransport": "false"}}))]))
    assert [(each.number, each.effect) for each in answer.statements] == [(2, "Deny")]


DEFAULTS = {
    "iam:ChangePassword": ALICE,
    "IAM:changepassword": ALICE,
    "iam:EnableMFADevice": ALICE,
    "iam:CreateVirtualMFADevice": "arn:aws:iam::111122223333:mfa/alice",
    "iam:DeleteVirtualMFADevice": "arn:aws:iam::111122223333:mfa/alice",
    "iam:ListUsers": "*",
    "sts:GetSessionToken": "*",
}


@pytest.mark.parametrize(("action", "resource"), DEFAULTS.items())
def test_without_a_resource_the_users_own_is_meant(action: str, resource: str) -> None:
    assert of_alice(account(users=[alice()]), action).resource == resource


def test_the_own_device_has_no_path_and_the_partition_of_the_account() -> None:
    arn = "arn:aws-cn:iam::111122223333:user/sales/alice"
    snapshot = account(users=[user("alice", path="/sales/", arn=arn)], partition="aws-cn")
    assert of_alice(snapshot, "iam:CreateVirtualMFADevice").resource == "arn:aws-cn:iam::111122223333:mfa/alice"
    assert of_alice(snapshot).resource == arn


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an action that needs a resource": ({"action": "s3:GetObject"}, "s3:GetObject needs a resource"),
    "an action on groups": ({"action": "iam:AddUserToGroup"}, "iam:AddUserToGroup needs a resource"),
    "a pattern of actions": ({"action": "iam:*"}, "'iam:*' is not an action"),
    "no service": ({"action": "ChangePassword"}, "'ChangePassword' is not an action"),
    "no ARN": ({"resource": "alice"}, "'alice' is not an ARN"),
    "a short ARN": ({"resource": "arn:aws:iam::1"}, "'arn:aws:iam::1' is not an ARN"),
    "no session": ({"session": "mfa2"}, "'mfa2' is not a session"),
    "another user": ({"user": "alicia"}, "the account has no user 'alicia'"),
    "the user in another case": ({"user": "Alice"}, "the account has no user 'Alice'"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_asked_is_refused(given: dict[str, Any], message: str) -> None:
    question: dict[str, Any] = {"user": "alice", "action": CHANGE, "session": "mfa", **given}
    with pytest.raises(UsageError) as raised:
        can(account(users=[alice()]), **question)
    assert raised.value.message == message
    assert raised.value.hint


@pytest.mark.parametrize(
    ("action", "guess"), [("iam:ChangePasword", True), ("iam:GetPolicy", False), ("s3:GetObject", False)]
)
def test_an_action_that_is_nearly_one_of_ours_may_be_misspelt(action: str, guess: bool) -> None:
    with pytest.raises(UsageError) as raised:
        can(account(users=[alice()]), user="alice", action=action, session="mfa")
    assert raised.value.hint.endswith(" ARN. Or did you mean iam:ChangePassword?") is guess


@pytest.mark.parametrize("name", ["root", "<root_account>", "arn:aws:iam::111122223333:root"])
def test_root_is_limited_by_no_identity_policy(name: str) -> None:
    answer = can(account(), user=name, action="s3:GetObject", resource=OBJECT, session="access-key")
    assert answer.decision is ALLOW
    assert (
        answer.reason == "Root is limited by no identity policy and no permissions boundary; only an SCP can limit it"
    )


def test_a_user_named_root_is_a_user() -> None:
    assert can(account(users=[user("root")]), user="root", action=CHANGE, session="mfa").decision is IMPLICIT


def test_a_user_in_several_groups_has_what_each_brings() -> None:
    member = user("alice", groups=["a", "b"])
    groups = [group_of("a", GRANTING), group_of("b", DENYING)]
    assert decided(account(users=[member], groups=groups, policies=[GRANTING, DENYING]), CHANGE) is EXPLICIT


def test_users_of_one_group_are_told_apart() -> None:
    own = managed("own", allow(CHANGE, "arn:aws:iam::*:user/alice"))
    users = [user("alice", groups=["team"]), user("bob", groups=["team"])]
    snapshot = account(users=users, groups=[group_of("team", own)], policies=[own])
    assert (decided(snapshot, CHANGE), decided(snapshot, CHANGE, name="bob")) == (ALLOW, IMPLICIT)
    assert decided(snapshot, CHANGE) is ALLOW


def test_a_second_version_does_not_count() -> None:
    versions = [PolicyVersion("v2", is_default=False, document=DENYING.versions.known_part[0].document)]
    both = replace(GRANTING, versions=listing([*GRANTING.versions.known_part, *versions]))
    assert decided(account(users=[user("alice", attached_policies=attached(both))], policies=[both]), CHANGE) is ALLOW


def test_an_answer_survives_pickle_and_tells_itself_as_json() -> None:
    answer = of_alice(account(users=[alice(ALLOW_ALL)]))
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert answer.as_json()["decision"] == "allow"
    assert isinstance(answer, auditor.Answer)


def test_questions_about_another_snapshot_are_answered_by_it() -> None:
    first, second = account(users=[alice(ALLOW_ALL)]), account(users=[alice(deny())])
    assert [of_alice(each).decision for each in (first, second, first)] == [ALLOW, EXPLICIT, ALLOW]


def test_each_distinct_document_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Raw] = []

    def counted(document: Raw) -> Any:
        made.append(document)
        return statements(document)

    monkeypatch.setattr("auditor.policies.access.documents.statements", counted)
    granting, denying = managed("g", allow(CHANGE, Sid="New")), managed("d", deny(CHANGE, Sid="New"))
    users = [user(f"u{number}", groups=["team"], attached_policies=attached(denying)) for number in range(20)]
    access = Access(account(users=users, groups=[group_of("team", granting)], policies=[granting, denying]))
    for each in users:
        for session in Session:
            assert access.can(each, CHANGE, session).decision is EXPLICIT
    assert len(made) == 2


def test_a_session_may_be_given_by_its_name() -> None:
    assert of_alice(account(users=[alice(ALLOW_ALL)]), session="no-mfa").session is Session.NO_MFA
    assert of_alice(account(users=[alice(ALLOW_ALL)]), session=MFA).session is MFA
