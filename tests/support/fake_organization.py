"""A fake organization on 127.0.0.1: separate accounts in moto, roles to assume, and faults for single accounts.

The environment's keys belong to the management account. AssumeRole of `role` always returns the same keys for an
account, so that moto's cached answers can be used in the next run. Credential reports and all dates have
one time, `NOW`: two runs without faults read the same.

    with fake_organization(tmp_path) as organization:
        organization.trouble()                                   # every fate of FATES, or single ones:
        organization.disturb("100000000005", reading("throttled"))
        organization.service.page_sizes = (15, 0, 20)            # an empty page with a token
        ... iam-audit organization scan --organization ...
        organization.rest()                                      # everything as at the beginning
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aws_report import CredentialReports, Made, report_of_moto
from aws_server import Answer, Call, Front, Honest, aws_server, error, lead_to, result
from faulty_aws import Faults, Plan, planned
from moto.iam.models import iam_backends
from organizations_service import MANAGEMENT, Member, OrganizationsService

from auditor.demo.emulator import complete_policies, give_root_mfa

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""The time of all credential reports and dates in the organization."""
ROLE = "OrganizationAccountAccessRole"
ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_UNITS = ("", "Production", "Production/Payments", "Production/Shop", "Staging", "Sandbox")

DENIED, EXPIRED, SUSPENDED, THROTTLED, HANGING, LEAVING = (f"1000000000{number}" for number in range(10, 16))
"""Accounts to which `trouble` does what their name says; LEAVING is suspended during the run."""


def members(count: int) -> Sequence[Member]:
    """Return the management account and others, one of them with a number that begins with zeros."""
    ids = ["000000000042", *(f"{100_000_000_000 + number}" for number in range(1, count - 1))]
    others = (
        Member(id_, f"team-{number:02}", _UNITS[number % 6], tags={"stage": "prod" if number % 2 else "test"})
        for number, id_ in enumerate(ids)
    )
    return (Member(MANAGEMENT, "management"), *others)


def forty() -> Sequence[Member]:
    """Return the 40 accounts that most tests use."""
    return members(40)


def reading(fault: str) -> Plan:
    """Return a plan by which every reading call fails, but the role can be assumed."""
    return lambda action, *_: None if action in ("AssumeRole", "GetCallerIdentity") else fault


def from_first(action: str, fault: str, *, then: Callable[[], object] | None = None) -> Plan:
    """Return a plan by which every call fails from the first call of an action on; `then` is called at that moment.

    Without `then`, the fault ends with the session: after assuming the role again, calls work until the same action.
    """
    begun: list[str] = []

    def plan(called: str, *_: Any) -> str | None:
        if called == "AssumeRole" and not then:
            begun.clear()
        elif called == "AssumeRole":
            return "denied" if begun else None
        elif called == action and not begun:
            begun.append(called)
            if then:
                then()
        return fault if begun else None

    return plan


class FakeOrganization:
    """The organization: its AWS Organizations service, the faults for its accounts, and the calls.

    `role` is in every account, in the management account only with `role_in_management`; if `external_id` is set,
    each role requires it. `hub` is a role in the management account; if one is set, the other roles trust it alone.
    `latency_s` is how long each answer takes.
    """

    def __init__(self, url: str, front: Front, accounts: Sequence[Member]) -> None:
        self.url = url
        self.front = front
        self.accounts = accounts
        self._faults: dict[str, Faults] = {}
        self._reports: dict[str, CredentialReports] = {}
        for number, member in enumerate(accounts):
            _fill(member.id, number)
        self.rest()

    @property
    def ids(self) -> Sequence[str]:
        """Return the numbers of all accounts, the management account's first."""
        return [member.id for member in self.accounts]

    def rest(self) -> None:
        """Reset everything to the initial state."""
        self.role, self.role_in_management = ROLE, False
        self.external_id: str | None = None
        self.hub: str | None = None
        self.latency_s = 0.0
        self.service = OrganizationsService(self.accounts)
        self.service.serve(self.front)
        self.front.own |= {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._identity,
            "GenerateCredentialReport": self._report("generate"),
            "GetCredentialReport": self._report("get"),
        }
        self.front.disturb = self._disturb
        self.front.fixed.clear()
        self.front.calls.clear()
        self._faults.clear()
        self.have_reports_made()

    def have_reports_made(self, *, already: bool = True) -> None:
        """Make credential reports already available, or else made on request, so that readers must wait."""
        self._reports = {id_: _reports(id_, already=already) for id_ in self.ids}

    def disturb(self, account_id: str, plan: Plan) -> None:
        """Answer the calls about one account, including AssumeRole, with faults of faulty_aws."""
        self._faults[account_id] = Faults(plan)

    def trouble(self) -> None:
        """Give the accounts DENIED, EXPIRED, SUSPENDED, THROTTLED, HANGING and LEAVING their fates."""
        self.service.put(SUSPENDED, "SUSPENDED")
        for account_id, plan in self._fates().items():
            self.disturb(account_id, plan)

    def _fates(self) -> Mapping[str, Plan]:
        leave = partial(self.service.put, LEAVING, "SUSPENDED")
        return {
            DENIED: planned("denied", action="AssumeRole"),
            SUSPENDED: planned("denied", action="AssumeRole"),
            EXPIRED: from_first("GetCredentialReport", "expired"),
            THROTTLED: reading("throttled"),
            HANGING: reading("silent"),
            LEAVING: from_first("GetCredentialReport", "suspended", then=leave),
        }

    def calls_of(self, account_id: str) -> Sequence[str]:
        """Return the actions that were called about one account, in order."""
        return [call.action for call in self.front.calls if self._account_of(call) == account_id]

    def _account_of(self, call: Call) -> str:
        """Return the account that a call is about: that of its key, or of the role to assume."""
        if call.name == "AssumeRole":
            return call.parameters["RoleArn"].split(":")[4]
        return call.access_key[-12:] if call.access_key.startswith("ASIA") else MANAGEMENT

    def _disturb(self, call: Call, honest: Honest) -> Answer:
        if self.latency_s:
            time.sleep(self.latency_s)
        faults = self._faults.get(self._account_of(call))
        return faults(call, honest) if faults and not call.action.startswith("organizations:") else honest()

    def _assume_role(self, call: Call) -> Answer:
        account_id, role = self._account_of(call), call.parameters["RoleArn"].partition(":role/")[2]
        wrong_id = self.external_id not in (None, call.parameters.get("ExternalId"))
        there = account_id in self.ids and (account_id != MANAGEMENT or self.role_in_management)
        by_hub = call.access_key == _HUB_KEY
        is_hub = account_id == MANAGEMENT and role == self.hub and not by_hub
        is_role = there and role == self.role and not wrong_id and by_hub == (self.hub is not None)
        if not (is_hub or is_role):
            caller = f"arn:aws:iam::{MANAGEMENT}:user/auditor"
            why = f"is not authorized to perform: sts:AssumeRole on resource: {call.parameters['RoleArn']}"
            return error("AccessDenied", f"User: {caller} {why}", 403)
        access_key = _HUB_KEY if is_hub else _key(account_id)
        key = f"<AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>made-up</SecretAccessKey>"
        session = f"<SessionToken>made-up</SessionToken><Expiration>{datetime.now(UTC) + timedelta(hours=1):%FT%TZ}"
        return result("AssumeRole", f"<Credentials>{key}{session}</Expiration></Credentials>")

    def _identity(self, call: Call) -> Answer:
        account_id = self._account_of(call)
        arn = f"arn:aws:sts::{account_id}:assumed-role/{self.role.rpartition('/')[2]}/iam-audit"
        if not call.access_key.startswith("ASIA"):
            arn = f"arn:aws:iam::{MANAGEMENT}:user/auditor"
        identity = f"<Arn>{arn}</Arn><UserId>made-up</UserId><Account>{account_id}</Account>"
        return result("GetCallerIdentity", identity)

    def _report(self, method: str) -> Callable[[Call], Answer]:
        return lambda call: getattr(self._reports[self._account_of(call)], method)(call)


