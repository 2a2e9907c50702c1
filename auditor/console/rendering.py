"""Rendering a stored report again."""

from auditor import load_report
from auditor.console.messages import speaker
from auditor.console.requests import ReportRequest
from auditor.report.build import with_frameworks
from auditor.selection import frameworks
from auditor.writers import files, paths, printing
from auditor.writers.formats import REPORT_SUFFIXES


def render(request: ReportRequest) -> int:
    """Write a stored report in other formats, or show it as a table; the exit code is 0 if that worked."""
    paths.check(request.paths, REPORT_SUFFIXES)
    wanted = [frameworks.find(name) for name in request.frameworks]
    stored = load_report(request.report_file)
    report = with_frameworks(stored, wanted)
    if not request.paths:
        printing.print_report(report, "table", every_finding=request.every_finding)
    else:
        speaker(quiet=request.quiet)(f"{files.sentence(files.write_reports(report, request.paths))}.")
    return 0
