"""Runs `iam-audit explain`: shows or writes an explanation of a resource, and returns the exit code."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import structs

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.report_age import without_old_report
from auditor.account.snapshot import digest_of
from auditor.account.sources import POLICIES_OF_USERS, Source
from auditor.console import places
from auditor.console.messages import speaker, wants_progress
from auditor.console.requests import ExplainRequest
from auditor.explaining.explain import cheap, explained, relevant
from auditor.explaining.explanation import Explanation, shortfall
from auditor.explaining.subject import Explained, find
from auditor.judging.engine import RULE_ERROR, Evaluation
from auditor.judging.rule import ConfiguredRule
from auditor.report.audit import audit
from auditor.report.build import build
from auditor.report.in_use import summary
from auditor.report.report import Report
from auditor.selection import config
from auditor.selection.config import Loaded
from auditor.selection.layers import layer_of_file
from auditor.selection.options import Choice
from auditor.selection.plan import Plan, planned, settled
from auditor.selection.sets import RuleSet
from auditor.writers import files, paths, printing, results
from auditor.writers.explanation.formats import EXPLANATION_SUFFIXES

_SOURCES = POLICIES_OF_USERS | {
    Source.ROLES,
    Source.CREDENTIAL_REPORT,
    Source.PASSWORD_POLICY,
    Source.ACCOUNT_SUMMARY,
    Source.VIRTUAL_MFA_DEVICES,
}


def explain(request: ExplainRequest) -> int:
    """Explain a resource and return the exit code: 4 if something about it is unknown, 3 if a rule failed."""
    say = speaker(quiet=request.quiet)
    places.check(request.account)
    loaded = config.load(request.selection.config, datetime.now(UTC).date(), ignored=request.selection.no_config)
    inputs = [*places.files_read(request.account), *([] if loaded.path is None else [str(loaded.path)])]
    paths.check(request.paths, EXPLANATION_SUFFIXES, sources=inputs)
    plan, usual = _plan(request.selection, loaded)
    sources = _SOURCES.union(*(each.rule.reads for each in _rules(plan, None, usual=usual)))
    snapshot = places.collect(request.account, sources, say, progress=wants_progress(quiet=request.quiet))
    plan = settled(plan, snapshot)
    oldest = plan.run.oldest_report
    believed = snapshot if oldest is None else without_old_report(snapshot, oldest)
    found = find(believed, request.name, Explained(request.kind) if request.kind else None)
    report = _report(snapshot, plan, _rules(plan, found.resource_type, usual=usual))
    report = structs.replace(report, configuration=summary(plan, report.summary.suppressed))
    explanation = explained(believed, report, found)
    written = results.write_explanation(explanation, request.paths, sources=inputs)
    if not written or request.output_format:
        with printing.reader_may_leave():
            _show(explanation, request.output_format or "text")
    code, reason = _exit_code(explanation)
    say(f"{f'{files.sentence(written)}. ' if written else ''}Exit code {code}: {reason}")
    return code


def _plan(choice: Choice, loaded: Loaded) -> tuple[Plan, bool]:
    """Return the plan, and whether nothing selects rules, in which case the plan has all of them."""
    if choice.rule_set or choice.include or choice.packs or layer_of_file(loaded).decides:
        return planned(choice, loaded), False
    return planned(structs.replace(choice, rule_set=RuleSet.ALL.value), loaded), True


def _rules(plan: Plan, resource_type: ResourceType | None, *, usual: bool) -> list[ConfiguredRule]:
    """Return the rules that judge this type of resource; rules that need extra calls run only if they are selected."""
    rules = relevant(plan.rules, resource_type)
    return cheap(rules) if usual else rules


def _report(snapshot: Snapshot, plan: Plan, rules: Sequence[ConfiguredRule]) -> Report:
    if not rules:
        now = datetime.now(UTC).replace(microsecond=0)
        return build(snapshot, (), Evaluation((), ()), sha256=digest_of(snapshot), evaluated_at=now)
    settings = plan.run
    return audit(
        snapshot,
        rules,
        suppressions=settings.suppressions.value,
        suppression_limits=settings.suppression_limits,
        max_report_age=settings.oldest_report,
    )


def _show(explanation: Explanation, output_format: str) -> None:
    if output_format == "json":
        from auditor.writers.explanation import json

        json.write(explanation, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    from auditor.writers.explanation import text  # rich: 70 ms

    text.write(explanation, sys.stdout)
    sys.stdout.flush()


def _exit_code(explanation: Explanation) -> tuple[int, str]:
    if any(each.code == RULE_ERROR for each in explanation.warnings):
        return 3, "a rule failed; its verdict is missing"
    if explanation.unseen is not None:
        return 4, "it is not known whether there is such a resource"
    lacking = shortfall(explanation)
    return (
        (0, "complete: nothing that an answer rests on is unknown")
        if lacking is None
        else (4, f"incomplete: {lacking}")
    )
