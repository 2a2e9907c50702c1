"""`history add` of what runs over organizations have stored: every report once, and what is missing is counted."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run
from nights import MFA
from organization_runs import nights_of_runs

from auditor.organization.names import MANIFEST, RECEIPT, REPORT
from auditor.organization.records import Keep
from auditor.organization.storage import Folder

FIRST = "000000000001"
ADD = ("history", "add", "--history", "h.db")
NIGHTS = [f"2026-11-{day}" for day in (24, 25, 26)]


@pytest.fixture
def runs(folder: Path) -> Path:
    """Return the folder of a store with the runs of three nights over two accounts, in the working folder."""
    nights_of_runs(Folder("runs"), folder / "snapshots")
    return Path("runs")


def of_night(runs: Path, day: int) -> Path:
    return sorted(runs.glob("org=*/date=*"))[day]


def trend(run: Run) -> dict[str, tuple[int, int]]:
    """Return how many accounts have a run on each day, and how many findings of one rule are open."""
    days = json.loads(run("history", "trend", "--history", "h.db", "--rule", MFA, "--format", "json").out)["days"]
    return {day["date"]: (day["accounts"], sum(day["open"].values())) for day in days}


def test_the_runs_of_a_store_become_a_history_of_every_account(runs: Path, run: Run) -> None:
    done = run(*ADD, runs)
    assert (done.code, done.out, done.err) == (0, "", "Added 6 reports to h.db\n")
    assert trend(run) == dict(zip(NIGHTS, [(2, 1), (2, 1), (2, 0)], strict=True))
    again = run(*ADD, runs)
    assert (again.code, again.err) == (0, "Added 0 reports to h.db; 6 already there\n")
    unpacked = []
    for number, packed in enumerate(runs.rglob(REPORT)):
        Path(f"{number}.json").write_bytes(gzip.decompress(packed.read_bytes()))
        unpacked.append(f"{number}.json")
    assert run("history", "verify", "--history", "h.db", *unpacked).code == 0


def test_one_run_may_be_named_and_reports_of_others_beside_it(runs: Path, run: Run) -> None:
    report = of_night(runs, 0) / f"account={FIRST}" / REPORT
    assert run(*ADD, of_night(runs, 1), report).err == "Added 3 reports to h.db\n"
    assert trend(run) == dict(zip(NIGHTS[:2], [(1, 1), (2, 1)], strict=True))


def test_the_runs_of_one_organization_may_be_named(runs: Path, run: Run) -> None:
    assert run(*ADD, runs / "org=o-a1").err == "Added 6 reports to h.db\n"


def test_accounts_without_a_report_are_counted_by_the_reason(runs: Path, run: Run) -> None:
    (of_night(runs, 0) / f"account={FIRST}" / RECEIPT).unlink()
    receipt = of_night(runs, 1) / f"account={FIRST}" / RECEIPT
    failed = {**json.loads(receipt.read_bytes()), "state": "denied", "report": None, "captured_at": None}
    receipt.write_text(json.dumps(failed))
    done = run(*ADD, runs)
    text = "Added 4 reports to h.db; 2 reports are missing in 3 runs of runs: 1 denied, 1 unfinished\n"
    assert (done.code, done.err) == (0, text)
    assert trend(run) == dict(zip(NIGHTS, [(1, 0), (1, 0), (2, 0)], strict=True))


def test_runs_that_keep_no_reports_are_an_error(folder: Path, run: Run) -> None:
    nights_of_runs(Folder("runs"), folder / "snapshots", 1, Keep.NONE)
    done = run(*ADD, "runs")
    assert (done.code, "runs holds no report of an account: 2 not kept" in done.err) == (3, True)
    assert not Path("h.db").exists()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def of_the_other_account(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"000000000001", b"000000000002"))


DAMAGE = {
    "a receipt that is cut": (RECEIPT, cut, "is not a receipt"),
    "a receipt of another account": (RECEIPT, of_the_other_account, "it is of account 000000000002"),
    "a run that is cut": (f"../{MANIFEST}", cut, "is damaged"),
    "a run that is gone": (f"../{MANIFEST}", Path.unlink, "is not a run"),
}


@pytest.mark.parametrize(("name", "damage", "message"), DAMAGE.values(), ids=list(DAMAGE))
def test_nothing_is_added_of_what_is_damaged(
    runs: Path, run: Run, name: str, damage: Callable[[Path], None], message: str
) -> None:
    damage(of_night(runs, 1) / f"account={FIRST}" / name)
    done = run(*ADD, runs)
    assert (done.code, message in done.err) == (3, True)
    assert not Path("h.db").exists()


@pytest.mark.parametrize(("damage", "message"), [(cut, "its digest differs"), (Path.unlink, "is not there")])
def test_a_damaged_report_ends_the_command_and_the_rest_goes_in_later(
    runs: Path, run: Run, damage: Callable[[Path], None], message: str
) -> None:
    report = of_night(runs, 1) / f"account={FIRST}" / REPORT
    whole = report.read_bytes()
    damage(report)
    done = run(*ADD, runs)
    assert (done.code, message in done.err, str(report) in done.err) == (3, True, True)
    assert done.err.startswith("Added 2 reports to h.db")
    assert list(trend(run)) == NIGHTS[:1]
    report.write_bytes(whole)
    assert run(*ADD, runs).err == "Added 4 reports to h.db; 2 already there\n"


def test_a_folder_without_runs_is_an_error(folder: Path, run: Run) -> None:
    (folder / "elsewhere").mkdir()
    done = run(*ADD, "elsewhere", "s.json")
    assert (done.code, "elsewhere holds no runs of `iam-audit organization scan`" in done.err) == (3, True)
