"""The engine: evaluates every configured rule on every resource, and turns unknown facts into INSUFFICIENT_DATA."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from auditor.account.index import Index
from auditor.account.kinds import Identity, ResourceType, kind_of
from auditor.account.model import Notice, Snapshot
from auditor.account.unknown import Gap, UnknownFact, undecided, witnessed
from auditor.judging.finding import Finding, Subject
from auditor.judging.parameters import for_partition, readable
from auditor.judging.rule import MAX_ANNOTATION, ComplianceType, ConfiguredRule, Context, Evidence, EvidenceGap, Verdict
from auditor.policies.access.evaluator import Access

RULE_ERROR = "rule-error"
"""The code of the notice about a rule that raised an error; such a run exits with 3."""


Identified = tuple[Any, Identity]
"""A resource with its id, name and ARN."""


class RuleNotice(Struct, frozen=True):
    """Hold a notice, and the name of the configured rule that it is about."""

    config_rule_name: str
    notice: Notice


class Evaluation(Struct, frozen=True):
    """Hold the findings and the notices of all rules."""

    findings: tuple[Finding, ...]
    notices: tuple[RuleNotice, ...]


def evaluate(snapshot: Snapshot, rules: Iterable[ConfiguredRule], index: Index | None = None) -> Evaluation:
    """Return the evaluation: one finding for each rule and resource, and at least one for each rule.

    `index` replaces the index of the snapshot; planned changes know more than their snapshot contains.
    """
    run = _Run(snapshot, index or Index(snapshot))
    with witnessed() as raised:
        for configured in rules:
            run.evaluate(for_partition(configured, snapshot.account.partition), raised)
    return Evaluation(tuple(run.findings), tuple(run.notices))


def explanation(gap: Gap | EvidenceGap) -> str:
    """Return why a fact is unknown, as text for findings."""
    return gap.message + (f"; grant {gap.iam_action}" if gap.iam_action else "")


def cut(annotation: str) -> str:
    """Return an annotation, shortened to the length that AWS allows."""
    return annotation if len(annotation) <= MAX_ANNOTATION else annotation[: MAX_ANNOTATION - 1] + "…"


class _Run:
    """Collect the findings and notices of one evaluation."""

    def __init__(self, snapshot: Snapshot, index: Index) -> None:
        self.findings: list[Finding] = []
        self.notices: list[RuleNotice] = []
        self._snapshot = snapshot
        self._index = index
        self._access = Access(snapshot, self._index)
        self._identified: dict[ResourceType, Sequence[Identified]] = {}
        self._gaps: Mapping[str, Gap] = {gap.id: gap for gap in snapshot.gaps}

    def evaluate(self, configured: ConfiguredRule, raised: list[UnknownFact]) -> None:
        if configured.undecided:
            configured = _without_answers(configured)
        context: Context[Any] = Context(readable(configured), self._snapshot, self._index, self._access)
        for message in configured.warnings:
            self._note(configured, Notice("parameter", None, message))
        if self._snapshot.account.partition in configured.rule.not_offered_in:
            self._decline(configured)
            return
        self._collect_notes(configured, context, raised)
        before = len(self.findings)
        for resource_type in configured.rule.resource_types:
            self._judge_all(configured, context, resource_type, raised)
        unread = [kind_of(each).resources(self._snapshot).gap for each in configured.rule.resource_types]
        judged = len(self.findings) > before
        if configured.undecided and not judged:
            self._add_on_account(configured, self._insufficient(undecided(configured.undecided)), unseen=True)
            return
        self._conclude(configured, [gap for gap in unread if gap is not None], judged=judged)

    def _judge_all(
        self,
        configured: ConfiguredRule,
        context: Context[Any],
        resource_type: ResourceType,
        raised: list[UnknownFact],
    ) -> None:
        judge, made = configured.rule.evaluate, self._finding_maker(configured, resource_type)
        add = self.findings.append
        for resource, identity in self._all(resource_type):
            try:
                verdict = judge(resource, context)
                if type(verdict) is not Verdict or not _is_well_made(verdict):
                    raise TypeError(f"evaluate returned {verdict!r}, which is not a Verdict")  # noqa: TRY301 - all faults are handled below
            except UnknownFact as unknown:
                verdict = self._insufficient(unknown)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a broken rule must not end the audit; the run exits 3
                verdict = self._crashed(configured, identity.name, error)
            if raised:
                if verdict.compliance_type is not ComplianceType.INSUFFICIENT_DATA:
                    verdict = self._insufficient(raised[0])
                raised.clear()
            if verdict.note is not None:
                self._note(configured, Notice("note", identity.name, verdict.note))
            add(made(identity, verdict))

    def _all(self, resource_type: ResourceType) -> Sequence[Identified]:
        """Return the resources of a type with their identities, gathered once for all rules."""
        if resource_type not in self._identified:
            kind = kind_of(resource_type)
            records = kind.resources(self._snapshot).known_part
            self._identified[resource_type] = list(zip(records, kind.identities(records), strict=True))
        return self._identified[resource_type]

    def _finding_maker(
        self, configured: ConfiguredRule, resource_type: ResourceType, *, unseen: bool = False
    ) -> Callable[[Identity, Verdict], Finding]:
        """Return the function that makes findings; it runs for every resource, so constant values are computed here."""
        config_rule_name, severity = configured.config_rule_name, configured.rule.severity
        region = self._snapshot.region if configured.rule.regional else None
        account_id = self._snapshot.account.id
        fingerprint = Subject(account_id, region, config_rule_name, resource_type, unseen).fingerprints()

        def made(identity: Identity, verdict: Verdict) -> Finding:
            name, arn, annotation = identity.name, identity.arn, verdict.annotation
            if len(annotation) > MAX_ANNOTATION:
                annotation = cut(annotation)
            return Finding(
                fingerprint(arn or name),
                config_rule_name,
                verdict.compliance_type,
                resource_type,
                identity.id,
                name,
                arn,
                region,
                None,
                annotation,
                verdict.evidence,
                None,
                severity,
            )

        return made

    def _decline(self, configured: ConfiguredRule) -> None:
        """Add the finding on the account that the rule does not apply in its partition."""
        annotation = f"AWS Config does not offer this rule in partition {self._snapshot.account.partition}"
        self._add_on_account(configured, Verdict(ComplianceType.NOT_APPLICABLE, annotation))

    def _conclude(self, configured: ConfiguredRule, unread: Sequence[str], *, judged: bool) -> None:
        """Add a finding on the account if some resources are unknown, or if there are none."""
        kinds = ", ".join(configured.rule.resource_types)
        if unread:
            gaps = dict.fromkeys(self._explain(gap) for gap in unread)
            annotation = f"Not every resource was seen ({kinds}): {'; '.join(gaps)}"
            evidence = tuple(self._gap_evidence("items", gap) for gap in dict.fromkeys(unread))
            verdict = Verdict(ComplianceType.INSUFFICIENT_DATA, annotation, evidence)
        elif not judged:
            verdict = Verdict(ComplianceType.NOT_APPLICABLE, f"The account has no {kinds}")
        else:
            return
        self._add_on_account(configured, verdict, unseen=True)

    def _add_on_account(self, configured: ConfiguredRule, verdict: Verdict, *, unseen: bool = False) -> None:
        ((_, identity),) = self._all(ResourceType.ACCOUNT)
        self.findings.append(self._finding_maker(configured, ResourceType.ACCOUNT, unseen=unseen)(identity, verdict))

    def _insufficient(self, unknown: UnknownFact) -> Verdict:
        if unknown.gap_id is None:
            return Verdict(ComplianceType.INSUFFICIENT_DATA, f"Undecided: {unknown.reason}")
        evidence = (self._gap_evidence(unknown.reason, unknown.gap_id),)
        return Verdict(ComplianceType.INSUFFICIENT_DATA, self._explain(unknown.gap_id), evidence)

    def _crashed(self, configured: ConfiguredRule, resource_name: str, error: BaseException) -> Verdict:
        annotation = f"The rule failed: {type(error).__name__}: {error}"
        self._note(configured, Notice(RULE_ERROR, resource_name, annotation))
        return Verdict(ComplianceType.INSUFFICIENT_DATA, annotation)

    def _explain(self, gap_id: str) -> str:
        gap = self._gaps.get(gap_id)
        return f"Unknown: {gap_id}" if gap is None else explanation(gap)

    def _gap_evidence(self, path: str, gap_id: str) -> Evidence:
        gap = self._gaps.get(gap_id)
        if gap is None:
            return Evidence(path, None, gap_id)
        return Evidence(path, None, gap.source, EvidenceGap(gap.error_code, gap.iam_action, cut(gap.message)))

    def _note(self, configured: ConfiguredRule, notice: Notice) -> None:
        self.notices.append(RuleNotice(configured.config_rule_name, notice))

    def _collect_notes(self, configured: ConfiguredRule, context: Context[Any], raised: list[UnknownFact]) -> None:
        if configured.rule.notes is None:
            return
        try:
            for message in configured.rule.notes(context):
                if type(message) is not str:
                    raise TypeError(f"{message!r} is not text")  # noqa: TRY301 - all faults are handled below
                self._note(configured, Notice("parameter", None, message))
        except UnknownFact:
            pass  # a note about unknown facts is left out; verdicts do not depend on notes
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as for verdicts
            self._note(
                configured, Notice(RULE_ERROR, None, f"The rule's notes failed: {type(error).__name__}: {error}")
            )
        raised.clear()


def _without_answers(configured: ConfiguredRule) -> ConfiguredRule:
    """Return the rule with an `evaluate` that raises UnknownFact for every resource, as its settings are unknown."""

    def evaluate_none(_resource: Any, _context: Context[Any]) -> Verdict:
        raise undecided(configured.undecided)

    rule = structs.replace(configured.rule, evaluate=evaluate_none, notes=None)
    return structs.replace(configured, rule=rule)


def _is_well_made(verdict: Verdict) -> bool:
    """Return whether the fields of a verdict have their declared types, which Python does not check."""
    evidence = verdict.evidence
    if type(evidence) is not tuple:
        return False
    for each in evidence:
        if type(each) is not Evidence:
            return False
    return (
        type(verdict.compliance_type) is ComplianceType
        and type(verdict.annotation) is str
        and (verdict.note is None or type(verdict.note) is str)
    )
