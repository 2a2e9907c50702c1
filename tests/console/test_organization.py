"""`iam-audit organization` over stored accounts: every account in one state, in every format, and runs that go on."""

import csv
import gzip
import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from organization_runs import stored_accounts
from pyarrow import parquet

from auditor import testing
from auditor.account.snapshot import dump
from auditor.organization.names import CAUSES, MANIFEST, PAGE, PARQUET, RECEIPT, REPORT

SCAN = ("organization", "scan", "--executor", "threads")
"""In the process of the test: to start others takes most of the time of a run over few accounts."""


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with four snapshots, one file that is cut, in an empty working folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    stored_accounts(tmp_path / "accounts", 4)
    (tmp_path / "accounts" / "cut.json").write_text('{"format":"iam-audit-snapshot","schema_ver')
    return tmp_path / "accounts"


def only_run() -> Path:
    """Return the folder of the only run below the working folder."""
    (found,) = Path("iam-audit-runs").glob("org=*/date=*")
    return found


def states(document: dict[str, Any]) -> Counter[str]:
    return Counter(account["state"] for account in document["accounts"])


def test_every_account_is_in_one_state_and_the_numbers_add_up(run: Run, accounts: Path) -> None:
    files: Sequence[str] = [f"organization.{suffix}" for suffix in ("json", "csv", "jsonl", "md", "html")]
    outputs = [part for file in files for part in ("-o", file)]
    done = run("organization", "scan", "--snapshots", accounts, *outputs)
    assert done.code == 4
    assert "4 of 5 active accounts audited; 1 failed" in done.out
    assert "4 of 5 active accounts audited; 1 failed" in done.err
    document = json.loads(Path("organization.json").read_text())
    assert states(document) == {"audited": 4, "failed": 1}
    assert {account["id"] for account in document["accounts"]} == {None, *(f"{number:012}" for number in range(1, 5))}
    (failed,) = (account for account in document["accounts"] if account["id"] is None)
    assert failed["name"] == "cut.json"
    assert "cut.json" in failed["error"]["message"]
    assert document["summary"]["counts"]["NON_COMPLIANT"] == sum(
        account["counts"]["NON_COMPLIANT"] for account in document["accounts"]
    )
    with Path("organization.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert Counter(row["state"] for row in csv.DictReader(stream)) == states(document)
    for account in document["accounts"]:
        own = only_run() / f"account={account['id'] or account['name']}" / PAGE
        if account["id"] is None:
            assert not own.exists()


def test_what_a_run_keeps_is_what_it_was_asked_to(run: Run, accounts: Path) -> None:
    for keep, kept in (("none", set()), ("reports", {REPORT}), ("snapshots", {REPORT})):
        done = run(*SCAN, "--snapshots", accounts, "--store", f"by {keep}", "--keep", keep, "-q")
        assert done.code == 4
        (found,) = Path(f"by {keep}").glob("org=*/date=*/account=000000000001")
        assert {path.name for path in found.iterdir()} == {RECEIPT, CAUSES, *kept}


def test_findings_are_kept_as_parquet_on_demand(run: Run, accounts: Path) -> None:
    run(*SCAN, "--snapshots", accounts, "--parquet", "-q")
    for account in ("000000000001", "000000000002"):
        folder = only_run() / f"account={account}"
        report = json.loads(gzip.decompress((folder / REPORT).read_bytes()))
        rows = parquet.read_table(folder / PARQUET, partitioning=None).to_pylist()
        assert len(rows) == len(report["findings"])
        for row, finding in zip(rows, report["findings"], strict=True):
            own = {name: finding[name] for name in finding if name in row}
            assert own == {name: row[name] for name in own}
            assert (row["account_id"], row["suppressed"]) == (account, False)
            assert f"{row['captured_at']:%Y-%m-%dT%H:%M:%SZ}" == report["snapshot"]["captured_at"]


def test_a_report_of_an_account_is_that_of_a_scan(run: Run, accounts: Path) -> None:
    run(*SCAN, "--snapshots", accounts, "-q")
    stored = json.loads(gzip.decompress((only_run() / "account=000000000001" / REPORT).read_bytes()))
    own = json.loads(run("scan", "--snapshot", accounts / "0001.json", "--format", "json", "-q").out)
    assert {**own, "evaluated_at": ""} == {**stored, "evaluated_at": ""}
    shown = run("organization", "report", only_run(), "--account", "000000000001", "--format", "json")
    assert shown.code == 0
    assert json.loads(shown.out) == stored


def test_an_interrupted_run_goes_on_where_it_ended(run: Run, accounts: Path) -> None:
    undisturbed = run(*SCAN, "--snapshots", accounts, "--format", "json", "-q")
    place = only_run()
    for key in ("000000000002", "000000000004"):
        (place / f"account={key}" / RECEIPT).unlink()
    before = (place / "account=000000000001" / RECEIPT).read_bytes()
    interrupted = run("organization", "report", place, "--format", "json", "--fail-on", "noncompliant")
    assert states(json.loads(interrupted.out)) == {"audited": 2, "failed": 1, "unfinished": 2}
    again = run(*SCAN, "--resume", place, "--format", "json")
    assert "2 accounts to read" in again.err
    assert (place / "account=000000000001" / RECEIPT).read_bytes() == before
    assert without_times(again.out) == without_times(undisturbed.out)


def without_times(text: str) -> Any:
    document = json.loads(text)
    document["run"].pop("ended_at")
    return document


def test_only_what_failed_is_tried_again(run: Run, accounts: Path) -> None:
    run(*SCAN, "--snapshots", accounts, "-q")
    (accounts / "cut.json").write_bytes((accounts / "0001.json").read_bytes().replace(b"000000000001", b"000000000005"))
    done = run(*SCAN, "--resume", only_run(), "--retry", "failed")
    assert done.code == 0
    assert "Trying 1 account again" in done.err
    assert "5 of 5 active accounts audited" in done.err


def test_a_filter_leaves_accounts_in_the_report(run: Run, accounts: Path) -> None:
    filters = ("--include", "00000000000*", "--exclude", "000000000002")
    done = run(*SCAN, "--snapshots", accounts, *filters, "--format", "json")
    assert done.code == 0
    assert states(json.loads(done.out)) == {"audited": 3, "not_asked": 2}
    assert "3 of 3 active accounts audited; 2 not asked, left out" in done.err


GATES = {
    "nothing": ((), 4),
    "what is unknown may be": (("--allow-incomplete",), 4),
    "something is wrong": (("--fail-on", "noncompliant"), 1),
    "what is wrong counts less": (("--fail-on", "noncompliant", "--min-severity", "critical"), 4),
}


@pytest.mark.parametrize(("options", "code"), GATES.values(), ids=list(GATES))
def test_the_gate_is_over_all_accounts(run: Run, accounts: Path, options: Sequence[str], code: int) -> None:
    assert run(*SCAN, "--snapshots", accounts, *options).code == code


def test_a_run_of_which_nothing_was_audited_ends_with_3(run: Run, accounts: Path) -> None:
    for path in accounts.glob("000*.json"):
        path.unlink()
    done = run(*SCAN, "--snapshots", accounts)
    assert done.code == 3
    assert "no account was audited" in done.err


def test_an_account_of_which_nothing_was_decided_never_passes(run: Run, accounts: Path) -> None:
    (accounts / "cut.json").unlink()
    (accounts / "exports").mkdir()
    (accounts / "exports" / "virtual-mfa-devices.json").write_text('{"VirtualMFADevices": []}')
    done = run("organization", "scan", "--snapshots", accounts, "--allow-incomplete")
    assert done.code == 4
    assert "4 of 5 active accounts audited; 1 failed" in done.err
    assert "Nothing was decided" in done.out


def test_what_the_configuration_file_does_stands_in_every_report(run: Run, accounts: Path) -> None:
    Path("iam-audit.toml").write_text('[selection]\nexclude = ["root-account-mfa-enabled"]\n')
    done = run(*SCAN, "--snapshots", accounts, "--format", "json")
    assert "excludes 1 rule: root-account-mfa-enabled" in done.err
    assert json.loads(done.out)["configuration"]["excluded"] == ["root-account-mfa-enabled"]
    own = run("organization", "report", only_run(), "--account", "000000000001", "--format", "json")
    assert json.loads(own.out)["configuration"]["excluded"] == ["root-account-mfa-enabled"]


def test_reports_of_accounts_have_owners_by_the_tag_of_the_file(run: Run, accounts: Path) -> None:
    Path("iam-audit.toml").write_text('[history]\nowner_tag = "Owner"\n')
    tagged = testing.console_user("bob", mfa=False, tags={"Owner": "ops"})
    (accounts / "0001.json").write_bytes(dump(testing.account(users=[tagged])))
    run("organization", "scan", "--snapshots", accounts, "-q")
    stored = json.loads(gzip.decompress((only_run() / f"account={testing.ACCOUNT_ID}" / REPORT).read_bytes()))
    assert stored["owners"]["by_arn"] == {f"arn:aws:iam::{testing.ACCOUNT_ID}:user/bob": "ops"}
    Path("iam-audit.toml").write_text('[history]\nowner_tag = "Team"\n')
    assert "was begun with other" in run("organization", "scan", "--resume", only_run()).err


def test_a_suppression_may_be_for_some_accounts(run: Run, accounts: Path) -> None:
    Path("iam-audit.toml").write_text(
        """
        [[suppressions]]
        rule = "mfa-enabled-for-iam-console-access"
        resource = "bob"
        account = "000000000001"
        reason = "gone tomorrow"
        owner = "platform"
        until = 2026-12-31
        """
    )
    done = run(*SCAN, "--snapshots", accounts, "--format", "json", "-q")
    found = {each["id"]: each["suppressed"] for each in json.loads(done.out)["accounts"]}
    assert (found["000000000001"], found["000000000003"]) == (1, 0)
    assert json.loads(done.out)["configuration"]["suppressed"] == 1


def test_a_run_resumed_by_other_settings_is_refused(run: Run, accounts: Path) -> None:
    run(*SCAN, "--snapshots", accounts, "-q")
    Path("iam-audit.toml").write_text('[selection]\nexclude = ["root-account-mfa-enabled"]\n')
    done = run(*SCAN, "--resume", only_run())
    assert done.code == 2
    assert "was begun with other rules" in done.err


REFUSED = {
    "no accounts": ((), "no accounts are named"),
    "two lists": (("--snapshots", "a", "--organization"), "exclude each other"),
    "a role for files": (("--snapshots", "a", "--role-name", "audit"), "--role-name is for reading AWS"),
    "retry alone": (("--snapshots", "a", "--retry", "denied"), "--retry needs --resume"),
    "a rule for a run that has its own": (
        ("--resume", "r/org=a/date=b", "--rule", "mfa"),
        "cannot be used with --resume",
    ),
    "a list for a run that has its own": (
        ("--resume", "r/org=a/date=b", "--include", "a"),
        "cannot be used with --resume",
    ),
    "pages for a run that has its own": (
        ("--resume", "r/org=a/date=b", "--account-pages"),
        "--account-pages cannot be used with --resume",
    ),
    "no pages for a run that has its own": (
        ("--resume", "r/org=a/date=b", "--no-account-pages"),
        "--no-account-pages cannot be used with --resume",
    ),
    "no run": (("--resume", "r/org=a/date=b"), "is not a run"),
    "no folder of a run": (("--resume", "elsewhere"), "is not a run"),
    "no suffix": (("--snapshots", "a", "-o", "x.pdf"), "x.pdf"),
    "a gate for one account": (("--snapshots", ".", "--config", "new.toml"), "--fail-on new is not for organizations"),
}


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=list(REFUSED))
def test_options_that_make_no_sense_are_refused_and_nothing_is_begun(
    run: Run, options: Sequence[str], message: str
) -> None:
    Path("new.toml").write_text('[gate]\nfail_on = "new"\n')
    done = run(*SCAN, *options)
    assert done.code in (2, 3)
    assert message in " ".join(done.err.split())
    assert not list(Path().rglob(MANIFEST))


