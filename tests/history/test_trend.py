"""The trend: days without a run, changes of what was asked, and the time to remediate."""

import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import Run
from msgspec.structs import replace
from nights import BOB, EVE, FIXED, MFA, added, night, people
from rule_parameters import configured

from auditor.history.remediation import MEDIAN, P90, Duration, quantile
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules

GROUPS = "iam-user-group-membership-check"
RULES = [configured(MFA)]


@pytest.fixture
def history(folder: Path) -> Path:
    """Return the working folder with a history of seven days: one has no run, and from the sixth on a rule is new."""
    snapshots = [people(EVE, FIXED), people(BOB, EVE), people(BOB), None, people(FIXED), people(BOB), people(BOB)]
    for day, snapshot in enumerate(snapshots):
        if snapshot is not None:
            added(folder / "h.db", night(day, snapshot, [*RULES, configured(GROUPS)] if day > 4 else RULES))
    return folder


def test_the_trend_names_gaps_and_changes(history: Path, run: Run) -> None:
    result = run("history", "trend", "--history", "h.db")
    lines = result.out.splitlines()
    assert (result.code, result.err, lines[0]) == (0, "", "1 account, 2026-11-24 to 2026-11-30 (days in UTC)")
    assert lines[1].split() == [
        *["day", "runs", "CRITICAL", "HIGH", "MEDIUM", "LOW", "open", "suppressed", "not", "seen"],
        *["began", "reopened", "resolved", "notes"],
    ]
    rows = [line.split() for line in lines[2:9]]
    assert [[row[0], row[1], *row[6:7], *row[9:12]] for row in rows if row[1] == "1/1"] == [
        ["2026-11-24", "1/1", "1", "0", "0", "0"],
        ["2026-11-25", "1/1", "2", "1", "0", "0"],
        ["2026-11-26", "1/1", "1", "0", "0", "1"],
        ["2026-11-28", "1/1", "0", "0", "0", "1"],
        ["2026-11-29", "1/1", "1", "1", "1", "0"],
        ["2026-11-30", "1/1", "1", "0", "0", "0"],
    ]
    assert rows[3] == ["2026-11-27", "0/1", "no", "run"]
    assert "  2026-11-29 account 111122223333: Rule iam-user-group-membership-check is only in the new report" in lines
    assert "  account 111122223333: 2026-11-27" in lines
    assert history.is_dir()


def test_the_time_to_remediate_counts_what_is_open(history: Path, run: Run) -> None:
    document = json.loads(run("history", "trend", "--history", "h.db", "--format", "json").out)
    assert document["remediation"] == [
        {
            "severity": "MEDIUM",
            "remediated": 1,  # bob's first one; nobody saw eve's begin, and bob's second one is open
            "censored": 2,
            "median_days": 3,
            "p90_days": 3,
            "longest_days": 3,
            "left": [{"days": 3, "share": 0.0}],
        }
    ]
    assert document["gaps"] == [{"account": "111122223333", "first": "2026-11-27", "last": "2026-11-27", "days": 1}]
    assert history.is_dir()


def test_a_period_and_a_rule_narrow_the_trend(history: Path, run: Run) -> None:
    options = ("--history", "h.db", "--since", "2026-11-28", "--until", "2026-11-29", "--format", "json")
    document = json.loads(run("history", "trend", *options, "--rule", MFA).out)
    assert [(day["date"], day["open"]["MEDIUM"]) for day in document["days"]] == [("2026-11-28", 0), ("2026-11-29", 1)]
    assert document["gaps"] == []
    document = json.loads(run("history", "trend", *options, "--rule", GROUPS).out)
    assert [day["open"]["MEDIUM"] for day in document["days"]] == [0, 0]
    assert history.is_dir()


def test_an_account_that_is_audited_no_more_is_a_gap(history: Path, run: Run) -> None:
    other = replace(people(), account=replace(people().account, id="444455556666"))
    added(history / "h.db", night(2, other, RULES), night(4, other, RULES))
    document = json.loads(run("history", "trend", "--history", "h.db", "--format", "json").out)
    assert [tuple(each.values()) for each in document["gaps"]] == [
        ("111122223333", "2026-11-27", "2026-11-27", 1),
        ("444455556666", "2026-11-27", "2026-11-27", 1),
        ("444455556666", "2026-11-29", "2026-11-30", 2),
    ]
    assert [day["accounts"] for day in document["days"]] == [1, 1, 2, 0, 2, 1, 1]
    out = run("history", "trend", "--history", "h.db").out
    assert "account 444455556666: 2026-11-29 to 2026-11-30 (2 days)" in out
    assert "No run in this period" in run("history", "trend", "--history", "h.db", "--since", "2027-01-01").out


