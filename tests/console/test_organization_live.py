"""`iam-audit organization` over AWS: forty accounts, of which some are in trouble; each is in its right state."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from fake_organization import (
    DENIED,
    EXPIRED,
    HANGING,
    LEAVING,
    SUSPENDED,
    THROTTLED,
    fake_organization,
    forty,
    reading,
)
from organizations_service import MANAGEMENT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def states(document: dict[str, Any]) -> dict[str, str]:
    return {account["id"]: account["state"] for account in document["accounts"]}


def only_run() -> Path:
    (found,) = Path("iam-audit-runs").glob("org=*/date=*")
    return found


def test_each_of_forty_accounts_is_in_its_right_state(run: Run, here: Path) -> None:
    with fake_organization(here) as organization:
        organization.service.page_sizes = (15, 0, 20)
        organization.trouble()
        for id_ in (THROTTLED, HANGING):
            organization.disturb(id_, reading("denied"))
        done = run("organization", "scan", "--organization", "--format", "json")
        document = json.loads(done.out)
        found = states(document)
        expected = {
            DENIED: "denied",
            SUSPENDED: "suspended",
            THROTTLED: "denied",
            HANGING: "denied",
            LEAVING: "suspended",
        }
        assert {id_: found[id_] for id_ in expected} == expected
        assert found[EXPIRED] in ("partial", "failed")  # whether something was read before the session ended
        assert Counter(found.values()) == {"audited": 34, "denied": 3, found[EXPIRED]: 1, "suspended": 2}
        assert Counter(document["summary"]["states"]) == Counter(found.values())
        assert done.code == 4
        assert "34 of 38 active accounts audited; " in done.err
        assert f"1 {found[EXPIRED]}" in done.err
        assert "; 2 suspended, left out" in done.err
        errors = {account["id"]: account["error"] for account in document["accounts"]}
        assert (errors[DENIED]["code"], errors[DENIED]["action"]) == ("AccessDenied", "sts:AssumeRole")
        assert errors[THROTTLED]["action"].startswith("iam:")

        organization.rest()
        retried = [part for state in ("denied", found[EXPIRED]) for part in ("--retry", state)]
        again = run("organization", "scan", "--resume", only_run(), *retried, "--format", "json")
        assert again.code == 0
        assert Counter(states(json.loads(again.out)).values()) == {"audited": 38, "suspended": 2}
        asked = [id_ for id_ in organization.ids if "sts:AssumeRole" in organization.calls_of(id_)]
        assert set(asked) == {DENIED, EXPIRED, THROTTLED, HANGING}


def test_an_account_that_hangs_or_is_throttled_for_good_is_timed_out(run: Run, here: Path) -> None:
    members = [member for member in forty() if member.id in (MANAGEMENT, THROTTLED, HANGING)]
    with fake_organization(here, members) as organization:
        organization.disturb(THROTTLED, reading("throttled"))
        organization.disturb(HANGING, reading("silent"))
        done = run("organization", "scan", "--organization", "--timeout", "4", "--format", "json")
        assert states(json.loads(done.out)) == {MANAGEMENT: "audited", THROTTLED: "timed_out", HANGING: "timed_out"}
        assert done.code == 4


def test_accounts_of_a_file_are_read_by_their_roles(run: Run, here: Path) -> None:
    members = [member for member in forty() if member.id in (MANAGEMENT, DENIED, EXPIRED)]
    with fake_organization(here, members) as organization:
        organization.external_id = "made-up-9"
        role = f"arn:aws:iam::{DENIED}:role/{organization.role}"
        Path("accounts.csv").write_text(
            f"id,name,role_arn,external_id,ou\n{DENIED},one,{role},made-up-9,Root/A\n{EXPIRED},two,,wrong,Root/B\n"
        )
        done = run("organization", "scan", "--accounts", "accounts.csv", "--format", "json")
        document = json.loads(done.out)
        assert states(document) == {DENIED: "audited", EXPIRED: "denied"}
        assert {account["ou"] for account in document["accounts"]} == {"Root/A", "Root/B"}
        assert "made-up-9" not in done.out + done.err


def test_what_a_run_stored_is_judged_again_and_no_account_of_it_is_lost(run: Run, here: Path) -> None:
    members = [member for member in forty() if member.id in (MANAGEMENT, DENIED, EXPIRED, SUSPENDED)]
    with fake_organization(here, members) as organization:
        organization.trouble()
        before = states(json.loads(run("organization", "scan", "--organization", "--format", "json").out))
    done = run("organization", "scan", "--snapshots", only_run(), "--store", "again", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, states(document)) == (4, {**before, DENIED: "failed"})
    assert before[SUSPENDED] == "suspended"
    names = {account["id"]: (account["name"], account["ou"]) for account in document["accounts"]}
    assert names[DENIED] == ("team-10", "Root/Staging")
    (failed,) = (account["error"]["message"] for account in document["accounts"] if account["id"] == DENIED)
    assert f"account={DENIED}/snapshot.json.gz cannot be read" in failed
    nothing = run("organization", "scan", "--snapshots", "again")  # the snapshots are in the first run alone
    assert (nothing.code, "holds neither snapshots nor exports" in nothing.err) == (3, True)


def test_a_snapshot_of_another_account_is_not_taken(run: Run, here: Path) -> None:
    members = [member for member in forty() if member.id in (MANAGEMENT, DENIED)]
    with fake_organization(here, members):
        run("organization", "scan", "--organization", "-q")
    folder = only_run()
    shutil.copy(*(folder / f"account={number}" / "snapshot.json.gz" for number in (MANAGEMENT, DENIED)))
    done = run("organization", "scan", "--snapshots", folder, "--store", "again", "--format", "json")
    document = json.loads(done.out)
    assert states(document) == {MANAGEMENT: "audited", DENIED: "failed"}
    (failed,) = (account["error"]["message"] for account in document["accounts"] if account["error"])
    assert f"is of account {MANAGEMENT}, not of {DENIED}" in failed


def test_the_management_role_takes_the_roles_of_accounts_on_demand(run: Run, here: Path) -> None:
    members = [member for member in forty() if member.id in (MANAGEMENT, DENIED, EXPIRED)]
    scan = ("organization", "scan", "--organization", "--format", "json")
    hub = ("--management-role", f"arn:aws:iam::{MANAGEMENT}:role/hub")
    with fake_organization(here, members) as organization:
        organization.hub, organization.external_id = "hub", "made-up-9"
        alone = run(*scan, *hub, "--store", "alone", "--external-id", "made-up-9")
        assert states(json.loads(alone.out)) == {MANAGEMENT: "audited", DENIED: "denied", EXPIRED: "denied"}
        organization.front.calls.clear()
        done = run(*scan, *hub, "--chain-roles", "--external-id", "made-up-9")
        assert (done.code, set(states(json.loads(done.out)).values())) == (0, {"audited"})
        taken = [call.parameters for call in organization.front.calls if call.name == "AssumeRole"]
        assert {each["RoleArn"].split(":")[4] for each in taken} == {MANAGEMENT, DENIED, EXPIRED}
        assert {each["DurationSeconds"] for each in taken} == {"3600"}  # the most that AWS grants such a role

        (only_run() / f"account={DENIED}" / "receipt.json").unlink()
        again = run("organization", "scan", "--resume", only_run(), "--format", "json")
        assert (again.code, states(json.loads(again.out))[DENIED]) == (0, "audited")


CHAINS = {
    "without a role to take them": (("--organization",), "--chain-roles needs --management-role"),
    "of files": (("--snapshots", "."), "--chain-roles is for reading AWS"),
    "of a run that has its own": (("--resume", "runs/org=a/date=b"), "--chain-roles cannot be used with --resume"),
}


@pytest.mark.parametrize(("options", "message"), CHAINS.values(), ids=list(CHAINS))
def test_a_chain_of_roles_needs_its_first_role(run: Run, here: Path, options: tuple[str, ...], message: str) -> None:
    done = run("organization", "scan", *options, "--chain-roles")
    assert (done.code, message in done.err) == (2, True)
    assert list(here.glob("here/*")) == []
