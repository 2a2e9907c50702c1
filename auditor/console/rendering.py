"""Rendering a stored report again."""

from auditor import load_report
from auditor.console.messages import speaker
from auditor.console.requests import ReportRequest
from auditor.report.build import with_frameworks
from auditor.selection import frameworks
from auditor.writers import files, paths, printing
from auditor.writers.formats import REPORT_SUFFIXES, check_region


def render(request: ReportRequest) -> int:
    """Write a stored report in other formats, or show it as a table; the exit code is 0 if that worked."""
    output_format, region = request.output_format or "table", request.security_hub_region
    paths.check(request.paths, REPORT_SUFFIXES)
    check_region(request.paths, output_format, region)
    wanted = [frameworks.find(name) for name in request.frameworks]
    stored = load_report(request.report_file)
    report = with_frameworks(stored, wanted)
    if request.paths:
        written = files.write_reports(report, request.paths, region=region)
        speaker(quiet=request.quiet)(f"{files.sentence(written)}.")
    if request.output_format or not request.paths:
        printing.print_report(report, output_format, every_finding=request.every_finding, region=region)
    return 0
