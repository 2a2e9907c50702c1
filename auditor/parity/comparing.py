"""AWS Config's results held against a snapshot: what agrees, what differs and why, and what cannot be compared."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct, structs

from auditor import __version__
from auditor.account.model import Snapshot
from auditor.account.snapshot import digest_of
from auditor.errors import SourceError, UsageError
from auditor.judging.catalogue import concerns_iam
from auditor.judging.engine import RULE_ERROR, evaluate
from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, ConfiguredRule, Rule
from auditor.parity.deployed import Group, grouped, named_apart, parameters_of, unmatched
from auditor.parity.explaining import Case, Explained, Knowledge, Partial, WholeAnswer, as_a_whole, explained
from auditor.parity.joining import Answered, Answers, Joined, Resources, joined
from auditor.parity.parity import (
    Cause,
    ConfigRuleName,
    Counts,
    Disagreement,
    Incomparable,
    NotComparable,
    NotCompared,
    Parity,
    RuleParity,
    Verdict,
)
from auditor.parity.results import ConfigResults, Deployed, Evaluation, Form, Place
from auditor.report.report import AccountHeader, Tool
from auditor.selection.named import Rules, configured_rules

MAX_TIME_APART = timedelta(hours=1)
_MANAGED = "AWS"
_PAGES = "docs/rules.md#"


def compare_with_config(
    snapshot: Snapshot,
    results: ConfigResults,
    rules: Rules = None,
    parameters: Mapping[str, Mapping[str, object]] | None = None,
    *,
    max_time_apart: timedelta = MAX_TIME_APART,
) -> Parity:
    """Return how far AWS Config's results and a snapshot agree, and of each disagreement its one cause.

    By default the snapshot is judged by AWS Config's own rules with their parameters; `rules` and `parameters`, as of
    `audit`, judge it by ours, and parameters that differ are the cause then. An evaluation made within
    `max_time_apart` of the snapshot counts as of the same state. Suppressions play no part.

    Raises UsageError for results of another account, and SourceError for results that do not say of which Region or
    account they are where that matters.
    """
    own = None if rules is None and parameters is None else configured_rules(rules, parameters)
    account = snapshot.account.id
    _check_one_account(results, account)
    deployed = _of_account(results, account)
    about_iam = [each for each in deployed if each.owner == _MANAGED and concerns_iam(each.source_identifier)]
    known = {rule.source_identifier: rule for rule in load_rules().values()}
    groups = named_apart(grouped(about_iam, known, own))
    findings, failed = _judged(snapshot, groups)
    evaluations = [each for each in results.evaluations if each.place.account in (None, account) or account is None]
    answers = Answers(groups, evaluations, results.described)
    context = _Context(_knowledge(snapshot, results, max_time_apart), results, answers, account)
    rows = [_row(number, group, findings, context) for number, group in enumerate(groups)]
    return Parity(
        tool=Tool("iam-audit", __version__),
        account=AccountHeader(account, snapshot.account.alias, snapshot.account.partition),
        region=snapshot.region,
        captured_at=snapshot.captured_at,
        report_generated_at=snapshot.report_generated_at,
        snapshot_sha256=digest_of(snapshot),
        settings="config" if own is None else "own",
        max_time_apart_s=int(max_time_apart.total_seconds()),
        summary=_summary([row.rule for row in rows]),
        rules=tuple(row.rule for row in rows),
        disagreements=tuple(each for row in rows for each in row.disagreements),
        incomparable=tuple(each for row in rows for each in row.incomparable),
        only_here=tuple(unmatched(own or (), about_iam)),
        out_of_scope=len(deployed) - len(about_iam),
        other_accounts=len(results.evaluations) - len(evaluations),
        undescribed=tuple(sorted(answers.undescribed)),
        passed_over=results.passed_over,
        failed_rules=failed,
        rules_cut=results.rules_cut,
    )


class _Context(Struct, frozen=True):
    """Hold what all groups of rules are compared with."""

    known: Knowledge
    results: ConfigResults
    answers: Answers
    account: str | None


class _Row(Struct):
    """Gather what becomes of one group of rules."""

    rule: RuleParity
    disagreements: list[Disagreement]
    incomparable: list[Incomparable]


def _check_one_account(results: ConfigResults, account: str | None) -> None:
    """Raise SourceError where results may be of several accounts, and nothing says of which."""
    first, *others = sorted({each.place.account or "" for each in results.rules} - {""}) or [""]
    if not others or (account is not None and all(each.place.account for each in results.evaluations)):
        return
    which = "the snapshot does not name its account" if account is None else "some of their results name none"
    problem = f"the rules of AWS Config are of accounts {' and '.join((first, *others))}, and {which}"
    raise SourceError(problem, "Put the answers of each account into a folder of its own, and compare that of one.")


def _of_account(results: ConfigResults, account: str | None) -> list[Deployed]:
    """Return the rules of the account; those of another one stand for it where an aggregator has results of it."""
    own = [each for each in results.rules if account is None or each.place.account in (None, account)]
    if own or not results.rules:
        return own
    if any(each.form is Form.AGGREGATOR and each.place.account == account for each in results.evaluations):
        return [structs.replace(each, place=Place(None, each.place.region)) for each in results.rules]
    other = results.rules[0].place.account
    problem = f"the results of AWS Config are of account {other}, but the snapshot is of account {account}"
    raise UsageError(problem, "Compare two of the same account.")


def _judged(snapshot: Snapshot, groups: Sequence[Group]) -> tuple[dict[str, list[Finding]], tuple[str, ...]]:
    """Return our findings by the name of our rule, and the rules that failed."""
    ours = {each.ours.config_rule_name: each for each in groups if each.ours is not None}
    evaluation = evaluate(snapshot, [each.ours for each in ours.values() if each.ours is not None])
    findings: dict[str, list[Finding]] = {name: [] for name in ours}
    for each in evaluation.findings:
        findings[each.config_rule_name].append(each)
    failed = {each.config_rule_name for each in evaluation.notices if each.notice.code == RULE_ERROR}
    return findings, tuple(sorted(ours[name].first.name for name in failed))


def _knowledge(snapshot: Snapshot, results: ConfigResults, max_apart: timedelta) -> Knowledge:
    return Knowledge(
        snapshot=snapshot,
        resources=Resources(snapshot),
        ran=results.ran,
        recorders=results.recorders,
        max_apart=max_apart,
    )


def _row(number: int, group: Group, findings: Mapping[str, Sequence[Finding]], context: _Context) -> _Row:
    first, ours = group.first, group.ours
    rule = RuleParity(
        config_rule_name=first.name,
        config_rules=tuple(
            ConfigRuleName(each.name, each.place.region, each.created_by or None) for each in group.deployed
        ),
        source_identifier=first.source_identifier,
        parameters=dict(first.parameters) if ours is None else parameters_of(ours),
        source_url=None if ours is None else ours.rule.source_url,
        not_compared=group.not_compared,
        explanation=group.explanation,
    )
    answers = context.answers.of(number)
    missing = None if ours is None else _missing(group, answers, context)
    if ours is None or missing is not None:
        reason, text = missing or (group.not_compared, group.explanation)
        return _Row(structs.replace(rule, not_compared=reason, explanation=text), [], [])
    row = _Row(rule, [], [])
    partial = _partial(group, context.results)
    whole = as_a_whole(answers, context.known.resources, partial)
    agree, causes = 0, Counter[Cause]()
    for each in joined(group, answers, findings[ours.config_rule_name], context.known.resources, context.account):
        agree += _agrees(each, ours.rule, context.known.snapshot.region)
        for case in _cases(group, ours, each, whole, context.known.snapshot.region):
            if (why := explained(case, context.known)) is not None:
                _take(row, case, why, context.known)
    causes.update(each.cause for each in row.disagreements)
    row.rule = structs.replace(rule, agree=agree, incomparable=len(row.incomparable), causes=dict(causes))
    if partial is not None:
        row.rule = structs.replace(row.rule, partial=partial.cause, explanation=partial.text)
    return row


def _partial(group: Group, results: ConfigResults) -> Partial | None:
    """Return why AWS Config's answer for a group is not whole; None where it is, as far as is known."""
    if any(_held((each.name, each.place), results.cut) for each in group.deployed):
        text = "AWS Config's answer has further pages (NextToken), which are missing"
        return Partial(NotComparable.PAGES_MISSING, text)
    unknown = _unknown_type(group, results)
    return None if unknown is None else Partial(NotComparable.COMPLIANCE_TYPE, unknown)


