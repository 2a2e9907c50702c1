"""Results other than the report of one account: comparisons, forecasts, histories and others, in files or printed.

A scan needs none of them, and would start later if it imported them.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.explaining.explanation import Explanation
from auditor.organization.report import OrganizationReport
from auditor.parity.parity import Parity
from auditor.report.comparison import Comparison
from auditor.report.forecast import Forecast
from auditor.report.report import Report
from auditor.writers.diff.formats import DIFF_SUFFIXES as OTHER_SUFFIXES
from auditor.writers.diff.formats import SUFFIX_OF as DIFF_SUFFIX_OF
from auditor.writers.diff.formats import writer_of as diff_writer_of
from auditor.writers.evidence.door import EvidencePack
from auditor.writers.explanation.formats import EXPLANATION_SUFFIXES
from auditor.writers.explanation.formats import writer_of as explanation_writer_of
from auditor.writers.files import Fill, write_pack, write_reports, write_whole
from auditor.writers.forecast import SUFFIX_OF
from auditor.writers.forecast import write as write_one_forecast
from auditor.writers.formats import REPORT_SUFFIXES
from auditor.writers.organization.formats import writer_of as organization_writer_of
from auditor.writers.organization.links import Link
from auditor.writers.parity.formats import PARITY_SUFFIXES
from auditor.writers.parity.formats import SUFFIX_OF as PARITY_SUFFIX_OF
from auditor.writers.parity.formats import writer_of as parity_writer_of
from auditor.writers.paths import check, resolved

_SUFFIXES: Mapping[type, Sequence[str]] = {
    Report: REPORT_SUFFIXES,
    Explanation: EXPLANATION_SUFFIXES,
    Parity: PARITY_SUFFIXES,
    EvidencePack: (".zip",),
}


def write(
    report: Report | Comparison | Explanation | Parity | Forecast | EvidencePack | Struct,
    path: str | os.PathLike[str],
    *,
    region: str | None = None,
) -> Path:
    """Write a result to a file in the format of its suffix, completely or not at all; return the file.

    A result is a report, a comparison, an explanation, a parity report, a forecast, an evidence pack (.zip), or a
    result of a History. The path may contain {account_id} and {captured_at:%Y%m%d}, as with -o, if the result has one
    account and time; braces that are part of the name are doubled. `region` is the AWS Region of Security Hub, for ASFF
    (.asff.jsonl); the default is that of the environment. Only the owner can read a pack.
    Raises UsageError for an unknown format or placeholder, and OutputError if the file cannot be written.
    """
    name = os.fspath(path)
    check([name], _SUFFIXES.get(type(report), OTHER_SUFFIXES), place="write")
    if isinstance(report, Report):
        (file,) = write_reports(report, [name], region=region)
    elif isinstance(report, Comparison):
        (file,) = write_comparison(report, [name])
    elif isinstance(report, Explanation):
        (file,) = write_explanation(report, [name])
    elif isinstance(report, Parity):
        (file,) = write_parity(report, [name])
    elif isinstance(report, Forecast):
        file = resolved(name, report.account.id, report.captured_at)
        write_forecast(report, [file])
    elif isinstance(report, EvidencePack):
        file = path_of(report, name)
        write_pack({file: report.content})
    else:
        file = resolved(name, None, None)
        write_history(report, [file])
    return file


def write_comparison(comparison: Comparison, paths: Sequence[str], *, sources: Sequence[str] = ()) -> list[Path]:
    """Write the comparison to every path, as write_reports does; {captured_at} is that of the new report."""
    files = [resolved(path, comparison.account.id, comparison.new_report.captured_at) for path in paths]
    return _written({file: partial(diff_writer_of(file.suffix), comparison) for file in files}, sources)


def write_organization(report: OrganizationReport, path: str, link: Link, *, sources: Sequence[str] = ()) -> Path:
    """Write the report of an organization to a path, as write_reports does; {account_id} is the management account.

    `link` returns the address of an account's own page, relative to the file.
    """
    file = resolved(path, report.organization.management_account_id, report.run.began_at)
    write_whole({file: partial(organization_writer_of(file.suffix, link), report)}, sources, private=False)
    return file


def write_explanation(explanation: Explanation, paths: Sequence[str], *, sources: Sequence[str] = ()) -> list[Path]:
    """Write the explanation to every path, as write_reports does."""
    files = [resolved(path, explanation.account.id, explanation.snapshot.captured_at) for path in paths]
    return _written({file: partial(explanation_writer_of(file.suffix), explanation) for file in files}, sources)


def write_parity(parity: Parity, paths: Sequence[str], *, sources: Sequence[str] = ()) -> list[Path]:
    """Write the parity report to every path, as write_reports does."""
    files = [resolved(path, parity.account.id, parity.captured_at) for path in paths]
    return _written({file: partial(parity_writer_of(file.suffix), parity) for file in files}, sources)


def _written(contents: Mapping[Path, Fill], sources: Sequence[str]) -> list[Path]:
    write_whole(contents, sources, private=False)
    return list(contents)


def path_of(pack: EvidencePack, path: str) -> Path:
    """Return the file of an evidence pack; {account_id} is for packs of one account, {captured_at} its last run's."""
    accounts = pack.index.accounts
    return resolved(path, accounts[0].account if len(accounts) == 1 else None, accounts[-1].runs[-1].captured_at)


def write_history(
    result: Any, paths: Sequence[Path], *, sources: Sequence[str] = (), report: Report | None = None
) -> None:
    """Write a result of a history to every path, as write_reports does; `report` is the report that it is about."""
    from auditor.writers.history import formats as history_formats  # sqlite3, which other commands do not need

    contents: dict[Path, Fill] = {
        path: partial(history_formats.write, result, path.suffix, report=report) for path in paths
    }
    write_whole(contents, sources, private=False)


def write_forecast(forecast: Forecast, paths: Sequence[Path], *, sources: Sequence[str] = ()) -> None:
    """Write the forecast to every path, as write_reports does."""
    contents: dict[Path, Fill] = {path: partial(write_one_forecast, forecast, path.suffix) for path in paths}
    write_whole(contents, sources, private=False)


def print_comparison(comparison: Comparison, output_format: str) -> None:
    """Write a comparison to standard output: as a table, JSON or Markdown."""
    diff_writer_of(DIFF_SUFFIX_OF[output_format])(comparison, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def print_parity(parity: Parity, output_format: str) -> None:
    """Write a parity report to standard output: as a table or as JSON."""
    parity_writer_of(PARITY_SUFFIX_OF[output_format])(parity, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def print_forecast(forecast: Forecast, output_format: str) -> None:
    """Write a forecast to standard output: as a table, JSON or Markdown."""
    write_one_forecast(forecast, SUFFIX_OF[output_format], sys.stdout.buffer)
    sys.stdout.buffer.flush()


def print_history(result: Any, output_format: str) -> None:
    """Write a result of a history to standard output: as a table, JSON or Markdown."""
    from auditor.writers.history import formats as history_formats  # sqlite3, which other commands do not need

    history_formats.write(result, history_formats.SUFFIX_OF[output_format], sys.stdout.buffer)
    sys.stdout.buffer.flush()
