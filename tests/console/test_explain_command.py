"""`iam-audit explain`: every input, its exit codes, what it shows, and where it writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import Result, Run
from explained_account import explained_account
from exports_folder import write as write_exports

from auditor.account.snapshot import dump
from auditor.console.cli import iam_audit
from auditor.testing import account, user

SUPPRESSED = """\
[[suppressions]]
rule = "iam-user-no-policies-check"
resource = "alice"
reason = "Moves to a group in spring"
owner = "web"
until = 2027-03-01
"""


@pytest.fixture
def explain(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that explains something in a snapshot of the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("s.json").write_bytes(dump(explained_account()))
    return lambda *words: run("explain", *words, "--snapshot", "s.json")


CODES: dict[str, tuple[tuple[str, ...], int]] = {
    "everything is known": (("bob",), 0),
    "by ARN": (("arn:aws:iam::111122223333:group/developers",), 0),
    "a policy of AWS": (("PowerUserAccess",), 0),
    "a name that is not there": (("carol",), 2),
    "a name of another kind": (("bob", "--type", "role"), 2),
    "a name that several have": (("Deploy",), 2),
    "a name with its kind": (("Deploy", "--type", "role"), 0),
    "an unknown format of a file": (("bob", "-o", "bob.pdf"), 2),
    "a rule that does not exist": (("bob", "--rule", "no-such-rule"), 2),
}


@pytest.mark.parametrize(("words", "code"), CODES.values(), ids=list(CODES))
def test_the_exit_code_says_whether_everything_is_known(explain: Any, words: tuple[str, ...], code: int) -> None:
    result = explain(*words)
    assert result.code == code
    assert "Traceback" not in result.err


def test_what_is_unknown_is_counted_in_the_exit_code(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_bytes(dump(account(users=[user("eve", unknown=["credentials"])], unknown=["roles"])))
    result = run("explain", "eve", "--snapshot", file)
    assert result.code == 4
    assert result.err.startswith("Exit code 4: incomplete: 1 fact is unknown; ")
    assert "Credential report    unknown: The case withholds it; grant iam:Test" in result.out
    missing = run("explain", "Backup", "--snapshot", file)
    assert (missing.code, "the list of roles is not complete" in missing.out.replace("\n", " ")) == (4, True)


def test_the_text_shows_where_everything_comes_from(explain: Any) -> None:
    code, out, err = explain("alice")
    text = " ".join(out.split())
    for shown in (
        "alice (user)",
        "ARN arn:aws:iam::111122223333:user/eng/alice",
        "Created 2025-01-01T00:00:00Z (692 days ago)",
        "Policy self-manage Kind customer-managed policy From the group developers",
        "At most allows ec2:Describe*, all of iam, all of s3",
        "Reset at next sign-in required",
        "Virtual MFA devices arn:aws:iam::111122223333:mfa/phone",
        "Access key 1 active, made or activated 2026-01-01T01:00:00Z (327 days ago), last used 2026-11-01T01:00:00Z",
        "iam-user-no-policies-check NON_COMPLIANT, severity LOW",
        "Not considered: service control policies (SCPs)",
    ):
        assert shown in text
    assert max(map(len, out.splitlines())) <= 80
    assert (code, err) == (0, "Exit code 0: complete: nothing that an answer rests on is unknown\n")


def test_json_is_what_the_door_for_programs_gives(explain: Any) -> None:
    import auditor

    shown = json.loads(explain("alice", "--format", "json").out)
    own = json.loads(auditor.explain(explained_account(), "alice").to_json())
    for document in (shown, own):
        del document["evaluated_at"]
    assert shown == own


def test_files_are_written_and_then_nothing_is_shown_unless_asked(explain: Any) -> None:
    result = explain("alice", "-o", "{account_id}.html", "-o", "alice.json")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("Wrote 111122223333.html, alice.json. Exit code 0")
    assert json.loads(Path("alice.json").read_bytes())["name"] == "alice"
    assert explain("alice", "-o", "alice.html", "--format", "text").out.startswith("alice (user)\n")


def test_no_file_that_is_read_is_replaced(explain: Any) -> None:
    before = Path("s.json").read_bytes()
    result = explain("alice", "-o", "s.json")
    assert (result.code, "is a file that is read" in result.err) == (2, True)
    assert Path("s.json").read_bytes() == before


def test_no_file_of_an_export_is_replaced(run: Run, tmp_path: Path) -> None:
    exports = write_exports(tmp_path / "exports")
    before = (exports / "account-summary.json").read_bytes()
    result = run("explain", "alice", "--exports", exports, "-o", exports / "account-summary.json")
    assert (result.code, "is a file that is read" in result.err) == (2, True)
    assert (exports / "account-summary.json").read_bytes() == before


def rules(result: Result) -> set[str]:
    return {each["config_rule_name"] for each in json.loads(result.out)["findings"]}


def test_the_rules_are_all_that_judge_such_a_resource_unless_others_are_selected(explain: Any) -> None:
    usual = rules(explain("alice", "--format", "json"))
    assert {"iam-user-mfa-enabled", "iam-first-signin-not-locked-out"} < usual
    assert not usual & {"iam-password-policy", "iam-policy-description"}
    assert rules(explain("limits", "--format", "json")) >= {"iam-mfa-deny-exempts-change-password"}
    assert "iam-policy-description" in rules(explain("limits", "--rules", "aws-config", "--format", "json"))
    assert rules(explain("alice", "--rule", "iam-user-mfa-enabled", "--format", "json")) == {"iam-user-mfa-enabled"}
    nothing = explain("alice", "--rule", "iam-password-policy")
    assert (nothing.code, "Verdicts: no selected rule judges AWS::IAM::User" in nothing.out) == (0, True)


def test_the_configuration_file_counts_as_in_a_scan(explain: Any) -> None:
    Path("iam-audit.toml").write_text(SUPPRESSED)
    shown = explain("alice")
    text = " ".join(shown.out.split())
    assert "iam-user-no-policies-check NON_COMPLIANT, severity LOW (suppressed)" in text
    assert "reason Moves to a group in spring" in text
    assert "Configuration iam-audit.toml: suppresses 1 finding" in text
    assert "1 suppressed" in text
    Path("iam-audit.toml").write_text('[selection]\ninclude = ["iam-user-mfa-enabled"]\n')
    assert rules(explain("alice", "--format", "json")) == {"iam-user-mfa-enabled"}


def test_a_credential_report_that_is_too_old_for_the_configuration_is_not_shown(explain: Any) -> None:
    Path("iam-audit.toml").write_text("[gate]\nmax_report_age = 1\n")
    result = explain("alice")
    assert result.code == 4
    assert "older than --max-report-age 1 h" in " ".join(result.out.split())
    assert "Password last used" not in result.out


def test_exports_are_explained_as_snapshots_are(run: Run, tmp_path: Path) -> None:
    result = run("explain", "alice", "--exports", write_exports(tmp_path / "exports"))
    assert "unknown: --captured-at sets it for --exports; else read again" in " ".join(result.out.split())
    known = run("explain", "alice", "--exports", tmp_path / "exports", "--captured-at", "2026-11-24T03:00:00Z")
    assert "Groups\n  Admins" in known.out


def test_the_demo_is_explained_too(run: Run) -> None:
    result = run("explain", "userB", "--demo", "-q", "--format", "json")
    found = json.loads(result.out)
    assert (result.code, result.err) == (0, "")
    assert [each["name"] for each in found["user"]["policies"]["items"]] == ["PowerUserAccess", "enable-mfa-device"]
    read = {each["name"] for each in found["snapshot"]["sources"] if each["status"] == "complete"}
    assert not read & {"server-certificates", "saml-providers", "policy-descriptions", "access-analyzers"}


def test_a_shell_completes_the_names_of_a_snapshot(explain: Any) -> None:
    assert explain("bob").code == 0
    variables = {
        "_IAM_AUDIT_COMPLETE": "bash_complete",
        "COMP_WORDS": "iam-audit explain --snapshot s.json d",
        "COMP_CWORD": "4",
    }
    found = CliRunner().invoke(iam_audit, [], prog_name="iam-audit", env=variables).output
    assert found.split() == ["plain,developers"]