def test_a_run_is_shown_wherever_it_was_copied(run: Run, accounts: Path) -> None:
    done = run(*SCAN, "--snapshots", accounts, "--format", "json", "-q")
    copy = shutil.copytree(only_run(), "elsewhere")
    again = run("organization", "report", copy, "--format", "json")
    assert again.code == done.code == 4
    found, expected = (json.loads(each.out) for each in (again, done))
    assert found["accounts"] == expected["accounts"]


CHANGES = {
    "a report is gone": (REPORT, None, "is not there"),
    "a report was changed": (REPORT, b"", "its digest differs"),
    "causes were changed": (CAUSES, b"[]", "its digest differs"),
    "counts were changed": (RECEIPT, None, "has other counts than the receipt"),
}


@pytest.mark.parametrize(("name", "content", "message"), CHANGES.values(), ids=list(CHANGES))
def test_what_was_changed_in_a_run_is_found_on_demand(
    run: Run, accounts: Path, name: str, content: bytes | None, message: str
) -> None:
    run(*SCAN, "--snapshots", accounts, "-q")
    assert run("organization", "report", only_run(), "--verify").code == 4
    path = only_run() / "account=000000000001" / name
    if name == RECEIPT:
        receipt = json.loads(path.read_bytes())
        receipt["suppressed"] += 1
        content = json.dumps(receipt).encode()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    for of in ((), ("--account", "000000000003")):
        done = run("organization", "report", only_run(), "--verify", *of)
        assert (done.code, message in done.err, done.out) == (3, True, "")


