"""A rule that takes what the credential report says for true or false never decides on anything else."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from auditor.account.credentials import FLAGS, TIMES, Credentials, ReportMarker, as_reported
from auditor.account.kinds import ResourceType
from auditor.account.model import User
from auditor.account.unknown import UnknownFact
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.rule import Context, Rule, Severity, Verdict, compliant, non_compliant
from auditor.testing import NC, UNKNOWN, C, account, credentials, user

Naive = Callable[[Any], bool]
NAIVE: dict[str, Naive] = {
    "if x": bool,
    "not x": lambda x: not x,
    "x is True": lambda x: x is True,
    "x is False": lambda x: x is False,
    "x == True": lambda x: x == True,  # noqa: E712 - what a newcomer writes
    "x != False": lambda x: x != False,  # noqa: E712 - as above
    "x in (True, 'true')": lambda x: x in (True, "true"),
    "x or a default": lambda x: bool(x or False),
    "str(x)": lambda x: str(x) == "True",
}


def naive(read: Callable[[Credentials], Any], decide: Naive) -> Rule:
    def judge(who: User, _: Context[Any]) -> Verdict:
        return compliant("yes") if decide(read(who.credentials)) else non_compliant("no")

    return Rule(
        id="naive",
        source_identifier="NAIVE",
        resource_types=(ResourceType.USER,),
        reads=frozenset(),
        severity=Severity.LOW,
        source_url="https://example.com",
        evaluate=judge,
    )


def verdict(rule: Rule, **columns: Any) -> tuple[str, str]:
    snapshot = account(users=[user("alice", credentials=credentials(**columns))])
    (finding,) = evaluate(snapshot, [configure(rule, {})]).findings
    return finding.compliance_type, finding.annotation


@pytest.mark.parametrize("decide", NAIVE.values(), ids=list(NAIVE))
@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_a_naive_rule_never_decides_on_a_marker(flag: str, decide: Naive) -> None:
    rule = naive(lambda row: getattr(row, flag), decide)
    for marker in (*ReportMarker, "TRUE", "1", ""):
        compliance_type, annotation = verdict(rule, **{flag: marker})
        assert compliance_type == UNKNOWN
        assert (flag in annotation, repr(str(marker)) in annotation) == (True, True)
    decided = {verdict(rule, **{flag: value})[0] for value in (True, False)}
    assert decided == {C, NC}


@pytest.mark.parametrize("key", [0, 1])
@pytest.mark.parametrize("decide", NAIVE.values(), ids=list(NAIVE))
def test_nor_by_the_typed_keys(key: int, decide: Naive) -> None:
    rule = naive(lambda row: row.access_keys[key].active, decide)
    for marker in ReportMarker:
        assert verdict(rule, **{f"access_key_{key + 1}_active": marker})[0] == UNKNOWN


@pytest.mark.parametrize("column", sorted(TIMES))
def test_a_time_is_a_time_or_none_or_raises(column: str) -> None:
    time = getattr(credentials(**{column: "2026-01-01T00:00:00+00:00"}), column)
    assert isinstance(time, datetime)
    for nothing in ("N/A", "no_information"):
        assert getattr(credentials(**{column: nothing}), column) is None
    for text in ("not_supported", "2026-01-01", "true", ""):
        with pytest.raises(UnknownFact, match=column):
            getattr(credentials(**{column: text}), column)


def test_no_column_is_read_as_it_is_stored() -> None:
    row = credentials(**dict.fromkeys(Credentials.__struct_fields__, ReportMarker.NOT_SUPPORTED))
    for column in Credentials.__struct_fields__:
        with pytest.raises(UnknownFact):
            getattr(row, column)
        assert as_reported(row, column) is ReportMarker.NOT_SUPPORTED
