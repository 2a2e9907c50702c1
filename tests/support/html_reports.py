"""Reports for the tests of the HTML report."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import five_rules
import msgspec
from rule_parameters import configured

from auditor.account.model import Notice, Snapshot
from auditor.account.sources import Source, SourceRecord, SourceStatus
from auditor.judging.engine import Evaluation, evaluate
from auditor.judging.finding import Finding, Location
from auditor.judging.rule import Evidence
from auditor.report.build import build
from auditor.report.report import Report
from auditor.testing import CAPTURED_AT, account, console_user, group, password_policy
from auditor.writers import html

MFA = "mfa-enabled-for-iam-console-access"
MEMBERSHIP = "iam-user-group-membership-check"
OWN_POLICIES = "iam-user-no-policies-check"

Change = Callable[[Finding], Finding]


def report_of(snapshot: Snapshot, *rules: str, change: Change = lambda finding: finding) -> Report:
    """Return the report on a snapshot by the named rules, or the first five."""
    chosen = [configured(name) for name in rules or five_rules.IDS]
    evaluation = evaluate(snapshot, chosen)
    evaluation = Evaluation(tuple(map(change, evaluation.findings)), evaluation.notices)
    return build(snapshot, chosen, evaluation, sha256="5e" * 32, evaluated_at=CAPTURED_AT)


def mixed(change: Change = lambda finding: finding) -> Report:
    """Return a report with every verdict, an unread source and a warning."""
    read = [SourceRecord(source, SourceStatus.COMPLETE, CAPTURED_AT, 1, 4, None) for source in Source]
    failed = SourceRecord(Source.ACCOUNT_SUMMARY, SourceStatus.FAILED, None, 0, 0, "AccessDenied: no summary")
    snapshot = account(
        users=[
            console_user("alice", mfa=True, groups=["developers"], path="/eng/"),
            console_user("bob", mfa=False, attached=["AdministratorAccess"]),
            console_user("carol10", mfa=False, groups=["developers"]),
            console_user("carol9", mfa=True, unknown=["credentials", "id"]),
        ],
        groups=[group("developers"), group("legacy")],
        password=password_policy(),
        sources=tuple(failed if record.name is failed.name else record for record in read),
        notices=(Notice("example-code", "bob", "Something worth knowing"),),
    )
    return report_of(snapshot, change=change)


def suppressed(finding: Finding) -> Finding:
    """Return the finding, suppressed if it is about bob's own policies."""
    if finding.resource_name != "bob" or finding.config_rule_name != OWN_POLICIES:
        return finding
    return msgspec.structs.replace(finding, suppression={"reason": "Break-glass", "until": "2027-01-01"})


def many(count: int) -> Report:
    """Return a report on many users by the three rules about users."""
    users = [console_user(f"user{number:05}", mfa=number % 7 > 0) for number in range(count)]
    return report_of(account(users=users), MFA, MEMBERSHIP, OWN_POLICIES)


def named(report: Report, **account_header: str | None) -> Report:
    """Return the report with another header of the account."""
    return msgspec.structs.replace(report, account=msgspec.structs.replace(report.account, **account_header))


def written(report: Report) -> bytes:
    stream = BytesIO()
    html.write(report, stream)
    return stream.getvalue()


def varied(finding: Finding) -> Finding:
    """Return the finding with things that are rare: a foreign fingerprint, a Region, a location, large evidence."""
    if finding.resource_name != "alice" or finding.config_rule_name != MFA:
        return suppressed(finding)
    odd = facts({"n": 2**63, "text": 'ä "quoted" \n'}, [], None, 0.1)
    where = Location("main.tf", 12, "aws_iam_user.alice")
    return msgspec.structs.replace(finding, fingerprint="f" * 32, region="eu-west-1", location=where, evidence=odd)


def facts(*values: object) -> tuple[Any, ...]:
    return tuple(Evidence("a.path", value, "users") for value in values)
