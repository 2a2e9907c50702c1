"""Credential reports that are damaged: refused, or unknown where they cannot be believed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from exports_folder import DETAILS, DEVICES, GOLDEN_REPORT, REPORT, SUMMARY

from auditor.account.credentials import Credentials, as_reported
from auditor.account.snapshot import dump, load
from auditor.account.unknown import gaps_of
from auditor.collectors.cli_output import folder as exports
from auditor.collectors.credential_report import CredentialReport, read
from auditor.errors import SourceError

HEADER, ROOT, *_, ALICE, CI = GOLDEN_REPORT.splitlines()
COLUMNS = HEADER.split(",")


def report(*lines: str, whole: bool = True, end: str = "\n") -> CredentialReport:
    return read(end.join(lines), datetime(2026, 11, 24, 1, tzinfo=UTC), "report.csv", whole=whole)


def alice(**cells: str) -> str:
    """Return alice's row with some cells replaced."""
    values = dict(zip(COLUMNS, ALICE.split(","), strict=True)) | cells
    return ",".join(values[column] for column in COLUMNS)


def unknown(found: CredentialReport) -> dict[str, str]:
    return {column: gap.split(":")[1] for column, gap in gaps_of(found.users["alice"].credentials).items()}


REFUSED = {
    "NUL": ([HEADER, alice(user="al\0ice")], "holds a NUL character"),
    "a quote that is never closed": ([HEADER, f'"{ALICE}'], "line 2 cannot be read: unexpected end of data"),
    "a quote that is closed within a cell": ([HEADER, f'"alice"x{ALICE[5:]}'], "line 2 cannot be read: ',' expected"),
    "a cell too many": ([HEADER, f"{ALICE},"], "line 2 does not have the cells"),
    "a row of one cell": ([HEADER, "alice"], "line 2 does not have the cells"),
    "a row cut in its ARN": ([HEADER, ALICE[:40]], "line 2 does not have the cells"),
    "a blank ARN": ([HEADER, alice(arn="")], "line 2 does not have the cells"),
    "the header twice": ([HEADER, ALICE, HEADER, CI], "line 3 has no ARN"),
    "no header": ([ALICE, CI], "has no column user, arn, user_creation_time"),
    "a header of other case": ([HEADER.upper(), ALICE], "has no column user, arn, user_creation_time"),
    "two marks": (["\ufeff\ufeff" + HEADER, ALICE], "has no column user"),
    "a column twice": ([f"{HEADER},user", f"{ALICE},alice"], "has the column user twice"),
    "tabs": ([HEADER.replace(",", "\t"), ALICE.replace(",", "\t")], "has no column"),
}


@pytest.mark.parametrize(("lines", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_report_that_cannot_be_read_is_refused(lines: list[str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as raised:
        report(*lines)
    assert raised.value.message.startswith("report.csv is not a credential report: ")
    assert raised.value.hint


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_a_line_and_blank_lines_do_no_harm(end: str) -> None:
    assert report("", HEADER, "", ROOT, ALICE, "", "", CI, "", end=end) == report(HEADER, ROOT, ALICE, CI)


TIMES = [column for column in Credentials.__struct_fields__ if column.endswith(("_date", "_changed", "_rotated"))]


@pytest.mark.parametrize("column", [*TIMES, "password_last_used", "password_next_rotation"])
@pytest.mark.parametrize(
    "time",
    ["2026-11-24", "2026-11-24T03:00:00", "2026-11-24T03:00:00+00", "2026-13-24T03:00:00Z", "no_info", "N", "now"],
)
def test_what_could_be_the_start_of_a_time_is_unknown(column: str, time: str) -> None:
    assert unknown(report(HEADER, alice(**{column: time}))) == {column: "UnreadableCell"}


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-24T03:00:00Z",
        "2026-11-24T03:00:00+00:00",
        "2026-11-24T03:00:00.5-07:30",
        "N/A",
        "no_information",
        "n/a",
    ],
)
def test_times_and_the_words_for_none_are_kept_as_they_are_written(time: str) -> None:
    credentials = report(HEADER, alice(password_last_changed=time)).users["alice"].credentials
    assert as_reported(credentials, "password_last_changed") == time


@pytest.mark.parametrize("time", ["2025-01-01", "2025-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "N/A", ""])
def test_a_time_of_creation_that_may_be_cut_is_unknown(time: str) -> None:
    assert report(HEADER, alice(user_creation_time=time)).users["alice"].created_at is None


def test_the_last_cell_of_a_short_row_may_be_cut() -> None:
    cells = ALICE.split(",")
    region = COLUMNS.index("access_key_1_last_used_region")
    cut = report(HEADER, ",".join([*cells[:region], "us-east"]))
    assert set(unknown(cut)) == set(COLUMNS[region:])
    assert set(unknown(cut).values()) == {"CutRow"}


@pytest.mark.parametrize(
    ("whole", "end", "known"), [(True, "", True), (False, "\n", True), (False, "\r\n", True), (False, "", False)]
)
def test_words_at_the_very_end_may_be_cut_if_nothing_shows_the_end(whole: bool, end: str, known: bool) -> None:
    found = report(f"{HEADER},additional_credentials_info", f"{ALICE},3 ke{end}", whole=whole)
    assert unknown(found) == ({} if known else {"additional_credentials_info": "CutRow"})


def test_flags_and_times_at_the_very_end_show_themselves_whether_they_are_cut() -> None:
    assert unknown(report(HEADER, ALICE, whole=False)) == {}
    assert unknown(report(HEADER, ALICE[:-1], whole=False)) == {"cert_2_last_rotated": "UnreadableCell"}


CONTRADICTIONS = {
    "in other case": alice(user="ALICE", arn="arn:aws:iam::111122223333:user/ALICE"),
    "with another verdict": alice(mfa_active="false"),
    "with another ARN": alice(arn="arn:aws:iam::111122223333:user/x/alice"),
    "cut the second time": ALICE[:-10],
    "under another name": alice(user="zoe"),
}


@pytest.mark.parametrize("row", CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_users_listed_twice_in_contradiction_are_not_believed(row: str) -> None:
    for rows in ((ALICE, CI, row), (row, CI, ALICE)):
        users = report(HEADER, *rows).users.values()
        assert [each.user for each in users if not each.doubtful] == ["ci"]
        assert len(users) == 2


def test_a_report_of_contradictions_makes_a_snapshot_that_can_be_saved(tmp_path: Path) -> None:
    text = "\n".join([HEADER, ROOT, ALICE, CI, *CONTRADICTIONS.values()])
    changes: dict[str, Any] = {REPORT: folder_of.credential_report(text), DETAILS: None, SUMMARY: None}
    snapshot = exports.collect(folder_of.write(tmp_path, changes), None)
    assert [user.name for user in snapshot.users.known_part] == ["alice", "ci"]
    assert dump(load(dump(snapshot), "saved")) == dump(snapshot)


@pytest.mark.parametrize(("form", "believed"), [(REPORT, True), ("credential-report.csv", False)])
def test_only_a_report_that_cannot_be_cut_proves_that_there_are_no_users(
    tmp_path: Path, form: str, believed: bool
) -> None:
    text = f"{HEADER}\n{ROOT}\n"
    changes: dict[str, Any] = {
        DETAILS: folder_of.details() | {"UserDetailList": []},
        SUMMARY: None,
        DEVICES: None,
        REPORT: None,
        form: folder_of.credential_report(text) if believed else text,
    }
    snapshot = exports.collect(folder_of.write(tmp_path, changes), None)
    assert snapshot.users.gap == (None if believed else "users:EmptyUnconfirmed")
