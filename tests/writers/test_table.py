"""The table: readable at 80 columns, and nothing in a name is obeyed."""

import io
import sys
from datetime import UTC, date, datetime

import pytest
from five_rules import FIVE
from msgspec.structs import replace
from rule_parameters import configured

from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.narrowing import narrowed
from auditor.report.report import Report
from auditor.testing import account, console_user, group, password_policy, user
from auditor.writers import table

RULES = FIVE
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
HOSTILE = "x\x1b[31m\x00\x9b\u202egnp\u2028[bold]b[/]"


def report() -> Report:
    people = [
        console_user("bob", mfa=False, groups=["Admins"]),
        user("alice", groups=["Admins"]),
        user("carol", groups=["Admins"], unknown=["credentials"]),
        user(HOSTILE),
    ]
    return audit(account(users=people, groups=[group("Admins")], password=password_policy()), RULES, as_of=NOW)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def shown(*, every_finding: bool = False) -> str:
    stream = io.StringIO()
    table.write(report(), stream, every_finding=every_finding)
    return stream.getvalue()


EXPECTED = """\
Account 111122223333, aws, captured 2026-11-24T03:00:00Z
Credential report of 2026-11-24T01:00:00Z, 2 h old
Sources: 19 of 19 read completely
Evaluations: 14 = 13 judged + 0 not applicable + 1 not decidable

Rule                                Findings
MEDIUM
mfa-enabled-for-iam-console-access  1 NON_COMPLIANT, 1 INSUFFICIENT_DATA,
                                    2 COMPLIANT
iam-user-group-membership-check     1 NON_COMPLIANT, 3 COMPLIANT
iam-group-has-users-check           1 COMPLIANT
iam-password-policy                 1 COMPLIANT
LOW
iam-user-no-policies-check          4 COMPLIANT

mfa-enabled-for-iam-console-access NON_COMPLIANT, severity MEDIUM
  bob  The user has a console password and no MFA

mfa-enabled-for-iam-console-access INSUFFICIENT_DATA, severity MEDIUM
  carol  The case withholds it; grant iam:Test

iam-user-group-membership-check NON_COMPLIANT, severity MEDIUM
  x\\x1b[31m\\x00\\x9b\\u202egnp\\u20  The user is in no group
  28[bold]b[/]

Account verdict: NON_COMPLIANT: 2 NON_COMPLIANT (2 MEDIUM), 1 INSUFFICIENT_DATA
(1 MEDIUM), 11 COMPLIANT
"""


def test_the_table_sums_up_the_rules_and_lists_what_needs_somebody() -> None:
    assert shown() == EXPECTED


def test_no_line_is_wider_than_the_terminal() -> None:
    assert max(map(len, shown(every_finding=True).splitlines())) <= 80


def test_a_long_rule_name_is_broken_after_a_hyphen(capsys: pytest.CaptureFixture[str]) -> None:
    rule = configured("iam-user-group-membership-check")
    long = replace(rule, config_rule_name="every-user-of-the-account-is-in-a-group")
    table.write(audit(account(users=[user("alice")]), [long], as_of=NOW), sys.stdout)
    lines = capsys.readouterr().out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("every-user"))
    assert lines[first].split() == ["every-user-of-the-account-is-in-a-group", "1", "NON_COMPLIANT"]
    assert lines[first + 1] == "  (IAM_USER_GROUP_MEMBERSHIP_CHECK)"


def test_where_no_terminal_wraps_every_name_and_line_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    name = "a-name-" * 18
    stream = io.StringIO()
    table.write(audit(account(users=[user(name)]), RULES, as_of=NOW), stream)
    assert f"  {name}  The user is in no group\n" in stream.getvalue()


def test_of_many_findings_of_a_rule_only_some_are_listed_and_the_rest_is_counted() -> None:
    people = [user(f"user-{number:02}") for number in range(table.SHOWN + 1)]
    rules = [configured("iam-user-group-membership-check")]
    found = audit(account(users=people), rules, as_of=NOW)
    short, long = io.StringIO(), io.StringIO()
    table.write(found, short)
    table.write(found, long, every_finding=True)
    assert "user-24" in short.getvalue()
    assert "user-25" not in short.getvalue()
    assert "  and 1 more; --all, --format csv and -o FILE.html list every finding\n" in short.getvalue()
    assert "user-25" in long.getvalue()
    assert "more;" not in long.getvalue()


def test_a_rule_of_which_every_finding_is_suppressed_keeps_its_verdict() -> None:
    until = date(2026, 12, 31)
    aside = Suppression(rule="iam-user-group-membership-check", resource="alice", reason="r", owner="o", until=until)
    stream = io.StringIO()
    rules = [configured("iam-user-group-membership-check")]
    table.write(audit(account(users=[user("alice")]), rules, as_of=NOW, suppressions=[aside]), stream)
    assert "iam-user-group-membership-check  NOT_APPLICABLE, 1 suppressed\n" in stream.getvalue()


def test_a_narrowed_table_says_that_it_lists_less_than_it_counts() -> None:
    stream = io.StringIO()
    table.write(narrowed(report(), [], ["bob"]), stream)
    line = "Narrowed by severity or resource: listed are 1 of 2 NON_COMPLIANT, 0 of 1"
    assert f"\n{line}\nINSUFFICIENT_DATA\n" in stream.getvalue()
    assert "Narrowed" not in shown()


def test_every_finding_is_listed_on_demand() -> None:
    assert "alice" in shown(every_finding=True)


def test_there_is_no_colour_outside_a_terminal() -> None:
    assert "\x1b" not in shown()


def test_what_is_suppressed_is_counted_apart() -> None:
    until = date(2026, 12, 31)
    rule = "iam-user-group-membership-check"
    aside = [Suppression(rule=rule, resource=name, reason="r", owner="o", until=until) for name in ("alice", "bob")]
    people = [user(name) for name in ("alice", "bob", "carol")]
    rules = [each for each in RULES if each.rule.id in (rule, "iam-user-no-policies-check")]
    stream = io.StringIO()
    table.write(audit(account(users=people), rules, as_of=NOW, suppressions=aside), stream)
    assert "\n".join(stream.getvalue().splitlines()[5:10]) == (
        "Rule                             Findings\n"
        "MEDIUM\n"
        "iam-user-group-membership-check  1 NON_COMPLIANT, 2 suppressed\n"
        "LOW\n"
        "iam-user-no-policies-check       3 COMPLIANT"
    )
