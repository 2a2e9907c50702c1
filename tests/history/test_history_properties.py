"""A history of any nights says of each finding what the stored reports prove, in whatever order they came."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from nights import MEMORY, added, many_nights

from auditor.history import store
from auditor.history.ledger import Ledger, spans_of
from auditor.history.proofs import state_of
from auditor.history.runs import findings_digest, key_of, stored_runs
from auditor.history.timeline import at
from auditor.history.tracking import tracked
from auditor.history.verification import verified
from auditor.judging.rule import ComplianceType
from auditor.report.changes import Entry
from auditor.report.proof import Side
from auditor.report.report import Report

Told = dict[tuple[str, str | None, str], list[str]]


def by_the_reports(reports: Sequence[Report]) -> Told:
    """Return what each report proves of each finding that any of them has as NON_COMPLIANT: the oracle."""
    sides = [Side(report, "the report") for report in reports]
    told: Told = {}
    for side in sides:
        for each in side.report.findings:
            if each.compliance_type is ComplianceType.NON_COMPLIANT:
                identifier = side.rules[each.config_rule_name].source_identifier
                entry = Entry(**{name: getattr(each, name) for name in Entry.__struct_fields__})
                key = each.fingerprint, each.resource_id, identifier
                told[key] = [state_of(other.fate(entry, identifier)) for other in sides]
    return told


def by_the_history(path: Path) -> Told:
    """Return what the states in the file say of each finding, run by run."""
    with store.reading(str(path)) as connection:
        ledger, times = Ledger(connection, 1), [run.time for run in stored_runs(connection, 1)]
        spans = spans_of(connection, "state", 1)
        return {
            (ledger.items[item].fingerprint, resource_id, ledger.items[item].source_identifier): [
                str(at(spans[number], time)) for time in times
            ]
            for (item, resource_id), number in tracked(connection, 1).items()
        }


def contents(path: Path) -> dict[str, Any]:
    """Return what is in a file, without the numbers of rows, which follow the order of adding."""
    with closing(sqlite3.connect(path)) as connection:
        queries = {
            "runs": "SELECT time, report_sha256, findings_sha256, asked, proof, previous_sha256, link FROM run",
            "verdicts": "SELECT hex(fingerprint), identifier, first, last, resource_id, compliance_type, suppression"
            " FROM verdict JOIN finding ON finding.id = item JOIN rule ON rule.id = rule"
            " JOIN observation ON observation.id = value",
            "owners": "SELECT arn, first, last, value FROM owner JOIN resource ON resource.id = item",
            "tallies": "SELECT content FROM tally",
            "states": "SELECT hex(fingerprint), rule.identifier, tracked.resource_id, first, last, value FROM state"
            " JOIN tracked ON tracked.id = item JOIN finding ON finding.id = finding JOIN rule ON rule.id = rule",
        }
        return {name: sorted(connection.execute(query), key=repr) for name, query in queries.items()}


@given(many_nights())
@settings(deadline=None)
def test_the_states_are_those_that_the_reports_prove(reports: list[Report]) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "h.db"
        added(path, *reports)
        assert by_the_history(path) == by_the_reports(reports)


@given(many_nights(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_adding_does_not_matter(reports: list[Report], chance: Any) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        first, second = Path(folder) / "1.db", Path(folder) / "2.db"
        added(first, *reports)
        shuffled = list(reports)
        chance.shuffle(shuffled)
        added(second, *shuffled)
        assert contents(first) == contents(second)
        with store.reading(str(second)) as connection:
            assert verified(connection).faults == ()


@given(many_nights())
@settings(deadline=None)
def test_the_verdicts_of_each_night_can_be_told_again(reports: list[Report]) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "h.db"
        added(path, *reports)
        with store.reading(str(path)) as connection:
            ledger = Ledger(connection, 1)
            for run, report in zip(stored_runs(connection, 1), reports, strict=True):
                assert sorted(ledger.keys(run.time)) == sorted(map(key_of, report.findings))
                assert run.findings_sha256 == findings_digest(ledger.keys(run.time))
