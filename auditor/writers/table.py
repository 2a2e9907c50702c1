"""The table: a summary per rule, then the findings that need somebody; for people at a terminal."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from itertools import groupby
from textwrap import wrap
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.account.report_age import credential_report_text
from auditor.account.sources import Source, SourceStatus
from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, ComplianceType
from auditor.report import baseline_text, configuration, planned
from auditor.report.frameworks import ControlResult, FrameworkResult, SupportingRule, extent, tally
from auditor.report.ledger import Totals, totals
from auditor.report.report import Report, RuleResult, SnapshotHeader, Summary, most_urgent_first
from auditor.selection.packs.summary import sentence
from auditor.writers import statements
from auditor.writers.visible import visible

STYLES = {
    ComplianceType.NON_COMPLIANT: "bold red",
    ComplianceType.INSUFFICIENT_DATA: "yellow",
    ComplianceType.COMPLIANT: "green",
    ComplianceType.NOT_APPLICABLE: "dim",
}
_READ = (SourceStatus.COMPLETE, SourceStatus.PARTIAL)
TRAILING_BLANKS = re.compile(r" +$", re.MULTILINE)  # rich pads cells; a file or a mail wants none
_NAME_WIDTH = 30  # columns; the rest of the line is for the annotation
_USUAL = 80  # columns
_NARROWEST = 8  # columns for the name of a rule, where a terminal leaves no more for it
_UNBROKEN = 100_000  # columns, where no terminal wraps: grep finds whole names and lines
SHOWN = 25  # findings of a rule and a compliance type, so that a large account does not fill the terminal


def write(report: Report, stream: TextIO, *, every_finding: bool = False) -> None:
    """Write the report for a terminal; in colour only where the stream is one and NO_COLOR is not set.

    Lines are as long as they need to be where the stream is no terminal and COLUMNS is not set. Of many findings of a
    rule only the first are listed, unless `every_finding` asks for all.
    """
    console = console_for(stream)
    with console.capture() as captured:
        console.print(_heading(report))
        console.print(_summary(report, console.width))
        kinds = tuple(ComplianceType) if every_finding else OPEN
        if narrowed := _narrowed(report, kinds):
            console.print(narrowed)
        name_width = None if console.width == _UNBROKEN else _NAME_WIDTH
        for finding_group in (
            *_resolved(report),
            *_groups(report, kinds, None if every_finding else SHOWN, name_width),
        ):
            console.print(*finding_group, sep="\n")
        for framework in report.frameworks:
            console.print(*_framework(framework, report.shown_names), sep="\n")
        console.print(_verdict(report))
    stream.write(TRAILING_BLANKS.sub("", captured.get()))


def console_for(stream: TextIO) -> Console:
    """Return the console that writes to a stream; lines are as long as they need to be where it is no terminal."""
    console = Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNBROKEN
    elif console.width < _NARROWEST:  # no terminal is as narrow: COLUMNS says nonsense
        console.width = _USUAL
    return console


def _heading(report: Report) -> Text:
    account = report.account
    alias = f" ({visible(account.alias)})" if account.alias else ""
    captured = report.snapshot.captured_at
    time = f"{captured.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if captured else "at an unknown time"
    text = Text(f"Account {visible(account.id or 'unknown')}{alias}, {visible(account.partition)}, captured {time}\n")
    if any(source.name == Source.CREDENTIAL_REPORT and source.status in _READ for source in report.snapshot.sources):
        text.append(f"{_credential_report(report.snapshot)}\n")
    if report.configuration is not None:
        text.append(f"{visible(configuration.sentence(report.configuration))}\n")
    if report.baseline is not None:
        text.append(f"{visible(baseline_text.line(report.baseline))}\n")
        for difference in baseline_text.differing(report.baseline.differences):
            text.append(f"  {visible(difference)}\n", style="yellow")
    if report.planned is not None:
        text.append(f"{visible(planned.sentence(report.planned))}\n", style="bold")
    return text.append_text(_ledger(report))


def _credential_report(snapshot: SnapshotHeader) -> str:
    age = None if snapshot.report_age_s is None else timedelta(seconds=snapshot.report_age_s)
    return credential_report_text(snapshot.report_generated_at, age).replace("c", "C", 1)


def _ledger(report: Report) -> Text:
    """Return two lines that say what was read and how much of it could be decided, and one for each pack."""
    sums = totals(report.snapshot.sources, (result.coverage for result in report.rules))
    lacking = [source for source in report.snapshot.sources if source.lacking]
    read = f"Sources: {sums.complete:,} of {sums.sources:,} read completely"
    if lacking:
        read += f"; {', '.join(f'{source.name} {source.status}' for source in lacking)}"
    if actions := sorted({action for source in lacking for action in source.iam_actions}):
        read += f" (grant {', '.join(actions)})"
    decided = (
        f"Evaluations: {sums.evaluations:,} = {sums.judged:,} judged + {sums.not_applicable:,} not applicable"
        f" + {sums.undecided:,} not decidable{_unseen(sums)}"
    )
    text = Text(f"{visible(read)}\n", style="yellow" if lacking else "")
    text.append(f"{decided}\n", style="yellow" if sums.undecided or sums.unseen != 0 else "")
    return text.append("".join(f"{visible(sentence(pack))}\n" for pack in report.packs))


def _unseen(sums: Totals) -> str:
    if sums.unseen is None:
        return "; at least, because the total is unknown"
    return f"; {sums.unseen:,} not seen" if sums.unseen else ""


def _summary(report: Report, width: int) -> Table:
    """Return the rules, most urgent first, each with its findings in numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Rule", no_wrap=True)
    table.add_column("Findings", no_wrap=True)
    rules = most_urgent_first(report.rules)
    longest = max(cell_len(visible(rule.shown_name)) for rule in rules)
    left = min(longest, width // 2 + 3)  # the longest name of AWS's rules has 43 columns of 80
    for severity, group in groupby(rules, key=lambda rule: rule.severity):
        table.add_row(Text(severity, style="bold"))
        for rule in group:
            table.add_row(Text(_broken(visible(rule.shown_name), left)), _counted(rule, width - left - 2))
    return table


def _counted(rule: RuleResult, width: int) -> Text:
    """Return the numbers of a rule's findings, worst first, in lines that end after a comma."""
    parts = [(f"{rule.counts[kind]:,} {kind}", STYLES[kind]) for kind in ComplianceType if rule.counts.get(kind)]
    parts = parts or [(str(rule.compliance_type), STYLES[rule.compliance_type])]
    parts += [(f"{rule.suppressed:,} suppressed", "")] if rule.suppressed else []
    text, used = Text(), 0
    for number, (part, style) in enumerate(parts):
        if number:
            text.append(",\n" if (fresh := used + len(part) + 3 > width) else ", ")
            used = 0 if fresh else used + 2
        text.append(part, style=style)
        used += len(part)
    return text


def _broken(name: str, width: int) -> str:
    """Return a name in lines that end after a hyphen if they can, so that its words stay whole."""
    lines = wrap(name, max(width, _NARROWEST), subsequent_indent="  ", drop_whitespace=False)
    return "\n".join(lines) if len(name) > width else name


def _narrowed(report: Report, kinds: Sequence[ComplianceType]) -> Text | None:
    """Return a line for a report that was narrowed, so that nobody takes the listed findings for all."""
    all_findings = sum(report.summary.counts.values()) + report.summary.suppressed
    if len(report.findings) == all_findings:
        return None
    listed = Counter(finding.compliance_type for finding in report.findings if finding.suppression is None)
    numbers = [
        f"{listed[kind]:,} of {report.summary.counts[kind]:,} {kind}" for kind in kinds if report.summary.counts[kind]
    ]
    return Text(f"\nNarrowed by severity or resource: listed are {', '.join(numbers) or 'no findings'}", style="yellow")


def _groups(
    report: Report, kinds: Sequence[ComplianceType], most: int | None, name_width: int | None
) -> Iterator[tuple[Text, Padding]]:
    """Yield the findings by rule and compliance type, at most `most` of each, those that are set aside last."""
    order = {result.config_rule_name: place for place, result in enumerate(most_urgent_first(report.rules))}
    names = report.shown_names
    shown = [finding for finding in report.findings if finding.compliance_type in kinds]
    shown.sort(
        key=lambda each: (
            order[each.config_rule_name],
            kinds.index(each.compliance_type),
            each.change is not Effect.INTRODUCED,
            _is_aside(each),
        )
    )
    for (rule, kind), group in groupby(shown, key=lambda finding: (finding.config_rule_name, finding.compliance_type)):
        title = Text(f"\n{visible(names[rule])} ")
        findings = list(group)
        title.append(kind, style=STYLES[kind]).append(f", severity {findings[0].severity}")
        rows: list[Table | Text] = [_rows(findings[:most], name_width)]
        if more := len(findings) - len(findings[:most]):
            rows.append(Text(f"and {more:,} more; --all, --format csv and -o FILE.html list every finding"))
        yield title, Padding(Group(*rows), (0, 0, 0, 2))


def _is_aside(finding: Finding) -> bool:
    return finding.suppression is not None or finding.known


def _resolved(report: Report) -> Iterator[tuple[Text, Padding]]:
    """Yield what a planned change resolves, which stands in no list of what is open."""
    if report.planned is not None and report.planned.resolved:
        names = report.shown_names
        rows = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        rows.add_column(max_width=_NAME_WIDTH, overflow="fold")
        rows.add_column(overflow="fold")
        for finding in report.planned.resolved:
            text = "; ".join((names[finding.config_rule_name], *finding.causes))
            rows.add_row(Text(visible(finding.resource_name)), Text(visible(text)))
        yield Text("\nResolved by the change", style=STYLES[ComplianceType.COMPLIANT]), Padding(rows, (0, 0, 0, 2))


def _rows(findings: Sequence[Finding], name_width: int | None) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(max_width=name_width, overflow="fold")
    table.add_column(overflow="fold")
    for finding in findings:
        mark = " (suppressed)" if finding.suppression is not None else " (known)" if finding.known else ""
        table.add_row(
            Text(visible(finding.resource_name)),
            Text(f"{visible(finding.annotation)}{mark}{visible(statements.change_text(finding))}"),
        )
    return table


def _framework(framework: FrameworkResult, names: Mapping[str, str]) -> Iterator[Text | Padding]:
    """Yield the controls of a framework, those that no rule covers, and the note that there are more."""
    yield Text(f"\n{visible(framework.name)}: {visible(framework.title)}, {tally(framework)}")
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for control in framework.controls:
        table.add_row(Text(visible(control.id)), _control_verdict(control), Text("\n".join(_supports(control, names))))
    yield Padding(table, (0, 0, 0, 2))
    if framework.uncovered:
        named = (f"{control.id} {control.title}" for control in framework.uncovered)
        yield Text(visible(f"No rule covers: {'; '.join(named)}"), style="yellow")
    yield Text(visible(framework.note), style="dim")


def _control_verdict(control: ControlResult) -> Text:
    text = Text(control.compliance_type, style=STYLES[control.compliance_type])
    return text.append("".join(f"\n{note}" for note in extent(control)))


def _supports(control: ControlResult, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines beside a control: its title, then rule by rule what was found or what is missing."""
    if control.title is not None:
        yield visible(control.title)
    if control.partial is not None:
        yield f"In part only: {visible(control.partial)}"
    for rule in control.rules:
        yield f"- {visible(names[rule.config_rule_name])}: {_numbers(rule)}"
        yield from (f"  {visible(shortfall)}" for shortfall in rule.shortfalls)
    yield from (f"- {visible(rule_id)}: not evaluated" for rule_id in control.not_evaluated)


def _numbers(rule: SupportingRule) -> str:
    numbers = [f"{rule.counts[kind]:,} {kind}" for kind in ComplianceType if rule.counts[kind]]
    numbers += [f"{rule.suppressed:,} suppressed"] if rule.suppressed else []
    return ", ".join(numbers) or "no findings"


def _verdict(report: Report) -> Text:
    summary = report.summary
    text = Text("\nAccount verdict: ")
    text.append(summary.compliance_type, style=STYLES[summary.compliance_type])
    numbers = ", ".join(_by_severity(summary, kind) for kind in ComplianceType if summary.counts.get(kind))
    apart = f"; {summary.suppressed:,} suppressed, counted apart" if summary.suppressed else ""
    known = f"; {report.baseline.known:,} known from the baseline" if report.baseline is not None else ""
    return text.append(f": {numbers}{apart}{known}")


def _by_severity(summary: Summary, kind: ComplianceType) -> str:
    """Return how many findings are of a kind; of those that need somebody, how severe they are too."""
    parts = [f"{counts[kind]:,} {severity}" for severity, counts in summary.by_severity.items() if counts[kind]]
    return f"{summary.counts[kind]:,} {kind}" + (f" ({', '.join(parts)})" if kind in OPEN else "")