def test_an_end_by_changed_parameters_is_no_remediation(folder: Path, run: Run) -> None:
    policy = load_rules()["iam-password-policy"]
    long, short = (configure(policy, {"MinimumPasswordLength": length}) for length in ("40", "8"))
    for day, rule in enumerate([short, long, short]):
        added(folder / "h.db", night(day, people(FIXED), [rule]))
    document = json.loads(run("history", "trend", "--history", "h.db", "--format", "json").out)
    assert [(day["began"], day["resolved"]) for day in document["days"]] == [(0, 0), (1, 0), (0, 1)]
    assert [(each["remediated"], each["censored"]) for each in document["remediation"]] == [(0, 1)]
    subjects = [each["subject"] for boundary in document["boundaries"] for each in boundary["differences"]]
    assert subjects == ["iam-password-policy.MinimumPasswordLength"] * 2


# The textbook example of the product-limit estimate: 6-MP, Freireich and others, Blood 21 (1963), 699-716.
REMISSION = [
    *(Duration(weeks, ended=True) for weeks in (6, 6, 6, 7, 10, 13, 16, 22, 23)),
    *(Duration(weeks, ended=False) for weeks in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)),
]


@pytest.mark.parametrize(
    ("durations", "share", "expected"),
    [
        pytest.param(REMISSION, MEDIAN, 23, id="median of the textbook"),
        pytest.param(REMISSION, 0.25, 13, id="first quartile of the textbook"),
        pytest.param(REMISSION, P90, None, id="never reached"),
        pytest.param([Duration(days, ended=True) for days in range(1, 11)], MEDIAN, 5, id="all ended, median"),
        pytest.param([Duration(days, ended=True) for days in range(1, 11)], P90, 9, id="all ended, ninth of ten"),
        pytest.param([Duration(3, ended=False)], MEDIAN, None, id="nothing ended"),
        pytest.param([], MEDIAN, None, id="nothing there"),
        pytest.param([Duration(0, ended=True)], P90, 0, id="on the same day"),
    ],
)
def test_quantiles_are_those_of_kaplan_and_meier(durations: list[Duration], share: float, expected: int | None) -> None:
    assert quantile(Counter(durations), share) == expected


def test_a_sample_is_the_same_whoever_draws_it(history: Path, run: Run) -> None:
    options = ("history", "sample", "--history", "h.db", "--seed", "7", "--format", "json")
    first = json.loads(run(*options).out)
    assert (first["population"], len(first["findings"])) == (2, 2)
    one = json.loads(run(*options, "--size", "1").out)
    assert one["findings"] == first["findings"][:1]
    names = {
        json.loads(run(*options[:-3], str(seed), *options[-2:], "--size", "1").out)["findings"][0]["resource_name"]
        for seed in range(12)
    }
    assert names == {"bob", "eve"}
    within = json.loads(run(*options, "--since", "2026-11-28").out)
    assert [(each["resource_name"], each["status"]) for each in within["findings"]] == [("bob", "open")]
    assert history.is_dir()


def test_what_is_shown_as_text(history: Path, run: Run) -> None:
    lines = run("history", "show", "--history", "h.db").out.splitlines()
    assert lines == [
        "Account 111122223333: 6 runs from 2026-11-24 03:00Z to 2026-11-30 03:00Z",
        "  severity    age  rule                                resource  first seen  last seen   notes",
        "  MEDIUM    1 day  mfa-enabled-for-iam-console-access  bob       2026-11-29  2026-11-30  reopened once",
        "Not resolved: 1 open, 0 suppressed, 0 not seen",
    ]
    lines = run("history", "sample", "--history", "h.db", "--seed", "1").out.splitlines()
    assert lines[-1].startswith("Drawn with the seed 1: 2 of 2 findings, population ")
    assert history.is_dir()


@pytest.mark.usefixtures("history")
def test_a_period_that_ends_before_it_begins_is_refused(run: Run) -> None:
    result = run("history", "trend", "--history", "h.db", "--since", "2026-12-01", "--until", "2026-01-01")
    assert (result.code, "--until 2026-01-01 is before --since 2026-12-01" in result.err) == (2, True)


def test_an_unknown_account_or_date_is_refused(history: Path, run: Run) -> None:
    result = run("history", "show", "--history", "h.db", "--account", "999999999999")
    assert (result.code, "--account 999999999999 is not in the history" in result.err) == (2, True)
    for command in ("show", "trend"):
        result = run("history", command, "--history", "h.db", "--rule", "mfa-enabled-for-iam-console")
        assert (result.code, f"Did you mean {MFA}?" in result.err) == (2, True)
    result = run("history", "trend", "--history", "h.db", "--since", "yesterday")
    assert (result.code, "'yesterday' is not a date such as 2026-11-24" in result.err) == (2, True)
    assert history.is_dir()
