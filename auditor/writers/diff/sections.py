"""The sections of a diff for people; every format shows the same sections in this order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from auditor.judging.finding import Finding
from auditor.report.comparison import Change, Compared, Comparison, NotSeen, Resource
from auditor.report.differences import sentence
from auditor.report.report import encoded
from auditor.writers.visible import visible

T = TypeVar("T")

_LONGEST = 60  # characters of a fact's value


class Row(NamedTuple):
    """Hold a line of a section: the rule (empty for a resource), the resource, its type, and a text."""

    rule: str
    severity: str
    resource: str
    resource_type: str
    text: str


class Section(NamedTuple):
    """Hold a section: its title, its meaning, the number of its rows, and an iterator of the rows."""

    title: str
    meaning: str
    total: int
    rows: Iterable[Row]


def sections(comparison: Comparison) -> Iterator[Section]:
    """Yield the sections that have rows."""
    reopened = {finding.fingerprint for finding in comparison.reopened}
    ids_before = _made_again(comparison)

    def fresh(finding: Finding) -> Row:
        mark = " (suppressed before)" if finding.fingerprint in reopened else ""
        again = " (deleted and created again)" if finding.resource_id in ids_before else ""
        return _of_finding(finding, finding.annotation + mark + again)

    def appeared(resource: Resource) -> Row:
        before = ids_before.get(resource.resource_id or "")
        row = _of_resource(resource)
        return row if before is None else row._replace(text=f"{row.text}, created again; {before} before")

    for section in (
        _section("New", "NON_COMPLIANT now, and not before", comparison.new, fresh),
        _section("Worse", "NON_COMPLIANT in both, of a higher severity now", comparison.worse, _worse),
        _section("Changed", "NON_COMPLIANT in both, with other evidence", comparison.changed, _changed),
        _section(
            "Not seen", "NON_COMPLIANT before; the new report does not prove otherwise", comparison.not_seen, _lost
        ),
        _section("Suppressed", "NON_COMPLIANT in both, and suppressed now", comparison.suppressed, _of_finding),
        _section("Resolved", "NON_COMPLIANT before, and proven not to be now", comparison.resolved, _of_finding),
        _section("Appeared", "resources that the old report did not have", comparison.appeared, appeared),
        _section("Vanished", "resources that the new report does not have", comparison.vanished, _of_resource),
    ):
        if section.total:
            yield section


def _made_again(comparison: Comparison) -> dict[str, str]:
    """Return, by the unique ids of resources that were deleted and created again under one name, the ids before."""
    gone = {(each.resource_type, each.resource_name): each.resource_id for each in comparison.vanished}
    before = {each.resource_id: gone.get((each.resource_type, each.resource_name)) for each in comparison.appeared}
    return {new: old for new, old in before.items() if new is not None and old is not None and new != old}


def _section(title: str, meaning: str, entries: Sequence[T], row: Callable[[T], Row]) -> Section:
    return Section(title, meaning, len(entries), map(row, entries))


def _of_finding(finding: Finding, text: str | None = None) -> Row:
    shown = finding.annotation if text is None else text
    return Row(
        finding.config_rule_name, finding.severity or "", finding.resource_name, finding.resource_type.value, shown
    )


def _worse(change: Change) -> Row:
    before = change.old.severity or "unknown"
    return _of_finding(change.new, f"severity {before} before, {change.new.severity} now")


def _changed(change: Change) -> Row:
    old, new = ({fact.path: fact.value for fact in side.evidence} for side in (change.old, change.new))
    paths = [path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]
    facts = [f"{path}: {_value(old, path)} before, {_value(new, path)} now" for path in paths]
    return _of_finding(change.new, "; ".join(facts) or change.new.annotation)


def _value(facts: dict[str, object], path: str) -> str:
    text = encoded(facts[path]).decode() if path in facts else "no evidence"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _lost(entry: NotSeen) -> Row:
    return _of_finding(entry.finding, f"{entry.explanation}; before: {entry.finding.annotation}")


def _of_resource(resource: Resource) -> Row:
    return Row("", "", resource.resource_name, resource.resource_type.value, resource.resource_id or "unknown id")


def heading(comparison: Comparison) -> Iterator[str]:
    """Yield the lines that say what was compared."""
    account = comparison.account
    yield f"Account {visible(account.id or 'unknown')}, {visible(account.partition)}"
    yield f"Old: {_named(comparison.old_report)}"
    yield f"New: {_named(comparison.new_report)}"


def differing(comparison: Comparison) -> list[str]:
    """Return the differences between the two reports apart from findings, safe to show."""
    failed = [f"Rule {name} failed; its verdicts are missing" for name in comparison.failed_rules]
    return [visible(text) for text in (*failed, *map(sentence, comparison.differences))]


def summary(comparison: Comparison) -> str:
    """Return a line with the numbers of all changes."""
    counts = (
        (len(comparison.new), "new"),
        (len(comparison.reopened), "of these suppressed before"),
        (len(comparison.unchanged), "unchanged"),
        (len(comparison.worse), "of these worse"),
        (len(comparison.changed), "of these with other evidence"),
        (len(comparison.resolved), "resolved"),
        (len(comparison.suppressed), "suppressed"),
        (len(comparison.not_seen), "not seen"),
    )
    shown = (f"{count:,} {text}" for count, text in counts if count or not text.startswith("of these"))
    again = len(_made_again(comparison))
    resources = f"{len(comparison.appeared):,} appeared, {len(comparison.vanished):,} vanished"
    resources += f", {again:,} of these deleted and created again under the same name" if again else ""
    return f"NON_COMPLIANT findings: {', '.join(shown)}. Resources: {resources}."


def _named(side: Compared) -> str:
    captured = f"captured {moment(side.captured_at)}" if side.captured_at else "captured at an unknown time"
    counted = f"{side.non_compliant:,} NON_COMPLIANT, {side.undecided:,} INSUFFICIENT_DATA"
    return f"{captured}, snapshot {visible(side.snapshot_sha256[:12])}, {counted}"


def moment(time: datetime) -> str:
    """Return a time in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
