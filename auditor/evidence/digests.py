"""Digests of what decided the findings of a report: its rules, and its configuration file."""

from hashlib import sha256

from auditor.report.report import Report, as_json


def of_rules(report: Report) -> str:
    """Return the digest (SHA-256) of the rules of a report with their parameters and severities."""
    return _digest(
        [
            (each.config_rule_name, each.source_identifier, dict(sorted(each.parameters.items())), each.severity)
            + ((each.left_out,) if each.left_out else ())
            for each in sorted(report.rules, key=lambda rule: rule.config_rule_name)
        ]
    )


def of_configuration(report: Report) -> str | None:
    """Return the digest (SHA-256) of what a configuration file decided, None where none was in use."""
    return None if report.configuration is None else _digest(report.configuration)


def _digest(value: object) -> str:
    return sha256(as_json(value)).hexdigest()
