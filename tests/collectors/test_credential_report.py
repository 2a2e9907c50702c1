"""The credential report: read by column name, with every word of AWS's kept apart."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.account.credentials import Credentials, ReportMarker, as_reported
from auditor.account.unknown import UnknownFact, gaps_of
from auditor.collectors.credential_report import CredentialReport, read
from auditor.errors import SourceError

GOLDEN = (Path(__file__).parents[1] / "support/golden_credential_report.csv").read_text(encoding="utf-8")
HEADER = GOLDEN.splitlines()[0]
GENERATED_AT = datetime(2026, 11, 24, 1, tzinfo=UTC)


def report(text: str = GOLDEN) -> CredentialReport:
    return read(text, GENERATED_AT, "credential-report.csv")


def row_of(**cells: str) -> Credentials:
    """Return the credentials of alice, with some cells of her row replaced."""
    names = HEADER.split(",")
    values = dict(zip(names, GOLDEN.splitlines()[4].split(","), strict=True)) | cells
    return report("\n".join([HEADER, ",".join(values[name] for name in names)])).users["alice"].credentials


def test_root_is_not_a_user() -> None:
    golden = report()
    assert list(golden.users) == ["a,b", "=cmd()", "alice", "ci"]
    assert golden.root is not None
    assert golden.root.credentials.mfa_active is True


def test_root_is_not_a_user_in_old_reports_either() -> None:
    old = report(GOLDEN.replace(":root,2019-02-01T08:00:00Z,true", ":root,2019-02-01T08:00:00Z,not_supported"))
    assert "<root_account>" not in old.users
    assert old.root is not None
    assert as_reported(old.root.credentials, "password_enabled") is ReportMarker.NOT_SUPPORTED


def test_names_with_commas_quotes_and_formulas_survive() -> None:
    quoted = GOLDEN.replace('"a,b"', '"say ""hi"", b"')
    assert list(report(quoted).users)[:2] == ['say "hi", b', "=cmd()"]


@pytest.mark.parametrize("word", ["true", "TRUE", "True"])
def test_true_is_read_in_every_spelling(word: str) -> None:
    assert row_of(password_enabled=word).password_enabled is True


@pytest.mark.parametrize("word", ["false", "FALSE", "False"])
def test_false_is_read_in_every_spelling(word: str) -> None:
    assert row_of(mfa_active=word).mfa_active is False


@pytest.mark.parametrize("marker", list(ReportMarker))
def test_words_instead_of_a_flag_stay_three_values(marker: ReportMarker) -> None:
    assert as_reported(row_of(mfa_active=marker.value), "mfa_active") is marker


def test_words_instead_of_a_time_stay_three_values() -> None:
    times = [as_reported(row_of(password_last_used=marker.value), "password_last_used") for marker in ReportMarker]
    assert times == ["N/A", "no_information", "not_supported"]


def test_inactive_keys_keep_their_rotation_dates() -> None:
    credentials = report().users["=cmd()"].credentials
    rotated_at = datetime(2024, 1, 1, tzinfo=UTC)
    assert (credentials.access_key_2_active, credentials.access_key_2_last_rotated) == (False, rotated_at)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("", "BlankCell:mfa_active"), ("maybe", "UnreadableCell:mfa_active")],
)
def test_a_damaged_flag_is_unknown(cell: str, code: str) -> None:
    assert gaps_of(row_of(mfa_active=cell)) == {"mfa_active": f"credential-report:{code}"}


def test_a_missing_column_is_unknown_and_the_others_are_read() -> None:
    names = HEADER.split(",")
    place = names.index("mfa_active")
    lines = [line.split(",") for line in GOLDEN.splitlines() if '"' not in line]
    cut = report("\n".join(",".join(cells[:place] + cells[place + 1 :]) for cells in lines))
    alice = cut.users["alice"].credentials
    assert gaps_of(alice) == {"mfa_active": "credential-report:MissingColumn:mfa_active"}
    assert alice.password_enabled is True
    assert [gap.message for gap in cut.gaps] == ["The credential report has no mfa_active"]


def test_columns_are_found_by_name_and_unknown_ones_are_passed_over() -> None:
    lines = [line.split(",") for line in GOLDEN.splitlines() if '"' not in line]
    turned = report("\n".join(",".join([*reversed(cells), "new"]) for cells in lines))
    assert turned.users["alice"].credentials == report().users["alice"].credentials


def test_the_23rd_column_is_kept_when_it_is_there() -> None:
    lines = GOLDEN.splitlines()
    text = "\n".join([f"{lines[0]},additional_credentials_info", f"{lines[4]},3 keys"])
    assert as_reported(report(text).users["alice"].credentials, "additional_credentials_info") == "3 keys"
    assert report().users["alice"].credentials.additional_credentials_info is None


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_byte_order_marks_and_windows_line_ends_do_no_harm(change: object) -> None:
    assert callable(change)
    assert report(change(GOLDEN)) == report()


def test_a_user_listed_twice_alike_is_one_user() -> None:
    assert report(f"{GOLDEN}\n{GOLDEN.splitlines()[4]}") == report()


def test_a_user_listed_twice_in_contradiction_is_not_believed() -> None:
    twice = report(f"{GOLDEN}\n{GOLDEN.splitlines()[4].replace(',true,false,', ',false,false,', 1)}")
    assert twice.users["alice"].doubtful
    with pytest.raises(UnknownFact):
        twice.users["alice"].credentials.mfa_active  # noqa: B018 - reading it is what raises


def test_a_report_with_a_header_only_has_no_users() -> None:
    assert report(HEADER).users == {}


def test_a_last_line_that_was_cut_leaves_facts_unknown() -> None:
    cut = report("\n".join([HEADER, "alice,arn:aws:iam::111122223333:user/alice,2025-01-01T00:00:00Z,tr"]))
    assert {"password_enabled", "mfa_active"} <= set(gaps_of(cut.users["alice"].credentials))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column user, arn, user_creation_time"),
        ("name,arn\nalice,x", "no column user, user_creation_time"),
        (f"{HEADER},mfa_active\n{GOLDEN.splitlines()[4]},true", "it has the column mfa_active twice"),
        (f"{HEADER}\nalice", "line 2 does not have the cells"),
        (f"{HEADER}\n{GOLDEN.splitlines()[4]},one,more", "line 2 does not have the cells"),
        (f'{HEADER}\n"alice,never closed', "unexpected end of data"),
    ],
)
def test_what_is_no_report_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as raised:
        report(text)
    assert raised.value.message.startswith("credential-report.csv is not a credential report")
    assert raised.value.hint
