"""The list of accounts that AWS Organizations gives: whole, or an error that says what to grant."""

from collections.abc import Iterator
from typing import Any

import pytest
from aws_json import json_answer
from aws_server import Answer, denied, error
from fake_organization import NOW, FakeOrganization, fake_organization, from_first
from organizations_service import MANAGEMENT, Member

from auditor.account.sources import BULK
from auditor.collectors.live.collection import LiveOptions, collect, connect
from auditor.errors import AuditError, SourceError, UsageError
from auditor.organization.accounts import Listed
from auditor.organization.listing import listed_by_aws, state_now
from auditor.organization.records import Account, State

MEMBERS = (
    Member(MANAGEMENT, "management"),
    Member("000000000042", "first", "Production/Payments", tags={"stage": "prod", "team": "pay"}),
    Member("100000000001", "second", "Production", "SUSPENDED"),
    Member("100000000002", "third", "Staging", "PENDING_CLOSURE"),
    Member("100000000003", "fourth", "", "CLOSED"),
    Member("100000000004", "fifth", "Sandbox", "PENDING_ACTIVATION"),
    Member("100000000005", "sixth", "Production/Shop", tags={"stage": "test"}),
)
ROLE = "arn:aws:iam::{}:role/OrganizationAccountAccessRole"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeOrganization]:
    with fake_organization(tmp_path_factory.mktemp("aws"), MEMBERS) as organization:
        yield organization


@pytest.fixture(autouse=True)
def organization(served: FakeOrganization) -> FakeOrganization:
    served.rest()
    return served


def listed(**options: Any) -> Listed:
    return listed_by_aws(connect(LiveOptions(), ask_code=None), **options)


def account(listed: Listed, number: str) -> Account:
    (found,) = (each for each in listed.accounts if each.id == number)
    return found


def failure(**options: object) -> AuditError:
    with pytest.raises(AuditError) as raised:
        listed(**options)
    assert raised.value.hint
    return raised.value


def test_every_account_is_listed_with_its_state_and_place(organization: FakeOrganization) -> None:
    found = listed()
    assert {each.id: (each.state, each.detail, each.ou) for each in found.accounts} == {
        MANAGEMENT: (None, None, "Root"),
        "000000000042": (None, None, "Root/Production/Payments"),
        "100000000001": (State.SUSPENDED, "SUSPENDED", "Root/Production"),
        "100000000002": (State.CLOSED, "PENDING_CLOSURE", "Root/Staging"),
        "100000000003": (State.CLOSED, "CLOSED", "Root"),
        "100000000004": (State.SUSPENDED, "PENDING_ACTIVATION", "Root/Sandbox"),
        "100000000005": (None, None, "Root/Production/Shop"),
    }
    assert (found.organization_id, found.management_account_id, found.partition) == ("o-exampleorg1", MANAGEMENT, "aws")
    assert found.warnings == ()
    assert "organizations:ListAccountsForParent" not in organization.front.actions
    assert "organizations:ListTagsForResource" not in organization.front.actions


@pytest.mark.parametrize("sizes", [(1,), (3, 0, 0, 2), (0, 7), (2, 0)], ids=str)
def test_pages_are_read_to_the_end_also_empty_ones(organization: FakeOrganization, sizes: tuple[int, ...]) -> None:
    organization.service.page_sizes = sizes
    assert [each.id for each in listed().accounts] == sorted(member.id for member in MEMBERS)


def test_paths_are_walked_where_aws_gives_none(organization: FakeOrganization) -> None:
    whole = listed()
    organization.service.paths = False
    organization.service.page_sizes = (1,)
    assert listed() == whole


def test_the_retired_status_is_taken_and_told(organization: FakeOrganization) -> None:
    organization.service.tells = ("Status",)
    found = listed()
    assert account(found, "100000000001").state is State.SUSPENDED
    status, none = found.warnings
    assert "the retired Status was used" in status
    assert "AWS gave no state of 1 account," in none  # Status knows no PENDING_ACTIVATION
    assert account(found, "100000000004").state is None


def test_a_state_that_is_not_known_is_told_and_tried(organization: FakeOrganization) -> None:
    organization.service.put("100000000005", "HIBERNATING")
    found = listed()
    assert account(found, "100000000005").state is None
    assert "'HIBERNATING'" in found.warnings[0]


REFUSED = {
    "denied": (denied("organizations:ListAccounts"), "AWS refused organizations:ListAccounts", "Grant organizations:"),
    "throttled": (error("TooManyRequestsException", "AWS Organizations can't complete your request"), "TooMany", "Try"),
    "expired": (error("ExpiredToken", "expired", 403), "the credentials have ended", "Get new ones"),
    "not in use": (error("AWSOrganizationsNotInUseException"), "is in no organization", "in a file"),
    "garbled": (Answer(200, "sorry"), "the answer has no Accounts", "Try again"),
    "without accounts": (json_answer({"Stuff": []}), "ResponseParserError", "Try again"),
}


