"""What a history says, shown: verified, as open findings, as a trend, as a sample."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from auditor.collectors import saved
from auditor.console.requests import HistoryVerifyRequest
from auditor.history import store
from auditor.history.verification import verified
from auditor.report.reading import load_report
from auditor.writers.history.printing import print_history


def verify(request: HistoryVerifyRequest) -> int:
    """Show whether a history is whole; the exit code is 1 where something was removed or changed."""
    reports = _digests(request.reports) if request.reports else None
    with store.reading(request.history) as connection:
        found = verified(connection, reports, request.heads)
    print_history(found, request.output_format)
    return 1 if found.faults else 0


def _digests(sources: Sequence[str]) -> Mapping[str, str]:
    """Return the places of reports by their digests; what is no report is an error."""
    found: dict[str, str] = {}
    for source in sources:
        content, place = saved.read(source, "the report")
        load_report(content, place)
        found[sha256(content).hexdigest()] = place
    return found
