"""The report as CSV, for spreadsheets: a row for each finding, then rows for rules, packs and other things.

The column "record" says what a row is about. Rows for rules and sources are the ledger; they leave the columns of
findings empty, so that filters and sums over findings do not include them. Rows for conformance packs, with the pack
as their source, say what was not judged. The file starts with a byte order mark, because without one, Excel reads UTF-8
in the code page of the machine. Programs should read the JSON report instead.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import BinaryIO

from auditor.judging.finding import Finding, Location
from auditor.report import baseline_text, configuration
from auditor.report.changes import REASONS as NOT_SEEN
from auditor.report.changes import Entry
from auditor.report.differences import sentence as difference_text
from auditor.report.frameworks import FrameworkResult
from auditor.report.planned import sentence as planned_text
from auditor.report.report import Report, RuleResult, encoded
from auditor.selection.packs.summary import REASONS, sentence
from auditor.writers import statements
from auditor.writers.visible import visible

COLUMNS = (
    *("record", "config_rule_name", "severity", "compliance_type", "suppressed"),
    *("resource_type", "resource_name", "resource_id", "resource_arn", "region", "location"),
    *("annotation", "evidence", "suppression", "controls", "fingerprint", "source_identifier"),
    *("account_id", "captured_at", "evaluated_at", "report_generated_at", "report_age_s"),
    *("source", "status", "resources", "seen", "unseen", "judged", "not_applicable", "undecided", "known"),
    *("change", "causes"),
)
FINDING_COLUMNS = (*COLUMNS[: COLUMNS.index("source")], "known", "change", "causes")
"""The columns that have a value in a finding's row."""
Row = Mapping[str, str]

_BYTE_ORDER_MARK = "\ufeff"
FORMULA = re.compile("[\\s\"'`]*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\t\r\n]")
"""Text that a spreadsheet may run, also in full-width characters: https://owasp.org/www-community/attacks/CSV_Injection"""


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as CSV (RFC 4180, UTF-8 with a byte order mark); the same report gives the same bytes."""
    text = TextIOWrapper(stream, "utf-8", newline="")
    try:
        text.write(_BYTE_ORDER_MARK)
        writer = csv.DictWriter(text, COLUMNS, restval="")
        writer.writeheader()
        for rows in (
            _planned(report),
            _findings(report),
            _rules(report),
            _configuration(report),
            _baseline(report),
            _packs(report),
            _sources(report),
            _warnings(report),
        ):
            writer.writerows(rows)
    finally:
        text.detach()  # flushes; the caller closes the stream


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet runs: with an apostrophe before a formula, and without invisible characters."""
    shown = visible(text)
    return f"'{shown}" if FORMULA.match(shown) else shown


def _findings(report: Report) -> Iterator[Row]:
    common = common_cells(report)
    heads = {rule.config_rule_name: common | rule_cells(report, rule) for rule in report.rules}
    for finding in statements.changed_first(report):
        head = heads.get(finding.config_rule_name, common)
        yield {**head, "record": "finding", **_cells(finding)}


def common_cells(report: Report) -> dict[str, str]:
    """Return the cells that are the same in every row."""
    age = report.snapshot.report_age_s
    return {
        "account_id": harmless(report.account.id or ""),
        "captured_at": _time(report.snapshot.captured_at),
        "evaluated_at": _time(report.evaluated_at),
        "report_generated_at": _time(report.snapshot.report_generated_at),
        "report_age_s": "" if age is None else str(age),
    }


def rule_cells(report: Report, rule: RuleResult) -> dict[str, str]:
    """Return the cells that are the same in the row of every finding of the rule."""
    supported = {each.name: _ids(each, rule.controls.get(each.name, ())) for each in report.frameworks}
    controls = "; ".join(f"{name}: {', '.join(ids)}" for name, ids in supported.items() if ids)
    return {
        "config_rule_name": harmless(rule.config_rule_name),
        "source_identifier": harmless(rule.source_identifier),
        "severity": rule.severity,
        "controls": harmless(controls),
    }


def _ids(framework: FrameworkResult, ids: Sequence[str]) -> list[str]:
    """Return the ids of controls, with a remark if rules can only check a part of the control."""
    in_part = {control.id for control in framework.controls if control.partial is not None}
    return [f"{each} (in part only)" if each in in_part else each for each in ids]


def _cells(finding: Finding) -> Row:
    return {
        "config_rule_name": harmless(finding.config_rule_name),
        "compliance_type": finding.compliance_type,
        "suppressed": "no" if finding.suppression is None else "yes",
        "resource_type": finding.resource_type,
        "resource_name": harmless(finding.resource_name),
        "resource_id": harmless(finding.resource_id or ""),
        "resource_arn": harmless(finding.resource_arn or ""),
        "region": harmless(finding.region or ""),
        "location": harmless(_place(finding.location)),
        "annotation": harmless(finding.annotation),
        "evidence": _json(finding.evidence),
        "suppression": "" if finding.suppression is None else _json(finding.suppression),
        "fingerprint": harmless(finding.fingerprint),
        "known": "yes" if finding.known else "no",
        "change": finding.change or "",
        "causes": harmless("; ".join(finding.causes)),
    }