@pytest.mark.parametrize(
    "options",
    [("--fail-on", "noncompliant"), ("--min-severity", "high"), ("--no-allow-incomplete",), ("--all",)],
    ids=lambda each: each[0],
)
def test_the_report_of_one_account_has_no_gate_that_would_pass(
    run: Run, accounts: Path, options: Sequence[str]
) -> None:
    run("organization", "scan", "--snapshots", accounts, "-q")
    done = run("organization", "report", only_run(), "--account", "000000000001", *options)
    assert (done.code, done.out, f"{options[0]} cannot be used with --account" in done.err) == (2, "", True)


DAMAGE = {
    "causes that are cut": (CAUSES, b"[", (), f"{CAUSES} is damaged"),
    "causes that are gone": (CAUSES, None, (), f"{CAUSES} is not there"),
    "the report of an account": (REPORT, b"{", ("--account", "000000000001"), f"{REPORT} is not a readable report"),
}


@pytest.mark.parametrize(("name", "content", "options", "message"), DAMAGE.values(), ids=list(DAMAGE))
def test_what_is_damaged_in_a_run_is_one_error(
    run: Run, accounts: Path, name: str, content: bytes | None, options: Sequence[str], message: str
) -> None:
    run("organization", "scan", "--snapshots", accounts, "-q")
    path = only_run() / "account=000000000001" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    done = run("organization", "report", only_run(), *options)
    assert (done.code, done.out) == (3, "")
    assert f"account=000000000001/{message}" in done.err


