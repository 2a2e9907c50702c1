"""Judging a planned change, alone or with the account before and after it."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from auditor.account.kinds import ResourceType, listed_kinds
from auditor.account.model import Snapshot
from auditor.account.unknown import Listing, stored
from auditor.change import documents
from auditor.change.causes import key_of
from auditor.change.draft import KNOWN_AFTER_APPLY, SOURCE, Applied
from auditor.change.effects import compared, judged_alone
from auditor.change.empty import ERROR_CODE, NOT_READ
from auditor.change.hiding import without_secrets
from auditor.change.index import MARK, PlannedIndex
from auditor.change.records import edited
from auditor.judging.engine import Evaluation, cut, evaluate
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, ConfiguredRule
from auditor.report.audit import Judge
from auditor.report.report import Report

_ARN = re.compile(r"arn:[\w-]+:iam::[^:\"]*:policy(/[^\",\s;\]]+)")


def judged(before: Snapshot, after: Applied, judge: Judge) -> Report:
    """Return the report of the account after a change; each finding has what the change does to it."""
    if after.alone:
        report = judge(_population(after.snapshot), lambda _, rules: _evaluated(after, after.snapshot, rules))
        warnings = tuple(each for each in report.warnings if each.code != "unknown-group")
        return judged_alone(structs.replace(report, warnings=warnings), after)
    first = judge(before, None)
    second = judge(after.snapshot, lambda snapshot, rules: _evaluated(after, snapshot, rules))
    return compared(first, second, after)


def _population(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot of a change alone with complete lists, so that the counts are those of the change."""
    lists: dict[str, Any] = {listing: getattr(snapshot, listing) for _, listing, _ in listed_kinds()}
    whole = {name: Listing(each.known_part, None) for name, each in lists.items() if each.gap == NOT_READ}
    return structs.replace(snapshot, **whole)


def _evaluated(after: Applied, snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> Evaluation:
    """Return the evaluation of an account after a change, with the place and causes of each finding."""
    account = _with_doubtful_policy_arns(snapshot, after, rules)
    evaluation = evaluate(account, rules, _index(account, after))
    findings = _with_partly_known(account, after, rules, evaluation.findings)
    if after.alone:
        findings = tuple(_alone(findings, rules))
    return Evaluation(tuple(_placed(_if_created(each, after), after) for each in findings), evaluation.notices)


def _index(snapshot: Snapshot, after: Applied) -> PlannedIndex:
    return PlannedIndex(snapshot, after.new_groups, after.member_doubts, after.perhaps)


def _if_created(finding: Finding, after: Applied) -> Finding:
    """Return the finding, INSUFFICIENT_DATA if it is NON_COMPLIANT on a resource that may not be created."""
    why = after.maybe.get(key_of(finding)) if after.maybe else None
    if why is None or finding.compliance_type is not ComplianceType.NON_COMPLIANT:
        return finding
    text = f"Only if it is created ({why}): {finding.annotation}"
    return structs.replace(finding, compliance_type=ComplianceType.INSUFFICIENT_DATA, annotation=cut(text), evidence=())


def _with_partly_known(
    snapshot: Snapshot, after: Applied, rules: Sequence[ConfiguredRule], findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return the findings; one on a partly known document is decided if the unknown parts make no difference."""
    messages = {gap.message: gap.id for gap in snapshot.gaps if gap.id in after.partly}
    single = {each.config_rule_name: each for each in rules if documents.judges_one_document(each)}
    unsure = {each.fingerprint for each in findings if messages and documents.undecided_gap(each, messages)}
    doubtful = [
        single[name] for name in {each.config_rule_name for each in findings if each.fingerprint in unsure} & {*single}
    ]
    answers: dict[str, list[Finding]] = {}
    for variant in documents.variants(snapshot, after.partly) if doubtful else ():
        for each in evaluate(variant, doubtful, _index(variant, after)).findings:
            answers.setdefault(each.fingerprint, []).append(each)
    return tuple(
        documents.agreed(each, answers[each.fingerprint], _partly_known(snapshot, each, after))
        if each.fingerprint in unsure & answers.keys()
        else each
        for each in findings
    )


def _partly_known(snapshot: Snapshot, finding: Finding, after: Applied) -> list[Any]:
    """Return the partly known documents of the resource that a finding is about."""
    listing, name = key_of(finding)
    records = getattr(snapshot, listing).known_part
    return next(documents.held_by(each, after.partly) for each in records if each.name == name)


def _placed(finding: Finding, after: Applied) -> Finding:
    finding = after.causes.placed(finding)
    return without_secrets(finding, after.secrets) if after.secrets else finding


def _alone(findings: Sequence[Finding], rules: Sequence[ConfiguredRule]) -> list[Finding]:
    """Return the findings without conclusions about an account that was not read."""
    kept: list[Finding] = []
    listed = {finding.config_rule_name for finding in findings if not _is_account_unread(finding)}
    types = {each.config_rule_name: each.rule.resource_types for each in rules}
    for finding in findings:
        name = finding.config_rule_name
        if not _is_account_unread(finding):
            kept.append(finding)
        elif name not in listed:
            listed.add(name)
            kept.append(_not_applicable(finding, ", ".join(types[name])))
    return kept


def _is_account_unread(finding: Finding) -> bool:
    """Return whether a finding is about the account and undecided only because the account was not read."""
    if finding.resource_type is not ResourceType.ACCOUNT:
        return False
    codes = {fact.gap.error_code for fact in finding.evidence if fact.gap is not None}
    undecided = finding.compliance_type is ComplianceType.INSUFFICIENT_DATA
    return undecided and codes <= {ERROR_CODE} and not finding.annotation.startswith("The rule failed")


def _not_applicable(finding: Finding, kinds: str) -> Finding:
    text = f"The change has no {kinds}" if kinds != ResourceType.ACCOUNT else "The change does not set this"
    return structs.replace(
        finding,
        compliance_type=ComplianceType.NOT_APPLICABLE,
        annotation=f"{text}; the account was not read",
        evidence=(),
    )


def _with_doubtful_policy_arns(snapshot: Snapshot, after: Applied, rules: Sequence[ConfiguredRule]) -> Snapshot:
    """Return the snapshot with partial lists where a rule parameter names an ARN that a planned policy may get."""
    if not after.stand_ins:
        return snapshot
    parameters = b" ".join(msgspec.json.encode(each.parameters) for each in rules).decode()
    ends = {found for found in _ARN.findall(parameters) if f":aws:policy{found}" not in parameters}
    doubtful = {arn for arn, end in after.stand_ins.items() if ends and (end is None or end in ends)}
    if not doubtful:
        return snapshot
    gap = f"{MARK}arns"
    lists = {name: _doubted(getattr(snapshot, name), doubtful, gap) for name in ("users", "groups", "roles")}
    text = "The ARN of a planned policy is known only after deployment, and it may be one that a rule parameter names"
    made = structs.replace(snapshot.gaps[0], id=gap, source=SOURCE, error_code=KNOWN_AFTER_APPLY, message=text)
    return structs.replace(snapshot, gaps=(*snapshot.gaps, made), **lists)


def _doubted(records: Listing[Any], arns: set[str], gap: str) -> Listing[Any]:
    def doubted(record: Any) -> Any:
        held = stored(record, "attached_policies")
        if not any(each.arn in arns for each in held.known_part):
            return record
        return edited(record, {"attached_policies": Listing(held.known_part, gap)})

    return Listing(tuple(map(doubted, records.known_part)), records.gap)
