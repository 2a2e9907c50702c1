"""Runs `iam-audit baseline`: writes the baseline of a stored report."""

from auditor import load_report
from auditor.collectors.saved import load_baseline
from auditor.console.messages import speaker
from auditor.console.requests import BaselineRequest
from auditor.judging.rule import ComplianceType
from auditor.report.baseline import baseline_of
from auditor.writers import files, paths

SUFFIXES = (".json",)


def write_baseline(request: BaselineRequest) -> int:
    """Write the baseline of a report, and return the exit code, 0."""
    say = speaker(quiet=request.quiet)
    paths.check([request.path], SUFFIXES, sources=[request.report_file])
    earlier = None if request.keep is None else load_baseline(request.keep)
    report = load_report(request.report_file)
    baseline = baseline_of(report, request.report_file, earlier)
    file = paths.resolved(request.path, report.account.id, report.snapshot.captured_at)
    undecided, suppressed = report.summary.counts[ComplianceType.INSUFFICIENT_DATA], report.summary.suppressed
    if undecided:
        say(f"Warning: findings with INSUFFICIENT_DATA are not in a baseline; the report has {undecided:,}")
    if suppressed:
        say(f"Note: suppressed findings are not in a baseline; the report has {suppressed:,}")
    files.write_text(baseline.to_json(), file)
    count = len(baseline.findings)
    kept = count - len(baseline_of(report).findings)
    of_earlier = f", {kept:,} of them kept from {request.keep}" if kept else ""
    say(f"Wrote {file}: {count:,} known {'finding' if count == 1 else 'findings'}{of_earlier}.")
    return 0
