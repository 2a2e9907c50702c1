"""Shows and writes the report of an organization, and the stored reports of its accounts."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from auditor.collectors import saved
from auditor.console.messages import Say
from auditor.console.rendering import gate_settings
from auditor.console.requests import OrganizationReportRequest
from auditor.errors import SourceError, UsageError
from auditor.organization.names import PAGE, REPORT, folder_of
from auditor.organization.receipts import read_receipt
from auditor.organization.records import Account, Manifest
from auditor.organization.report import AccountResult, OrganizationReport
from auditor.organization.storage import Folder, Storage
from auditor.report.reading import load_report
from auditor.writers import files, paths, printing, results
from auditor.writers.formats import REPORT_SUFFIXES
from auditor.writers.organization.formats import ORGANIZATION_SUFFIXES, SUFFIX_OF, writer_of


def check_output(output: Sequence[str]) -> None:
    """Raise AuditError for a file that cannot be written."""
    paths.check(output, ORGANIZATION_SUFFIXES)


def written(report: OrganizationReport, output: Sequence[str], storage: Storage, manifest: Manifest) -> str:
    """Write the report to the files, and return a sentence that names them; "" if there are none."""
    done = [results.write_organization(report, path, _linking(path, storage, manifest)) for path in output]
    return files.sentence(done) if done else ""


def _linking(path: str, storage: Storage, manifest: Manifest) -> Callable[[AccountResult], str | None]:
    """Return a function that returns the relative link from a file to the page of an account, None without a page."""
    run = Path(storage.place, manifest.run)
    start = Path(path).absolute().parent

    def link(account: AccountResult) -> str | None:
        if account.report is None or not (manifest.pages and isinstance(storage, Folder)):
            return None
        page = run.joinpath(account.report).with_name(PAGE)
        address = os.path.relpath(page, start).replace(os.sep, "/")
        return quote(address if address.startswith("../") else f"./{address}", safe="/=")

    return link


def shown(report: OrganizationReport, output_format: str, *, every_account: bool) -> None:
    """Show the report on standard output; the table lists only the worst accounts unless `every_account`."""
    with printing.reader_may_leave():
        if output_format == "table":
            from auditor.writers.organization.table import write  # rich

            write(report, sys.stdout, every_account=every_account)
        else:
            writer_of(SUFFIX_OF[output_format])(report, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def show_account(storage: Storage, manifest: Manifest, request: OrganizationReportRequest, say: Say) -> int:
    """Show or write the report of one account, and return 0; raise UsageError for options of a gate."""
    _check_of_all(request)
    paths.check(request.paths, REPORT_SUFFIXES)
    account = _named(manifest, str(request.account))
    name = f"{manifest.run}/{folder_of(account)}/{REPORT}"
    content = storage.read(name)
    if content is None:
        receipt = read_receipt(storage, manifest.run, account)
        why = receipt.error.message if receipt and receipt.error else "the run keeps no reports, or has not come to it"
        problem = f"has no report of account {request.account}: {why}"
        raise SourceError(problem, "Scan it with `iam-audit scan`.", subject=f"{storage.place}/{manifest.run}")
    report = load_report(*saved.read(content, f"{storage.place}/{name}"))
    done = files.write_reports(report, request.paths)
    if done:
        say(f"{files.sentence(done)}.")
    if request.output_format or not done:
        with printing.reader_may_leave():
            printing.print_report(report, request.output_format or "table", every_finding=False)
    return 0


def _check_of_all(request: OrganizationReportRequest) -> None:
    """Raise UsageError for options that only apply to the report of all accounts."""
    given = [] if request.fail_on is None else ["--fail-on"]
    given += gate_settings(request)
    given += ["--all"] if request.every_account else []
    if given:
        hint = "Leave it out. With -o FILE.json the report is written, and `iam-audit report FILE.json` has a gate."
        raise UsageError(f"{given[0]} cannot be used with --account", hint)


def _named(manifest: Manifest, name: str) -> Account:
    """Return the account with a number, key or name; raise UsageError if there is none or more than one."""
    exact = [each for each in manifest.accounts if name == each.key]
    found = exact or [each for each in manifest.accounts if name in (each.id, each.name)]
    if len(found) == 1:
        return found[0]
    problem = f"names {len(found):,} accounts" if found else "is no account of the run"
    keys = ", ".join(each.key for each in found)
    remedy = f"Give one of {keys}." if found else "`iam-audit organization report RUN --format csv` lists all."
    raise UsageError(problem, remedy, subject=f"--account {name}")
