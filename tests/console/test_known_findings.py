"""`iam-audit baseline` and `scan --baseline`: what is known passes the gate, stays visible, and is written small."""

import csv
import json
from pathlib import Path

import pytest
from conftest import Open, Run
from playwright.sync_api import expect

from auditor import load_report
from auditor.account.snapshot import dump
from auditor.testing import account, console_user, group, password_policy, user

MFA = "mfa-enabled-for-iam-console-access"
BOB, EVE = (console_user(name, mfa=False, groups=["A"]) for name in ("bob", "eve"))
OF_MFA = ("--rule", MFA)


@pytest.fixture
def known(folder: Path, run: Run) -> Path:
    """Return the working folder with a baseline that knows bob, and snapshots of later days."""
    later = {"same": [BOB], "more": [BOB, EVE], "fixed": [console_user("bob", mfa=True, groups=["A"])]}
    later["unknown"] = [EVE, user("bob", groups=["A"], unknown=["credentials"])]
    for name, people in later.items():
        snapshot = account(users=people, groups=[group("A")], password=password_policy())
        (folder / f"{name}.json").write_bytes(dump(snapshot))
    assert run("scan", "--snapshot", "same.json", *OF_MFA, "-o", "report.json").code == 0
    result = run("baseline", "report.json", "-o", "known.json")
    assert (result.code, result.err) == (0, "Wrote known.json: 1 known finding.\n")
    return folder


@pytest.mark.parametrize("baseline", ["known.json", "report.json"])
@pytest.mark.parametrize(("snapshot", "code"), [("same", 0), ("more", 1), ("fixed", 0), ("unknown", 1)], ids=str)
def test_the_gate_is_about_what_is_not_known(known: Path, run: Run, baseline: str, snapshot: str, code: int) -> None:
    for option in ("new", "noncompliant"):
        options = ("--baseline", baseline, "--fail-on", option, *OF_MFA)
        assert run("scan", "--snapshot", f"{snapshot}.json", *options).code == code
    assert known.is_dir()


@pytest.mark.parametrize("of_report", [True, False], ids=["a report", "a baseline"])
def test_a_scan_under_the_settings_of_its_baseline_differs_in_nothing(folder: Path, run: Run, of_report: bool) -> None:
    run("scan", "--snapshot", "s.json", "-o", "report.json")  # parameters that are lists are among those of all rules
    run("baseline", "report.json", "-o", "known.json")
    result = run("scan", "--snapshot", "s.json", "--baseline", "report.json" if of_report else "known.json")
    assert not [line for line in result.err.splitlines() if "baseline" in line and "before" in line]
    assert folder.is_dir()


def test_known_findings_are_marked_in_the_table_and_counted_in_the_last_line(known: Path, run: Run) -> None:
    result = run("scan", "--snapshot", "more.json", "--baseline", "known.json", "--fail-on", "new", *OF_MFA)
    assert "Baseline known.json: 1 of 1 known findings still there\n" in result.out
    assert result.out.count(" (known)") == 1
    assert " (known)" in result.out.partition("\n  bob  ")[2].partition("\n  eve  ")[0]
    assert "2 NON_COMPLIANT (2 MEDIUM); 1 known from the baseline" in " ".join(result.out.split())
    assert result.err.endswith(
        "Exit code 1: --fail-on new: 1 finding is NON_COMPLIANT, not known from the baseline; "
        "1 finding known from the baseline does not count\n"
    )
    assert known.is_dir()


