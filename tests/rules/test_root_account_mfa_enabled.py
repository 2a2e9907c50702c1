"""Cases of root-account-mfa-enabled."""

import pytest
from root_account import judged, row, summary

from auditor.account.credentials import ReportMarker
from auditor.account.unknown import with_gaps
from auditor.testing import NA, NC, UNKNOWN, WITHHELD, C, Case, credentials
from rules.root_account_mfa_enabled import RULE

NOT_SUPPORTED = ReportMarker.NOT_SUPPORTED
AGES_AGO = "2020-01-01T00:00:00Z"
WITHOUT_PASSWORD_COUNT = {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}

CASES = [
    judged("MFA, by both sources", C, summary(mfa=1), row(mfa=True)),
    judged("no MFA, by both sources", NC, summary(), row()),
    judged("MFA, by the summary alone", C, summary(mfa=1), None),
    judged("no MFA, by the summary alone", NC, summary(), None),
    judged("MFA, by the report alone", C, None, row(mfa=True)),
    judged("no MFA, by the report alone", NC, None, row()),
    judged("neither was read", UNKNOWN, None, None),
    judged("no credentials, by both sources", NA, summary(password=0), row(password=False)),
    judged("no credentials, by the summary alone", NA, summary(password=0), None),
    judged("no credentials, by the report alone", NA, None, row(password=False)),
    judged("a key without a password is a credential", NC, None, row(password=False, access_key_2_active=True)),
    judged("a key without a password, with MFA", C, None, row(password=False, access_key_1_active=True, mfa=True)),
    judged(
        "a key that is not active is none",
        NA,
        None,
        row(password=False, access_key_1_last_rotated=AGES_AGO),
    ),
    judged(
        "a key that is not active, which the summary counts, is none",
        NA,
        summary(keys=1, password=0),
        row(password=False, access_key_1_last_rotated=AGES_AGO),
    ),
    judged("a key that may be active, by the summary alone", UNKNOWN, summary(keys=1, password=0), None),
    judged(
        "an active key that the summary counts too",
        NC,
        summary(keys=1, password=0),
        row(password=False, access_key_1_active=True),
    ),
    judged("an old report tells nothing of root's password", UNKNOWN, None, row(password=NOT_SUPPORTED, mfa=True)),
    judged("an old report, and the summary", C, summary(mfa=1), row(password=NOT_SUPPORTED, mfa=True)),
    judged("an old report, and the summary without MFA", NC, summary(), row(password=NOT_SUPPORTED)),
    judged("an old report of root with a key", NC, None, row(password=NOT_SUPPORTED, access_key_1_active=True)),
    judged("MFA that the report does not tell, and the summary", C, summary(mfa=1), row(mfa=NOT_SUPPORTED)),
    judged("MFA that neither tells", UNKNOWN, None, row(mfa=ReportMarker.NOT_APPLICABLE)),
    judged("a summary without any count of root is not one of zeros", UNKNOWN, {"Users": 3}, None),
    judged("a summary without the count of passwords", UNKNOWN, WITHOUT_PASSWORD_COUNT, None),
    judged("a summary without the count of passwords, and the report", C, WITHOUT_PASSWORD_COUNT, row(mfa=True)),
    judged(
        "a summary without the count of MFA, and the report",
        NC,
        {"AccountPasswordPresent": 1, "AccountAccessKeysPresent": 0},
        row(),
    ),
    judged(
        "a blank password column, and a key",
        NC,
        None,
        with_gaps(row(access_key_1_active=True), {"password_enabled": WITHHELD}),
    ),
    judged("a blank password column", UNKNOWN, None, with_gaps(row(), {"password_enabled": WITHHELD})),
    judged("a blank MFA column", UNKNOWN, None, with_gaps(row(), {"mfa_active": WITHHELD})),
    judged(
        "further keys that the report does not describe",
        UNKNOWN,
        None,
        row(password=False, additional_credentials_info="1 more key"),
    ),
    judged("further keys beside a password", NC, None, row(additional_credentials_info="1 more key")),
    judged("aws-cn, where there is no root row", NA, summary(), None, partition="aws-cn"),
    judged("aws-us-gov", NA, summary(), row(), partition="aws-us-gov"),
    judged("a partition that AWS's list does not speak of", NC, summary(), row(), partition="aws-iso"),
]

CONTRADICTIONS = [
    judged("the summary knows of MFA that the report lacks", UNKNOWN, summary(mfa=1), row()),
    judged("the report knows of MFA that the summary lacks", UNKNOWN, summary(), row(mfa=True)),
    judged("the summary counts no password, the report has one", UNKNOWN, summary(password=0), row()),
    judged("the summary counts a password, the report has none", UNKNOWN, summary(), row(password=False)),
    judged(
        "the summary counts no key, the report has an active one",
        UNKNOWN,
        summary(password=0),
        row(password=False, access_key_1_active=True),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=str)
def test_contradicting_sources_leave_it_undecided(case: Case) -> None:
    (finding,) = case.check(RULE).findings
    assert finding.annotation.startswith("Undecided: the account summary and the credential report contradict each")


def said(case: Case) -> tuple[str, list[str]]:
    (finding,) = case.check(RULE).findings
    return finding.annotation, [f"{fact.path}={fact.value}" for fact in finding.evidence]


def test_the_finding_names_the_sources_that_told() -> None:
    counted = ["summary.AccountPasswordPresent=1", "summary.AccountMFAEnabled=0"]
    reported = ["root_credentials.password_enabled=True", "root_credentials.mfa_active=False"]
    words = "Root has credentials and no MFA"
    assert said(judged("", NC, summary(), None)) == (words, counted)
    assert said(judged("", NC, None, row())) == (words, reported)
    both = [counted[0], reported[0], counted[1], reported[1]]
    assert said(judged("", NC, summary(), row())) == (words, both)


def test_without_credentials_the_finding_says_so() -> None:
    assert said(judged("", NA, None, credentials())) == (
        "Root has neither a password nor an active access key",
        [
            f"root_credentials.{name}=False"
            for name in ("password_enabled", "access_key_1_active", "access_key_2_active")
        ],
    )


def test_what_neither_source_told_names_the_action_to_grant() -> None:
    assert said(judged("", UNKNOWN, {}, None))[0] == "The case withholds it; grant iam:Test"


def test_a_count_that_is_missing_is_named() -> None:
    annotation, _ = said(judged("", UNKNOWN, {"AccountPasswordPresent": 1}, row(mfa=NOT_SUPPORTED)))
    assert annotation == "Undecided: the account summary lacks AccountMFAEnabled"
