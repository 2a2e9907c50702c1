"""The table for terminals: a summary of each rule, then the findings that need attention."""

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
from auditor.report.planned import PlannedSummary
from auditor.report.report import Report, RuleResult, SnapshotHeader, Summary, most_urgent_first
from auditor.selection.packs.summary import sentence
from auditor.writers import effects, statements
from auditor.writers.visible import visible

STYLES = {
    ComplianceType.NON_COMPLIANT: "bold red",
    ComplianceType.INSUFFICIENT_DATA: "yellow",
    ComplianceType.COMPLIANT: "green",
    ComplianceType.NOT_APPLICABLE: "dim",
}
_EFFECT_STYLES = {
    Effect.INTRODUCED: "bold red",
    Effect.UNDETERMINED: "bold yellow",
    Effect.RESOLVED: "bold green",
}
_READ = (SourceStatus.COMPLETE, SourceStatus.PARTIAL)
TRAILING_BLANKS = re.compile(r" +$", re.MULTILINE)  # rich pads cells, which is useless in a file or a mail
_NAME_WIDTH = 30  # columns; the rest of the line is for the annotation
_USUAL = 80  # columns
_NARROWEST = 8  # columns for the name of a rule, at least
_UNBROKEN = 100_000  # columns if the output is not a terminal, so that grep finds whole names and lines
SHOWN = 25  # findings of a rule and a compliance type, so that a large account does not fill the terminal


def write(report: Report, stream: TextIO, *, every_finding: bool = False, brief: bool = False) -> None:
    """Write the report for a terminal, in colour only if the stream is one and NO_COLOR is not set.

    Lines are not wrapped if the stream is not a terminal and COLUMNS is not set. If a rule has many findings, only
    the first are listed, unless `every_finding` is true. `brief` leaves out the rules and shows only the effects of a
    planned change.
    """
    console = console_for(stream)
    with console.capture() as captured:
        most, name_width = None if every_finding else SHOWN, None if console.width == _UNBROKEN else _NAME_WIDTH
        if report.planned is not None:
            console.print(*_change(report, report.planned, most, name_width), sep="\n")
        heading = _heading(report)
        if brief:
            heading.rstrip()
        console.print(heading)
        if not brief:
            console.print(_summary(report, console.width))
        kinds = tuple(ComplianceType) if every_finding else OPEN
        if narrowed := _narrowed(report, kinds):
            console.print(narrowed)
        groups = [*_groups(report, kinds, most, name_width)]
        if groups and report.planned is not None:
            console.print(Text("\nNot caused by the change", style="bold"))
        for finding_group in groups:
            console.print(*finding_group, sep="\n")
        for framework in report.frameworks:
            console.print(*_framework(framework, report.shown_names), sep="\n")
        console.print(_verdict(report))
    stream.write(TRAILING_BLANKS.sub("", captured.get()))


def console_for(stream: TextIO) -> Console:
    """Return a console that does not interpret texts, as wide as the terminal; without one, lines are not wrapped."""
    console = Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNBROKEN
    elif console.width < _NARROWEST:  # no terminal is this narrow: COLUMNS is wrong
        console.width = _USUAL
    return console


def _heading(report: Report) -> Text:
    text = _account(report) if report.planned is None or not report.planned.alone else Text()
    if report.configuration is not None:
        text.append(f"{visible(configuration.sentence(report.configuration))}\n")
    if report.baseline is not None:
        text.append(f"{visible(baseline_text.line(report.baseline))}\n")
        for difference in baseline_text.differing(report.baseline.differences):
            text.append(f"  {visible(difference)}\n", style="yellow")
    return text.append_text(_ledger(report))


def _account(report: Report) -> Text:
    """Return a text with the account and its capture time."""
    account = report.account
    alias = f" ({visible(account.alias)})" if account.alias else ""
    captured = report.snapshot.captured_at
    time = f"{captured.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if captured else "at an unknown time"
    text = Text(f"Account {visible(account.id or 'unknown')}{alias}, {visible(account.partition)}, captured {time}\n")
    if any(source.name == Source.CREDENTIAL_REPORT and source.status in _READ for source in report.snapshot.sources):
        text.append(f"{_credential_report(report.snapshot)}\n")
    return text


