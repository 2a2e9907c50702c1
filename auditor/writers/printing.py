"""Standard output: a report as a table, in the format of a file, or the result of a query over it."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from auditor.errors import UsageError
from auditor.report.comparison import Comparison
from auditor.report.report import Report
from auditor.writers.diff import formats as diff_formats
from auditor.writers.formats import writer_of

Query = Callable[[Any], Any]
"""Return the part of a JSON document that a JMESPath expression asks for."""

_QUERY_FAULTS = (ValueError, TypeError, OverflowError, RecursionError)  # jmespath's own errors are ValueErrors


def print_report(report: Report, output_format: str, *, every_finding: bool = False, region: str | None = None) -> None:
    """Write the report to standard output, as a table or in the format of a file."""
    if output_format != "table":
        writer_of(output_format, region)(report, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    from auditor.writers.table import write as write_table  # rich: 70 ms

    write_table(report, sys.stdout, every_finding=every_finding)
    sys.stdout.flush()


def print_comparison(comparison: Comparison, output_format: str) -> None:
    """Write what changed between two reports to standard output: as a table, JSON or Markdown."""
    diff_formats.writer_of(diff_formats.SUFFIX_OF[output_format])(comparison, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def compiled(expression: str) -> Query:
    """Return a JMESPath expression ready to use; raise UsageError if it is not valid."""
    import jmespath  # only for --query

    try:
        query: Query = jmespath.compile(expression).search
    except _QUERY_FAULTS as error:
        raise _bad_query(error) from error
    return query


def print_query(report: Report, query: Query) -> None:
    """Print what a query finds in the JSON report, as JSON."""
    from auditor.writers.json import document_of, shown

    try:
        result = msgspec.json.encode(query(msgspec.json.decode(document_of(report))))
    except _QUERY_FAULTS as error:
        raise _bad_query(error) from error
    text = b"".join(shown(msgspec.json.format(result, indent=2))).decode()
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _bad_query(error: Exception) -> UsageError:
    hint = "The language is that of the AWS CLI's --query: https://jmespath.org"
    return UsageError(str(error), hint, place="--query")
