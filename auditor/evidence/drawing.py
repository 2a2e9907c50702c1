"""The sample of a pack: findings drawn at random, so that anybody with the reports and the seed draws the same ones."""

from collections.abc import Sequence
from hashlib import sha256

from auditor.evidence.index import Sample, SampledFinding
from auditor.evidence.stored import StoredReport
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType

_Seen = list[tuple[StoredReport, Finding]]


def drawn(reports: Sequence[StoredReport], size: int, seed: int) -> Sample:
    """Return a sample of the findings that were NON_COMPLIANT in at least one report, suppressed ones too.

    Each is ranked by the SHA-256 of the seed and of what identifies it, and the first ones are taken, as in a sample
    of a history: no generator of random numbers is involved whose next release might draw others.
    """
    seen: dict[str, _Seen] = {}
    for stored in reports:
        identifiers = {rule.config_rule_name: rule.source_identifier for rule in stored.report.rules}
        for finding in stored.report.findings:
            if finding.compliance_type is ComplianceType.NON_COMPLIANT:
                rule = identifiers[finding.config_rule_name]
                key = "\0".join((stored.account, rule, finding.fingerprint, finding.resource_id or ""))
                seen.setdefault(key, []).append((stored, finding))
    ranked = sorted(seen, key=lambda key: sha256(f"{seed}\0{key}".encode()).digest())
    return Sample(
        seed=seed,
        size=size,
        population=len(seen),
        population_sha256=sha256("\n".join(sorted(seen)).encode()).hexdigest(),
        findings=tuple(_sampled(seen[key]) for key in ranked[:size]),
    )


def _sampled(seen: _Seen) -> SampledFinding:
    stored, finding = seen[-1]
    return SampledFinding(
        account=stored.account,
        config_rule_name=finding.config_rule_name,
        severity=finding.severity,
        resource_type=finding.resource_type,
        resource_name=finding.resource_name,
        resource_id=finding.resource_id,
        resource_arn=finding.resource_arn,
        fingerprint=finding.fingerprint,
        first_seen=seen[0][0].captured_at,
        last_seen=stored.captured_at,
        runs=len({each.path for each, _ in seen}),
        report=stored.path,
    )