def _credential_report(snapshot: SnapshotHeader) -> str:
    age = None if snapshot.report_age_s is None else timedelta(seconds=snapshot.report_age_s)
    return credential_report_text(snapshot.report_generated_at, age).replace("c", "C", 1)


def _ledger(report: Report) -> Text:
    """Return two lines that say what was read and how much could be decided, and one line for each pack."""
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
    alone = report.planned is not None and report.planned.alone
    read = "Sources: none, the account was not read" if alone else read
    text = Text(f"{visible(read)}\n", style="yellow" if lacking else "")
    text.append(f"{decided}\n", style="yellow" if sums.undecided or sums.unseen != 0 else "")
    return text.append("".join(f"{visible(sentence(pack))}\n" for pack in report.packs))


def _unseen(sums: Totals) -> str:
    if sums.unseen is None:
        return "; at least, because the total is unknown"
    return f"; {sums.unseen:,} not seen" if sums.unseen else ""


def _summary(report: Report, width: int) -> Table:
    """Return a table of the rules, most urgent first, with the numbers of their findings."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Rule", no_wrap=True)
    table.add_column("Findings", no_wrap=True)
    rules = most_urgent_first(report.rules)
    longest = max(cell_len(visible(rule.shown_name)) for rule in rules)
    left = min(longest, width // 2 + 3)  # the longest name of AWS's rules has 43 columns of 80
    for severity, group in groupby(rules, key=lambda rule: rule.severity):
        table.add_row(Text(severity, style="bold"))
        for rule in group:
            table.add_row(Text(broken(visible(rule.shown_name), left)), _counted(rule, width - left - 2))
    return table


def _counted(rule: RuleResult, width: int) -> Text:
    """Return the numbers of a rule's findings, worst first, broken into lines after a comma."""
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


def broken(name: str, width: int) -> str:
    """Return a name broken into lines, after a hyphen if possible, so that its words are not split."""
    lines = wrap(name, max(width, _NARROWEST), subsequent_indent="  ", drop_whitespace=False)
    return "\n".join(lines) if len(name) > width else name


def _narrowed(report: Report, kinds: Sequence[ComplianceType]) -> Text | None:
    """Return a line that says how many findings a narrowed report lists; None if it lists all."""
    all_findings = sum(report.summary.counts.values()) + report.summary.suppressed
    if len(report.findings) == all_findings:
        return None
    listed = Counter(finding.compliance_type for finding in report.findings if finding.suppression is None)
    numbers = [
        f"{listed[kind]:,} of {report.summary.counts[kind]:,} {kind}" for kind in kinds if report.summary.counts[kind]
    ]
    apart = f"; {left}" if (left := effects.others(report)) else ""
    by = "severity, resource or --only" if report.planned is not None else "severity or resource"
    return Text(f"\nNarrowed by {by}: listed are {', '.join(numbers) or 'no findings'}{apart}", style="yellow")


def _groups(
    report: Report, kinds: Sequence[ComplianceType], most: int | None, name_width: int | None
) -> Iterator[tuple[Text, Padding]]:
    """Yield the findings by rule and compliance type, at most `most` of each, suppressed and known ones last."""
    order = {result.config_rule_name: place for place, result in enumerate(most_urgent_first(report.rules))}
    names = report.shown_names
    shown = [each for each in report.findings if each.compliance_type in kinds and not effects.is_shown_first(each)]
    shown.sort(key=lambda each: (order[each.config_rule_name], kinds.index(each.compliance_type), _is_aside(each)))
    for (rule, kind), group in groupby(shown, key=lambda finding: (finding.config_rule_name, finding.compliance_type)):
        title = Text(f"\n{visible(names[rule])} ")
        findings = list(group)
        title.append(kind, style=STYLES[kind]).append(f", severity {findings[0].severity}")
        yield title, Padding(_listed(findings, most, name_width), (0, 0, 0, 2))


