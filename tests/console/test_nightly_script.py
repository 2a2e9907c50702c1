"""The nightly script of docs/automation.md, run by sh against AWS's stand-in: what it prints, keeps and exits with."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from aws_server import Front, denied

PAGE = Path(__file__).parents[2] / "docs/automation.md"
PLACE = "/var/lib/iam-audit/reports"
CREDENTIALS = "".join(
    f"[{profile}]\naws_access_key_id = testing\naws_secret_access_key = testing\n" for profile in ("first", "second")
)


class Night(NamedTuple):
    """What a run of the script gave."""

    code: int
    mail: list[str]


class Nightly:
    """The script, in a home of its own."""

    def __init__(self, home: Path) -> None:
        (self.script,) = re.findall(
            r"^```sh\n(#!/bin/sh\n# iam-audit-nightly.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
        )
        self.home = home
        self.reports = home / "reports"
        self.reports.mkdir()
        (home / ".local/bin").mkdir(parents=True)
        self.program("iam-audit", f'exec {sys.executable} -m auditor "$@"')
        self.program("sleep", "exit 0")
        (home / "aws_credentials").write_text(CREDENTIALS)

    def program(self, name: str, text: str) -> None:
        """Put a program before those of the system."""
        path = self.home / ".local/bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def run(self, *profiles: str) -> Night:
        """Run the script once."""
        assert PLACE in self.script
        done = subprocess.run(
            ["sh", "-c", self.script.replace(PLACE, str(self.reports)), "iam-audit-nightly", *profiles],
            env={**os.environ, "HOME": str(self.home)},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.stderr == ""
        return Night(done.returncode, done.stdout.splitlines())


@pytest.fixture
def nightly(aws: Front, tmp_path: Path) -> Nightly:
    iam = boto3.client("iam", region_name="us-east-1")
    iam.create_user(UserName="alice")
    iam.generate_credential_report()
    aws.calls.clear()
    return Nightly(tmp_path)


def make_group(name: str) -> None:
    iam: Any = boto3.client("iam", region_name="us-east-1")
    iam.create_group(GroupName=name)


def test_only_what_is_new_is_mailed_and_the_exit_code_is_true(nightly: Nightly) -> None:
    first = nightly.run("first")
    assert first.code == 1
    assert "NON_COMPLIANT MEDIUM iam-user-group-membership-check alice" in first.mail
    assert nightly.run("first") == Night(0, [])
    make_group("empty")
    third = nightly.run("first")
    assert third.code == 1
    assert third.mail[1:] == ["NON_COMPLIANT MEDIUM iam-group-has-users-check empty"]
    assert nightly.run("first") == Night(0, [])


def test_what_has_become_unknown_is_mailed_once_and_stays_in_the_exit_code(nightly: Nightly, aws: Front) -> None:
    nightly.run("first")
    aws.fixed["GetAccountPasswordPolicy"] = denied("iam:GetAccountPasswordPolicy")
    second = nightly.run("first")
    assert second.code == 4
    assert second.mail[1:]
    assert all(line.startswith("INSUFFICIENT_DATA") for line in second.mail[1:])
    assert nightly.run("first") == Night(4, [])


def test_the_accounts_of_two_profiles_stay_apart(nightly: Nightly) -> None:
    nightly.run("first", "second")
    pages = sorted(path.name.rpartition("-")[0] for path in nightly.reports.glob("*.html"))
    assert pages == ["first-123456789012", "second-123456789012"]
    assert {path.name for path in (nightly.reports / "state").glob("*.json")} == {"first.json", "second.json"}
    assert nightly.run("first", "second") == Night(0, [])


def test_a_baseline_of_another_account_is_refused_and_told(nightly: Nightly) -> None:
    nightly.run("first")
    known = nightly.reports / "state/first.json"
    known.write_text(known.read_text().replace("123456789012", "999999999999"))
    before = known.read_text()
    second = nightly.run("first")
    assert second.code == 2
    assert "999999999999" in "".join(second.mail)
    assert known.read_text() == before


def break_credentials(home: Path) -> Path:
    """Let the first profile's credentials come from a program that fails, and return the file of those that work."""
    (home / "aws_config").write_text("[profile first]\ncredential_process = false\n")
    return (home / "aws_credentials").rename(home / "later")


def test_it_waits_for_what_is_not_there_yet(nightly: Nightly) -> None:
    later = break_credentials(nightly.home)
    nightly.program("sleep", f'mv "{later}" "{nightly.home}/aws_credentials"')
    assert nightly.run("first").code == 1


def test_an_audit_that_cannot_be_done_is_mailed_every_night(nightly: Nightly) -> None:
    break_credentials(nightly.home)
    for _ in range(2):
        night = nightly.run("first")
        assert night.code == 3
        assert "credential_process" in "".join(night.mail)
    assert not list((nightly.reports / "state").glob("*.json"))
