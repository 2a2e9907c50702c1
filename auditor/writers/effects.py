"""What a planned change does to findings, in the order in which people need it: what it introduces comes first.

The texts are as the report has them; whoever writes them makes them visible, or escapes them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, ComplianceType
from auditor.report.planned import PlannedSummary
from auditor.report.report import Report
from auditor.writers.statements import place_text

BEFORE_IT_IS_DEPLOYED = "Fix this in the plan or template. The commands above are for resources that already exist."
MOST_CAUSES = 10  # of a finding; a group may lose thousands of users
_OPEN_EFFECTS = (Effect.INTRODUCED, Effect.UNDETERMINED)


class Part(Struct, frozen=True):
    """Hold the findings on which a change has one effect, and a line that says what that means."""

    effect: Effect
    title: str
    findings: Sequence[Finding]


def parts(report: Report, summary: PlannedSummary) -> Iterator[Part]:
    """Yield what a change introduces, what it resolves, and what it leaves undetermined, each if there is any.

    Findings of before of which nothing is known after come last, but for those that are undetermined after it.
    """
    introduced, undetermined = (_after(report, effect) for effect in _OPEN_EFFECTS)
    known = {(each.config_rule_name, each.resource_type, each.resource_name) for each in undetermined}
    lost = [
        each for each in summary.lost if (each.config_rule_name, each.resource_type, each.resource_name) not in known
    ]
    listed = (
        Part(Effect.INTRODUCED, "Introduced by the change", introduced),
        Part(Effect.RESOLVED, "Resolved by the change", summary.resolved),
        Part(Effect.UNDETERMINED, "Undetermined: not known before the change, or not after it", undetermined),
        Part(Effect.UNDETERMINED, "Not known any more: NON_COMPLIANT before the change", lost),
    )
    yield from (part for part in listed if part.findings)


def _after(report: Report, effect: Effect) -> list[Finding]:
    return [each for each in report.findings if each.change is effect and each.compliance_type in OPEN]


class Group(Struct, frozen=True):
    """Hold what is the same of several findings on one resource: one of them, and the rules that they are of."""

    finding: Finding
    rules: Sequence[str]

    def text(self, names: Mapping[str, str]) -> str:
        """Return the annotation, with the verdict if there is one, and the rules by the names that people see."""
        bad = self.finding.compliance_type is ComplianceType.NON_COMPLIANT
        marks = {"NON_COMPLIANT": bad, "suppressed": self.finding.suppression is not None, "known": self.finding.known}
        marked = ", ".join(mark for mark, holds in marks.items() if holds)
        rules = ", ".join(names.get(each, each) for each in self.rules)
        return f"{self.finding.annotation}{f' ({marked})' if marked else ''}; rules: {rules}"


def together(findings: Iterable[Finding]) -> Sequence[Group]:
    """Return findings in groups that say the same of one resource, as many rules do of a user that is new."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        resource, aside = (each.resource_type, each.resource_name), (each.suppression is not None, each.known)
        groups.setdefault((resource, each.compliance_type, each.annotation, aside), []).append(each)
    return [Group(same[0], [each.config_rule_name for each in same]) for same in groups.values()]


def others(report: Report) -> str | None:
    """Return how many open findings the change has nothing to do with; None where there are none."""
    if report.planned is None or not (count := report.planned.counts[Effect.UNCHANGED]):
        return None
    number = "1 finding was" if count == 1 else f"{count:,} findings were"
    return f"{number} NON_COMPLIANT before the change and still {'is' if count == 1 else 'are'}"


def is_shown_first(finding: Finding) -> bool:
    """Return whether `parts` lists a finding, which other lists then need not repeat."""
    return finding.change in _OPEN_EFFECTS and finding.compliance_type in OPEN


def reasons(finding: Finding) -> Iterator[str]:
    """Yield where a change has its effect on a finding, then each cause; nothing where it has none.

    What stays undecided has no causes but its annotation.
    """
    if finding.change in (None, Effect.UNCHANGED):
        return
    if finding.location is not None and (place := place_text(finding.location)):
        yield f"at {place}"
    if finding.compliance_type is not ComplianceType.INSUFFICIENT_DATA:
        yield from (f"because {cause}" for cause in finding.causes[:MOST_CAUSES])
        if more := len(finding.causes[MOST_CAUSES:]):
            yield f"because of {more:,} more, which the JSON report lists"
