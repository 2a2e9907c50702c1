"""Outputs stay where they are wanted: no configuration that nobody named writes elsewhere, and no input is lost."""

from pathlib import Path

import exports_folder as folder_of
import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import account


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, which holds a snapshot; a folder beside it is not its own."""
    (tmp_path / "work").mkdir()
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("s.json").write_bytes(dump(account()))
    return tmp_path / "work"


@pytest.mark.parametrize("place", ["../else/r.json", "{tmp}/else/r.json", "sub/../../else/r.json"])
def test_a_file_that_nobody_named_writes_into_its_own_folder_only(run: Run, tmp_path: Path, place: str) -> None:
    Path("iam-audit.toml").write_text(f'[output]\nfiles = ["{place.replace("{tmp}", str(tmp_path))}"]\n')
    result = run("scan", "--snapshot", "s.json")
    assert result.code == 2
    assert "is outside the folder of iam-audit.toml" in result.err
    assert list((tmp_path / "else").iterdir()) == []
    named = run("scan", "--snapshot", "s.json", "--config", "iam-audit.toml")
    assert "is outside the folder" not in named.err


def test_a_link_out_of_the_folder_is_out_of_it(run: Run, tmp_path: Path) -> None:
    Path("out").symlink_to(tmp_path / "else")
    Path("iam-audit.toml").write_text('[output]\nfiles = ["out/r.json"]\n')
    assert run("scan", "--snapshot", "s.json").code == 2


def test_a_link_is_followed_to_reports_only(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "else" / "settings.json"
    other.write_text('{"precious": true}')
    Path("r.json").symlink_to(other)
    result = run("scan", "--snapshot", "s.json", "-o", "r.json")
    assert (result.code, "is a link to" in result.err) == (3, True)
    assert other.read_text() == '{"precious": true}'
    other.write_text("")
    assert run("scan", "--snapshot", "s.json", "-o", "r.json").code in (0, 4)
    assert run("scan", "--snapshot", "s.json", "-o", "r.json").code in (0, 4)


def test_no_output_replaces_what_is_read(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports", {})
    before = {file: file.read_bytes() for file in exports.iterdir()}
    for name in ("account-summary.json", "credential-report.json"):
        result = run("scan", "--exports", exports, "-o", exports / name)
        assert (result.code, "is a file that is read" in result.err) == (2, True)
    assert {file: file.read_bytes() for file in exports.iterdir()} == before


BROKEN = {
    "an integer of 5,000 digits": f"[gate]\nmax_report_age = {'1' * 5000}\n",
    "NUL in a pack's name": 'conformance_packs = [{file = "a\\u0000b.yaml"}]\n',
    "NUL in an output's name": '[output]\nfiles = ["a\\u0000.json"]\n',
    "a width": '[output]\nfiles = ["{captured_at:%99999999d}.json"]\n',
    "a width of the account": '[output]\nfiles = ["{account_id:99999999}.json"]\n',
    "a name of nothing": '[output]\nfiles = ["{captured_at:%%}/.json"]\n',
    "a folder in a time": '[output]\nfiles = ["{captured_at:%Y/%m}.json"]\n',
    "a placeholder without a name": '[output]\nfiles = ["{}.json"]\n',
    "a long reason": "[[suppressions]]\nrule = 'x'\nresource = 'y'\nowner = 'o'\nuntil = 2026-12-01\n"
    f"reason = '{'r' * 5000}'\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=list(BROKEN))
def test_a_configuration_that_makes_no_sense_is_one_message(run: Run, text: str) -> None:
    Path("iam-audit.toml").write_text(text)
    for options in ([], ["--config", "iam-audit.toml"]):
        result = run("scan", "--snapshot", "s.json", *options)
        assert result.code == 2
        assert "iam-audit.toml" in result.err
        assert "Traceback" not in result.err


def test_a_named_pipe_is_no_configuration(run: Run) -> None:
    import os

    os.mkfifo("iam-audit.toml")
    result = run("scan", "--snapshot", "s.json")
    assert (result.code, "is a named pipe" in result.err) == (2, True)


@pytest.mark.parametrize("value", ["bash_source", "bash_complete", "nonsense"])
def test_a_completion_variable_hides_no_command(run: Run, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("_IAM_AUDIT_COMPLETE", value)
    assert "Account verdict" in run("scan", "--snapshot", "s.json").out


@pytest.mark.parametrize("value", ["bash_complete", "nonsense", "tcsh_source", "bash_"])
def test_a_completion_variable_that_no_shell_sets_is_one_message(
    run: Run, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("_IAM_AUDIT_COMPLETE", value)
    monkeypatch.delenv("COMP_WORDS", raising=False)
    result = run()
    assert (result.code, result.out) == (2, "")
    assert "_IAM_AUDIT_COMPLETE" in result.err


def test_no_columns_are_the_usual_ones(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert "Account verdict" in run("scan", "--snapshot", "s.json").out
