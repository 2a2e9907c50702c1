"""`iam-audit organization` over AWS: forty accounts, of which some are in trouble; each is in its right state."""

import json
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
            EXPIRED: "partial",
            SUSPENDED: "suspended",
            THROTTLED: "denied",
            HANGING: "denied",
            LEAVING: "suspended",
        }
        assert {id_: found[id_] for id_ in expected} == expected
        assert Counter(found.values()) == {"audited": 34, "denied": 3, "partial": 1, "suspended": 2}
        assert Counter(document["summary"]["states"]) == Counter(found.values())
        assert done.code == 4
        assert "34 of 38 active accounts audited; 1 partial, 3 denied; 2 suspended, left out" in done.err
        errors = {account["id"]: account["error"] for account in document["accounts"]}
        assert (errors[DENIED]["code"], errors[DENIED]["action"]) == ("AccessDenied", "sts:AssumeRole")
        assert errors[THROTTLED]["action"].startswith("iam:")

        organization.rest()
        retried = [part for state in ("denied", "partial") for part in ("--retry", state)]
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
