"""The forecast: what it says of a day is what an audit of the same account with that day's times says."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from generated_accounts import accounts, less_known
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rule_parameters import RULES, configured

from auditor.account.model import Snapshot
from auditor.errors import SourceError, UsageError
from auditor.judging.finding import Finding
from auditor.judging.rule import ConfiguredRule, Context, RuleOrigin, Verdict
from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.forecast import Forecast, forecast
from auditor.testing import CAPTURED_AT, NC, C, account, credentials, listing, server_certificate, user

KEYS, UNUSED, EXPIRING = (
    "access-keys-rotated",
    "iam-user-unused-credentials-check",
    "iam-server-certificate-expiration-check",
)
EVERY = [configured(name) for name in RULES]


def ago(days: float) -> str:
    return f"{CAPTURED_AT - timedelta(days=days):%Y-%m-%dT%H:%M:%S+00:00}"


def key_user(name: str, days: float, **columns: Any) -> Any:
    """Return a user with an active access key that was rotated some days ago and was used today."""
    used = {"access_key_1_last_used_date": ago(0)}
    row = credentials(access_key_1_active=True, access_key_1_last_rotated=ago(days), **{**used, **columns})
    return user(name, credentials=row)


def aside(rule: str, name: str, days: int) -> Suppression:
    until = (CAPTURED_AT + timedelta(days=days)).date()
    return Suppression(rule=rule, resource=name, reason="moving", owner="ops", until=until)


def expected(snapshot: Snapshot, *rules: str, **options: Any) -> list[tuple[str, int, str]]:
    found = forecast(snapshot, [configured(name) for name in rules], **options)
    return [(each.finding.resource_name, each.after_days, each.becomes.value) for each in found.expected]


def test_keys_pass_their_age_on_the_day_after_the_limit() -> None:
    snapshot = account(users=[key_user("ann", 80), key_user("bo", 89.5), key_user("cy", 91), key_user("di", 1)])
    assert expected(snapshot, KEYS) == [("bo", 1, "open"), ("ann", 11, "open")]
    assert expected(snapshot, KEYS, days=10) == [("bo", 1, "open")]
    assert expected(snapshot, KEYS, days=90)[-1] == ("di", 90, "open")


def test_credentials_stay_unused_and_certificates_expire() -> None:
    snapshot = account(
        users=[key_user("ann", 1, access_key_1_last_used_date=ago(80))],
        server_certificates=[server_certificate("web", expires_at=CAPTURED_AT + timedelta(days=5, hours=1))],
    )
    assert expected(snapshot, KEYS, UNUSED, EXPIRING) == [("web", 6, "open"), ("ann", 11, "open")]


def test_a_suppression_ends_on_the_day_after_its_last() -> None:
    snapshot = account(users=[key_user("ann", 100), key_user("bo", 85)])
    options: dict[str, Any] = {"suppressions": [aside(KEYS, "*", 3)]}
    assert expected(snapshot, KEYS, **options) == [("ann", 4, "open"), ("bo", 6, "open")]
    found = forecast(snapshot, [configured(KEYS)], **options)
    assert [each.ended and each.ended["reason"] for each in found.expected] == ["moving", None]
    assert found.open_now == 0
    assert expected(snapshot, KEYS, suppressions=[aside(KEYS, "*", 8)]) == [("ann", 9, "open"), ("bo", 9, "open")]


def test_what_is_unknown_stays_unknown_and_is_named() -> None:
    snapshot = account(users=[key_user("ann", 85), user("eve", unknown=["credentials"])])
    found = forecast(snapshot, [configured(KEYS)])
    assert [each.finding.resource_name for each in found.expected] == ["ann"]
    assert [each.resource_name for each in found.undecided] == ["eve"]
    without_time = replace(snapshot, report_generated_at=None)
    found = forecast(without_time, [configured(KEYS)])
    assert found.expected == ()
    assert [each.resource_name for each in found.undecided] == ["ann", "eve"]


def test_a_report_that_is_too_old_leaves_everything_undecided() -> None:
    snapshot = replace(account(users=[key_user("ann", 85)]), report_generated_at=CAPTURED_AT - timedelta(hours=3))
    assert len(forecast(snapshot, [configured(KEYS)], max_report_age=timedelta(hours=4)).expected) == 1
    found = forecast(snapshot, [configured(KEYS)], max_report_age=timedelta(hours=2))
    assert (found.expected, len(found.undecided)) == ((), 1)


def plugin(verdicts: Sequence[Verdict]) -> ConfiguredRule:
    """Return a rule of somebody's that says each day something else of every user."""

    def evaluate(_user: Any, context: Context[Any]) -> Verdict:
        return verdicts[(context.now - CAPTURED_AT).days]

    whole = configured(KEYS)
    rule = replace(whole.rule, evaluate=evaluate, origin=RuleOrigin.PLUGIN)
    return replace(whole, rule=rule)


def test_a_rule_of_a_plugin_may_change_its_mind_each_day() -> None:
    good, bad = Verdict(C, "good"), Verdict(NC, "bad")
    snapshot = account(users=[key_user("ann", 1)])
    found = forecast(snapshot, [plugin([good, bad, good, good, bad])], days=4)
    assert [(each.after_days, each.becomes.value) for each in found.expected] == [
        (1, "open"),
        (2, "resolved"),
        (4, "open"),
    ]


