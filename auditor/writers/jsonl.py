"""The report as JSON Lines: one line for the whole report, then one line for each finding.

The first line ("record": "report") is the JSON report without its findings, so that the ledger, the rules and the
warnings are known before the first finding is read. Every finding ("record": "finding") contains its
account, time and rule; the controls are those of the requested frameworks.
"""

from typing import BinaryIO

from auditor.report.report import Report, RuleResult, encoded
from auditor.writers import statements
from auditor.writers.json import shown


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report line by line; the same report gives the same bytes."""
    parts = {name: getattr(report, name) for name in report.__struct_fields__ if name != "findings"}
    stream.write(_object({"record": "report", **parts}) + b"\n")
    heads = {rule.config_rule_name: _head(report, rule) for rule in report.rules}
    ruleless = _head(report, None)
    for finding in statements.changed_first(report):
        head = heads.get(finding.config_rule_name, ruleless)
        stream.write(b"%b,%b\n" % (head[:-1], _object(finding)[1:]))  # joins two objects, which have no key in common


def _head(report: Report, rule: RuleResult | None) -> bytes:
    """Return the fields that are the same for all findings of a rule."""
    return _object(
        {
            "record": "finding",
            "account": report.account,
            "captured_at": report.snapshot.captured_at,
            "report_generated_at": report.snapshot.report_generated_at,
            "report_age_s": report.snapshot.report_age_s,
            "evaluated_at": report.evaluated_at,
            "source_identifier": rule and rule.source_identifier,
            "controls": {each.name: rule.controls.get(each.name, ()) for each in report.frameworks} if rule else {},
        }
    )


def _object(value: object) -> bytes:
    return b"".join(shown(encoded(value)))
