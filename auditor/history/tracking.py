"""Tracking: what each run proves for findings that were ever NON_COMPLIANT."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from auditor.history.ledger import Ledger, place, spans_of, write_spans
from auditor.history.proofs import RuleProof, StoredProof, state_of
from auditor.history.runs import Run
from auditor.history.timeline import Moment, Span, in_sequence
from auditor.judging.rule import ComplianceType

Tracked = tuple[int, str | None]
"""The number of a finding, and the unique id of the resource."""


def track(connection: sqlite3.Connection, ledger: Ledger, runs: Sequence[Run], moment: Moment) -> None:
    """Write what a new run proves for each tracked finding, and what all runs prove for findings that are new.

    Call it after the verdicts of the run are recorded; `runs` are the account's runs with verdicts, ordered by time.
    """
    account = ledger.account
    known = tracked(connection, account)
    spans = spans_of(connection, "state", account)
    proofs = proofs_of(ledger, runs)
    for key, number in known.items():
        place(connection, "state", account, spans, number, moment, state_at(ledger, key, proofs[moment.time]))
    for key in sorted({*failures(ledger)} - {*known}, key=lambda key: (key[0], key[1] or "")):
        statement = "INSERT INTO tracked (account, finding, resource_id) VALUES (?, ?, ?)"
        number = connection.execute(statement, (account, *key)).lastrowid or 0
        write_spans(connection, "state", account, number, (), states(ledger, key, proofs))


def tracked(connection: sqlite3.Connection, account: int) -> Mapping[Tracked, int]:
    """Return the tracked findings of an account, with the number that their states use."""
    rows = connection.execute("SELECT finding, resource_id, id FROM tracked WHERE account = ?", (account,))
    return {(finding, resource_id): number for finding, resource_id, number in rows}


def failures(ledger: Ledger) -> Iterator[Tracked]:
    """Yield the findings that were NON_COMPLIANT in any run, suppressed or not."""
    failed = {
        number: each.resource_id
        for number, each in ledger.observations.items()
        if each.compliance_type is ComplianceType.NON_COMPLIANT
    }
    for item, spans in ledger.verdicts.items():
        yield from ((item, failed[span.value]) for span in spans if span.value in failed)


def proofs_of(ledger: Ledger, runs: Sequence[Run]) -> Mapping[int, StoredProof]:
    """Return what each run proves, by its time and ordered by time."""
    decoded = {run.proof: ledger.documents.decoded(run.proof, dict[str, RuleProof]) for run in runs}
    return {run.time: StoredProof(decoded[run.proof], ledger.at(run.time)) for run in runs}


def state_at(ledger: Ledger, key: Tracked, proof: StoredProof) -> str:
    """Return the state that one run proves for a finding."""
    item, resource_id = ledger.items[key[0]], key[1]
    return state_of(proof.fate(item.entry(resource_id), item.source_identifier))


def states(ledger: Ledger, key: Tracked, proofs: Mapping[int, StoredProof]) -> Sequence[Span[str]]:
    """Return the states that all runs prove for a finding, ordered by time."""
    return in_sequence([(time, state_at(ledger, key, proof)) for time, proof in proofs.items()])
