"""Answers about another account than the one that AWS confirmed are not believed, and no snapshot of two is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from aws_server import Answer, Call, Front, error
from conftest import Run
from live_account import collected, filled, status

from auditor.account.model import Snapshot
from auditor.account.sources import Source, SourceStatus

OWN, OTHER = "123456789012", "999999999999"
LISTS = {
    "GetAccountAuthorizationDetails": (Source.USERS, Source.GROUPS, Source.ROLES, Source.POLICIES),
    "ListVirtualMFADevices": (Source.VIRTUAL_MFA_DEVICES,),
    "ListServerCertificates": (Source.SERVER_CERTIFICATES,),
    "ListOpenIDConnectProviders": (Source.OIDC_PROVIDERS,),
    "ListSAMLProviders": (Source.SAML_PROVIDERS,),
}


def gap_codes(snapshot: Snapshot) -> set[tuple[str, str]]:
    return {(gap.source, gap.error_code) for gap in snapshot.gaps}


def strange(front: Front, action: str) -> None:
    """Have an action answered as by another account."""

    def disturb(call: Call, honest: Callable[[], Answer]) -> Answer:
        answer = honest()
        return answer._replace(body=answer.body.replace(OWN, OTHER)) if call.name == action else answer

    front.disturb = disturb


@pytest.mark.parametrize(("action", "sources"), LISTS.items(), ids=list(LISTS))
def test_an_answer_of_another_account_is_a_failed_source(aws: Front, action: str, sources: tuple[Source, ...]) -> None:
    filled(aws)
    strange(aws, action)
    snapshot = collected()
    for source in sources:
        assert status(snapshot, source) is SourceStatus.FAILED
        assert (source, "OtherAccount") in gap_codes(snapshot)


def test_an_account_that_changes_during_the_run_leaves_nothing(aws: Front, run: Run, tmp_path: Path) -> None:
    filled(aws)
    aws.own["GetCallerIdentity"] = Changing()
    result = run("snapshot", "-o", tmp_path / "s.json", "--expect-account", OWN)
    assert result.code == 3
    assert f"the account changed during the run, from {OWN} to {OTHER}" in result.err
    assert list(tmp_path.glob("*.json")) == []


class Changing:
    """Answer GetCallerIdentity first for one account and then for another."""

    def __init__(self) -> None:
        self._accounts = iter([OWN, *[OTHER] * 9])

    def __call__(self, _: object) -> Answer:
        account = next(self._accounts)
        body = (
            "<GetCallerIdentityResponse><GetCallerIdentityResult>"
            f"<Arn>arn:aws:iam::{account}:user/me</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        return Answer(200, body)


def test_an_account_that_nobody_confirms_at_the_end_is_said_to_be_unconfirmed(aws: Front) -> None:
    filled(aws)
    aws.own["GetCallerIdentity"] = Once()
    snapshot = collected()
    assert status(snapshot, Source.IDENTITY) is SourceStatus.PARTIAL


class Once(Changing):
    """Answer GetCallerIdentity once, and refuse afterwards."""

    def __call__(self, _: object) -> Answer:
        return super().__call__(_) if next(self._left, None) else error("AccessDenied", "no", 403)

    def __init__(self) -> None:
        super().__init__()
        self._left = iter([True])
