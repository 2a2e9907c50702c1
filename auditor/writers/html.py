"""The HTML report: one file that opens from disk, makes no request, and shows texts from the account only as text.

The summary is static HTML. The findings are compressed in the page, and its script unpacks them: as table rows, 25,000
of them would take megabytes and seconds.
"""

import json
import re
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from markupsafe import Markup
from msgspec import structs

from auditor.account.report_age import duration, time_and_age
from auditor.judging.finding import FINGERPRINT_VERSION, Finding, Subject
from auditor.judging.registry import load_rules, page, sections
from auditor.judging.rule import OPEN, ComplianceType, Evidence
from auditor.report import baseline_text, configuration
from auditor.report.frameworks import extent, tally
from auditor.report.ledger import totals
from auditor.report.report import Report, ReportWarning, encoded, most_urgent_first
from auditor.selection.packs.summary import REASONS, sentence
from auditor.writers import csv, effects
from auditor.writers.remedies import remedies
from auditor.writers.visible import is_plain, marked_hidden, spelt, visible

REASONS_SHOWN = 5  # of a rule, the most frequent first; each finding shows its own
SMALLEST_BAR = 1.5  # per cent, so that one finding among thousands is still visible
WARNED_NAMES = 10  # resources that a warning names if many have the same warning
WARNED_ROWS = 1_000
CHANGE_ROWS = 100  # of a rule, with the same effect of a planned change; the list below has all of them

SCRIPTS = ("unpack.js", "finding.js", "resource.js", "csv_file.js", "report.js")

_KINDS = tuple(ComplianceType)
_COLUMNS = (
    "resource",
    "region",
    "location",
    "annotation",
    "evidence",
    "suppression",
    "known",
    "change",
    "causes",
    "remedies",
    "fingerprint",
)
_PARAMETER = r"\n(?=\w+(?:, \w+)* \()"  # the break before a line of a rule's page that starts with "name (type..."
_SURROGATE = re.compile("[\ud800-\udfff]")


class Seen(NamedTuple):
    """Hold a text that says since when a finding has been there, and whether it is new."""

    text: str
    new: bool


class Past(NamedTuple):
    """Hold facts from a history for a report: a sentence on the whole report, and facts by fingerprint."""

    sentence: str
    findings: Mapping[str, Seen]


def write(report: Report, stream: BinaryIO, past: Past | None = None) -> None:
    """Write the report as one HTML document; the same report gives the same bytes. `past` has facts from a history."""
    urgent = structs.replace(report, rules=tuple(most_urgent_first(report.rules)))
    stream.write(_document(urgent, past).encode("utf-8", "backslashreplace"))


@cache  # compiling a template takes longer than rendering it
def page_environment() -> Any:
    """Return jinja's environment for pages, in which every expression is escaped and safe to show."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # imported late: 70 ms

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_filters())
    return environment


def _document(report: Report, past: Past | None) -> str:
    template = page_environment().get_template("report.html.jinja")
    judged = sum(report.summary.counts.values()) + report.summary.suppressed
    missing = [source for source in report.snapshot.sources if source.lacking]
    sums = totals(report.snapshot.sources, (result.coverage for result in report.rules))
    alone = report.planned is not None and report.planned.alone
    style, script = asset("report.css"), asset(*SCRIPTS)
    text: str = template.render(
        report=report,
        kinds=_KINDS,
        open_kinds=OPEN,
        subject=report.account.alias or report.account.id or ("a planned change" if alone else "an unknown account"),
        alone=alone,
        missing=missing,
        sums=sums,
        incomplete=missing or sums.undecided or sums.unseen != 0,
        reasons_shown=REASONS_SHOWN,
        judged=judged,
        suppressed=_suppressed(report) if len(report.findings) == judged else {},
        warned=_warned(report.warnings),
        warned_rows=WARNED_ROWS,
        change_rows=CHANGE_ROWS,
        before_it_is_deployed=effects.BEFORE_IT_IS_DEPLOYED,
        pages=rule_pages(),
        names=report.shown_names,
        places={result.config_rule_name: place for place, result in enumerate(report.rules)},
        style=style,
        script=script,
        style_hash=csp_hash(style),
        script_hash=csp_hash(script),
        payload=pack(report, past.findings if past else {}),
        past=past,
        credential_report=_credential_report(report),
    )
    return text


def _credential_report(report: Report) -> str | None:
    """Return the time and age of the credential report, as in annotations; None if its time is unknown."""
    generated_at, age_s = report.snapshot.report_generated_at, report.snapshot.report_age_s
    age = None if age_s is None else timedelta(seconds=age_s)
    return None if generated_at is None else time_and_age(generated_at, age)


def _suppressed(report: Report) -> Mapping[str, int]:
    """Return the number of suppressed findings by rule, for a report that lists every finding."""
    return Counter(finding.config_rule_name for finding in report.findings if finding.suppression is not None)


class _Warned(NamedTuple):
    """Hold a warning about several resources; `more` is the number of those that are not in `names`."""

    code: str
    rule: str | None
    message: str
    names: Sequence[str]
    more: int


def _warned(warnings: Iterable[ReportWarning]) -> list[_Warned]:
    """Merge warnings with the same text about many resources, as from a rule that fails for every user."""
    groups: dict[tuple[str, str | None, str], list[str]] = {}
    for warning in warnings:
        names = groups.setdefault((warning.code, warning.config_rule_name, warning.message), [])
        names += [] if warning.resource_name is None else [warning.resource_name]
    return [_Warned(*key, names[:WARNED_NAMES], len(names[WARNED_NAMES:])) for key, names in groups.items()]


def asset(*names: str) -> Markup:
    """Return files of this folder, joined, to be included in a page as they are."""
    return Markup("".join((Path(__file__).parent / name).read_text("utf-8") for name in names))


def csp_hash(text: str) -> str:
    """Return the hash that allows a style or a script in a page's content security policy."""
    return b64encode(sha256(text.encode()).digest()).decode()