def _unknown_type(group: Group, results: ConfigResults) -> str | None:
    """Return which compliance type of AWS Config's results for a group cannot be compared; None where all can be."""
    named = [(each.name, each.place) for each in group.deployed]
    kind = next((kind for each, kind in results.unknown_types.items() if _held(each, named)), None)
    return None if kind is None else f"AWS Config's answer has a compliance type that cannot be compared: {kind!r}"


def _missing(group: Group, answers: Sequence[Answered], context: _Context) -> tuple[NotCompared, str] | None:
    """Return why AWS Config's results of a group are not there; None where they are, or cannot be."""
    if answers:
        return None
    if all(each.internal for each in group.deployed):
        return NotCompared.INTERNAL, "AWS keeps its results to itself (RuleEvaluationVisibility INTERNAL)"
    results = context.results
    named = [(each.name, each.place) for each in group.deployed]
    if any(_held(each, results.listed) for each in named) or any(_never_ran(each, results) for each in named):
        return None
    if (text := _unknown_type(group, results)) is not None:
        return NotCompared.NO_RESULTS, text
    said = next((why for (name, place), why in results.unread.items() if _held((name, place), named)), None)
    return NotCompared.NO_RESULTS, said or "its results are not there"


def _held(named: tuple[str, Place], among: Sequence[tuple[str, Place]] | frozenset[tuple[str, Place]]) -> bool:
    return any(name == named[0] and place.may_be(named[1]) for name, place in among)


