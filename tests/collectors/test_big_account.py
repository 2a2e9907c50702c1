"""The benchmark's account: what it serves in bulk and what it serves one by one is the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_server import lead_to, serving
from big_account import ACCOUNT_ID, CERTIFICATES, OF_AWS, PROVIDERS, BigAccount, BigAws

from auditor.account.model import Snapshot
from auditor.account.sources import BULK, Source, SourceStatus
from auditor.collectors.live.collection import LiveOptions, collect, connect

USERS, GROUPS, ROLES, POLICIES = 1_050, 20, 30, 40


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BigAws]:
    app = BigAws(BigAccount(USERS, GROUPS, ROLES, POLICIES))
    with serving(app) as url:
        lead_to(url, monkeypatch, tmp_path)
        yield app


def read(sources: frozenset[Source] = BULK, *, say: Callable[[str], object] = lambda _: None) -> Snapshot:
    return collect(connect(LiveOptions(), ask_code=None), sources, say=say)


def test_it_is_read_whole_in_few_calls(big: BigAws) -> None:
    snapshot = read()
    lists = (snapshot.users, snapshot.groups, snapshot.roles, snapshot.policies)
    assert [len(listing) for listing in lists] == [USERS, GROUPS, ROLES, POLICIES]
    assert {record.status for record in snapshot.sources} == {SourceStatus.COMPLETE}
    assert not snapshot.gaps
    assert snapshot.account.id == ACCOUNT_ID
    assert big.calls.pop("GetPolicy") == POLICIES + OF_AWS
    assert big.calls.pop("GetPolicyVersion") == len(snapshot.aws_managed_policies) == OF_AWS
    assert sum(big.calls.values()) == 22 + CERTIFICATES + 2 * PROVIDERS  # 9 of them pages of the lists
    assert 900 < len(bytes(snapshot.policies[0].versions[0].document)) < 1_300


def test_a_call_for_each_policy_is_made_for_nothing_but_descriptions_and_told_beforehand(big: BigAws) -> None:
    said: list[tuple[str, int]] = []

    def say(message: str) -> None:
        said.append((message, big.calls["GetPolicy"]))

    read(BULK - {Source.POLICY_DESCRIPTIONS, Source.AWS_MANAGED_POLICIES, Source.PASSWORD_RESETS}, say=say)
    assert (big.calls["GetPolicy"], said) == (0, [])
    snapshot = read(frozenset({Source.POLICY_DESCRIPTIONS}), say=say)
    assert said == [(f"Reading {POLICIES} policy descriptions ({POLICIES} iam:GetPolicy calls)", 0)]
    assert {policy.description for policy in snapshot.policies} == {"x"}


def test_a_large_account_takes_less_than_a_hundred_calls_beside_those_for_descriptions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = BigAws(BigAccount())
    with serving(app) as url:
        lead_to(url, monkeypatch, tmp_path)
        snapshot = read()
    lists = (snapshot.users, snapshot.roles, snapshot.policies)
    assert [len(listing) for listing in lists] == [5_000, 1_000, 1_500]
    assert app.calls.pop("GetPolicy") == 1_500 + OF_AWS
    assert sum(app.calls.values()) < 100


@pytest.mark.usefixtures("big")
def test_asked_one_by_one_it_says_the_same() -> None:
    users = {user.name: user for user in read().users}
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    pages = iam.get_paginator("list_users").paginate()
    names = [user["UserName"] for page in pages for user in page["Users"]]
    assert names == list(users)
    for name in names[:50]:
        user = users[name]
        groups = [group["GroupName"] for group in iam.list_groups_for_user(UserName=name)["Groups"]]
        assert groups == list(user.group_names)
        inline = iam.list_user_policies(UserName=name)["PolicyNames"]
        assert inline == [policy.name for policy in user.inline_policies]
        attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        assert [policy["PolicyName"] for policy in attached] == [policy.name for policy in user.attached_policies]
        assert bool(iam.list_mfa_devices(UserName=name)["MFADevices"]) is user.credentials.mfa_active
        assert has_password(iam, name) is user.credentials.password_enabled
    group = iam.list_groups()["Groups"][0]["GroupName"]
    members = [user["UserName"] for user in iam.get_group(GroupName=group, MaxItems=1000)["Users"]]
    assert members == [user.name for user in users.values() if group in user.group_names]
    iam.close()


def has_password(iam: Any, name: str) -> bool:
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True
