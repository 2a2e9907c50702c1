"""Reports for the tests of formats that other programs read, written through the command line or `auditor.write`."""

from pathlib import Path

import hostile
from conftest import Result, Run
from html_reports import MFA, mixed, report_of, varied
from msgspec.structs import replace

import auditor
from auditor.judging.rule import ComplianceType
from auditor.report.build import with_frameworks
from auditor.report.report import Report, Summary, encoded
from auditor.testing import account, console_user


def stored(report: Report, folder: Path) -> Path:
    """Return the file of a report that was stored as JSON."""
    file = folder / "stored.json"
    file.write_bytes(encoded(report))
    return file


def rendered(run: Run, report: Report, folder: Path, name: str) -> str:
    """Return the content of the file with this name that the command line writes for a stored report."""
    file = folder / name
    result = run("report", stored(report, folder), "-o", file)
    assert (result.code, result.out) == (0, "")
    return file.read_bytes().decode()


def printed(run: Run, report: Report, folder: Path, output_format: str, *options: object) -> Result:
    """Return the output of the command line for a stored report in a format."""
    return run("report", stored(report, folder), "--format", output_format, *options)


def written(report: Report, folder: Path, name: str) -> str:
    """Return a report as `auditor.write` writes it, also with texts that a stored report cannot contain."""
    return auditor.write(report, folder / name, region="eu-central-1").read_bytes().decode()


def hostile_report() -> Report:
    """Return a report with every hostile text in every place, including lone surrogates."""
    return hostile.report_of([*hostile.TEXTS.values(), *hostile.PIPELINE_TEXTS.values()])


def every_kind() -> Report:
    """Return a report with every verdict, a suppressed finding, a location, an unread source and a warning."""
    return with_frameworks(mixed(varied), ["FSBP"])


def clean() -> Report:
    """Return a report in which everything is COMPLIANT or NOT_APPLICABLE, and known."""
    report = report_of(account(users=[console_user("alice", mfa=True)]), MFA)
    assert report.summary.compliance_type is ComplianceType.COMPLIANT
    return report


def undecided() -> Report:
    """Return a report in which one fact of one user is unknown, and everything else compliant."""
    users = [console_user("alice", mfa=True), console_user("carol", mfa=True, unknown=["credentials"])]
    return report_of(account(users=users), MFA)


def ruleless() -> Report:
    """Return the report of a run in which no rule was evaluated, as for a pack that is completely out of scope."""
    counts = dict.fromkeys(ComplianceType, 0)
    return replace(clean(), rules=(), findings=(), summary=Summary(ComplianceType.NOT_APPLICABLE, counts, 0))


def failing(count: int = 1, unknown: int = 0, mfa: bool = False) -> Report:
    """Return a report on `count` users without MFA, and `unknown` users with unknown facts."""
    users = [console_user(f"user{number:05}", mfa=mfa) for number in range(count)]
    users += [console_user(f"what{number:05}", mfa=mfa, unknown=["credentials"]) for number in range(unknown)]
    return report_of(account(users=users), MFA)