def _never_ran(named: tuple[str, Place], results: ConfigResults) -> bool:
    return any(
        each.rule == named[0] and each.place.may_be(named[1]) and each.succeeded_at is None for each in results.ran
    )


def _agrees(each: Joined, rule: Rule, region: str | None) -> bool:
    """Return whether an answer of AWS Config that is about the same Region has our verdict."""
    finding = each.finding
    return finding is not None and any(
        _says(answer, finding.compliance_type) and _same_region(answer, rule, region) for answer in each.answers
    )


def _says(answer: Answered, verdict: ComplianceType | None) -> bool:
    return not answer.contradicting and answer.evaluation.compliance_type is verdict


def _same_region(answer: Answered, rule: Rule, region: str | None) -> bool:
    return not rule.regional or None in (answer.deployed.place.region, region) or answer.deployed.place.region == region


def _cases(group: Group, ours: ConfiguredRule, each: Joined, whole: WholeAnswer, region: str | None) -> Iterator[Case]:
    """Yield what is to be explained of a resource: each Region's differing answer where one agrees, else one."""
    verdict = each.finding.compliance_type if each.finding else None
    here = [answer for answer in each.answers if _same_region(answer, ours.rule, region)]
    differing = [answer for answer in here if not _says(answer, verdict)]
    if not here:
        yield Case(group, ours, each, None, whole)
    elif len(differing) < len(here):
        for answer in differing:
            yield Case(group, ours, each, answer, whole)
    else:
        yield Case(group, ours, each, _newest(differing), whole)


def _newest(answers: Sequence[Answered]) -> Answered:
    """Return the latest of several answers; one without a time only where none has any."""
    timed = [(each.evaluation.at, number) for number, each in enumerate(answers) if each.evaluation.at is not None]
    return answers[max(timed)[1]] if timed else answers[0]


def _take(row: _Row, case: Case, why: Explained, known: Knowledge) -> None:
    finding, evaluation = case.finding, case.answer.evaluation if case.answer else None
    names: dict[str, Any] = {
        "config_rule_name": (case.answer.deployed if case.answer else case.group.first).name,
        "source_identifier": case.group.first.source_identifier,
        "region": case.answer.deployed.place.region if case.answer else None,
        "config": None if evaluation is None or why.cause is NotComparable.CONTRADICTION else _theirs(evaluation),
        "iam_audit": None
        if finding is None
        else Verdict(finding.compliance_type, finding.annotation, known.snapshot.captured_at),
        **_resource(finding, evaluation),
    }
    if isinstance(why.cause, NotComparable):
        row.incomparable.append(Incomparable(reason=why.cause, explanation=why.text, **names))
        return
    decision = why.decision
    row.disagreements.append(
        Disagreement(
            cause=why.cause,
            explanation=why.text,
            decision=decision.name if decision else None,
            page=f"{_PAGES}{case.ours.rule.id}" if decision else None,
            **names,
        )
    )


def _theirs(evaluation: Evaluation) -> Verdict:
    return Verdict(evaluation.compliance_type, evaluation.annotation, evaluation.at)


def _resource(finding: Finding | None, evaluation: Evaluation | None) -> dict[str, str | None]:
    if finding is not None:
        return {
            "resource_type": finding.resource_type,
            "resource_id": finding.resource_id,
            "resource_name": finding.resource_name,
            "resource_arn": finding.resource_arn,
        }
    assert evaluation is not None
    return {
        "resource_type": evaluation.resource_type,
        "resource_id": evaluation.resource_id,
        "resource_name": evaluation.resource_id,
        "resource_arn": None,
    }


def _summary(rules: Sequence[RuleParity]) -> Counts:
    causes = Counter[Cause]()
    for each in rules:
        causes.update(each.causes)
    return Counts(
        sum(each.agree for each in rules),
        sum(each.incomparable for each in rules),
        {cause: causes[cause] for cause in Cause},
    )
