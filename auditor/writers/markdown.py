"""Markdown, for a comment on a pull request: the verdict, what is incomplete, then the worst findings that fit.

For a planned change, the findings that it introduces, leaves undetermined and resolves come first.

Texts from the account are in code spans, in which GitHub and others do not interpret markup, mentions, links or
references. GitHub rejects a comment of more than 65,536 characters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import BinaryIO

from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.report.completeness import narrowing, shortfall
from auditor.report.planned import PlannedSummary
from auditor.report.report import Report, RuleResult, most_urgent_first
from auditor.writers import effects, statements
from auditor.writers.visible import visible

MOST_BYTES = 65_000  # some limits are in characters, others in bytes; a text never has more characters than bytes
MARKER = "<!-- iam-audit -->"
"""Begins the text, invisibly, so that a job can find its comment of the last run."""

_CLOSING = 700  # bytes that the last lines may take
_MOST_REMARKS = 20
_SEVERITIES = list(Severity)
_LONGEST = 300  # characters of a text
_LONGEST_FENCE = 8  # backticks; not every Markdown parser supports a longer one
_SAFE_LINK = re.compile(r"https://[\w./-]+", re.ASCII)


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as Markdown that a comment can hold; the same report gives the same bytes."""
    stream.write(within(report, MOST_BYTES))


def within(report: Report, most_bytes: int) -> bytes:
    """Return the report as Markdown of at most `most_bytes`; its end says what was left out, if anything."""
    page = Page(most_bytes - _CLOSING)
    left_out = [] if report.planned is None else _add_change(page.part(3 / 4), report, report.planned)
    page.add(*_head(report))
    _add_remarks(page, report)
    _add_rules(page, report)
    findings = [each for each in statements.open_findings(report) if not effects.is_shown_first(each)]
    listed = _add_findings(page, report, findings)
    return "\n".join([MARKER, *page.lines, *_closing(report, [*left_out, *findings[listed:]])]).encode()


class Page:
    """Collect lines as long as they fit."""

    def __init__(self, room: int) -> None:
        self.lines: list[str] = []
        self.room = room  # bytes
        self._whole: Page | None = None

    def part(self, share: float) -> "Page":
        """Return a page for the next lines of this one, limited to a share of the remaining room."""
        part = Page(int(self.room * share))
        part.lines, part._whole = self.lines, self
        return part

    def add(self, *lines: str) -> bool:
        """Add all of the lines or none, and return whether they fit."""
        needed = sum(len(line.encode()) + 1 for line in lines)
        if needed > self.room:
            return False
        self.lines += lines
        self.room -= needed
        if self._whole is not None:
            self._whole.room -= needed
        return True


def _add_change(page: Page, report: Report, summary: PlannedSummary) -> list[Finding]:
    """Add the findings that a planned change introduces, leaves undetermined and resolves; return those left out."""
    page.add(f"## {_change_title(summary)}", "", f"Judged: {', '.join(map(code, summary.files))}{_extent(summary)}")
    rules, pages = {rule.config_rule_name: rule for rule in report.rules}, statements.rule_pages(report)
    left_out: list[Finding] = []
    for part in effects.parts(report, summary):
        opening = ["", f"### {part.title}"]
        if part.effect is Effect.UNDETERMINED:
            left_out += _add_undetermined(page, part.findings, report.shown_names, [*opening, ""])
            continue
        for name, group in groupby(_by_rule(part.findings), key=lambda finding: finding.config_rule_name):
            opening += ["", _rule_heading(name, rules), ""]
            for finding in group:
                if left_out or not page.add(*opening, *_reasoned(finding, finding.annotation)):
                    left_out.append(finding)
                opening = []
            if part.effect is Effect.INTRODUCED and name in pages and (fix := pages[name].fix):
                page.add("", f"  Fix: {visible(' '.join(fix.split()))}")
        if part.effect is Effect.INTRODUCED:
            page.add("", effects.BEFORE_IT_IS_DEPLOYED)
    page.add("")
    return left_out


def _add_undetermined(
    page: Page, findings: Sequence[Finding], names: Mapping[str, str], opening: Sequence[str]
) -> list[Finding]:
    """Add findings, merging those of several rules with the same text on a resource; return those that do not fit."""
    groups = effects.together(findings)
    for place, group in enumerate(groups):
        if not page.add(*opening, *_reasoned(group.finding, group.text(names))):
            return [group.finding for group in groups[place:] for _ in group.rules]
        opening = []
    return []


def _change_title(summary: PlannedSummary) -> str:
    if not summary.touches_iam:
        return "The change touches no IAM resource"
    return f"Planned change: {', '.join(f'{summary.counts[effect]:,} {effect}' for effect in Effect)}"


def _extent(summary: PlannedSummary) -> str:
    return ", alone: the account was not read" if summary.alone else ", over the account"


def _by_rule(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: (_SEVERITIES.index(statements.severity_of(each)), each.config_rule_name))


def _reasoned(finding: Finding, text: str) -> Iterator[str]:
    """Yield a line for a finding with its text, then a line for its place and for each of its causes."""
    aside = f" ({_heading(finding)})" if finding.suppression is not None or finding.known else ""
    yield f"- {code(finding.resource_name)} ({finding.resource_type}): {code(text)}{aside}"
    for reason in effects.reasons(finding):
        word, _, rest = reason.partition(" ")
        yield f"  - {word} {code(rest)}"