def test_a_rule_that_fails_on_a_later_day_is_named() -> None:
    found = forecast(account(users=[key_user("ann", 1)]), [plugin([Verdict(C, "good")])], days=2)
    assert found.failed_rules == (KEYS,)
    assert [each.becomes.value for each in found.expected] == ["undecided"]


def test_an_unknown_or_impossible_time_is_refused() -> None:
    snapshot = account(users=[key_user("ann", 1)])
    with pytest.raises(SourceError, match="the capture time of the account is unknown"):
        forecast(replace(snapshot, captured_at=None))
    for rule in (KEYS, "iam-group-has-users-check"):
        with pytest.raises(SourceError, match="too far ahead"):
            forecast(replace(snapshot, captured_at=CAPTURED_AT.replace(year=9999)), [configured(rule)], days=365)
    for days in (0, 3651):
        with pytest.raises(UsageError, match="1 to 3,650 days"):
            forecast(snapshot, days=days)


moments = st.none() | st.integers(0, 120).map(ago)


@st.composite
def timed_accounts(draw: st.DrawFn) -> Snapshot:
    """Return accounts with keys and passwords of many ages, certificates, and times of the report."""
    made: Snapshot = draw(accounts())
    people = [
        replace(
            each,
            credentials=credentials(
                password_enabled=draw(st.booleans()),
                mfa_active=draw(st.booleans()),
                password_last_used=draw(moments) or "no_information",
                password_last_changed=draw(moments) or "N/A",
                password_next_rotation=draw(st.integers(-40, 40).map(ago)),
                access_key_1_active=draw(st.booleans()),
                access_key_1_last_rotated=draw(moments) or "N/A",
                access_key_1_last_used_date=draw(moments) or "N/A",
                access_key_2_active=draw(st.booleans()),
                access_key_2_last_rotated=draw(moments) or "N/A",
                access_key_2_last_used_date=draw(moments) or "N/A",
            ),
        )
        for each in made.users.known_part
    ]
    days = draw(st.lists(st.integers(-3, 40), max_size=2))
    certificates = [
        server_certificate(f"c{number}", expires_at=CAPTURED_AT + timedelta(days=each))
        for number, each in enumerate(days)
    ]
    report = draw(st.sampled_from([CAPTURED_AT, CAPTURED_AT - timedelta(days=2), None]))
    whole = replace(made, users=listing(people), server_certificates=listing(certificates), report_generated_at=report)
    return draw(less_known(whole)) if draw(st.booleans()) else whole


suppressions = st.lists(
    st.builds(
        aside,
        st.sampled_from([KEYS, UNUSED, "iam-no-inline-policy-check"]),
        st.sampled_from(["alice", "bob", "*"]),
        st.integers(-2, 45),
    ),
    max_size=3,
)


def in_days(snapshot: Snapshot, days: int) -> Snapshot:
    """Return the account as if all of it had been read some days later."""

    def later(time: datetime | None) -> datetime | None:
        return time and time + timedelta(days=days)

    return replace(
        snapshot,
        captured_at=later(snapshot.captured_at),
        report_generated_at=later(snapshot.report_generated_at),
        sources=tuple(replace(each, read_at=later(each.read_at)) for each in snapshot.sources),
    )


def open_findings(findings: Sequence[Finding]) -> dict[str, tuple[str, bool]]:
    return {each.fingerprint: (each.compliance_type.value, each.suppression is not None) for each in findings}


def standing(verdict: tuple[str, bool]) -> str:
    kind, set_aside = verdict
    if set_aside:
        return "resolved"
    return {"NON_COMPLIANT": "open", "INSUFFICIENT_DATA": "undecided"}.get(kind, "resolved")


def told_of(found: Forecast, start: dict[str, str], day: int) -> dict[str, str]:
    """Return where each finding stands on a day by a forecast."""
    return start | {each.finding.fingerprint: each.becomes.value for each in found.expected if each.after_days <= day}


@given(timed_accounts(), suppressions, st.lists(st.integers(1, 40), min_size=1, max_size=3))
@settings(deadline=None, max_examples=100)
def test_a_forecast_of_a_day_is_the_audit_of_that_day(
    snapshot: Snapshot, exceptions: list[Suppression], days: list[int]
) -> None:
    found = forecast(snapshot, EVERY, days=40, suppressions=exceptions)
    reports = {
        day: audit(in_days(snapshot, day), EVERY, suppressions=exceptions, as_of=CAPTURED_AT + timedelta(days=day))
        for day in {0, *days, *(each.after_days for each in found.expected)}
    }
    by_day = {
        day: {key: standing(each) for key, each in open_findings(report.findings).items()}
        for day, report in reports.items()
    }
    for day, theirs in by_day.items():
        assert told_of(found, by_day[0], day) == theirs
    for each in found.expected:
        assert each.finding in reports[each.after_days].findings
    undecided = {key for key, each in by_day[0].items() if each == "undecided"}
    assert {each.fingerprint for each in found.undecided} == undecided
    assert found.open_now == sum(each == "open" for each in by_day[0].values())
