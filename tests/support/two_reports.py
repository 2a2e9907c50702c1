"""Pairs of reports of one account at two times, as strategies for Hypothesis, and functions that read them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from generated_accounts import accounts, less_known
from hypothesis import strategies as st
from msgspec.structs import replace
from rule_parameters import configured

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot, User
from auditor.account.sources import SourceStatus
from auditor.account.unknown import stored
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, ConfiguredRule
from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.testing import listing

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
IDS = [
    "access-keys-rotated",
    "iam-group-has-users-check",
    "iam-no-inline-policy-check",
    "iam-password-policy",
    "iam-policy-no-statements-with-admin-access",
    "iam-user-group-membership-check",
    "iam-user-mfa-enabled",
    "mfa-enabled-for-iam-console-access",
]
RULES = [configured(name) for name in IDS]
rule_sets = st.lists(st.sampled_from(RULES), unique_by=lambda each: each.config_rule_name, min_size=1)
exceptions = st.lists(
    st.builds(
        lambda rule, name: Suppression(rule=rule, resource=name, reason="r", owner="o", until=date(2027, 1, 1)),
        st.sampled_from(["iam-user-mfa-enabled", "mfa-enabled-for-iam-console-access"]),
        st.sampled_from(["alice", "bob", "*"]),
    ),
    max_size=1,
)


def report_of(snapshot: Snapshot, rules: Sequence[ConfiguredRule] = RULES, **options: Any) -> Report:
    """Return the report of a snapshot, at a fixed time."""
    return audit(snapshot, rules, as_of=NOW, **options)


@st.composite
def remade(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    """Return the account with some users recreated under their names, and some under another name or path."""
    people = [draw(st.sampled_from([person, person, anew(person), moved(person)])) for person in _users(snapshot)]
    return replace(snapshot, users=listing(people))


def anew(person: User) -> User:
    """Return another user with the same name, created after the first one was deleted."""
    return replace(person, id=f"{person.id}NEW")


def moved(person: User) -> User:
    """Return the same user with another path, and so with another ARN."""
    return replace(person, arn=str(person.arn).replace("user/", "user/moved/"), path="/moved/")


def _users(snapshot: Snapshot) -> Sequence[User]:
    return snapshot.users.known_part


@st.composite
def partly_read(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with some facts hidden, and some sources marked as incomplete."""
    cut = draw(st.lists(st.sampled_from([source.name for source in snapshot.sources]), unique=True, max_size=3))
    sources = tuple(
        replace(each, status=SourceStatus.PARTIAL) if each.name in cut else each for each in snapshot.sources
    )
    less: Snapshot = draw(less_known(replace(snapshot, sources=sources)))
    return less


class Pair(NamedTuple):
    """Hold two reports; the repr is short, because Hypothesis prints it."""

    old: Report
    new: Report

    def __repr__(self) -> str:
        return " then ".join(
            "; ".join(f"{each.config_rule_name} {each.resource_name} {each.compliance_type}" for each in side.findings)
            for side in self
        )


@st.composite
def pairs_of_reports(draw: st.DrawFn) -> Pair:
    """Draw two reports of one account, with different known facts, rules and suppressions."""

    def made(snapshot: Snapshot) -> Report:
        seen = draw(partly_read(snapshot)) if draw(st.booleans()) else snapshot
        rules = draw(rule_sets) if draw(st.booleans()) else RULES
        return report_of(seen, rules, suppressions=draw(exceptions))

    first = draw(accounts())
    second = draw(remade(draw(st.one_of(st.just(first), accounts()))))
    return Pair(made(first), made(second))


Key = tuple[str, str | None]


def key(finding: Finding) -> Key:
    """Return the key of a finding, unique in a report."""
    return finding.fingerprint, finding.resource_id


def open_keys(report: Report) -> set[Key]:
    """Return the keys of the findings that are NON_COMPLIANT and not suppressed."""
    return {
        key(each)
        for each in report.findings
        if each.compliance_type is ComplianceType.NON_COMPLIANT and each.suppression is None
    }


def sinners(snapshot: Snapshot) -> set[tuple[str, ResourceType, str | None]]:
    """Return the NON_COMPLIANT findings by rule, type and unique id, independent of names."""
    assert all(stored(user, "id") for user in snapshot.users.known_part)
    return {
        (each.config_rule_name, each.resource_type, each.resource_id)
        for each in report_of(snapshot).findings
        if each.compliance_type is ComplianceType.NON_COMPLIANT
    }
