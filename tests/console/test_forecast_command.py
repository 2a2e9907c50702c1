"""`iam-audit forecast`: formats, files and exit codes."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Run
from exports_folder import write as write_exports

from auditor.account.snapshot import dump
from auditor.testing import CAPTURED_AT, account, credentials, user

KEYS = "access-keys-rotated"


def with_keys(*ages: int, unknown: bool = False) -> bytes:
    people = [
        user(
            f"user{number}",
            credentials=credentials(
                access_key_1_active=True,
                access_key_1_last_rotated=f"{CAPTURED_AT - timedelta(days=age):%Y-%m-%dT%H:%M:%S+00:00}",
            ),
        )
        for number, age in enumerate(ages)
    ]
    return dump(account(users=[*people, *([user("eve", unknown=["credentials"])] if unknown else [])]))


@pytest.fixture
def keys(folder: Path) -> Path:
    """Return the working folder with a snapshot of two keys, one of which will be too old in a week."""
    (folder / "s.json").write_bytes(with_keys(84, 10))
    return folder


def test_the_table_says_what_it_assumes(keys: Path, run: Run) -> None:
    result = run("forecast", "--snapshot", "s.json", "--rule", KEYS)
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert lines == [
        "Account 111122223333, captured 2026-11-24 03:00Z: the 30 days up to 2026-12-24 03:00Z",
        "What changes if nobody uses, rotates or changes anything, and the rules stay as they are:",
        "day in days severity rule resource finding",
        f"2026-12-01 7 MEDIUM {KEYS} user0 Not rotated for more than 90 days: access_key_1 since 2026-09-01T03:00:00Z",
        "1 finding will open; 0 are open at the capture.",
    ]
    assert (result.code, result.err) == (0, "Exit code 0: 1 will open; complete\n")
    assert keys.is_dir()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--fail-on", "open"], 1),
        (["--fail-on", "open", "--days", "6"], 0),
        (["--fail-on", "open", "--min-severity", "high"], 0),
        (["--days", "0"], 2),
        (["--parameter", "access-keys-rotated.maxAccessKeyAge=100", "--fail-on", "open", "--days", "16"], 0),
        (["--parameter", "access-keys-rotated.maxAccessKeyAge=100", "--fail-on", "open", "--days", "17"], 1),
    ],
)
def test_the_gate_is_about_what_will_open(keys: Path, run: Run, options: list[str], code: int) -> None:
    assert run("forecast", "--snapshot", "s.json", "--rule", KEYS, *options).code == code
    assert keys.is_dir()


def test_what_is_undecided_is_named_and_exits_4(keys: Path, run: Run) -> None:
    (keys / "s.json").write_bytes(with_keys(10, unknown=True))
    result = run("forecast", "--snapshot", "s.json", "--rule", KEYS)
    assert result.code == 4
    assert "Exit code 4: incomplete: nobody can say when 1 finding will fail" in result.err
    assert result.out.splitlines()[-1].split()[:2] == [KEYS, "eve"]
    assert run("forecast", "--snapshot", "s.json", "--rule", KEYS, "--allow-incomplete").code == 0


def test_suppressions_of_the_file_end(keys: Path, run: Run) -> None:
    (keys / "iam-audit.toml").write_text(
        f'[[suppressions]]\nrule = "{KEYS}"\nresource = "user0"\nreason = "moving"\nowner = "ops"\nuntil = 2026-12-10\n'
    )
    result = run("forecast", "--snapshot", "s.json", "--rule", KEYS, "--format", "json")
    (only,) = json.loads(result.out)["expected"]
    assert (only["after_days"], only["becomes"], only["ended"]["owner"]) == (17, "open", "ops")
    assert "the suppression ends (owner ops, moving)" in run("forecast", "--snapshot", "s.json", "--rule", KEYS).out


def test_files_of_every_format_hold_the_same(keys: Path, run: Run) -> None:
    paths = ["{account_id}.html", "f.md", "f.json"]
    result = run("forecast", "--snapshot", "s.json", "--rule", KEYS, *(word for path in paths for word in ("-o", path)))
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("Wrote 111122223333.html, f.md, f.json. Exit code 0")
    for name in ("111122223333.html", "f.md"):
        text = (keys / name).read_text("utf-8")
        assert "user0" in text
        assert "if nobody uses, rotates or changes anything" in text
        assert "<script" not in text
    assert json.loads((keys / "f.json").read_text("utf-8"))["format"] == "iam-audit-forecast"
    assert run("forecast", "--snapshot", "s.json", "-o", "s.json").code == 2


def test_any_input_can_be_forecast(keys: Path, run: Run) -> None:
    (keys / "exports").mkdir()
    write_exports(keys / "exports")
    result = run("forecast", "--exports", "exports", "--rule", KEYS)
    assert (result.code, "the capture time of the account is unknown" in result.err) == (3, True)
    assert "a snapshot without a capture time must be read again" in " ".join(result.err.split())
    result = run("forecast", "--exports", "exports", "--captured-at", "2026-11-24T03:00:00Z", "--rule", KEYS)
    assert result.code in (0, 4), result
    assert "the 30 days up to 2026-12-24 03:00Z" in result.out
