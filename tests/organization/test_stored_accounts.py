"""Folders of stored accounts: each snapshot and each folder of exports is an account, and nothing is lost silently."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.account.snapshot import dump
from auditor.errors import SourceError
from auditor.organization.stored_accounts import read_stored
from auditor.testing import account, user

SNAPSHOT = dump(account(users=[user("alice")]))
OTHER = SNAPSHOT.replace(b"111122223333", b"000000000042")
SORTED = json.dumps(json.loads(SNAPSHOT), indent=2, sort_keys=True).encode()
REPORT = b'{"format": "iam-audit-report", "version": 1}'


def put(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def found(folder: Path) -> dict[str, str | None]:
    """Return the number of each account by its place in the folder."""
    listed = read_stored(str(folder))
    assert all(each.source == str(folder / each.name) for each in listed.accounts)
    assert len({each.key for each in listed.accounts}) == len(listed.accounts)
    assert not any("/" in each.key for each in listed.accounts)
    return {each.name: each.id for each in listed.accounts}


def test_snapshots_and_exports_are_found_in_folders(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a.json": SNAPSHOT,
            "b.snapshot.json.gz": gzip.compress(OTHER),
            "team/sorted.json": SORTED,
            "team/export/account-summary.json": b"{}",
            "team/export/credential-report.csv": b"",
        },
    )
    numbers = {"a.json": "111122223333", "b.snapshot.json.gz": "000000000042"}
    assert found(tmp_path) == numbers | {"team/sorted.json": None, "team/export": None}
    assert read_stored(str(tmp_path)).warnings == ()


def test_a_folder_of_exports_is_one_account(tmp_path: Path) -> None:
    put(tmp_path, {"account-authorization-details.json": b"{}", "later.json": SNAPSHOT})
    listed = read_stored(str(tmp_path))
    assert [each.source for each in listed.accounts] == [str(tmp_path), str(tmp_path / "later.json")]


def test_what_a_run_stored_is_found(tmp_path: Path) -> None:
    place = "org=o-1/date=20261124T020000Z/account="
    stored = {
        f"{place}{number}/{name}": content
        for number, snapshot in (("111122223333", SNAPSHOT), ("000000000042", OTHER))
        for name, content in (("snapshot.json.gz", gzip.compress(snapshot)), ("report.json.gz", gzip.compress(REPORT)))
    }
    put(tmp_path, stored)
    assert sorted(filter(None, found(tmp_path).values())) == ["000000000042", "111122223333"]
    assert [each.key for each in read_stored(str(tmp_path)).accounts] == ["000000000042", "111122223333"]


def test_a_file_that_is_only_called_like_the_list_of_a_run_is_none(tmp_path: Path) -> None:
    put(tmp_path, {"run.json": b"{}", "a.json": SNAPSHOT})
    assert found(tmp_path) == {"a.json": "111122223333"}


def test_the_list_of_a_run_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, {"run.json": b'{"format": "iam-audit-run", "version": 1, "acc', "account=1/snapshot.json": SNAPSHOT})
    with pytest.raises(SourceError, match=r"run\.json is a damaged list of accounts"):
        read_stored(str(tmp_path))


def test_an_account_that_is_stored_twice_counts_twice_and_is_told(tmp_path: Path) -> None:
    put(tmp_path, {"monday/a.json": SNAPSHOT, "tuesday/a.json": SNAPSHOT, "b.json": OTHER, "tuesday~a.json": SNAPSHOT})
    assert len(found(tmp_path)) == 4
    (warning,) = read_stored(str(tmp_path)).warnings
    assert warning == f"{tmp_path}: accounts that are stored more than once, and each counts: 111122223333"


def test_files_that_cannot_be_understood_are_accounts(tmp_path: Path) -> None:
    damaged = {
        "cut.json": SNAPSHOT[:-100],
        "cut.json.gz": gzip.compress(SNAPSHOT)[:-20],
        "half.json": b'{"accounts": [',
        "empty.json": b"",
        "noise.json.gz": b"\x1f\x8b noise",
        "deep.json": b"[" * 100_000,
    }
    put(tmp_path, damaged)
    assert found(tmp_path).keys() == damaged.keys()


def test_other_files_are_told(tmp_path: Path) -> None:
    others = {"report.json": REPORT, "list.json": b"[1]", "x.txt": SNAPSHOT, "accounts.csv": b"id\n", "n.json": b"{}"}
    put(tmp_path, {"a.json": SNAPSHOT, **others, "1/2/3/4/b.json": SNAPSHOT})
    stored = read_stored(str(tmp_path))
    assert stored.warnings[0] == (
        f"{tmp_path}: neither snapshots nor exports, and not read: accounts.csv, list.json, n.json, report.json, x.txt"
    )
    assert [account.name for account in stored.accounts] == ["1/2/3/4/b.json", "a.json"]


def test_folders_that_are_too_deep_are_an_error(tmp_path: Path) -> None:
    put(tmp_path, {"a.json": SNAPSHOT, "1/2/3/4/5/6/7/8/9/b.json": SNAPSHOT})
    with pytest.raises(SourceError, match="too deep to be searched: 1/2/3/4/5/6/7/8/9"):
        read_stored(str(tmp_path))


def test_many_other_files_are_counted(tmp_path: Path) -> None:
    put(tmp_path, {"a.json": SNAPSHOT, **{f"{number}.txt": b"" for number in range(20)}})
    (warning,) = read_stored(str(tmp_path)).warnings
    assert warning.endswith("0.txt, 1.txt, 10.txt, 11.txt, 12.txt and 15 more")


def test_a_folder_without_accounts_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, {"empty/report.json": REPORT})
    for place, message in (("empty", "neither snapshots nor"), ("none", "is not there"), ("empty/report.json", "no")):
        with pytest.raises(SourceError, match=message) as raised:
            read_stored(str(tmp_path / place))
        assert raised.value.hint
