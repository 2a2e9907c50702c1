"""Owners: by the tag that the file names, known as far as the tags of a resource are."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from nights import MFA, at_night, people

from auditor.account.snapshot import dump
from auditor.testing import console_user

SETTINGS = '[history]\nfile = "nights.db"\nowner_tag = "Owner"\n'


def person(name: str, **fields: Any) -> Any:
    return console_user(name, mfa=False, groups=["A"], **fields)


def scan(folder: Path, run: Run, day: int, *users: Any, options: tuple[str, ...] = ()) -> Any:
    (folder / "night.json").write_bytes(dump(at_night(day, people(*users))))
    return run("scan", "--snapshot", "night.json", "-o", f"{day}.json", *options)


def owners(run: Run) -> dict[str, str | None]:
    found = json.loads(run("history", "show", "--rule", MFA, "--format", "json").out)["findings"]
    return {each["resource_name"]: each["owner"] for each in found}


@pytest.fixture
def settings(folder: Path) -> Path:
    """Return the working folder with a file that names a history and a tag."""
    (folder / "iam-audit.toml").write_text(SETTINGS)
    return folder


def test_owners_are_known_where_tags_are(settings: Path, run: Run) -> None:
    untold = person("eve", unknown=["tags"])
    scan(settings, run, 0, person("bob", tags={"Owner": "ops"}), person("max", tags={"Team": "x"}), untold)
    assert owners(run) == {"bob": "ops", "max": "", "eve": None}
    lines = run("history", "show", "--rule", MFA).out.splitlines()
    assert lines[1].split()[-2:] == ["owner", "notes"]
    assert [line.split()[-1] for line in lines[2:5]] == ["ops", "unknown", "none"]
    report = json.loads((settings / "0.json").read_text("utf-8"))
    arn = "arn:aws:iam::111122223333:user/"
    assert report["owners"] == {"tag": "Owner", "by_arn": {f"{arn}bob": "ops", f"{arn}max": None}}
    assert run("history", "verify", "0.json").code == 0


def test_the_newest_run_that_knows_the_owner_counts(settings: Path, run: Run) -> None:
    scan(settings, run, 0, person("bob", tags={"Owner": "ops"}))
    scan(settings, run, 1, person("bob", tags={"Owner": "web"}))
    assert owners(run) == {"bob": "web"}
    scan(settings, run, 2, person("bob", unknown=["tags"]))
    assert owners(run) == {"bob": "web"}
    scan(settings, run, 3, person("bob"))
    assert owners(run) == {"bob": ""}
    out = run("history", "report", "1.json", "--format", "json").out
    assert "web" in [each["finding"]["owner"] for each in json.loads(out)["findings"]]
    assert run("history", "verify").code == 0
    assert run("history", "prune", "--before", "2026-11-27").code == 0
    assert owners(run) == {"bob": ""}
    assert run("history", "verify").code == 0


def nights_of_three(settings: Path, run: Run, owner: str = "ops") -> None:
    """Have bob, max and eve fail from the second night on; bob, whose owner is known, is mended after two days."""
    for day, mended in enumerate((True, False, False, True, True)):
        bob = console_user("bob", mfa=mended, groups=["A"], tags={"Owner": owner})
        others = [console_user(name, mfa=not day, groups=["A"]) for name in ("kim", "max")]
        eve = console_user("eve", mfa=not day, groups=["A"], unknown=["tags"])
        scan(settings, run, day, bob, *others, eve)


def test_the_time_to_remediate_is_known_by_owner(settings: Path, run: Run) -> None:
    nights_of_three(settings, run)
    found = json.loads(run("history", "trend", "--rule", MFA, "--format", "json").out)["remediation_by_owner"]
    rows = [(each["owner"], each["remediated"], each["censored"], each["median_days"]) for each in found]
    assert rows == [("", 0, 2, None), ("ops", 1, 0, 2), (None, 0, 1, None)]
    assert [each["longest_days"] for each in found] == [3, 2, 3]
    lines = run("history", "trend", "--rule", MFA).out.splitlines()
    table = lines[lines.index("Days to remediate by owner:") + 1 :]
    assert [line.split() for line in table[:4]] == [
        ["owner", "remediated", "open", "or", "unclear", "median", "90th", "percentile"],
        ["none", "0", "2", "more", "than", "3", "more", "than", "3"],
        ["ops", "1", "0", "2", "2"],
        ["unknown", "0", "1", "more", "than", "3", "more", "than", "3"],
    ]
    assert run("history", "verify").code == 0
    narrowed = json.loads(run("history", "trend", "--severity", "low", "--format", "json").out)
    assert narrowed["remediation_by_owner"] == []


def test_names_of_owners_are_text_on_the_page(settings: Path, run: Run) -> None:
    nights_of_three(settings, run, "<b>|ops\u202e")
    assert run("history", "trend", "-o", "trend.html", "-o", "trend.md").code == 0
    page = (settings / "trend.html").read_text("utf-8")
    assert "By owner" in page
    assert "&lt;b&gt;|ops" in page
    assert "\u202e" not in page + (settings / "trend.md").read_text("utf-8")


def test_of_many_owners_those_with_the_most_findings_are_written_out(settings: Path, run: Run) -> None:
    people_of_many = [person(f"user{number}", tags={"Owner": f"team{number:02}"}) for number in range(60)]
    scan(settings, run, 0, person("own", tags={"Owner": "team59"}), *people_of_many)
    out = run("history", "trend", "--rule", MFA).out
    assert (out.count("  team"), "team59" in out, "team58" in out) == (50, True, False)
    assert "And 10 owners with fewer findings" in out


def test_without_the_setting_nothing_of_owners_is_in_reports(folder: Path, run: Run) -> None:
    scan(folder, run, 0, person("bob", tags={"Owner": "ops"}), options=("--history", "h.db"))
    assert json.loads((folder / "0.json").read_text("utf-8"))["owners"] is None
    out = run("history", "show", "--history", "h.db").out + run("history", "trend", "--history", "h.db").out
    assert "owner" not in out


def test_the_option_goes_before_the_file_and_one_of_them_is_needed(settings: Path, run: Run) -> None:
    scan(settings, run, 0, person("bob"), options=("--history", "other.db"))
    assert (settings / "other.db").exists()
    assert not (settings / "nights.db").exists()
    result = run("history", "show", "--no-config")
    assert (result.code, "no history is named" in result.err) == (2, True)


def test_a_file_that_was_not_named_does_not_reach_out_of_its_folder(settings: Path, run: Run) -> None:
    (settings / "iam-audit.toml").write_text('[history]\nfile = "../nights.db"\n')
    for command in (("scan", "--snapshot", "s.json"), ("history", "show")):
        result = run(*command)
        assert (result.code, "history.file ../nights.db is outside the folder of" in result.err) == (2, True)
    assert not (settings.parent / "nights.db").exists()
    assert run("scan", "--snapshot", "s.json", "--config", "iam-audit.toml").code == 0
    assert (settings.parent / "nights.db").exists()


TEMPLATE = "Resources:\n  U: {Type: 'AWS::IAM::User', Properties: {UserName: new}}\n"


def test_a_history_holds_no_planned_change(settings: Path, run: Run) -> None:
    (settings / "t.yaml").write_text(TEMPLATE)
    scan(settings, run, 0, person("bob"))
    planned = scan(settings, run, 1, person("bob"), options=("--cloudformation", "t.yaml"))
    assert "The report is not added to nights.db, because it is of a planned change" in planned.err
    result = run("history", "add", "--history", "nights.db", "1.json")
    assert (result.code, "1.json is of a planned change" in result.err) == (3, True)
    result = scan(settings, run, 2, person("bob"), options=("--cloudformation", "t.yaml", "--history", "h.db"))
    assert (result.code, "--history cannot be used with a planned change" in result.err) == (2, True)
    assert not (settings / "h.db").exists()
    assert "1 run " in run("history", "show").out


def test_scans_of_other_rules_are_not_added_to_the_history_of_the_file(settings: Path, run: Run) -> None:
    scan(settings, run, 0, person("bob"))
    result = scan(settings, run, 1, person("bob"), options=("--rule", MFA))
    assert "not added to nights.db, because options select its rules" in result.err
    scan(settings, run, 2, person("bob"), options=("--rule", MFA, "--history", "other.db"))
    assert "1 run " in run("history", "show").out
    assert "1 run " in run("history", "show", "--history", "other.db").out