def _place(location: Location | None) -> str:
    if location is None:
        return ""
    line = None if location.line is None else str(location.line)
    file = ":".join(part for part in (location.file, line) if part)
    return " ".join(part for part in (file, location.address) if part)


def _json(value: object) -> str:
    """Return a value as JSON in which invisible characters are JSON escapes, so that it can still be parsed."""
    text = encoded(value).decode()
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _rules(report: Report) -> Iterator[Row]:
    """Yield the ledger of each rule; `status` is its verdict, `annotation` says why resources were not judged."""
    common = common_cells(report)
    for rule in report.rules:
        covered = rule.coverage
        numbers = {name: getattr(covered, name) for name in ("resources", "seen", "unseen", "judged")}
        numbers |= {"not_applicable": covered.not_applicable, "undecided": covered.undecided}
        counted = ((reason.resources, reason.message) for reason in covered.reasons)
        reasons = "; ".join(f"{'unknown' if count is None else count}: {message}" for count, message in counted)
        yield {
            **common,
            **rule_cells(report, rule),
            "record": "rule",
            "status": rule.compliance_type,
            "annotation": harmless(reasons),
            **{name: "unknown" if count is None else str(count) for name, count in numbers.items()},
        }


def _configuration(report: Report) -> Iterator[Row]:
    """Yield a row with the effects of the configuration file."""
    if report.configuration is not None:
        head = {**common_cells(report), "record": "configuration", "source": harmless(report.configuration.file)}
        yield {**head, "annotation": harmless(configuration.sentence(report.configuration))}


def _baseline(report: Report) -> Iterator[Row]:
    """Yield the effect of the baseline, the settings that differed when it was made, and entries without effect."""
    summary = report.baseline
    if summary is None:
        return
    head = {**common_cells(report), "record": "baseline", "source": harmless(summary.file)}
    yield {**head, "annotation": harmless(baseline_text.line(summary))}
    for text in map(difference_text, summary.differences):
        yield {**head, "annotation": harmless(text)}
    for idle in (*summary.stale, *summary.idle):
        why = "" if idle.reason is None else NOT_SEEN[idle.reason]
        yield {**head, "status": idle.outcome, "annotation": why, **_entry_cells(idle.entry)}


def _planned(report: Report) -> Iterator[Row]:
    """Yield the effects of planned changes, then the findings that they resolve and those that are unknown afterwards.

    The columns of these findings say what was before the change, so they have other values in "record".
    """
    if report.planned is None:
        return
    common, rules = common_cells(report), {rule.config_rule_name: rule for rule in report.rules}
    files = harmless(", ".join(report.planned.files))
    yield {**common, "record": "planned-change", "source": files, "annotation": harmless(planned_text(report.planned))}
    for record, findings in (("resolved", report.planned.resolved), ("lost", report.planned.lost)):
        for finding in findings:
            rule = rules.get(finding.config_rule_name)
            head = common if rule is None else common | rule_cells(report, rule)
            yield {**head, **_cells(finding), "record": record, "source": files}


def _entry_cells(entry: Entry) -> Row:
    """Return the cells of an entry, without its fingerprint, which is unique among the rows of findings."""
    names = ("config_rule_name", "resource_type", "resource_name", "resource_id", "region")
    return {name: harmless(getattr(entry, name) or "") for name in names}


def _packs(report: Report) -> Iterator[Row]:
    """Yield a summary of each conformance pack, then its rules that were not judged, then its notes."""
    common = common_cells(report)
    for pack in report.packs:
        head = {**common, "source": harmless(pack.name)}
        yield {**head, "record": "pack", "annotation": harmless(sentence(pack))}
        for rule in pack.out_of_scope:
            name, cells = harmless(rule.config_rule_name), f"{rule.source_identifier}: {REASONS[rule.reason]}"
            row = {"config_rule_name": name, "status": rule.reason, "annotation": harmless(cells)}
            yield {**head, "record": "out-of-scope", **row}
        for note in pack.notes:
            yield {**head, "record": "warning", "status": "pack", "annotation": harmless(note)}


def _sources(report: Report) -> Iterator[Row]:
    common = common_cells(report)
    for source in report.snapshot.sources:
        grant = f"grant {', '.join(source.iam_actions)}" if source.iam_actions else ""
        annotation = harmless("; ".join(part for part in (source.detail, grant) if part))
        cells = {"source": source.name, "status": source.status, "annotation": annotation}
        yield {**common, "record": "source", **cells}


def _warnings(report: Report) -> Iterator[Row]:
    common = common_cells(report)
    for warning in report.warnings:
        about = {"config_rule_name": warning.config_rule_name, "resource_name": warning.resource_name}
        cells = {**about, "status": warning.code, "annotation": warning.message}
        yield {**common, "record": "warning", **{name: harmless(text or "") for name, text in cells.items()}}


def _time(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if time else ""
