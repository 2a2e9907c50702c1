"""Runs `iam-audit report`: shows a stored report again, or writes it in other formats."""

from collections.abc import Sequence

from auditor import load_report
from auditor.console.keys import signing_of
from auditor.console.messages import Say, speaker
from auditor.console.requests import OrganizationReportRequest, ReportRequest
from auditor.console.showing import check_shown, show
from auditor.errors import UsageError
from auditor.judging.rule import Severity
from auditor.report.build import with_frameworks
from auditor.report.gate import Gate, exit_code
from auditor.report.report import Report
from auditor.selection import frameworks
from auditor.writers import files, paths, printing
from auditor.writers.formats import REPORT_SUFFIXES, check_region


def render(request: ReportRequest) -> int:
    """Write a stored report in other formats, or show it, and return the exit code: that of the gate if there is one.

    Without a gate it is 0, because the report was judged before.
    """
    say = speaker(quiet=request.quiet)
    output_format, region = request.output_format or "table", request.security_hub_region
    _check_gate(request)
    check_shown(request.shown, request.output_format)
    signing = signing_of(request.sign, request.paths)
    paths.check([*request.paths, *signing.files], REPORT_SUFFIXES, sources=signing.sources)
    check_region(request.paths, output_format, region)
    query = printing.compiled(request.shown.query) if request.shown.query is not None else None
    wanted = [frameworks.find(name) for name in request.frameworks]
    report = with_frameworks(load_report(request.report_file), wanted)
    if request.only is not None and report.planned is None:
        raise UsageError("--only is for reports of a planned change, and this is none", "Leave it out.")
    if request.paths:
        written = files.write_reports(report, request.paths, sources=signing.sources, region=region, sign=signing.sign)
        say(f"{files.sentence(written)}.")
    if request.output_format or query or not request.paths:
        show(report, output_format, request.shown, query, say, region=region, only=request.only)
    return _gated(report, request, say)


def _check_gate(request: ReportRequest) -> None:
    """Raise UsageError for a setting of the gate without a gate."""
    given = gate_settings(request)
    if request.fail_on in (None, "nothing") and given:
        raise UsageError(f"{given[0]} needs a gate, and --fail-on is nothing", "Add --fail-on noncompliant.")


def gate_settings(request: ReportRequest | OrganizationReportRequest) -> Sequence[str]:
    """Return the given options that set up the gate, in their spelling."""
    severity = [] if request.min_severity is None else ["--min-severity"]
    incomplete = {None: [], True: ["--allow-incomplete"], False: ["--no-allow-incomplete"]}[request.allow_incomplete]
    return [*severity, *incomplete]


def _gated(report: Report, request: ReportRequest, say: Say) -> int:
    if request.fail_on in (None, "nothing"):
        return 0
    least = Severity(request.min_severity) if request.min_severity is not None else Severity.LOW
    gate = Gate(
        fail_on_noncompliant=True,
        allow_incomplete=bool(request.allow_incomplete),
        min_severity=least,
        only_introduced=request.only is not None,
    )
    code, reason = exit_code(report, gate)
    say(f"Exit code {code}: {reason}")
    return code
