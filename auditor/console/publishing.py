"""Publishing: from a stored report to what Security Hub takes of it, or would take."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import msgspec

from auditor import load_report
from auditor.collectors.live.side_by_side import Deadline
from auditor.console import places
from auditor.console.messages import speaker
from auditor.console.requests import PublishRequest
from auditor.errors import UsageError
from auditor.publish.choosing import chosen
from auditor.publish.publication import Publication, Sent
from auditor.report.completeness import shortfall
from auditor.report.report import Report, encoded
from auditor.writers import asff, printing
from auditor.writers.json import shown
from auditor.writers.visible import visible

_MOST = 20  # findings that are named of those that failed, and of those that stay


def run(request: PublishRequest) -> int:
    """Publish the report, or show what would be done, and return the exit code."""
    from auditor.publish import security_hub  # boto3: 380 ms

    say = speaker(quiet=request.quiet)
    places.check(request.account)
    report = load_report(request.report_file)
    if report.planned is not None:
        problem = "the report judges a planned change, and Security Hub is about what is there"
        raise UsageError(problem, "Publish a report of the account as it is.")
    with places.connected(request.account, say) as (connection, timeout_s):
        _check_account(report, connection.caller.account_id)
        findings = asff.findings_of(report, region=connection.region)
        product = asff.product_arn(report, connection.region)
        deadline = Deadline(time.monotonic, timeout_s)
        stored = security_hub.stored_findings(connection, product, deadline)
        choice = chosen(report, findings, stored, datetime.now(UTC))
        sent = Sent()
        if request.apply:
            sent = security_hub.import_findings(connection, asff.batches(choice.findings), deadline)
        done = Publication(
            account_id=connection.caller.account_id,
            region=connection.region,
            captured_at=report.snapshot.captured_at,
            applied=request.apply,
            counts=choice.counts,
            held=choice.held,
            sent=sent,
        )
    _show(done, request.output_format)
    code, reason = _exit_code(done, shortfall(report))
    say(f"Exit code {code}: {reason}")
    return code


def _check_account(report: Report, account_id: str) -> None:
    """Raise UsageError for a report of another account: an account's own product takes only its own findings."""
    if report.account.id != account_id:
        problem = f"the report is of account {report.account.id or 'unknown'}, but the credentials are of {account_id}"
        hint = "Security Hub takes an account's findings from that account only: choose its --profile or --role-arn."
        raise UsageError(problem, hint)


def _show(done: Publication, output_format: str) -> None:
    with printing.reader_may_leave():
        if output_format == "json":
            click.echo(b"".join(shown(msgspec.json.format(encoded(done), indent=2))))
            return
        for line in _lines(done):
            click.echo(visible(line))


def _lines(done: Publication) -> Iterator[str]:
    counts = done.counts
    yield f"Account {done.account_id}, Security Hub in {done.region}"
    verb = "Findings" if done.applied else "Findings that would be imported (--apply does it)"
    yield (
        f"{verb}: {counts.new:,} new, {counts.updated:,} updated, {counts.resolved:,} resolved, "
        f"{counts.set_aside:,} suppressed, {counts.archived:,} archived because the report proves them gone"
    )
    yield f"Left as they are, because the report does not prove that they are resolved: {len(done.held):,}"
    for each in done.held[:_MOST]:
        yield f"  {each.config_rule_name}: {each.resource_name}: {each.reason}"
    if len(done.held) > _MOST:
        yield f"  And {len(done.held) - _MOST:,} more; --format json has them all"
    if done.applied:
        yield f"AWS took {done.sent.imported:,} of {counts.total:,} findings"
    for failed in done.sent.failed[:_MOST]:
        yield f"  Not taken: {failed.id}: {failed.error_code}: {failed.message}"
    if len(done.sent.failed) > _MOST:
        yield f"  And {len(done.sent.failed) - _MOST:,} more; --format json has them all"
    if done.sent.stopped is not None:
        yield f"Stopped with {done.sent.unsent:,} findings not sent: {done.sent.stopped}"


def _exit_code(done: Publication, lacking: str | None) -> tuple[int, str]:
    total, sent = done.counts.total, done.sent
    if done.applied and (sent.failed or sent.stopped is not None or sent.imported != total):
        return 3, f"AWS took {sent.imported:,} of {total:,} findings; publish the report again"
    verb = "published" if done.applied else "nothing was published (--apply does it)"
    if done.held or lacking is not None:
        held = f"{len(done.held):,} findings stay as they are, because the report does not prove more"
        return 4, f"{verb}; {held if done.held else lacking}"
    return 0, f"{verb}; {total:,} findings"
