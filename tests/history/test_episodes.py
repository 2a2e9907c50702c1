"""Episodes: what begins one, what ends it, how old it is; in named cases, and against a simple count of nights."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from nights import BOB, EVE, FIXED, MEMORY, MFA, added, many_nights, night, people
from rule_parameters import configured
from test_history_properties import by_the_reports
from two_reports import anew

from auditor.history import store
from auditor.history.accounts import accounts
from auditor.history.aged import AgedFinding, open_findings
from auditor.history.calendar import Calendar, day_of
from auditor.history.documents import Documents
from auditor.history.episodes import histories
from auditor.history.trend import Trend, trend
from auditor.history.wanted import Period, Wanted
from auditor.judging.rule import ComplianceType, Severity
from auditor.judging.suppressions import Suppression
from auditor.report.report import Report
from auditor.testing import user

UNKNOWN = user("bob", groups=["A"], unknown=["credentials"])
GONE, BAD, GOOD, UNDECIDED = people(), people(BOB), people(FIXED), people(UNKNOWN)
REMADE = people(anew(BOB))
NO_ID = people(user("bob", groups=["A"], credentials=BOB.credentials, unknown=["id"]))
UNLISTED = people(unknown=["users"])
ASIDE = Suppression(rule=MFA, resource="bob", reason="r", owner="o", until=date(2027, 1, 1))


def reports(nights: Sequence[Any]) -> list[Report]:
    """Return the reports of nights, the place of each being its day; None: no run."""
    return [each if isinstance(each, Report) else night(day, each) for day, each in enumerate(nights) if each]


def found(tmp_path: Path, nights: Sequence[Any], **wanted: Any) -> list[AgedFinding]:
    added(tmp_path / "h.db", *reports(nights))
    with store.reading(str(tmp_path / "h.db")) as connection:
        return list(open_findings(connection, Wanted(**wanted), {Severity.MEDIUM: 3}).findings)


def told(finding: AgedFinding) -> str:
    least = "at least " if finding.at_least else ""
    notes = [f"{least}{finding.age_days}", finding.status.value]
    notes += [finding.reason.value] if finding.reason else []
    notes += [f"reopened {finding.reopened}"] if finding.reopened else []
    notes += [f"unseen {finding.unseen_days}"] if finding.unseen_days else []
    return ", ".join([*notes, *(["overdue"] if finding.overdue else [])])


SUPPRESSED = night(2, BAD, suppressions=[ASIDE])
OTHER_RULE = night(1, BAD, [configured("iam-user-group-membership-check")])


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        pytest.param([GOOD, BAD, BAD], ["1, open"], id="began between two nights"),
        pytest.param([BAD, BAD], ["at least 1, open"], id="there when the history begins"),
        pytest.param([GOOD, None, BAD], ["at least 0, open"], id="a night is missing before it"),
        pytest.param([GOOD, UNDECIDED, BAD], ["at least 0, open"], id="not decided the night before"),
        pytest.param([GOOD, BAD, None, BAD], ["2, open, unseen 1"], id="a night is missing within it"),
        pytest.param([GOOD, BAD, UNDECIDED, BAD], ["2, open, unseen 1"], id="not decided in between"),
        pytest.param([GOOD, BAD, UNDECIDED], ["0, not_seen, undecided, unseen 1"], id="not decided now"),
        pytest.param([GOOD, BAD, UNLISTED], ["0, not_seen, source_incomplete, unseen 1"], id="not listed now"),
        pytest.param([BAD, OTHER_RULE], ["at least 0, not_seen, rule_not_run, unseen 1"], id="the rule did not run"),
        pytest.param([UNDECIDED], [], id="never known to fail"),
        pytest.param([BAD, GOOD], [], id="in order now"),
        pytest.param([BAD, GONE], [], id="gone from a complete list"),
        pytest.param([BAD, GOOD, BAD], ["0, open, reopened 1"], id="came back"),
        pytest.param([BAD, GOOD, BAD, GOOD, BAD], ["0, open, reopened 2"], id="came back twice"),
        pytest.param([BAD, UNLISTED, GOOD, UNDECIDED], [], id="resolved and then not decided"),
        pytest.param([BAD, BAD, REMADE], ["0, open"], id="another user of the same name starts anew"),
        pytest.param([GOOD, BAD, SUPPRESSED], ["1, suppressed"], id="suppressed it lasts on"),
        pytest.param([GOOD, BAD, BAD, BAD, BAD], ["3, open"], id="at the end of the SLA"),
        pytest.param([GOOD, BAD, BAD, BAD, BAD, BAD], ["4, open, overdue"], id="beyond the SLA"),
        pytest.param(
            [GOOD, BAD, *[None] * 4, night(6, BAD, suppressions=[ASIDE])],
            ["5, suppressed, unseen 4"],
            id="suppressed it is not overdue",
        ),
        pytest.param(
            [*[NO_ID] * 6, BAD],
            ["at least 5, not_seen, id_unknown, unseen 1", "at least 0, open"],
            id="its unique id becomes known, and the one without is not overdue",
        ),
    ],
)
def test_an_age_says_what_the_nights_prove(tmp_path: Path, nights: Sequence[Any], expected: list[str]) -> None:
    assert [told(each) for each in found(tmp_path, nights)] == expected


def test_findings_are_narrowed_and_ordered(tmp_path: Path) -> None:
    rules = [configured(MFA), configured("iam-user-group-membership-check")]
    nights = [night(0, people(BOB), rules), night(1, people(BOB, EVE), rules)]
    both = found(tmp_path, nights)
    assert [(each.resource_name, each.age_days) for each in both] == [("bob", 1), ("eve", 0)]
    with store.reading(str(tmp_path / "h.db")) as connection:
        for wanted in (Wanted(rules=["iam-user-group-membership-check"]), Wanted(severities=["LOW"])):
            assert open_findings(connection, wanted, {}).findings == ()


class Told(NamedTuple):
    """What a simple count of nights says of an episode: days of its begin and end, and whether it may be older."""

    first: int
    resolved: int | None
    at_least: bool


def counted(states: Sequence[str], days: Sequence[int]) -> list[Told]:
    """Return the episodes of a finding by going through its nights: the oracle."""
    episodes: list[Told] = []
    for position, (state, day) in enumerate(zip(states, days, strict=True)):
        running = bool(episodes) and episodes[-1].resolved is None
        if state in ("open", "suppressed") and not running:
            proven = position > 0 and states[position - 1] == "resolved" and day - days[position - 1] <= 1
            episodes.append(Told(day, None, not proven))
        if state == "resolved" and running:
            episodes[-1] = episodes[-1]._replace(resolved=day)
    return episodes


@given(many_nights())
@settings(deadline=None)
def test_episodes_are_those_of_a_simple_count(reports: list[Report]) -> None:
    days = [day_of(int(report.snapshot.captured_at.timestamp())) for report in reports if report.snapshot.captured_at]
    oracle = {key: counted(states, days) for key, states in by_the_reports(reports).items()}
    with TemporaryDirectory(dir=MEMORY) as folder:
        added(Path(folder) / "h.db", *reports)
        with store.reading(f"{folder}/h.db") as connection:
            calendar = Calendar(connection, accounts(connection)[0], Documents(connection))
            ours = {
                (each.fingerprint, each.resource_id, each.identifier): [
                    Told(day_of(one.first), None if one.resolved is None else day_of(one.resolved), one.at_least)
                    for one in each.episodes
                ]
                for each in histories(connection, calendar)
            }
            assert ours == oracle
            found = trend(connection, Wanted(), Period(), LIMITS)
            check_trend(found, reports, oracle, days)
            overdue = open_findings(connection, Wanted(), LIMITS).overdue
            assert sum(each.overdue for each in found.sla) == overdue
            parts = [
                trend(connection, Wanted(rules=[name]), Period(), LIMITS)
                for name in {name for name, _ in calendar.severities}
            ]
            for number, day in enumerate(found.days):
                assert day.open == {each: sum(part.days[number].open[each] for part in parts) for each in Severity}
                assert day.accounts == parts[0].days[number].accounts
            assert sum(each.overdue for part in parts for each in part.sla) == overdue


LIMITS = {Severity.MEDIUM: 2, Severity.CRITICAL: 0}


def check_trend(found: Trend, reports: Sequence[Report], oracle: Any, days: Sequence[int]) -> None:
    """Hold a trend against the counts of the reports, and against the episodes."""
    audited = [each for each in found.days if each.accounts]
    assert len(found.days) == days[-1] - days[0] + 1
    failing = [report.summary.counts[ComplianceType.NON_COMPLIANT] for report in reports]
    assert [sum(each.open.values()) for each in audited] == failing
    episodes = [one for each in oracle.values() for one in each]
    assert sum(each.began for each in found.days) == sum(one.first != days[0] for one in episodes)
    assert sum(each.resolved for each in found.days) == sum(one.resolved is not None for one in episodes)
    for each, day in zip(audited, days, strict=True):
        running = sum(one.first <= day and (one.resolved is None or day < one.resolved) for one in episodes)
        assert sum(each.open.values()) + each.suppressed + each.not_seen == running
        assert each.not_seen >= 0