@pytest.mark.parametrize(("answer", "message", "hint"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("page", [0, 2])
def test_half_a_list_is_an_error(
    organization: FakeOrganization, answer: Answer, message: str, hint: str, page: int
) -> None:
    organization.service.page_sizes = (2,)
    pages = iter(range(100))
    honest = organization.front.own["ListAccounts"]
    organization.front.own["ListAccounts"] = lambda call: honest(call) if next(pages) < page else answer
    found = failure()
    assert isinstance(found, SourceError)
    assert message in found.message
    assert hint in found.hint
    assert ("after 4 of its accounts" in found.message) == (page == 2 and "no organization" not in message)


@pytest.mark.parametrize("token", ["the same", "a foreign one"])
def test_a_token_that_leads_nowhere_is_an_error(organization: FakeOrganization, token: str) -> None:
    organization.service.page_sizes = (2,)
    honest = organization.front.own["ListAccounts"]
    page = json_answer({"Accounts": [], "NextToken": "AAAA"})
    organization.front.own["ListAccounts"] = lambda call: page if token == "the same" else _foreign(honest(call))
    found = failure()
    expected = "does not say how the list goes on" if token == "the same" else "InvalidInputException"
    assert expected in found.message


def _foreign(answer: Answer) -> Answer:
    return answer._replace(body=answer.body.replace('"NextToken": "', '"NextToken": "b3RoZXIg'))


def test_a_list_without_the_management_account_is_an_error(organization: FakeOrganization) -> None:
    organization.service.management = "999999999999"
    assert "lacks the management account, 999999999999" in failure().message


def test_units_that_may_not_be_read_are_shown_by_id(organization: FakeOrganization) -> None:
    organization.front.fixed["ListRoots"] = denied("organizations:ListRoots")
    found = listed()
    assert account(found, "100000000005").ou == "r-ab12/ou-ab12-00000000/ou-ab12-00000002"
    assert "organizations:ListRoots failed (AccessDeniedException)" in found.warnings[0]


def test_tags_are_read_for_a_filter_of_active_accounts(organization: FakeOrganization) -> None:
    said: list[str] = []
    found = listed(include=["tag:stage=prod"], say=said.append)
    left = [each.id for each in found.accounts if each.state is None]
    assert left == ["000000000042"]
    assert account(found, "000000000042").tags == {"stage": "prod", "team": "pay"}
    assert account(found, "100000000005").state is State.NOT_ASKED
    assert account(found, "100000000003").state is State.CLOSED
    assert organization.front.actions.count("organizations:ListTagsForResource") == 4  # one has two pages
    assert said[0] == "Reading the tags of 3 accounts (3 ListTagsForResource calls)"


def test_tags_that_may_not_be_read_are_an_error(organization: FakeOrganization) -> None:
    organization.front.fixed["ListTagsForResource"] = denied("organizations:ListTagsForResource")
    assert (
        "Grant organizations:ListTagsForResource to arn:aws:iam::123456789012:user/auditor"
        in failure(exclude=["tag:stage=test"]).hint
    )


def test_each_account_gets_its_role(organization: FakeOrganization) -> None:
    organization.role = "audit/iam-audit"
    found = listed(role="/audit/iam-audit", external_id="partner-7")
    member = account(found, "000000000042")
    assert (member.role_arn, member.external_id) == ("arn:aws:iam::000000000042:role/audit/iam-audit", "partner-7")
    assert account(found, "100000000001").role_arn is None  # suspended


def test_the_callers_own_account_is_read_without_a_role_that_is_not_there() -> None:
    said: list[str] = []
    own = account(listed(say=said.append), MANAGEMENT)
    assert (own.role_arn, own.external_id) == (None, None)
    (sentence,) = said
    assert sentence.startswith("Account 123456789012 is read with the caller's own credentials: ")
    assert sentence.endswith("could not be assumed (AccessDenied)")


def test_the_callers_own_account_is_read_with_the_role_that_is_there(organization: FakeOrganization) -> None:
    organization.role_in_management = True
    assert account(listed(), MANAGEMENT).role_arn == ROLE.format(MANAGEMENT)


def test_the_management_role_reads_its_own_account() -> None:
    role = "arn:aws:iam::123456789012:role/lister"
    assert account(listed(management_role=role), MANAGEMENT).role_arn == role


@pytest.mark.parametrize("name", ["arn:aws:iam::123456789012:role/x", "", "a b", "a//b", "x" * 65, "audit/"])
def test_a_wrong_role_name_is_a_usage_error(organization: FakeOrganization, name: str) -> None:
    found = failure(role=name)
    assert isinstance(found, UsageError)
    assert "--role-name" in found.message
    assert organization.front.actions[1:] == []  # it is found before the list is read


def test_an_account_that_was_suspended_meanwhile_is_seen(organization: FakeOrganization) -> None:
    connection = connect(LiveOptions(), ask_code=None)
    assert state_now(connection, "100000000005") is None
    organization.service.put("100000000005", "SUSPENDED")
    assert state_now(connection, "100000000005") == (State.SUSPENDED, "SUSPENDED")
    assert state_now(connection, "555555555555") is None


def test_accounts_of_the_fake_organization_are_kept_apart(organization: FakeOrganization) -> None:
    organization.disturb("100000000005", from_first("GetCredentialReport", "expired"))
    snapshots = {
        number: collect(connect(LiveOptions(role_arn=ROLE.format(number)), ask_code=None), BULK)
        for number in ("000000000042", "100000000005")
    }
    first, second = snapshots.values()
    assert [snapshot.account.id for snapshot in (first, second)] == list(snapshots)
    assert first.report_generated_at == NOW
    assert not any(gap.error_code == "ExpiredToken" for gap in first.gaps)
    assert any(gap.error_code == "ExpiredToken" for gap in second.gaps)
