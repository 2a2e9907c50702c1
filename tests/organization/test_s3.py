"""Storage in S3: what is written is read again, what is there is not replaced unasked, and a refusal is one error."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from aws_server import lead_to, serving
from conftest import Run
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from organization_runs import manifest_of, nights_of_runs, nothing, stored_accounts, work_of

from auditor.errors import OutputError, SourceError, UsageError
from auditor.organization import runs
from auditor.organization.executors.threads import Threads
from auditor.organization.names import REPORT
from auditor.organization.records import State
from auditor.organization.s3 import client_of
from auditor.organization.storage import Folder, Storage, Store
from auditor.organization.stores import opened_run, storage_of


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Serve S3 with one bucket, and lead the environment to it."""
    with serving(DomainDispatcherApplication(create_backend_app)) as url:
        lead_to(url, monkeypatch, tmp_path)
        client_of.cache_clear()  # it leads to the server of another test
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        s3_backends["123456789012"]["aws"].reset()
        boto3.client("s3").create_bucket(Bucket="audits")
        yield "s3://audits/nightly"


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return a storage of each kind."""
    if request.param == "folder":
        return Folder(str(tmp_path / "store"))
    return storage_of(request.getfixturevalue("bucket"))


def test_a_storage_keeps_what_is_written(storage: Storage) -> None:
    name = "org=o-1/date=1/account=1/receipt.json"
    assert storage.read(name) is None
    storage.write(name, b"one")
    storage.write(name, b"two")
    assert storage.read(name) == b"two"
    assert not storage.add(name, b"three")
    assert storage.read(name) == b"two"
    storage.remove(name)
    storage.remove(name)
    assert storage.read(name) is None
    assert storage.add(name, b"")
    assert storage.read(name) == b""


def test_a_run_in_a_bucket_is_that_in_a_folder(tmp_path: Path, bucket: str) -> None:
    manifest = manifest_of(stored_accounts(tmp_path / "accounts", 3))
    folder, store = Folder(str(tmp_path / "runs")), storage_of(bucket)
    for storage in (folder, store):
        runs.begin(storage, manifest)
        runs.carry_out(manifest.accounts, work_of(manifest, storage), Threads(2), nothing, live=False)
    again, name = opened_run(f"{bucket}/{manifest.run}")
    assert runs.opened(again, name).accounts == manifest.accounts
    report = runs.report_of(again, manifest)
    assert report.accounts == runs.report_of(folder, manifest).accounts
    assert report.summary.states[State.AUDITED] == 3
    names = [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="audits")["Contents"]]
    assert f"nightly/{manifest.run}/account=0001.json/{REPORT}" in names


def test_folders_are_listed(storage: Store) -> None:
    for name in (
        "org=o-2/date=1/a",
        "org=o-1/date=2/a",
        "org=o-1/date=1/a",
        "org=o-1/date=1/b",
        "file",
        "org=o-1/file",
    ):
        storage.write(name, b"{}")
    assert storage.folders("") == ["org=o-1", "org=o-2"]
    assert storage.folders("org=o-1") == ["date=1", "date=2"]


def test_a_history_is_made_of_the_runs_in_a_bucket(run: Run, folder: Path, bucket: str) -> None:
    nights_of_runs(storage_of(bucket), folder / "snapshots")
    assert run("history", "add", "--history", "h.db", bucket).err == "Added 6 reports to h.db\n"
    one_run = f"{bucket}/org=o-a1/date=20261125T040000Z"
    assert run("history", "add", "--history", "h.db", one_run).err == "Added 0 reports to h.db; 2 already there\n"
    missing = run("history", "add", "--history", "h.db", f"{bucket}/elsewhere")
    assert (missing.code, "holds no runs of" in missing.err) == (3, True)


def test_a_bucket_that_is_not_there_is_one_error(bucket: str) -> None:
    elsewhere = storage_of(bucket.replace("audits", "nobodys"))
    with pytest.raises(OutputError, match=r"s3://nobodys/nightly/a cannot be written: NoSuchBucket"):
        elsewhere.write("a", b"")
    with pytest.raises(SourceError, match="cannot be read: NoSuchBucket"):
        elsewhere.read("a")
    with pytest.raises(SourceError, match="cannot be listed: NoSuchBucket"):
        elsewhere.folders("a")


@pytest.mark.parametrize("place", ["s3://", "s3:///prefix", "s3://Bucket/prefix", " ", "a\0b"])
def test_a_place_that_can_be_no_storage_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="--store"):
        storage_of(place)
