"""How rules weigh facts of which some are unknown, and read times out of the credential report."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.account.kinds import ResourceType
from auditor.account.model import User
from auditor.account.unknown import UnknownFact, evaluate_quietly, undecided, witnessed
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.judging.rule import (
    ComplianceType,
    Context,
    Rule,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    proofs,
)
from auditor.testing import NC, REPORT_TIME, UNKNOWN, WITHHELD, C, account, credentials, user

SECOND = timedelta(seconds=1)


def doubt() -> None:
    raise undecided("it is not clear")


def withheld() -> None:
    raise UnknownFact(WITHHELD, "path")


def swallowed() -> None:
    with suppress(UnknownFact):
        withheld()


def judged(*questions: Any) -> tuple[ComplianceType, str]:
    """Return what the engine makes of a rule that is NON_COMPLIANT by any proof."""

    def ask(_: User, __: Context[Any]) -> Verdict:
        found = proofs(*questions)
        return non_compliant(", ".join(found)) if found else compliant("no proof")

    rule = Rule(
        id="test-rule",
        source_identifier="TEST_RULE",
        resource_types=(ResourceType.USER,),
        reads=frozenset(),
        severity=Severity.LOW,
        source_url="https://example.com",
        evaluate=ask,
    )
    (finding,) = evaluate(account(users=[user("alice")]), [configure(rule, {})]).findings
    return finding.compliance_type, finding.annotation


def first() -> str:
    return "first"


def second() -> str:
    return "second"


def nothing() -> None:
    return None


GRANT = "The case withholds it; grant iam:Test"


@pytest.mark.parametrize(
    ("questions", "expected"),
    [
        pytest.param([nothing, nothing], (C, "no proof"), id="all are answered, none with a proof"),
        pytest.param([first, nothing, second], (NC, "first, second"), id="every proof is given"),
        pytest.param([doubt, first], (NC, "first"), id="a proof after an open question"),
        pytest.param([first, withheld], (NC, "first"), id="a proof before an open question"),
        pytest.param([nothing, doubt], (UNKNOWN, "Undecided: it is not clear"), id="an open question and no proof"),
        pytest.param([doubt, withheld], (UNKNOWN, GRANT), id="of open questions the one that names what to grant"),
        pytest.param([swallowed, nothing], (UNKNOWN, GRANT), id="an unknown that a question swallows stays one"),
        pytest.param([], (C, "no proof"), id="no question"),
    ],
)
def test_what_is_proven_stands_and_what_is_open_stays_open(questions: Any, expected: Any) -> None:
    assert judged(*questions) == expected


def test_who_hears_an_unknown_is_left_to_decide_about_it() -> None:
    with witnessed() as raised:
        answer = evaluate_quietly(withheld)
        assert isinstance(answer, UnknownFact)
        assert answer.gap_id == WITHHELD
        assert evaluate_quietly(first) == "first"
        assert raised == []


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24T01:00:00Z", REPORT_TIME),
        ("2026-11-24T01:00:00+00:00", REPORT_TIME),
        ("2026-11-24T03:30:00+02:30", REPORT_TIME),
        ("2026-11-24T01:00:00.250Z", REPORT_TIME + SECOND / 4),
        ("2099-01-01T00:00:00Z", datetime(2099, 1, 1, tzinfo=UTC)),
        ("N/A", None),
        ("n/a", None),
        ("no_information", None),
        ("NO_INFORMATION", None),
    ],
)
def test_a_time_of_the_report_is_a_time_or_never(text: str, time: datetime | None) -> None:
    assert credentials(password_last_used=text).password_last_used == time


@pytest.mark.parametrize(
    "text",
    [
        "not_supported",
        "2026-11-24T01:00:00",
        "2026-11-24",
        "2026-13-01T00:00:00Z",
        "yesterday",
        "",
        " N/A",
        "1764000000",
    ],
)
def test_what_is_neither_is_undecided_and_named(text: str) -> None:
    with pytest.raises(UnknownFact) as raised:
        _ = credentials(password_last_used=text).password_last_used
    assert (raised.value.gap_id, raised.value.reason) == (
        None,
        f"the credential report says {text!r} in password_last_used",
    )


@pytest.mark.parametrize(("text", "further"), [(None, False), ("N/A", False), ("n/a", False), ("2 more", True)])
def test_further_credentials_leave_a_row_undecided(text: str | None, further: bool) -> None:
    row = credentials(additional_credentials_info=text)
    assert isinstance(evaluate_quietly(lambda: row.additional_credentials_info), UnknownFact) is further
