"""The SLA: what is overdue is shown, and can fail a scan."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Run
from nights import BOB, EVE, FIXED, MFA, added, at_night, night, people

from auditor.account.snapshot import dump

SLA = "[sla]\nmedium = 3\nlow = 60\n"


@pytest.fixture
def history(folder: Path) -> Path:
    """Return the working folder with a history in which bob is known since two nights, and an SLA of three days."""
    added(folder / "h.db", night(0, people(FIXED)), night(1, people(BOB)), night(2, people(BOB)))
    (folder / "iam-audit.toml").write_text(SLA)
    return folder


def scan(run: Run, day: int, *options: str, users: Sequence[object] = (BOB, EVE)) -> tuple[int, str]:
    """Scan the account of a night and return the exit code and the last line."""
    Path("s.json").write_bytes(dump(at_night(day, people(*users))))
    result = run("scan", "--snapshot", "s.json", "--rule", MFA, "--history", "h.db", *options)
    return result.code, result.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("day", "options", "code", "text"),
    [
        (4, [], 0, "audited, complete"),
        (5, [], 1, "--fail-on overdue: 1 finding is overdue by the SLA"),
        (8, [], 1, "--fail-on overdue: 1 finding is overdue by the SLA"),
        (8, ["--min-severity", "high"], 0, "audited, complete"),
    ],
    ids=["the last day that is allowed", "the day after", "days later", "not severe enough"],
)
def test_a_scan_fails_on_what_is_overdue(
    history: Path, run: Run, day: int, options: list[str], code: int, text: str
) -> None:
    assert history.is_dir()
    found, line = scan(run, day, "--fail-on", "overdue", *options)
    assert (found, text in line) == (code, True), line


def test_the_file_can_name_the_gate(history: Path, run: Run) -> None:
    (history / "iam-audit.toml").write_text(f'[gate]\nfail_on = "overdue"\n{SLA}')
    assert scan(run, 5)[0] == 1
    assert scan(run, 6, "--fail-on", "nothing")[0] == 0
    assert scan(run, 7, users=[FIXED, EVE])[0] == 0


def test_what_is_overdue_is_shown(history: Path, run: Run) -> None:
    added(history / "h.db", night(5, people(BOB, EVE)))
    lines = run("history", "show", "--history", "h.db").out.splitlines()
    assert "overdue since 2026-11-28; not seen on 2 days" in lines[2]
    assert lines[-1] == "Not resolved: 2 open, 0 suppressed, 0 not seen; 1 overdue"
    document = json.loads(run("history", "show", "--history", "h.db", "--format", "json").out)
    assert [(each["due"], each["overdue"]) for each in document["findings"]] == [
        ("2026-11-28", True),
        ("2026-12-02", False),
    ]
    assert "overdue" not in run("history", "show", "--history", "h.db", "--no-config").out


def test_a_gate_without_history_or_sla_is_refused(history: Path, run: Run) -> None:
    result = run("scan", "--snapshot", "s.json", "--fail-on", "overdue")
    assert (result.code, "--fail-on overdue needs a history" in result.err) == (2, True)
    (history / "iam-audit.toml").unlink()
    result = run("scan", "--snapshot", "s.json", "--fail-on", "overdue", "--history", "new.db")
    assert (result.code, "needs the table [sla]" in result.err) == (2, True)
    assert not (history / "new.db").exists()


def test_the_settings_show_the_sla_and_refuse_what_is_no_number_of_days(history: Path, run: Run) -> None:
    out = run("config", "show").out
    assert "sla.medium = 3  # iam-audit.toml" in out
    assert "sla.high" not in out
    (history / "iam-audit.toml").write_text("[sla]\nmedium = -1\n")
    result = run("config", "show")
    assert (result.code, "sla.medium" in result.err) == (2, True)
