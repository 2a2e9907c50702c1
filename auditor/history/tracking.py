"""Tracking: of every finding that was ever NON_COMPLIANT, what each night proves of it."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from auditor.history.ledger import Ledger, place, spans_of, write_spans
from auditor.history.proofs import RuleProof, StoredProof, state_of
from auditor.history.runs import Run
from auditor.history.timeline import Moment, Span, in_sequence
from auditor.judging.rule import ComplianceType

Tracked = tuple[int, str | None]
"""A finding by its number, on the resource of a unique id."""


def track(connection: sqlite3.Connection, ledger: Ledger, runs: Sequence[Run], moment: Moment) -> None:
    """Write what a new run proves of every tracked finding, and what every run proves of those that it brings.

    Call it when the verdicts of the run are in the ledger; `runs` are the whole ones of the account, in order of time.
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
    """Return the tracked findings of an account with the numbers that their states have."""
    rows = connection.execute("SELECT finding, resource_id, id FROM tracked WHERE account = ?", (account,))
    return {(finding, resource_id): number for finding, resource_id, number in rows}


def failures(ledger: Ledger) -> Iterator[Tracked]:
    """Yield what was NON_COMPLIANT in any run, suppressed or not."""
    failed = {
        number: each.resource_id
        for number, each in ledger.observations.items()
        if each.compliance_type is ComplianceType.NON_COMPLIANT
    }
    for item, spans in ledger.verdicts.items():
        yield from ((item, failed[span.value]) for span in spans if span.value in failed)


def proofs_of(ledger: Ledger, runs: Sequence[Run]) -> Mapping[int, StoredProof]:
    """Return what each run proves, in order of time, by its time."""
    decoded = {run.proof: ledger.documents.decoded(run.proof, dict[str, RuleProof]) for run in runs}
    return {run.time: StoredProof(decoded[run.proof], ledger.at(run.time)) for run in runs}


def state_at(ledger: Ledger, key: Tracked, proof: StoredProof) -> str:
    """Return what one run proves of a finding."""
    item, resource_id = ledger.items[key[0]], key[1]
    return state_of(proof.fate(item.entry(resource_id), item.source_identifier))


def states(ledger: Ledger, key: Tracked, proofs: Mapping[int, StoredProof]) -> Sequence[Span[str]]:
    """Return what all runs prove of a finding, in order of time."""
    return in_sequence([(time, state_at(ledger, key, proof)) for time, proof in proofs.items()])
