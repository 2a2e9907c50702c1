"""The history for programs: methods that add reports to a history file and query it."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256

from auditor import documents
from auditor.errors import UsageError
from auditor.history import adding, store
from auditor.history.adding import Added
from auditor.history.aged import Limits, OpenFindings, open_findings
from auditor.history.pruning import Pruned, prune
from auditor.history.reported import ReportAges, ages
from auditor.history.sample import Sample, sample
from auditor.history.trend import Trend, trend
from auditor.history.verification import Verification, verified
from auditor.history.wanted import Period, Wanted
from auditor.judging.rule import Severity
from auditor.report.reading import load_report

Stored = str | os.PathLike[str] | bytes
"""A stored JSON report: its path, or its content."""


class History:
    """Open a history, which keeps many runs in one SQLite file; each method is one transaction.

    `accounts`, `rules` and `severities` select the findings of a method; `sla` has the number of days that findings of
    a severity may stay open. Every method raises AuditError for a file that cannot be read or written, is damaged, or
    is not a history.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Set the path of the file; `add` creates it if it does not exist."""
        self.path = os.fspath(path)

    def add(self, report: Stored) -> Added:
        """Add a stored JSON report, and return whether it is the newest, an earlier one, or was already there.

        Raises SourceError for a report that is incomplete, has no account or time, or differs from the stored one of
        the same time.
        """
        content, place = _read(report)
        loaded = load_report(content, place)
        with store.writing(self.path) as connection:
            return adding.add(connection, loaded, sha256(content).hexdigest(), place)

    def open_findings(
        self,
        *,
        accounts: Sequence[str] = (),
        rules: Sequence[str] = (),
        severities: Sequence[str] = (),
        sla: Mapping[str, int] | None = None,
    ) -> OpenFindings:
        """Return the findings that are not resolved, with ages, most severe and oldest first."""
        wanted, limits = Wanted(accounts=accounts, rules=rules, severities=_named(severities)), _limits(sla)
        with store.reading(self.path) as connection:
            return open_findings(connection, wanted, limits)

    def trend(
        self,
        *,
        accounts: Sequence[str] = (),
        rules: Sequence[str] = (),
        severities: Sequence[str] = (),
        since: date | None = None,
        until: date | None = None,
        sla: Mapping[str, int] | None = None,
    ) -> Trend:
        """Return open and resolved findings by day, days without runs, changes of rules, and the time to remediate."""
        wanted, limits = Wanted(accounts=accounts, rules=rules, severities=_named(severities)), _limits(sla)
        with store.reading(self.path) as connection:
            return trend(connection, wanted, Period(since, until), limits)

    def ages(
        self, report: Stored, *, new_since: date | None = None, sla: Mapping[str, int] | None = None
    ) -> ReportAges:
        """Return the ages of a stored report's findings when it was made; raise SourceError for an unknown report."""
        content, place = _read(report)
        loaded, limits = load_report(content, place), _limits(sla)
        with store.reading(self.path) as connection:
            return ages(connection, loaded, place, limits, new_since)

    def sample(
        self,
        *,
        size: int,
        seed: int,
        accounts: Sequence[str] = (),
        rules: Sequence[str] = (),
        severities: Sequence[str] = (),
        since: date | None = None,
        until: date | None = None,
    ) -> Sample:
        """Return a random sample of findings that were NON_COMPLIANT in a period; the same seed draws the same."""
        wanted = Wanted(accounts=accounts, rules=rules, severities=_named(severities))
        with store.reading(self.path) as connection:
            return sample(connection, wanted, Period(since, until), size=size, seed=seed)

    def verify(self, reports: Sequence[Stored] | None = None, *, heads: Sequence[str] = ()) -> Verification:
        """Return which runs were removed or changed; with `reports`, every run must have its stored report there."""
        read = None if reports is None else [_read(each) for each in reports]
        digests = None if read is None else {sha256(content).hexdigest(): place for content, place in read}
        with store.reading(self.path) as connection:
            return verified(connection, digests, heads)

    def prune(self, before: date, *, accounts: Sequence[str] = ()) -> Pruned:
        """Delete the verdicts of runs before a day, and return how much; episodes and the chain stay."""
        with store.writing(self.path) as connection:
            found = prune(connection, before, accounts)
        store.compact(self.path)
        return found


def _read(report: Stored) -> tuple[bytes, str]:
    """Return the content of a stored report, and its name for messages."""
    if isinstance(report, bytes):
        content, place = report, "the report"
    else:
        place = os.fspath(report)
        content = documents.read(place, place)
    return documents.in_utf_8(documents.unpacked(content, place), place), place


def _named(severities: Sequence[str]) -> Sequence[Severity]:
    return [_severity(each) for each in severities]


def _limits(sla: Mapping[str, int] | None) -> Limits:
    return {_severity(name): days for name, days in (sla or {}).items()}


def _severity(name: str) -> Severity:
    try:
        return Severity(name.upper())
    except ValueError as error:
        hint = f"Use one of {', '.join(Severity)}."
        raise UsageError(f"there is no severity {name!r}", hint) from error
