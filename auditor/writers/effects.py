"""The effects of a planned change on findings, in the order to show them: introduced findings come first.

The texts are those of the report; the writers must escape them or make them visible.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, ComplianceType
from auditor.report.planned import PlannedSummary
from auditor.report.report import Report
from auditor.writers.statements import place_text

BEFORE_IT_IS_DEPLOYED = "Fix this in the plan or template. The commands above are for resources that already exist."
MOST_CAUSES = 10  # of a finding; a group may lose thousands of users, for example
_OPEN_EFFECTS = (Effect.INTRODUCED, Effect.UNDETERMINED)


class Part(Struct, frozen=True):
    """Hold the findings on which a change has one effect, with the effect and a title."""

    effect: Effect
    title: str
    findings: Sequence[Finding]


def parts(report: Report, summary: PlannedSummary) -> Iterator[Part]:
    """Yield the findings that a change introduces, resolves, and leaves undetermined, without empty parts.

    Findings from before the change whose state afterwards is unknown come last, unless they are among the undetermined.
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
    """Hold several findings on one resource with the same text: one of them, and the rules of all."""

    finding: Finding
    rules: Sequence[str]

    def text(self, names: Mapping[str, str]) -> str:
        """Return the annotation, with the verdict if there is one, and the names of the rules for display."""
        bad = self.finding.compliance_type is ComplianceType.NON_COMPLIANT
        marks = {"NON_COMPLIANT": bad, "suppressed": self.finding.suppression is not None, "known": self.finding.known}
        marked = ", ".join(mark for mark, holds in marks.items() if holds)
        rules = ", ".join(names.get(each, each) for each in self.rules)
        return f"{self.finding.annotation}{f' ({marked})' if marked else ''}; rules: {rules}"


def together(findings: Iterable[Finding]) -> Sequence[Group]:
    """Return findings in groups with the same text on one resource, as many rules have for a new user."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        resource, aside = (each.resource_type, each.resource_name), (each.suppression is not None, each.known)
        groups.setdefault((resource, each.compliance_type, each.annotation, aside), []).append(each)
    return [Group(same[0], [each.config_rule_name for each in same]) for same in groups.values()]


def others(report: Report) -> str | None:
    """Return a text that counts the open findings that the change does not affect; None if there are none."""
    if report.planned is None or not (count := report.planned.counts[Effect.UNCHANGED]):
        return None
    number = "1 finding was" if count == 1 else f"{count:,} findings were"
    return f"{number} NON_COMPLIANT before the change and still {'is' if count == 1 else 'are'}"


def is_shown_first(finding: Finding) -> bool:
    """Return whether `parts` lists a finding, so that other lists need not repeat it."""
    return finding.change in _OPEN_EFFECTS and finding.compliance_type in OPEN


def reasons(finding: Finding) -> Iterator[str]:
    """Yield the place of a change that affects a finding, then each cause; nothing if it has no effect.

    For an undecided finding, the annotation is the only cause.
    """
    if finding.change in (None, Effect.UNCHANGED):
        return
    if finding.location is not None and (place := place_text(finding.location)):
        yield f"at {place}"
    if finding.compliance_type is not ComplianceType.INSUFFICIENT_DATA:
        yield from (f"because {cause}" for cause in finding.causes[:MOST_CAUSES])
        if more := len(finding.causes[MOST_CAUSES:]):
            yield f"because of {more:,} more, which the JSON report lists"
