"""The explanation as one HTML file that opens from disk and runs no script, in the style of the report."""

from collections.abc import Mapping, Sequence
from typing import BinaryIO, NamedTuple

from auditor.explaining.explanation import Explanation, shortfall
from auditor.judging.rule import OPEN, ComplianceType
from auditor.writers.explanation.cells import Judged, evidence
from auditor.writers.explanation.sections import counted, facts, judged, kind_text, remarks, sections
from auditor.writers.html import asset, csp_hash, page_environment, rule_pages
from auditor.writers.remedies import remedies
from auditor.writers.statements import suppression_text


class _Row(NamedTuple):
    """Hold a finding for the page: what its rule checks, its evidence, and what to do about it."""

    judged: Judged
    checks: str
    evidence: Sequence[tuple[str, str, str]]
    suppression: str
    remedies: Sequence[str]
    fix: str


def write(explanation: Explanation, stream: BinaryIO) -> None:
    """Write the explanation as one HTML document; the same explanation gives the same bytes."""
    style = asset("report.css", "explanation/explanation.css")
    page = page_environment().get_template("explanation/explanation.html.jinja")
    pages = rule_pages()
    text = page.render(
        explanation=explanation,
        kind=kind_text(explanation),
        facts=facts(explanation),
        sections=list(sections(explanation)),
        counts=_counts(explanation),
        counted=counted(explanation),
        remarks=remarks(explanation),
        rows=[
            _row(each, pages.get(explanation.rules.get(each.finding.config_rule_name, ""), {}))
            for each in judged(explanation)
        ],
        shortfall=None if explanation.unseen else shortfall(explanation),
        style=style,
        style_hash=csp_hash(style),
    )
    stream.write(text.encode("utf-8", "backslashreplace"))


def _counts(explanation: Explanation) -> Mapping[ComplianceType, int]:
    """Return the number of findings by compliance type, without suppressed ones."""
    kinds = [each.compliance_type for each in explanation.findings if each.suppression is None]
    return {kind: kinds.count(kind) for kind in ComplianceType if kind in kinds}


def _row(each: Judged, page: Mapping[str, str]) -> _Row:
    finding = each.finding
    todo = remedies(finding)
    return _Row(
        judged=each,
        checks=page.get("", ""),
        evidence=[(fact.path, evidence(fact), fact.source) for fact in finding.evidence],
        suppression=suppression_text(finding) if finding.suppression is not None else "",
        remedies=todo,
        fix=page.get("Fix", "") if finding.compliance_type in OPEN and not todo else "",
    )