def test_an_account_that_was_taken_out_of_the_list_is_found_on_demand(run: Run, accounts: Path) -> None:
    run("organization", "scan", "--snapshots", accounts, "-q")
    manifest = json.loads((only_run() / MANIFEST).read_bytes())
    manifest["accounts"] = [each for each in manifest["accounts"] if each["id"] != "000000000001"]
    (only_run() / MANIFEST).write_text(json.dumps(manifest))
    done = run("organization", "report", only_run(), "--verify")
    assert (done.code, "account=000000000001 is of no account in run.json" in done.err) == (3, True)


def test_a_name_that_is_no_text_is_one_error(run: Run, accounts: Path) -> None:
    (accounts / os.fsdecode(b"\xff.json")).write_bytes((accounts / "0001.json").read_bytes())
    done = run("organization", "scan", "--snapshots", accounts)
    assert (done.code, "\\udcff.json has a name that is not UTF-8" in done.err) == (3, True)
    assert not Path("iam-audit-runs").exists()


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no counts": ({"counts": {}}, "its counts do not agree"),
    "other severities": ({"by_severity": {}}, "its counts do not agree"),
    "no rules": ({"rules": [], "counts": {}, "by_severity": {}}, "it has the state audited, and not"),
    "a state of accounts that were left out": ({"state": "not_asked"}, "it has the state not_asked"),
    "a state that AWS did not give": ({"state": "suspended"}, "it has the state suspended, and not AWS's word"),
    "another account": ({"key": "000000000002"}, "it is of account 000000000002"),
    "no digest": ({"digests": {}}, "it lacks the digest of the report"),
}


@pytest.mark.parametrize(("changes", "message"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_a_receipt_that_contradicts_itself_is_refused(
    run: Run, accounts: Path, changes: dict[str, Any], message: str
) -> None:
    run("organization", "scan", "--snapshots", accounts, "-q")
    path = only_run() / "account=000000000001" / RECEIPT
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))
    done = run("organization", "report", only_run())
    assert (done.code, done.out) == (3, "")
    assert f"{path} is not a receipt: {message}" in done.err


def test_a_damaged_receipt_is_named(run: Run, accounts: Path) -> None:
    run(*SCAN, "--snapshots", accounts, "-q")
    damaged = only_run() / "account=000000000001" / RECEIPT
    damaged.write_text("{")
    done = run("organization", "report", only_run())
    assert done.code == 3
    assert str(damaged) in done.err
