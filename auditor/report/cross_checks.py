"""Cross-checks of a stored report: controls against rules, coverage and counts against findings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from auditor import __version__
from auditor.account.kinds import ResourceType
from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import ComplianceType
from auditor.report.frameworks import ControlResult, FrameworkResult, by_framework
from auditor.report.planned import is_counted
from auditor.report.report import Report, RuleResult

_ACCOUNT = 4  # the place of the account's number in an ARN
_DECIDED = (ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT)


def miscontrolled(report: Report) -> Iterator[str]:
    """Yield a message for controls that are missing or listed twice, lack a rule, or are better than their rules."""
    rules = {rule.config_rule_name: rule for rule in report.rules}
    names = [framework.name for framework in report.frameworks]
    if len(set(names)) != len(names):
        yield "a framework is listed twice"
    for framework in report.frameworks:
        yield from _of_framework(framework, rules, _aside(report.findings))


def _of_framework(
    framework: FrameworkResult, rules: Mapping[str, RuleResult], aside: Mapping[str, set[ComplianceType]]
) -> Iterator[str]:
    ids = [*(control.id for control in framework.controls), *(control.id for control in framework.uncovered)]
    if len(set(ids)) != len(ids):
        yield f"a control of {framework.name} is listed twice"
    listed = {(control.id, rule.config_rule_name) for control in framework.controls for rule in control.rules}
    supported = {
        (control_id, name) for name, rule in rules.items() for control_id in rule.controls.get(framework.name, ())
    }
    for control_id, name in sorted(listed ^ supported):
        which = "does not list" if (control_id, name) in supported else "lists"
        yield f"control {control_id} of {framework.name} {which} the rule {name}, and the rule says otherwise"
    for control in framework.controls:
        if (fault := _too_good(control, rules, aside)) is not None:
            yield f"control {control.id} of {framework.name} {fault}"


def _aside(findings: Iterable[Finding]) -> Mapping[str, set[ComplianceType]]:
    """Return the verdicts of suppressed findings by rule, because they count for controls."""
    found: dict[str, set[ComplianceType]] = {}
    for finding in findings:
        if finding.suppression is not None:
            found.setdefault(finding.config_rule_name, set()).add(finding.compliance_type)
    return found


def _too_good(
    control: ControlResult, rules: Mapping[str, RuleResult], aside: Mapping[str, set[ComplianceType]]
) -> str | None:
    """Return in what a control is better than its rules, or None; compliance types are ordered worst first."""
    full = [each for each in control.rules if not each.shortfalls]
    identifiers = [rules[each.config_rule_name].source_identifier for each in full]
    if control.complete and {rules[each.config_rule_name].source_identifier for each in control.rules} - {*identifiers}:
        return "is complete, and one of its rules falls short of it"
    if control.complete and any(rules[each.config_rule_name].left_out for each in full):
        return "is complete, and one of its rules leaves out resources"
    order = list(ComplianceType)
    suppressed = {kind for each in full for kind in aside.get(each.config_rule_name, ())}
    if any(order.index(kind) < order.index(control.compliance_type) for kind in suppressed):
        return "is better than the suppressed findings of its rules"
    return None


def misplaced(report: Report) -> Iterator[str]:
    """Yield a message for findings on another account or partition, and for wrong sources and counts."""
    own = (report.account.partition, report.account.id)
    for finding in report.findings:
        fields = (finding.resource_arn or "").split(":")
        if len(fields) > _ACCOUNT and (fields[1], own[1] and fields[_ACCOUNT]) != own:
            yield f"a finding is on {finding.resource_arn}, which is not of account {own[1]} in partition {own[0]}"
    names = [source.name for source in report.snapshot.sources]
    if len(set(names)) != len(names):
        yield "a source is listed twice"
    configuration = report.configuration
    if configuration is not None and configuration.suppressed != report.summary.suppressed:
        yield "the configuration counts other suppressed findings than the summary"


def misknown(report: Report) -> Iterator[str]:
    """Yield a message for findings that cannot be known from a baseline, and for a wrong count of known ones."""
    known = [finding for finding in report.findings if finding.known]
    if any(each.compliance_type is not ComplianceType.NON_COMPLIANT or each.suppression is not None for each in known):
        yield "a finding is known from the baseline that is not NON_COMPLIANT, or is suppressed"
    counted = 0 if report.baseline is None else report.baseline.known
    whole = len(report.findings) == sum(report.summary.counts.values()) + report.summary.suppressed
    if counted < len(known) or (whole and counted != len(known)):
        yield "the baseline counts other known findings than are marked"


def misplanned(report: Report) -> Iterator[str]:
    """Yield a message for effects without a planned change, and for counts of effects that the findings contradict."""
    planned = report.planned
    if planned is None:
        if any(each.change is not None for each in report.findings):
            yield "a finding says what a planned change does to it, and the report has none"
        return
    if len(report.findings) != sum(report.summary.counts.values()) + report.summary.suppressed:
        return
    listed = Counter(each.change for each in report.findings if is_counted(each))
    listed[Effect.RESOLVED] = len(planned.resolved)
    unseen = planned.counts.get(Effect.UNDETERMINED, 0) - listed[Effect.UNDETERMINED]
    others = [each for each in Effect if each is not Effect.UNDETERMINED]
    if not 0 <= unseen <= len(planned.lost) or any(planned.counts.get(each) != listed[each] for each in others):
        yield "the planned change counts other findings than are listed"


def reworked(report: Report) -> Iterator[str]:
    """Yield a message for frameworks that differ from what the same release makes of the rules and findings."""
    every = sum(report.summary.counts.values()) + report.summary.suppressed
    if report.tool.version != __version__ or len(report.findings) != every:
        return
    made = by_framework(
        [each.name for each in report.frameworks], report.rules, report.findings, report.account.partition
    )
    for stored, now in zip(report.frameworks, made, strict=False):  # miscontrolled reports one that is listed twice
        if stored != now:
            yield f"{stored.name} is not what the rules, their parameters and their findings make of it"


def miscovered(report: Report) -> Iterator[str]:
    """Yield a message for rules whose coverage does not add up or contradicts their findings."""
    listed: dict[str, list[Finding]] = {rule.config_rule_name: [] for rule in report.rules}
    for finding in report.findings:
        listed[finding.config_rule_name].append(finding)
    for rule in report.rules:
        coverage = rule.coverage
        parts = coverage.judged, coverage.not_applicable, coverage.undecided
        unseen = coverage.unseen
        adds_up = sum(parts) == coverage.seen and min(parts) >= 0
        if unseen is None or coverage.resources is None:
            adds_up &= unseen is coverage.resources
        else:
            adds_up &= coverage.seen + unseen == coverage.resources
        if not adds_up or not _fits(rule, listed[rule.config_rule_name]):
            yield f"the coverage of the rule {rule.config_rule_name} does not agree with its findings"


def _fits(rule: RuleResult, findings: Iterable[Finding]) -> bool:
    """Return whether a rule's coverage fits its counts and, if all of its findings are listed, these."""
    coverage, counts, aside = rule.coverage, rule.counts, rule.suppressed
    decided = sum(counts[kind] for kind in _DECIDED)
    others = sum(counts.values()) - decided
    kinds = Counter(finding.compliance_type for finding in findings)
    if kinds.total() < decided + others + aside:  # the report was narrowed, and lists only some of them
        fits = decided <= coverage.judged <= decided + aside
        return fits and coverage.not_applicable + coverage.undecided <= others + aside
    about_account = sum(finding.resource_type is ResourceType.ACCOUNT for finding in findings)
    conclusions = kinds.total() - coverage.seen  # the engine's findings on the account, if a list is empty or cut
    return (
        coverage.judged == sum(kinds[kind] for kind in _DECIDED)
        and coverage.not_applicable <= kinds[ComplianceType.NOT_APPLICABLE]
        and coverage.undecided <= kinds[ComplianceType.INSUFFICIENT_DATA]
        and 0 <= conclusions <= about_account
    )
