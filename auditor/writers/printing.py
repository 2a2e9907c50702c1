"""Standard output: a report as a table or in a file format, or the result of a query on it."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from auditor.errors import UsageError
from auditor.report import report as report_module
from auditor.report.report import Report
from auditor.writers.formats import writer_of

_SCHEMA = Path(report_module.__file__).parent / "report.schema.json"
Query = Callable[[Any], Any]
"""A function that returns the part of a JSON document that a JMESPath expression selects."""

_QUERY_FAULTS = (ValueError, TypeError, OverflowError, RecursionError)  # jmespath's own errors are ValueErrors


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Allow a reader of standard output to stop early, as `head` does; the rest of the output is discarded."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_report(
    report: Report,
    output_format: str,
    *,
    every_finding: bool = False,
    brief: bool = False,
    region: str | None = None,
) -> None:
    """Write the report to standard output, as a table or in the format of a file."""
    if output_format != "table":
        writer_of(output_format, region)(report, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    from auditor.writers.table import write as write_table  # rich: 70 ms

    write_table(report, sys.stdout, every_finding=every_finding, brief=brief)
    sys.stdout.flush()


def compiled(expression: str) -> Query:
    """Return a compiled JMESPath expression; raise UsageError if it is invalid."""
    import jmespath  # only for --query

    try:
        query: Query = jmespath.compile(expression).search
    except _QUERY_FAULTS as error:
        raise _bad_query(error) from error
    return query


def unknown_fields(report: Report, expression: str) -> Iterator[tuple[str, str | None]]:
    """Yield each field in a JMESPath expression that the JSON report does not have, with a similar one or None."""
    from difflib import get_close_matches  # imported late: for mistakes only

    import jmespath

    from auditor.writers.json import document_of

    known = {*_keys(msgspec.json.decode(document_of(report))), *_schema_keys()}
    parsed = jmespath.compile(expression).parsed
    given = {node["value"] for node in _nodes(parsed) if node["type"] == "key_val_pair"}
    for name in dict.fromkeys(node["value"] for node in _nodes(parsed) if node["type"] == "field"):
        if name not in known | given:
            near = get_close_matches(name, known, 1)
            yield name, near[0] if near else None


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("children", ()):
        if isinstance(child, Mapping):
            yield from _nodes(child)


def _keys(value: Any) -> Iterator[str]:
    """Yield the keys of the objects in a JSON value."""
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(each)


def _schema_keys() -> Iterator[str]:
    """Yield the fields in the schema of the report, whether this report has them or not."""
    schema = msgspec.json.decode(_SCHEMA.read_bytes())
    for definition in schema["$defs"].values():
        yield from definition.get("properties", ())


def print_query(report: Report, query: Query) -> None:
    """Print the result of a query on the JSON report, as JSON."""
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
    return UsageError(" ".join(str(error).split()), hint, place="--query")