def _is_aside(finding: Finding) -> bool:
    return finding.suppression is not None or finding.known


def _change(
    report: Report, summary: PlannedSummary, most: int | None, name_width: int | None
) -> Iterator[Text | Padding]:
    """Yield the effects of a planned change: a summary, then each finding that it introduces or resolves, and why."""
    yield Text(f"{visible(planned.sentence(summary))}\n", style="bold")
    names, pages = report.shown_names, statements.rule_pages(report)
    for part in effects.parts(report, summary):
        yield Text(part.title, style=_EFFECT_STYLES[part.effect])
        if part.effect is Effect.UNDETERMINED:
            yield Padding(_undetermined(part.findings, names, most, name_width), (0, 0, 1, 2))
            continue
        for rule, group in groupby(_by_rule(report, part), key=lambda finding: finding.config_rule_name):
            findings = list(group)
            heading = Text(visible(names.get(rule, rule)), style="bold").append(
                f", severity {findings[0].severity}", style="not bold"
            )
            yield Padding(heading, (0, 0, 0, 2))
            yield Padding(_listed(findings, most, name_width), (0, 0, 0, 4))
            if part.effect is Effect.INTRODUCED and rule in pages and (fix := pages[rule].fix):
                yield Padding(Text(f"Fix: {' '.join(fix.split())}", style="dim"), (0, 0, 0, 4))
        if part.effect is Effect.INTRODUCED:
            yield Padding(Text(effects.BEFORE_IT_IS_DEPLOYED, style="dim"), (0, 0, 0, 2))
        yield Text()


def _undetermined(
    findings: Sequence[Finding], names: Mapping[str, str], most: int | None, name_width: int | None
) -> Group:
    """Return rows of findings, merging those of several rules with the same text on a resource."""
    groups = effects.together(findings)
    rows = _row_table(name_width)
    for group in groups[:most]:
        _add_row(rows, group.finding, group.text(names))
    return Group(rows, *_left_out(len(groups), most))


def _by_rule(report: Report, part: effects.Part) -> list[Finding]:
    order = {result.config_rule_name: place for place, result in enumerate(most_urgent_first(report.rules))}
    return sorted(part.findings, key=lambda each: (order.get(each.config_rule_name, len(order)), _is_aside(each)))


def _listed(findings: Sequence[Finding], most: int | None, name_width: int | None) -> Group:
    """Return rows of findings, and a line with the number of the others."""
    return Group(_rows(findings[:most], name_width), *_left_out(len(findings), most))


def _left_out(count: int, most: int | None) -> list[Text]:
    more = 0 if most is None else count - most
    return [Text(f"and {more:,} more; --all, --format csv and -o FILE.html list every finding")] if more > 0 else []


def _rows(findings: Sequence[Finding], name_width: int | None) -> Table:
    table = _row_table(name_width)
    for finding in findings:
        mark = " (suppressed)" if finding.suppression is not None else " (known)" if finding.known else ""
        _add_row(table, finding, f"{finding.annotation}{mark}")
    return table


def _row_table(name_width: int | None) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(max_width=name_width, overflow="fold")
    table.add_column(overflow="fold")
    return table


def _add_row(table: Table, finding: Finding, text: str) -> None:
    """Add a finding with its text, and where and why a planned change affects it."""
    cell = Text(visible(text))
    for reason in effects.reasons(finding):
        cell.append(f"\n{visible(reason)}", style="dim")
    table.add_row(Text(visible(finding.resource_name)), cell)


def _framework(framework: FrameworkResult, names: Mapping[str, str]) -> Iterator[Text | Padding]:
    """Yield the controls of a framework, those that no rule covers, and the framework's note."""
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
    """Yield the lines for a control: its title, then the findings and shortfalls of each rule."""
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
    """Return the number of findings of a compliance type; if they need attention, also by severity."""
    parts = [f"{counts[kind]:,} {severity}" for severity, counts in summary.by_severity.items() if counts[kind]]
    return f"{summary.counts[kind]:,} {kind}" + (f" ({', '.join(parts)})" if kind in OPEN else "")
