"""The parts of a parity report for people: every format shows the same ones, in this order."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from auditor.parity.gate import shortfalls
from auditor.parity.parity import MEANINGS, Cause, Compared, Disagreement, Parity, RuleParity, Verdict
from auditor.writers.diff.sections import moment
from auditor.writers.visible import visible

_TITLES = {
    Cause.REAL: "Real",
    Cause.TIME: "Another time",
    Cause.CREDENTIAL_REPORT: "Another credential report",
    Cause.DELETED: "Deleted but still listed",
    Cause.NOT_RECORDED: "Not recorded or never ran",
    Cause.REGION: "Another Region",
    Cause.PARAMETERS: "Other parameters or Scope",
    Cause.DECISION: "A decision of ours",
}
_COUNTED = {
    Cause.REAL: "real",
    Cause.TIME: "of another time",
    Cause.CREDENTIAL_REPORT: "by another credential report",
    Cause.DELETED: "on deleted resources",
    Cause.NOT_RECORDED: "not recorded",
    Cause.REGION: "of another Region",
    Cause.PARAMETERS: "by parameters or Scope",
    Cause.DECISION: "by our decisions",
}
"""What follows the number of disagreements of a cause."""
NO_VERDICT = "no verdict"
"""What stands for the verdict of a side that has none."""


class Row(NamedTuple):
    """Hold one resource: the rule, its name and type, what AWS Config and iam-audit say, and why they differ."""

    rule: str
    resource: str
    resource_type: str
    config: str
    ours: str
    text: str


class Section(NamedTuple):
    """Hold a section: its title, what it means, how many rows it has, and the rows."""

    title: str
    meaning: str
    total: int
    rows: Sequence[Row]


class RuleRow(NamedTuple):
    """Hold one rule: its names and Regions in AWS Config, how many verdicts agree, differ and were not compared."""

    name: str
    where: str
    agree: int | None
    differ: int | None
    real: int
    incomparable: int | None
    text: str


def sections(parity: Parity) -> Iterator[Section]:
    """Yield the sections that have rows: disagreements by cause, then what could not be compared."""
    for cause in Cause:
        found = [each for each in parity.disagreements if each.cause is cause]
        if found:
            yield _section(_TITLES[cause], MEANINGS[cause], map(_of_disagreement, found))
    if parity.incomparable:
        rows = (_row(each, each.explanation) for each in parity.incomparable)
        yield _section("Not comparable", "one side has no certain verdict, or none with a time", rows)


def _section(title: str, meaning: str, rows: Iterable[Row]) -> Section:
    """Return a section in which those rows stand together of which the same is said."""
    ordered = sorted(rows, key=lambda row: (row.rule, row.config, row.ours, row.text, row.resource_type))
    return Section(title, meaning, len(ordered), ordered)


class Alike(NamedTuple):
    """Hold resources of one type of which the same is said: what is said, and their names."""

    row: Row
    names: Sequence[str]


def alike(rows: Iterable[Row]) -> Iterator[Alike]:
    """Yield rows that follow each other and differ only in the resource's name together."""
    for _, found in groupby(rows, key=lambda row: row._replace(resource="")):
        together = list(found)
        yield Alike(together[0], [each.resource for each in together])


def rule_rows(parity: Parity) -> Iterator[RuleRow]:
    """Yield the rules of AWS Config about IAM, those with a real disagreement first."""
    for each in sorted(parity.rules, key=lambda rule: (-rule.causes.get(Cause.REAL, 0), rule.config_rule_name)):
        compared = each.not_compared is None
        yield RuleRow(
            each.config_rule_name,
            ", ".join(_places(each)),
            each.agree if compared else None,
            sum(each.causes.values()) if compared else None,
            each.causes.get(Cause.REAL, 0),
            each.incomparable if compared else None,
            _said(each),
        )


def _places(rule: RuleParity) -> Sequence[str]:
    others = [each.config_rule_name for each in rule.config_rules if each.config_rule_name != rule.config_rule_name]
    regions = [each.region or "unknown Region" for each in rule.config_rules]
    return list(dict.fromkeys([*regions, *(f"also {name}" for name in others)]))


def _said(rule: RuleParity) -> str:
    if rule.not_compared is not None:
        return f"Not compared: {rule.explanation}"
    counted = ", ".join(f"{count:,} {_COUNTED[cause]}" for cause, count in sorted(rule.causes.items()))
    if rule.partial is None:
        return counted
    return "; ".join(filter(None, (counted, f"Incomplete: {rule.explanation}")))


def _of_disagreement(each: Disagreement) -> Row:
    decision = f" ({each.decision}, {each.page})" if each.decision else ""
    return _row(each, f"{each.explanation}{decision}")


def _row(each: Compared, text: str) -> Row:
    return Row(
        f"{each.config_rule_name}{f' in {each.region}' if each.region else ''}",
        each.resource_name,
        each.resource_type,
        _verdict(each.config),
        _verdict(each.iam_audit),
        text,
    )


def _verdict(verdict: Verdict | None) -> str:
    return NO_VERDICT if verdict is None else verdict.compliance_type.value


def heading(parity: Parity) -> Iterator[str]:
    """Yield the lines that say what was compared."""
    account = parity.account
    captured = f"captured {moment(parity.captured_at)}" if parity.captured_at else "captured at an unknown time"
    made = parity.report_generated_at
    report = f", credential report of {moment(made)}" if made else ""
    yield f"Account {visible(account.id or 'unknown')}, {visible(account.partition)}"
    yield f"Snapshot {parity.snapshot_sha256[:12]}, {captured}{report}"
    whose = "AWS Config's parameters" if parity.settings == "config" else "our own parameters"
    apart = f"{parity.max_time_apart_s / 3600:g} h"
    yield f"Judged with {whose}; an evaluation within {apart} of the snapshot counts as of the same state"


def notes(parity: Parity) -> Iterator[str]:
    """Yield what else a reader should know: what was left out, and why the comparison is incomplete."""
    yield from (f"Rule {visible(name)} failed; its verdicts are missing" for name in parity.failed_rules)
    if lacking := shortfalls(parity):
        yield f"Incomplete: {'; '.join(lacking)}"
    if parity.rules_cut:
        run = "`aws configservice describe-config-rules`"
        yield f"AWS Config has more rules (NextToken): write them again with {run}, without --max-items, --no-paginate"
    if parity.summary.causes[Cause.TIME]:
        run = "`aws configservice start-config-rules-evaluation`"
        yield f"To compare one state, have AWS Config evaluate its periodic rules ({run}), then take a new snapshot"
    if parity.undescribed:
        yield f"Not described by describe-config-rules: {', '.join(map(visible, parity.undescribed))}"
    if parity.only_here:
        there = "Not among the rules of AWS Config that were read" if parity.rules_cut else "AWS Config does not have"
        yield f"{there}: {', '.join(map(visible, parity.only_here))}"
    if parity.other_accounts:
        yield f"Results of other accounts, which were left out: {parity.other_accounts:,}"
    if parity.out_of_scope:
        yield f"Rules of AWS Config that are not about IAM, or custom: {parity.out_of_scope:,}"


def summary(parity: Parity) -> str:
    """Return the line that counts everything."""
    counts, differ = parity.summary, sum(parity.summary.causes.values())
    by_cause = ", ".join(f"{count:,} {_COUNTED[cause]}" for cause, count in counts.causes.items() if count)
    listed = f" ({by_cause})" if by_cause else ""
    return f"Verdicts: {counts.agree:,} agree, {differ:,} differ{listed}, {counts.incomparable:,} not comparable."
