"""Live answers that contradict each other: they are read once more, and then the list is in doubt."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from aws_server import DETAILS, Answer, Call, Front, Honest, denied, page, result
from live_account import ACCOUNT, collected, filled, gap_codes, status, verdicts

from auditor.account.sources import Source, SourceStatus
from auditor.testing import NC, UNKNOWN, C

SUMMARY, HAS_USERS = "GetAccountSummary", "iam-group-has-users-check"


def counts(**summary: int) -> Answer:
    entries = (f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in summary.items())
    return result(SUMMARY, f"<SummaryMap>{''.join(entries)}</SummaryMap>")


def lacking(kind: str, times: Iterator[int], last: int) -> Callable[[Call, Honest], Answer]:
    """Return what answers without any item of a kind, until it was asked `last` times."""

    def disturb(call: Call, honest: Honest) -> Answer:
        if call.name == DETAILS and kind in call.parameters.values() and next(times) < last:
            return page(kind)
        return honest()

    return disturb


@pytest.mark.parametrize(
    ("kind", "source", "code"),
    [
        ("Group", Source.GROUPS, "UnseenGroups"),
        ("LocalManagedPolicy", Source.POLICIES, "UnseenPolicies"),
        ("User", Source.USERS, "UnseenUsers"),
    ],
)
def test_a_list_that_lacks_what_others_name_is_read_again_before_it_is_in_doubt(
    aws: Front, kind: str, source: Source, code: str
) -> None:
    filled(aws).attach_user_policy(UserName="user-1", PolicyArn=f"{ACCOUNT}:policy/managed")
    aws.fixed[SUMMARY] = denied("iam:GetAccountSummary")
    aws.disturb = lacking(kind, count(), 1)
    assert status(collected(), source) is SourceStatus.COMPLETE
    aws.disturb = lacking(kind, count(), 100)
    assert (gap_codes(snapshot := collected(), source), status(snapshot, source)) == ({code}, SourceStatus.PARTIAL)


def test_a_group_that_was_deleted_meanwhile_puts_nothing_in_doubt(aws: Front) -> None:
    iam = filled(aws)
    iam.remove_user_from_group(GroupName="Admins", UserName="user-0")
    iam.delete_group(GroupName="Admins")
    earlier = "".join(
        f"<member><UserName>user-{number}</UserName><Arn>{ACCOUNT}:user/user-{number}</Arn>"
        "<GroupList><member>Admins</member></GroupList></member>"
        for number in range(2)
    )
    asked = count()

    def disturb(call: Call, honest: Honest) -> Answer:
        if call.name == DETAILS and "User" in call.parameters.values() and next(asked) == 0:
            return page("User", earlier)
        return honest()

    aws.disturb = disturb
    snapshot = collected(frozenset({Source.USERS, Source.GROUPS}))
    assert [group.name for group in snapshot.groups] == ["Empty"]
    assert [list(user.group_names) for user in snapshot.users] == [[], []]


def test_lists_that_are_too_long_are_read_again(aws: Front) -> None:
    filled(aws)
    aws.fixed[SUMMARY] = counts(Users=1, Groups=2)
    snapshot = collected()
    asked = [call.parameters["Filter.member.1"] for call in aws.calls if call.action == f"iam:{DETAILS}"]
    assert (asked.count("User"), asked.count("Group"), aws.actions.count(f"iam:{SUMMARY}")) == (2, 1, 2)
    assert snapshot.users.gap == "users:Overcounted"
    assert [verdicts(snapshot)[HAS_USERS, name] for name in ("Admins", "Empty")] == [UNKNOWN, UNKNOWN]


def test_a_doubt_stands_where_nothing_can_be_read_again(aws: Front) -> None:
    filled(aws)
    aws.script(SUMMARY, counts(Users=3), denied("iam:GetAccountSummary"))
    snapshot = collected()
    assert snapshot.users.gap == "users:CountMismatch"
    assert [verdicts(snapshot)[HAS_USERS, name] for name in ("Admins", "Empty")] == [C, UNKNOWN]


def test_providers_and_certificates_are_read_again(aws: Front) -> None:
    filled(aws)
    aws.script(SUMMARY, counts(Providers=3, ServerCertificates=3))
    snapshot = collected()
    assert {record.status for record in snapshot.sources} == {SourceStatus.COMPLETE}
    assert [aws.actions.count(f"iam:List{what}") for what in ("SAMLProviders", "ServerCertificates")] == [2, 2]


def test_providers_that_aws_counts_otherwise_are_in_doubt(aws: Front) -> None:
    filled(aws)
    aws.fixed[SUMMARY] = counts(Providers=5)
    snapshot = collected()
    assert (snapshot.oidc_providers.gap, snapshot.saml_providers.gap) == (
        "oidc-providers:CountMismatch",
        "saml-providers:CountMismatch",
    )


def test_an_account_that_agrees_with_itself_is_read_once(aws: Front) -> None:
    filled(aws)
    snapshot = collected()
    assert aws.actions.count(f"iam:{SUMMARY}") == 1
    assert verdicts(snapshot)[HAS_USERS, "Empty"] is NC
