"""`iam-audit can`: what it shows, its exit codes, and every input it takes."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from exports_folder import write as write_exports
from permissions import alice, deny

from auditor.account.snapshot import dump
from auditor.policies.access.answer import NOT_CONSIDERED
from auditor.testing import account, allow, user

MFA_ONLY = deny(
    None, NotAction="iam:GetUser", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, Sid="UnlessMfa"
)
UNKNOWN = user("bob", unknown=["group_names"])
CHANGE = "iam:ChangePassword"


@pytest.fixture
def can(run: Run, tmp_path: Path) -> Any:
    """Return a function that asks of a snapshot with alice, who needs MFA, and bob, whose groups are unknown."""
    path = tmp_path / "s.json"
    path.write_bytes(dump(account(users=[alice(allow("iam:*"), MFA_ONLY), UNKNOWN])))
    return lambda *words: run("can", *words, "--snapshot", path)


CODES: dict[str, tuple[tuple[str, ...], int]] = {
    "allow": (("alice", CHANGE, "--session", "mfa"), 0),
    "explicit deny": (("alice", CHANGE, "--session", "no-mfa"), 1),
    "implicit deny": (("alice", "s3:ListAllMyBuckets", "--session", "mfa"), 1),
    "undecided": (("bob", CHANGE, "--session", "mfa"), 4),
    "every session, each decided": (("alice", CHANGE), 0),
    "every session, undecided": (("bob", CHANGE), 4),
    "root": (("root", CHANGE), 0),
    "a user who does not exist": (("carol", CHANGE), 2),
    "what is no action": (("alice", "iam:*"), 2),
    "a resource that has to be named": (("alice", "s3:GetObject"), 2),
    "a session that does not exist": (("alice", CHANGE, "--session", "sso"), 2),
}


@pytest.mark.parametrize(("words", "code"), CODES.values(), ids=list(CODES))
def test_the_exit_code_says_what_was_decided(can: Any, words: tuple[str, ...], code: int) -> None:
    assert can(*words).code == code


def test_every_session_is_shown_with_its_reason(can: Any) -> None:
    code, out, err = can("alice", CHANGE)
    assert out.splitlines() == [
        "alice: iam:ChangePassword on arn:aws:iam::111122223333:user/alice",
        "  console without MFA   explicit_deny  Statement 2 (UnlessMfa) of the inline policy own denies it",
        "  console with MFA      allow          Statement 1 of the inline policy own allows it",
        "  long-term access key  explicit_deny  Statement 2 (UnlessMfa) of the inline policy own denies it",
        NOT_CONSIDERED,
    ]
    assert err == "Exit code 0: no-mfa explicit_deny, mfa allow, access-key explicit_deny\n"
    assert code == 0


def test_one_session_is_one_json_object(can: Any) -> None:
    answer = json.loads(can("alice", CHANGE, "--session", "no-mfa", "--format", "json").out)
    assert answer == {
        "user": "alice",
        "action": "iam:ChangePassword",
        "resource": "arn:aws:iam::111122223333:user/alice",
        "session": "no-mfa",
        "decision": "explicit_deny",
        "reason": "Statement 2 (UnlessMfa) of the inline policy own denies it",
        "statements": [
            {
                "policy": "own",
                "policy_arn": None,
                "kind": "inline policy",
                "group": None,
                "number": 2,
                "sid": "UnlessMfa",
                "effect": "Deny",
            }
        ],
        "not_considered": NOT_CONSIDERED,
    }


def test_every_session_is_a_json_list(can: Any) -> None:
    answers = json.loads(can("alice", "s3:GetObject", "arn:aws:s3:::a/b", "--format", "json").out)
    assert [each["decision"] for each in answers] == ["explicit_deny", "implicit_deny", "explicit_deny"]
    assert {each["resource"] for each in answers} == {"arn:aws:s3:::a/b"}


def test_quiet_says_nothing_on_stderr(can: Any) -> None:
    assert can("alice", CHANGE, "-q").err == ""


def test_a_name_that_steers_a_terminal_is_spelt_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(account(users=[user("a\x1b[31m")])))
    result = run("can", "a\x1b[31m", CHANGE, "--snapshot", tmp_path / "s.json")
    assert "\x1b" not in result.out
    assert result.code == 0


def test_exports_are_asked_as_snapshots_are(run: Run, tmp_path: Path) -> None:
    write_exports(tmp_path)
    result = run("can", "alice", CHANGE, "--exports", tmp_path)
    assert "alice: iam:ChangePassword" in result.out
    assert result.code == 0


def test_the_demo_is_asked_too(run: Run) -> None:
    result = run("can", "root", CHANGE, "--demo")
    assert result.code == 0
    assert "Root is limited by no identity policy" in result.out