def _head(report: Report) -> Iterator[str]:
    why = shortfall(report)
    after = " after the change" if report.planned is not None else ""
    yield f"## IAM audit{after}: {report.summary.compliance_type}{'' if why is None else ', incomplete'}"
    yield ""
    if why is not None:
        yield f"**{why}.** A resource that is not listed here is not necessarily in order."
        yield ""
    yield f"{statements.verdict(report)}."
    yield ""


def _add_remarks(page: Page, report: Report) -> None:
    """Add the remarks on the whole report, one line each."""
    shown = (shortfall(report),)
    remarks = [statements.about_account(report)]
    remarks += [*(each for each in statements.remarks(report) if each not in shown)]
    remarks += [f"Warning: {each}" for each in statements.warnings(report)]
    for remark in remarks[:_MOST_REMARKS]:
        page.add(f"- {code(remark)}")
    if len(remarks) > _MOST_REMARKS:
        page.add(f"- and {len(remarks) - _MOST_REMARKS:,} more remarks and warnings, in the JSON and HTML reports")


def _add_rules(page: Page, report: Report) -> None:
    """Add a table of the rules, the most urgent first, in at most a third of the room."""
    rows = [_row(rule) for rule in most_urgent_first(report.rules)]
    columns = ["Rule", "Severity", "Verdict", *ComplianceType, "Suppressed"]
    least = page.room * 2 // 3
    page.add("", f"| {' | '.join(columns)} |", f"| --- | --- | --- |{' ---: |' * (len(columns) - 3)}")
    added = 0
    while added < len(rows) and page.room > least and page.add(rows[added]):
        added += 1
    if added < len(rows):
        page.add("", f"{len(rows) - added:,} more rules are in the JSON and HTML reports.")


def _row(rule: RuleResult) -> str:
    numbers = [f"{rule.counts.get(kind, 0):,}" for kind in ComplianceType]
    name = code(rule.shown_name).replace("|", r"\x7c")  # otherwise the cell would end there, even in a code span
    return f"| {' | '.join([name, rule.severity, rule.compliance_type, *numbers, f'{rule.suppressed:,}'])} |"


def _add_findings(page: Page, report: Report, findings: Sequence[Finding]) -> int:
    """Add the findings, grouped by verdict and rule, and return how many were added."""
    listed, heading = 0, ""
    rules = {rule.config_rule_name: rule for rule in report.rules}
    for (above, name), group in groupby(findings, key=lambda finding: (_heading(finding), finding.config_rule_name)):
        opening = [] if above == heading else ["", f"### {above}"]
        opening += ["", _rule_heading(name, rules)]
        heading = above
        for finding in group:
            if not page.add(*opening, _line(finding)):
                return listed
            listed, opening = listed + 1, []
    return listed


def _heading(finding: Finding) -> str:
    if finding.suppression is not None:
        return "Suppressed"
    return "Known from the baseline" if finding.known else finding.compliance_type


def _rule_heading(name: str, rules: Mapping[str, RuleResult]) -> str:
    rule = rules.get(name)
    if rule is None:
        return code(name)
    link = f" ([what it checks]({rule.source_url}))" if _SAFE_LINK.fullmatch(rule.source_url) else ""
    return f"{code(rule.shown_name)}, severity {rule.severity}{link}"


def _line(finding: Finding) -> str:
    place = f" in {code(statements.place_text(finding.location))}" if finding.location else ""
    line = f"- {code(finding.resource_name)} ({finding.resource_type}){place}: {code(finding.annotation)}"
    if finding.suppression is None:
        return line
    return f"{line}, {finding.compliance_type}, {code(statements.suppression_text(finding))}"


def _closing(report: Report, left_out: Sequence[Finding]) -> Iterator[str]:
    """Yield the last lines: how many findings were left out, and when and by which release the report was made."""
    yield ""
    narrowed = narrowing(report)
    if narrowed is not None:
        yield f"{narrowed}.\n"
    if left_out:
        yield f"**Left out, because the text would be too long: {_counted(left_out)}.** The other reports have them.\n"
    elif not any(finding.compliance_type in OPEN for finding in report.findings):
        yield "No finding is NON_COMPLIANT or has INSUFFICIENT_DATA.\n" if narrowed is None else ""
    yield f"Evaluated at {statements.moment(report.evaluated_at)} by iam-audit {code(report.tool.version, 40)}.\n"


def _counted(findings: Sequence[Finding]) -> str:
    kinds = [_heading(finding) for finding in findings]
    return ", ".join(f"{kinds.count(kind):,} {kind}" for kind in dict.fromkeys(kinds))


def code(text: str, most: int = _LONGEST) -> str:
    """Return a text as a code span on one line, in which nothing is markup, a mention or a link."""
    shown = statements.shortened(visible(text), most)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    if longest > _LONGEST_FENCE:
        shown, longest = shown.replace("`", r"\x60"), 0
    fence = "`" * (longest + 1)
    padding = " " if shown[:1] in (" ", "`") or shown[-1:] in (" ", "`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}" if shown.strip() else "(empty)"