def rule_pages() -> Mapping[str, Mapping[str, str]]:
    """Return the sections of the page of each rule, by its source identifier."""
    return {rule.source_identifier: sections(page(rule)) for rule in load_rules().values()}


def _filters() -> dict[str, Callable[..., Any]]:
    return {
        "baseline": baseline_text.line,
        "change_parts": _change_parts,
        "differing": baseline_text.differing,
        "reasons": effects.reasons,
        "together": effects.together,
        "age": lambda seconds: "age unknown" if seconds is None else f"{duration(timedelta(seconds=seconds))} old",
        "configuration": configuration.sentence,
        "extent": extent,
        "inline": _inline,
        "json_text": _json_text,
        "moment": _moment,
        "number": lambda count: f"{count:,}",
        "parts": _parts,
        "plain": visible,
        "prose": _prose,
        "reason": REASONS.__getitem__,
        "segments": _segments,
        "tally": tally,
        "sentence": sentence,
        "web": _web_address,
    }


def _shown(value: object) -> object:
    """Return a value with hidden and control characters spelt out; jinja calls this for every expression."""
    if hasattr(value, "__html__") or is_plain(str(value)):
        return value
    return Markup(
        "".join(
            f'<span class="spelt">{spelt(character)}</span>' if hidden else escape(character)
            for character, hidden in marked_hidden(str(value))
        )
    )


def _escaped(text: str) -> str:
    return escape(text) if is_plain(text) else str(_shown(text))


def _prose(text: str) -> Markup:
    """Return the paragraphs of a section of a rule's page; each parameter is a paragraph of its own."""
    paragraphs = re.split(rf"\n\s*\n|{_PARAMETER}", text)
    return Markup("".join(f"<p>{_inline(paragraph)}</p>" for paragraph in paragraphs))


def _inline(text: str) -> Markup:
    """Return a paragraph with `code` marked up."""
    pieces = (_escaped(piece) for piece in " ".join(text.split()).split("`"))
    return Markup("".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces)))


