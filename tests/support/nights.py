"""Nightly reports of one account, a history of them in a file, and strategies for Hypothesis with many nights."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from generated_accounts import accounts
from hypothesis import strategies as st
from msgspec.structs import replace
from rule_parameters import configured
from two_reports import RULES, exceptions, partly_read, remade, report_of, rule_sets

from auditor.account.model import Snapshot
from auditor.history import store
from auditor.history.adding import Added, add
from auditor.judging.rule import ConfiguredRule
from auditor.report.owners import Owners
from auditor.report.report import Report, dump_report
from auditor.testing import CAPTURED_AT, account, console_user, group, password_policy

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder in memory for files that need not survive a power failure."""
MFA = "mfa-enabled-for-iam-console-access"
BOB = console_user("bob", mfa=False, groups=["A"])
FIXED = console_user("bob", mfa=True, groups=["A"])
EVE = console_user("eve", mfa=False, groups=["A"])


def people(*users: Any, **fields: Any) -> Snapshot:
    """Return an account with these users and little else that could be NON_COMPLIANT."""
    return account(users=list(users), **{"groups": [group("A")], "password": password_policy(), **fields})


def night_of(day: int, hour: int = 0) -> datetime:
    """Return the time of a night, by its number from the first one."""
    return CAPTURED_AT + timedelta(days=day, hours=hour)


def at_night(day: int, snapshot: Snapshot) -> Snapshot:
    """Return an account as if it had been captured in a night."""
    moved = night_of(day) - CAPTURED_AT
    sources = (replace(each, read_at=each.read_at and each.read_at + moved) for each in snapshot.sources)
    return replace(snapshot, captured_at=night_of(day), sources=tuple(sources))


def night(day: int, snapshot: Snapshot, rules: Sequence[ConfiguredRule] | None = None, **options: Any) -> Report:
    """Return the report of a night."""
    rules = [configured(MFA)] if rules is None else rules
    return report_of(at_night(day, snapshot), rules, **options)


def digest_of(report: Report) -> str:
    """Return the digest of a report's document."""
    return sha256(dump_report(report)).hexdigest()


def added(path: Path, *reports: Report) -> list[Added]:
    """Add reports to a history in one transaction, which is faster."""
    with store.writing(str(path)) as connection:
        return [add(connection, report, digest_of(report), "the report") for report in reports]


def owners_of(report: Report) -> st.SearchStrategy[Owners | None]:
    """Return a strategy for the owners of some of the resources of a report, or None."""
    arns = sorted({each.resource_arn for each in report.findings if each.resource_arn})
    names = st.sampled_from(["ops", "web", None])
    named = st.dictionaries(st.sampled_from(arns), names, max_size=3) if arns else st.just({})
    return st.none() | named.map(lambda by_arn: Owners("Owner", by_arn))


@st.composite
def many_nights(draw: st.DrawFn) -> list[Report]:
    """Draw the reports of some nights: with gaps, partly read, with recreated users, other rules, and suppressions."""
    days = sorted(draw(st.sets(st.integers(0, 12), min_size=1, max_size=6)))
    seen: Snapshot = draw(accounts())
    reports = []
    for day in days:
        if draw(st.booleans()):
            seen = draw(remade(draw(st.one_of(st.just(seen), accounts()))))
        read = draw(partly_read(seen)) if draw(st.booleans()) else seen
        rules = draw(rule_sets) if draw(st.booleans()) else RULES
        report = night(day, read, rules, suppressions=draw(exceptions))
        reports.append(replace(report, owners=draw(owners_of(report))))
    return reports
