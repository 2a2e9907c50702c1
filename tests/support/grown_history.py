"""A large history, built night by night, of realistic accounts in which few findings change each night."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from random import Random

from grown_account import grown, of_users
from msgspec.structs import replace
from two_reports import anew

from auditor.account.credentials import Credentials
from auditor.account.model import Snapshot, User
from auditor.history.adding import add
from auditor.judging.finding import Finding
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.selection.named import configured_rules
from auditor.testing import CAPTURED_AT, listing

USERS = 485
"""Users of an account that has 4,600 findings of AWS Config's rules."""
_TOGGLED, _REMADE = 7, 1  # users a night: 0.4 % of the findings change


def nights(count: int, users: int = USERS) -> Iterator[Report]:
    """Yield the reports of an account night by night."""
    chance, rules = Random(20261124), configured_rules("aws-config")
    first = grown(of_users(users))
    people = list(first.users.known_part)
    for day in range(count):
        for number in chance.sample(range(users), _TOGGLED + _REMADE)[: (_TOGGLED + _REMADE) * (day > 0)]:
            people[number] = anew(people[number]) if chance.random() < _REMADE / _TOGGLED else toggled(people[number])
        yield audit(_at(first, people, day), rules, as_of=CAPTURED_AT + timedelta(days=day, hours=1))


def _at(first: Snapshot, people: list[User], day: int) -> Snapshot:
    moved = timedelta(days=day)
    sources = (replace(each, read_at=each.read_at and each.read_at + moved) for each in first.sources)
    return replace(first, captured_at=CAPTURED_AT + moved, users=listing(people), sources=tuple(sources))


def toggled(person: User) -> User:
    """Return the user with an MFA device if it had none, or without it."""
    credentials: Credentials = person.credentials
    return replace(person, credentials=replace(credentials, mfa_active=not credentials.mfa_active))


def of_account(report: Report, number: int) -> Report:
    """Return the report as if it were of another account."""
    if not number:
        return report
    name = f"{111122223333 + number}"

    def moved(finding: Finding) -> Finding:
        fingerprint = sha256(f"{name}{finding.fingerprint}".encode()).hexdigest()[:32]
        arn = finding.resource_arn and finding.resource_arn.replace("111122223333", name)
        return replace(finding, fingerprint=fingerprint, resource_arn=arn)

    return replace(
        report, account=replace(report.account, id=name), findings=tuple(moved(each) for each in report.findings)
    )


def fill(connection: sqlite3.Connection, report: Report, accounts: int) -> None:
    """Add a night of each account to a history."""
    for number in range(accounts):
        digest = sha256(f"{report.snapshot.sha256}{number}".encode()).hexdigest()
        add(connection, of_account(report, number), digest, "the report")
