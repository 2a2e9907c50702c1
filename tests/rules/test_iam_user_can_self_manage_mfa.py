"""Cases of iam-user-can-self-manage-mfa."""

from typing import Any

import pytest
from msgspec.structs import replace
from permissions import alice, attached, deny, group_of, managed, of_aws

from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, C, Case, account, allow, console_user, credentials, user
from rules.iam_user_can_self_manage_mfa import RULE

ME, DEVICES = "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/*"
UNDER_A_PATH = "arn:aws:iam::*:user/*/${aws:username}"
OWN_DEVICE = "arn:aws:iam::*:mfa/${aws:username}"
LIST = "iam:ListVirtualMFADevices"
OWN_ACTIONS = ["iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"]
CREATE = "iam:CreateVirtualMFADevice"
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
SELF = [allow(LIST), allow(CREATE, DEVICES), allow(OWN_ACTIONS, ME)]
GUARD = deny(None, NotAction=[LIST, CREATE, *OWN_ACTIONS], Condition=NO_MFA)
BOUNDARY = managed("boundary", allow("s3:*"))


def member(name: str, expected: ComplianceType, *statements: Any, warning: str | None = None, **fields: Any) -> Case:
    """Return the case of a console user with these statements through a group."""
    policy = managed("policy", *statements)
    known = account(
        users=[console_user("alice", mfa=False, groups=["team"], **fields)],
        groups=[group_of("team", policy)],
        policies=[policy, BOUNDARY],
    )
    return Case(name, known, {"alice": expected}, warning=warning)


def with_own(name: str, *own: Any, shared: Any = ()) -> Case:
    """Return the case of a console user with statements of her own, and others through a group."""
    policy = managed("policy", *shared)
    row = credentials(password_enabled=True)
    person = alice(*own, credentials=row, group_names=user("x", groups=["team"]).group_names)
    return Case(name, account(users=[person], groups=[group_of("team", policy)], policies=[policy]), {"alice": NC})


def without(action: str) -> Any:
    """Return the statements but for one action."""
    return [replace_action(each, action) for each in SELF]


def replace_action(statement: Any, action: str) -> Any:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return {**statement, "Action": [each for each in actions if each != action] or "s3:GetObject"}


CASES = [
    member("what AWS documents", C, *SELF),
    member("with everything else denied until MFA is used", C, *SELF, GUARD),
    *(member(f"without {action}", NC, *without(action)) for action in (LIST, CREATE, *OWN_ACTIONS)),
    member("nothing", NC),
    member("a deny that spares nothing", NC, *SELF, deny(Condition=NO_MFA)),
    member("a deny that spares reading alone", NC, *SELF, deny(None, NotAction="iam:List*", Condition=NO_MFA)),
    member(
        "creating a device on a user's ARN",
        NC,
        allow(LIST),
        allow([CREATE, *OWN_ACTIONS], ME),
        warning="never allows iam:CreateVirtualMFADevice: the resource must be an ARN such as arn:aws:iam::…:mfa/…",
    ),
    member("a path that the resource leaves out", NC, *SELF, path="/sales/", warning="it names a user without a path"),
    member(
        "a path that the resource covers", C, *SELF, allow(OWN_ACTIONS, "arn:aws:iam::*:user/*/alice"), path="/sales/"
    ),
    member("a boundary without it", NC, *SELF, permissions_boundary=BOUNDARY.arn),
    member("all of IAM", C, allow("iam:*"), warning="only through iam:* or AdministratorAccess"),
    member("all of IAM but something else", C, allow(None, NotAction="s3:*"), warning="only through iam:*"),
    member("all of IAM for one action", C, *without(LIST), allow("*"), warning=f"may do {LIST} only through iam:*"),
    member("all of IAM beside the rest", C, *SELF, allow("iam:*"), warning="without MFA, so whoever has the password"),
    member(
        "a device named like the user only",
        C,
        allow(LIST),
        allow(CREATE, OWN_DEVICE),
        allow(OWN_ACTIONS, ME),
        warning="may create a device named like the user only",
    ),
    with_own("policies of her own alone", *SELF),
    with_own("one of them is her own alone", *SELF[:1], shared=SELF[1:]),
    member("listing devices on mfa/*", UNKNOWN, allow([LIST, CREATE], DEVICES), allow(OWN_ACTIONS, ME)),
    member("listing devices on mfa/*, and one action lacks", NC, allow([LIST, CREATE], DEVICES)),
    member("groups unknown", UNKNOWN, *SELF, unknown=["group_names"]),
    Case(
        "an AWS-managed policy, whose document is not known",
        account(users=[console_user("alice", mfa=True, attached=["AdministratorAccess"])]),
        {"alice": UNKNOWN},
    ),
    Case(
        "an AWS-managed policy of the user",
        account(
            users=[console_user("alice", mfa=True, attached=["AdministratorAccess"])],
            aws_managed_policies=(of_aws("AdministratorAccess", allow()),),
        ),
        {"alice": NC},
    ),
    Case("no console password", account(users=[user("alice")]), {"alice": NA}),
    Case("credentials unknown", account(users=[user("alice", unknown=["credentials"])]), {"alice": UNKNOWN}),
    Case("no users", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_what_lacks_and_why() -> None:
    (finding,) = member("", NC, *SELF, deny(Condition=NO_MFA, Sid="All")).check(RULE).findings
    assert finding.annotation.startswith("Without MFA the user may not do iam:CreateVirtualMFADevice, iam:EnableMFA")
    assert [each["sid"] for each in finding.evidence[0].value["statements"]] == ["All"]


def test_a_policy_attached_to_the_user_is_her_own() -> None:
    policy = managed("policy", *SELF)
    person = replace(console_user("alice", mfa=False), attached_policies=attached(policy))
    Case("", account(users=[person], policies=[policy]), {"alice": NC}).check(RULE)


HELD = "of the customer-managed policy policy of the group team"
NEEDS = "the resource must be an ARN such as arn:aws:iam::…"


def note_of(*statements: Any) -> str:
    """Return the one warning about a user with these statements through a group."""
    (notice,) = member("", NC, *statements, warning="never allows").check(RULE).notices
    return notice.notice.message


def test_a_statement_that_never_applies_is_noted_once_with_its_actions() -> None:
    assert note_of(allow([CREATE, *OWN_ACTIONS, LIST], "arn:aws:s3:::reports")) == (
        f"statement 1 {HELD} never allows {CREATE}: {NEEDS}:mfa/…, and none is named, "
        f"and never allows {', '.join(OWN_ACTIONS)}: {NEEDS}:user/…, and none is named, "
        f'and never allows {LIST}: the resource must be "*", not an ARN'
    )


def test_of_many_statements_that_never_apply_three_are_named() -> None:
    note = note_of(*(allow(CREATE, ME) for _ in range(500)))
    assert [part.partition(" never")[0] for part in note.split("; ")] == [
        f"statement 1 {HELD}",
        f"statement 2 {HELD}",
        f"statement 3 {HELD}",
        "497 more statements likewise",
    ]
