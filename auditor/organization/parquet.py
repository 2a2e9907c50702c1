"""Findings as Parquet, for queries: one file an account, all with the same columns."""

import io
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from auditor.report.report import Report

_TIME = pa.timestamp("s", tz="UTC")
_COLUMNS: dict[str, pa.DataType] = {
    "account_id": pa.string(),
    "captured_at": _TIME,
    "config_rule_name": pa.string(),
    "compliance_type": pa.string(),
    "severity": pa.string(),
    "resource_type": pa.string(),
    "resource_id": pa.string(),
    "resource_name": pa.string(),
    "resource_arn": pa.string(),
    "region": pa.string(),
    "annotation": pa.string(),
    "suppressed": pa.bool_(),
    "fingerprint": pa.string(),
}
_OF_FINDING = (*list(_COLUMNS)[2:11], "fingerprint")


def dump_parquet(report: Report) -> bytes:
    """Return the findings of a report as Parquet, one row each; the same report gives the same bytes."""
    columns: dict[str, list[Any]] = {
        name: [getattr(finding, name) for finding in report.findings] for name in _OF_FINDING
    }
    count = len(report.findings)
    captured_at: datetime | None = report.snapshot.captured_at
    columns |= {"account_id": [report.account.id] * count, "captured_at": [captured_at] * count}
    columns["suppressed"] = [finding.suppression is not None for finding in report.findings]
    arrays = [pa.array([_plain(value) for value in columns[name]], kind) for name, kind in _COLUMNS.items()]
    stream = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(arrays, names=list(_COLUMNS)), stream, compression="zstd")
    return stream.getvalue()


def _plain(value: Any) -> Any:
    """Return a value that Parquet accepts: text without lone surrogates, which UTF-8 cannot encode."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