def _reports(account_id: str, *, already: bool) -> CredentialReports:
    last = Made(report_of_moto(account_id), NOW, NOW) if already else None
    return CredentialReports(lambda: NOW, last=last, account_id=account_id)


def _key(account_id: str) -> str:
    return f"ASIA0000{account_id}"


_HUB_KEY = f"ASIA0001{MANAGEMENT}"


@contextmanager
def fake_organization(folder: Path, accounts: Sequence[Member] | None = None) -> Iterator[FakeOrganization]:
    """Serve an organization, by default of `forty`, while the block runs, and point the environment to it."""
    with pytest.MonkeyPatch.context() as patch, aws_server() as (url, front):
        lead_to(url, patch, folder)
        yield FakeOrganization(url, front, accounts or forty())


@contextmanager
def organization_elsewhere(folder: Path, count: int, latency_s: float) -> Iterator[str]:
    """Serve an organization in a separate process, which measurements do not include, and point the environment to it.

    Yields its URL.
    """
    command = [sys.executable, __file__, str(count), str(latency_s)]
    path = os.pathsep.join(sys.path)
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            assert url, "the server did not start"
            lead_to(url, patch, folder)
            yield url
        finally:
            server.terminate()


def _serve(count: int, latency_s: float) -> None:
    with aws_server() as (url, front):
        FakeOrganization(url, front, members(count)).latency_s = latency_s
        print(url, flush=True)
        Event().wait()


def _fill(account_id: str, number: int) -> None:
    """Fill an account: an administrator policy in all, users with violations in some; 3 to 5 users."""
    iam_backends[account_id]["aws"].reset()
    backend: Any = iam_backends[account_id]["aws"]
    give_root_mfa(account_id=account_id)
    for name in ("alice", "bob", "ci", *(["dave"] * (number % 2)), *(["erin"] * (number % 3 == 0))):
        backend.create_user("us-east-1", name)
    backend.create_login_profile("alice", "Made-up-9-password!")
    backend.create_access_key("ci")
    backend.create_group("Admins")
    backend.add_user_to_group("Admins", "alice")
    backend.put_user_policy("bob", "own", json.dumps(ADMIN))
    backend.create_policy("", "/", json.dumps(ADMIN), "everything", [])
    backend.create_role("deploy", json.dumps(ADMIN), "/", None, "", [], "3600")
    if number % 4 == 0:
        backend.update_account_password_policy(False, False, 90, 14, 24, True, True, True, True)
    _date(backend)
    complete_policies(account_id)
    for key in (_key(account_id), *([_HUB_KEY] if account_id == MANAGEMENT else [])):
        backend.access_keys[key] = backend.create_temp_access_key()


def _date(backend: Any) -> None:
    for user in backend.users.values():
        user.create_date = NOW - timedelta(days=400)
        for key in user.access_keys:
            key.create_date = user.create_date
    for each in (*backend.groups.values(), *backend.roles.values(), *backend.managed_policies.values()):
        each.create_date = each.update_date = NOW - timedelta(days=400)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]))
