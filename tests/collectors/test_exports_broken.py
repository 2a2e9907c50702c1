"""Exports that cannot be read: refused with the name of the file and the remedy."""

import json
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from exports_folder import DETAILS, DEVICES, PASSWORD_POLICY, REPORT, SUMMARY

from auditor.collectors.cli_output.folder import collect
from auditor.errors import SourceError

BROKEN = {
    "truncated": (DETAILS, json.dumps(folder_of.details())[:200], "cannot be read"),
    "a wrong type": (SUMMARY, {"SummaryMap": {"Users": "four"}}, r"\$.SummaryMap"),
    "a required key missing": (PASSWORD_POLICY, {}, "PasswordPolicy"),
    "nested too deeply": (DETAILS, "[" * 100_000, "cannot be read"),
    "not text": (SUMMARY, b"\xff\x00\xc3", "is not text"),
    "content that is no base64": (REPORT, {"Content": "%%%"}, "is not base64"),
    "content that is no report": (REPORT, folder_of.credential_report("a,b\n1,2"), "has no column"),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_is_refused_with_its_name(tmp_path: Path, name: str, content: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        collect(folder_of.write(tmp_path / "exports", {name: content}), None)
    assert name in raised.value.message
    assert raised.value.hint


def test_a_folder_without_exports_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds none of the files"):
        collect(tmp_path, None)
    with pytest.raises(SourceError, match="is not a folder"):
        collect(tmp_path / "nowhere", None)


def test_two_accounts_in_one_folder_are_refused(tmp_path: Path) -> None:
    other = json.loads(json.dumps(folder_of.details()).replace("111122223333", "444455556666"))
    with pytest.raises(SourceError, match="mixes the data of accounts 111122223333 and 444455556666"):
        collect(folder_of.write(tmp_path / "exports", {DETAILS: other}), None)


def test_devices_of_another_account_are_refused(tmp_path: Path) -> None:
    """Among them is none of this account's root, who would seem to have no virtual device."""
    other = json.loads(json.dumps(folder_of.devices()).replace("111122223333", "444455556666"))
    with pytest.raises(SourceError, match="mixes the data of accounts 111122223333 and 444455556666"):
        collect(folder_of.write(tmp_path / "exports", {DEVICES: other}), None)


def test_two_forms_of_the_report_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"credential-report.csv and credential-report.json"):
        collect(folder_of.write(tmp_path / "exports", {"credential-report.csv": folder_of.GOLDEN_REPORT}), None)


def test_pages_that_contradict_are_refused(tmp_path: Path) -> None:
    other = folder_of.details()
    other["UserDetailList"][0]["GroupList"] = []
    changes = {"account-authorization-details-2.json": other}
    with pytest.raises(SourceError, match="twice, with different content"):
        collect(folder_of.write(tmp_path / "exports", changes), None)
