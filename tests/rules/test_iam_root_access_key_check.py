"""Cases of iam-root-access-key-check."""

import pytest
from root_account import ROTATED, judged, row, summary

from auditor.account.credentials import ReportMarker
from auditor.account.unknown import with_gaps
from auditor.testing import NC, UNKNOWN, WITHHELD, C, Case
from rules.iam_root_access_key_check import RULE

CASES = [
    judged("no key, by both sources", C, summary(), row()),
    judged("no key, by the summary alone", C, summary(), None),
    judged("no key, by the report alone", C, None, row()),
    judged("a key, by the summary alone", NC, summary(keys=1), None),
    judged("two keys, by the summary", NC, summary(keys=2), None),
    judged("an active key, by the report alone", NC, None, row(access_key_1_active=True)),
    judged("the second key", NC, None, row(access_key_2_active=True, access_key_2_last_rotated=ROTATED)),
    judged("a key that is not active, by the report", NC, None, row(access_key_1_last_rotated=ROTATED)),
    judged("a key that is not active, by both", NC, summary(keys=1), row(access_key_2_last_rotated=ROTATED)),
    judged("no credentials at all", C, summary(password=0), row(password=False)),
    judged("neither was read", UNKNOWN, None, None),
    judged("a summary without the count of keys is not one of zero", UNKNOWN, {"AccountPasswordPresent": 1}, None),
    judged("a summary without the count of keys, and the report", C, {"AccountPasswordPresent": 1}, row()),
    judged("a key state that is not supported", UNKNOWN, None, row(access_key_1_active=ReportMarker.NOT_SUPPORTED)),
    judged(
        "a key state that is not supported, and the summary",
        C,
        summary(),
        row(access_key_1_active=ReportMarker.NOT_SUPPORTED),
    ),
    judged(
        "a key state that is not supported beside a key",
        NC,
        None,
        row(access_key_1_active=ReportMarker.NOT_SUPPORTED, access_key_2_active=True),
    ),
    judged("a rotation that is not supported", UNKNOWN, None, row(access_key_1_last_rotated="not_supported")),
    judged("a rotation that cannot be read", UNKNOWN, None, row(access_key_1_last_rotated="2020")),
    judged("a blank column", UNKNOWN, None, with_gaps(row(), {"access_key_2_last_rotated": WITHHELD})),
    judged("a blank column, and the summary", C, summary(), with_gaps(row(), {"access_key_2_last_rotated": WITHHELD})),
    judged("further keys that the report does not describe", UNKNOWN, None, row(additional_credentials_info="1 more")),
    judged("aws-cn, where there is no root row", C, summary(), None, partition="aws-cn"),
    judged("aws-us-gov", NC, summary(keys=1), None, partition="aws-us-gov"),
]

CONTRADICTIONS = [
    judged("the summary counts a key that the report lacks", UNKNOWN, summary(keys=1), row()),
    judged("the report has a key that the summary lacks", UNKNOWN, summary(), row(access_key_1_active=True)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=str)
def test_contradicting_sources_leave_it_undecided(case: Case) -> None:
    (finding,) = case.check(RULE).findings
    assert finding.annotation == (
        "Undecided: the account summary and the credential report contradict each other "
        "on whether root has an access key"
    )


def test_the_finding_shows_the_key_and_names_the_report() -> None:
    (finding,) = judged("", NC, None, row(access_key_1_last_rotated=ROTATED)).check(RULE).findings
    assert finding.annotation == "Root has an access key"
    assert [(fact.path, fact.value) for fact in finding.evidence] == [
        ("root_credentials.access_key_1_last_rotated", ROTATED)
    ]