def test_every_file_says_what_is_known(known: Path, run: Run, opened: Open) -> None:
    files = [option for suffix in ("json", "jsonl", "csv") for option in ("-o", f"r.{suffix}")]
    run("scan", "--snapshot", "more.json", "--baseline", "known.json", *OF_MFA, *files)
    report = json.loads((known / "r.json").read_text())
    assert report["baseline"]["file"] == "known.json"
    assert [finding["known"] for finding in report["findings"]] == [True, False]
    lines = [json.loads(line) for line in (known / "r.jsonl").read_text().splitlines()]
    assert lines[0]["baseline"] == report["baseline"]
    assert [line["known"] for line in lines[1:]] == [True, False]
    with (known / "r.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["known"] for row in rows if row["record"] == "finding"] == ["yes", "no"]
    (row,) = (row for row in rows if row["record"] == "baseline")
    assert row["annotation"] == "Baseline known.json: 1 of 1 known findings still there"
    page = opened(load_report(known / "r.json")).page
    expect(page.locator(".facts")).to_contain_text("Baseline known.json: 1 of 1 known findings still there")
    assert [each.locator(".badge").all_inner_texts() for each in page.locator(".finding").all()] == [
        ["NON_COMPLIANT", "known"],
        ["NON_COMPLIANT"],
    ]


def test_entries_that_are_resolved_are_named(known: Path, run: Run) -> None:
    result = run("scan", "--snapshot", "fixed.json", "--baseline", "known.json", *OF_MFA, "-o", "r.csv")
    assert f"Warning: baseline known.json: {MFA} on bob is resolved; write the baseline again\n" in result.err
    assert "Baseline known.json: 0 of 1 known findings still there, 1 resolved\n" in result.out
    assert f"\r\nbaseline,{MFA}," in (known / "r.csv").read_bytes().decode()


def test_entries_that_were_not_seen_are_named_with_the_reason(known: Path, run: Run) -> None:
    result = run("scan", "--snapshot", "unknown.json", "--baseline", "known.json", *OF_MFA)
    said = "bob forgives nothing: the finding has INSUFFICIENT_DATA now"
    assert f"Warning: baseline known.json: {MFA} on {said}\n" in result.err
    assert known.is_dir()


def test_other_parameters_than_those_of_the_baseline_are_said(known: Path, run: Run) -> None:
    options = ("--rule", "iam-password-policy", "--parameter", "iam-password-policy.MinimumPasswordLength=16")
    result = run("scan", "--snapshot", "same.json", "--baseline", "known.json", *options)
    assert f"Warning: baseline known.json: Rule {MFA} is only in the old report\n" in result.err
    assert f"  Rule {MFA} is only in the old report\n" in result.out
    assert known.is_dir()


def test_the_file_may_name_the_baseline_and_every_report_says_so(known: Path, run: Run) -> None:
    (known / "ci").mkdir()
    (known / "known.json").rename(known / "ci/known.json")
    (known / "ci/iam-audit.toml").write_text('[gate]\nfail_on = "new"\nbaseline = "known.json"\n')
    result = run("scan", "--snapshot", "same.json", *OF_MFA, "--config", "ci/iam-audit.toml", "-o", "r.json")
    assert result.code == 0
    assert "sets --fail-on new; sets --baseline ci/known.json" in result.err
    assert json.loads((known / "r.json").read_text())["configuration"]["baseline"] == "ci/known.json"
    shown = run("config", "show", "--config", "ci/iam-audit.toml").out
    assert 'gate.baseline = "known.json"  # ci/iam-audit.toml\n' in shown


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--fail-on", "new"], 2, "--fail-on new needs a baseline"),
        (["--baseline", ""], 2, "--baseline is empty"),
        (["--baseline", "nowhere.json"], 3, "nowhere.json cannot be read: No such file or directory"),
        (["--baseline", "same.json"], 3, "same.json is not a report"),
        (["--baseline", "known.json", "-o", "known.json"], 2, "-o known.json is a file that is read"),
        (["--baseline", "other.json"], 2, "the baseline other.json is of account 444455556666 in partition aws"),
    ],
    ids=["none", "empty", "missing", "snapshot", "overwritten", "another account"],
)
def test_what_makes_no_sense_is_refused(known: Path, run: Run, options: list[str], code: int, message: str) -> None:
    other = (known / "known.json").read_text().replace("111122223333", "444455556666")
    (known / "other.json").write_text(other)
    before = (known / "known.json").read_bytes()
    result = run("scan", "--snapshot", "same.json", *OF_MFA, *options)
    assert result.code == code
    assert message in result.err
    assert (known / "known.json").read_bytes() == before


def test_a_baseline_file_that_names_nothing_is_refused(known: Path, run: Run) -> None:
    (known / "iam-audit.toml").write_text('[gate]\nbaseline = " "\n')
    result = run("scan", "--snapshot", "same.json")
    assert result.code == 2
    assert "iam-audit.toml: gate.baseline names no file" in result.err


def test_what_a_baseline_leaves_out_is_said(known: Path, run: Run) -> None:
    run("scan", "--snapshot", "unknown.json", *OF_MFA, "-o", "r.json")
    result = run("baseline", "r.json", "-o", "b.json")
    assert result.code == 0
    assert result.err == (
        "Warning: findings with INSUFFICIENT_DATA are not in a baseline; the report has 1\n"
        "Wrote b.json: 1 known finding.\n"
    )
    assert known.is_dir()


def test_a_baseline_is_written_again_without_losing_what_was_not_seen(known: Path, run: Run) -> None:
    run("scan", "--snapshot", "unknown.json", *OF_MFA, "-o", "r.json")
    result = run("baseline", "r.json", "--keep", "known.json", "-o", "known.json")
    assert result.err.endswith("Wrote known.json: 2 known findings, 1 of them kept from known.json.\n")
    names = [each["resource_name"] for each in json.loads((known / "known.json").read_text())["findings"]]
    assert names == ["eve", "bob"]
    assert run("scan", "--snapshot", "more.json", "--baseline", "known.json", "--fail-on", "new", *OF_MFA).code == 0


def test_a_baseline_does_not_replace_its_report(known: Path, run: Run) -> None:
    result = run("baseline", "report.json", "-o", "report.json")
    assert result.code == 2
    assert "-o report.json is a file that is read" in result.err
    assert run("baseline", "report.json", "-o", "b.html").code == 2
    assert known.is_dir()