def _moment(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else "unknown"


def _web_address(url: str) -> str | None:
    """Return the address if it is safe as a link, else None: a stored report may contain anything there."""
    return url if re.fullmatch(r"https?://[!-~]+", url) else None


def _parts(sections_of_page: Mapping[str, str]) -> Mapping[str, list[tuple[str, str]]]:
    """Return the sections of a rule's page by kind: meanings of the compliance types, the fix, and the rest."""
    parts: dict[str, list[tuple[str, str]]] = {"meanings": [], "fix": [], "rest": []}
    for heading, text in sections_of_page.items():
        kind = "meanings" if heading in _KINDS else "fix" if heading == "Fix" else "rest"
        if heading:
            parts[kind].append((heading, text))
    return parts


def _segments(counts: Mapping[ComplianceType, int]) -> Iterator[tuple[str, float, float]]:
    """Yield each part of a stacked bar: compliance type, left edge and width in per cent."""
    total = sum(counts.values())
    shares = {kind: max(100 * counts[kind] / total, SMALLEST_BAR) for kind in _KINDS if counts.get(kind)}
    left = 0.0
    for kind, share in shares.items():
        width = 100 * share / sum(shares.values())
        yield kind.value, round(left, 2), round(width, 2)
        left += width


class Column:
    """Hold a column of a table as numbers of its distinct values, in order of appearance."""

    def __init__(self, values: Iterable[Hashable] = ()) -> None:
        self._numbers: dict[Hashable, int] = {value: number for number, value in enumerate(values)}
        self._at: list[int] = []

    def add(self, value: Hashable) -> None:
        """Append a value."""
        self._at.append(self._numbers.setdefault(value, len(self._numbers)))

    def packed(self) -> dict[str, Any]:
        """Return the values, and for each row the difference from the number of the row before: runs compress well."""
        steps = [number - before for before, number in zip([0, *self._at], self._at, strict=False)]
        return {"values": list(self._numbers), "steps": steps}


def pack(report: Report, seen: Mapping[str, Seen]) -> str:
    """Return the findings as base64 of zlib of JSON: columns that contain each distinct value once.

    Base64 cannot end the HTML element that contains it. gzip is not used because its header names the operating system.
    """
    columns = {name: Column() for name in _COLUMNS}
    columns["rule"] = Column(result.config_rule_name for result in report.rules)
    columns["compliance_type"] = Column(_KINDS)
    columns["seen"] = Column()
    for finding in report.findings:
        columns["seen"].add(seen.get(finding.fingerprint))
        for name, value in _cells(report, finding).items():
            columns[name].add(value)
    findings = {name: column.packed() for name, column in columns.items()}
    findings["resource"]["values"] = _packed_resources(findings["resource"]["values"])
    payload = {
        "account_id": report.account.id or "",
        "fingerprint_version": FINGERPRINT_VERSION,
        "names": [result.shown_name for result in report.rules],
        "severities": [result.severity for result in report.rules],
        "credential_report": _credential_report(report),
        "findings": findings,
        "csv": {
            "columns": csv.FINDING_COLUMNS,
            "formula": csv.FORMULA.pattern,
            "common": csv.common_cells(report),
            "rules": [csv.rule_cells(report, result) for result in report.rules],
        },
    }
    return b64encode(zlib.compress(json.dumps(payload, separators=(",", ":")).encode(), 9)).decode()


def _cells(report: Report, finding: Finding) -> dict[str, Hashable]:
    location = finding.location
    return {
        "rule": finding.config_rule_name,
        "compliance_type": finding.compliance_type,
        "resource": (finding.resource_type, finding.resource_id, finding.resource_name, finding.resource_arn),
        "region": finding.region,
        "location": location and (location.file, location.line, location.address),
        "annotation": finding.annotation,
        "evidence": tuple((fact.path, _json_text(fact.value), fact.source, _gap(fact)) for fact in finding.evidence),
        "suppression": None if finding.suppression is None else _json_text(finding.suppression),
        "known": finding.known,
        "change": finding.change,
        "causes": finding.causes,
        "remedies": remedies(finding),
        "fingerprint": None if _computable(report, finding) else finding.fingerprint,
    }


def _gap(fact: Evidence) -> tuple[str, str | None, str] | None:
    return None if fact.gap is None else (fact.gap.error_code, fact.gap.iam_action, fact.gap.message)


def _computable(report: Report, finding: Finding) -> bool:
    """Return whether the script can compute the fingerprint; storing 32 random digits would double the page."""
    address = finding.resource_arn or finding.resource_name
    parts = (report.account.id, finding.region, finding.config_rule_name, finding.resource_type)
    plain = not _SURROGATE.search("".join(map(str, (*parts, address))))
    return plain and finding.fingerprint == Subject(*parts).fingerprint(address)


def _change_parts(report: Report) -> Iterator[tuple[effects.Part, list[tuple[str, list[Finding]]]]]:
    """Yield the parts of a planned change, each with its findings by rule."""
    order = {rule.config_rule_name: place for place, rule in enumerate(report.rules)}
    for part in effects.parts(report, report.planned) if report.planned is not None else ():
        by_rule: dict[str, list[Finding]] = {}
        for finding in sorted(part.findings, key=lambda each: order.get(each.config_rule_name, len(order))):
            by_rule.setdefault(finding.config_rule_name, []).append(finding)
        yield part, [*by_rule.items()]


def _json_text(value: object) -> str:
    """Return a value as JSON text, which keeps numbers and quotes exactly; JavaScript would round large integers."""
    return encoded(value).decode()


def _packed_resources(resources: Iterable[tuple[str, str | None, str, str | None]]) -> dict[str, Any]:
    """Return resources in columns; for an ARN that ends in the resource's name, only the part before it is kept."""
    types, ids, names, arns = Column(), [], [], Column()
    for resource_type, resource_id, name, arn in resources:
        types.add(resource_type)
        ids.append(resource_id)
        names.append(name)
        ends_in_name = arn is not None and name != "" and arn.endswith(name)
        arns.add((arn[: -len(name)] if arn and ends_in_name else arn, ends_in_name))
    return {"type": types.packed(), "id": ids, "name": names, "arn": arns.packed()}
