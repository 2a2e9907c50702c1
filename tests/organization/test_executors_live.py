"""A process that is killed while it reads an account live: nothing is lost, and the report is the same."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_server import Answer, Call, Honest
from fake_organization import FakeOrganization, fake_organization
from msgspec import structs
from organization_runs import Deadly, manifest_of, nothing, work_of
from organizations_service import Member

from auditor.organization import runs
from auditor.organization.executors.processes import Processes
from auditor.organization.executors.threads import Threads
from auditor.organization.names import RECEIPT
from auditor.organization.records import Account, Manifest
from auditor.organization.report import AccountResult
from auditor.organization.storage import Folder

MEMBERS = [Member(f"10000000000{number}", f"team-{number}") for number in range(3)]
WHILE = ["AssumeRole", "GetCredentialReport"]


@pytest.fixture
def organization(tmp_path: Path) -> Iterator[FakeOrganization]:
    """Serve three accounts."""
    with fake_organization(tmp_path, MEMBERS) as served:
        yield served


def manifest(organization: FakeOrganization) -> Manifest:
    role = organization.role
    return manifest_of([Account(id=each.id, role_arn=f"arn:aws:iam::{each.id}:role/{role}") for each in MEMBERS])


def results(folder: Folder, of: Manifest) -> list[AccountResult]:
    """Return what is reported of the accounts, but for the time at which they were read."""
    return [structs.replace(account, captured_at=None) for account in runs.report_of(folder, of).accounts]


@pytest.mark.parametrize("action", WHILE)
def test_a_process_killed_while_it_reads_changes_no_report(
    organization: FakeOrganization, tmp_path: Path, action: str
) -> None:
    of, undisturbed, storage = manifest(organization), Folder(str(tmp_path / "a")), Folder(str(tmp_path / "b"))
    runs.carry_out(of.accounts, work_of(of, undisturbed), Threads(3), nothing, live=True)
    before = organization.front.disturb
    killed: list[str] = []

    def kill(call: Call, honest: Honest) -> Answer:
        if call.name == action and not killed:
            (process,) = multiprocessing.active_children()
            killed.append(call.name)
            process.kill()
        return before(call, honest)

    organization.front.disturb = kill
    runs.carry_out(of.accounts, work_of(of, storage), Processes(1), nothing, live=True)
    assert killed
    assert results(storage, of) == results(undisturbed, of)


def test_a_process_killed_before_it_takes_the_role_changes_no_report(
    organization: FakeOrganization, tmp_path: Path
) -> None:
    of, undisturbed = manifest(organization), Folder(str(tmp_path / "a"))
    runs.carry_out(of.accounts, work_of(of, undisturbed), Threads(3), nothing, live=True)
    storage = Folder(str(tmp_path / "b"))
    deadly = Deadly(storage, f"={MEMBERS[1].id}/{RECEIPT}", str(tmp_path / "once"), at_read=True)
    runs.carry_out(of.accounts, work_of(of, deadly), Processes(2), nothing, live=True)
    assert (tmp_path / "once").exists()
    assert results(storage, of) == results(undisturbed, of)
