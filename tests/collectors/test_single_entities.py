"""What AWS tells one by one: all of it is known, or what is not known is that alone, and the call is named."""

import json
from collections.abc import Callable
from threading import Event, Lock
from typing import Any

import pytest
from aws_server import Answer, Call, Disturbance, Front, denied, error, result
from described import DESCRIBED
from live_account import (
    ACCOUNT,
    DOCUMENT,
    EVERYTHING,
    EXPIRES_AT,
    FakeClock,
    collected,
    filled,
    gap_codes,
    status,
)
from msgspec import structs

from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.collectors.live.collection import LiveOptions, collect, connect
from auditor.collectors.live.one_by_one import THREADS

CERTIFICATES, OIDC, SAML = Source.SERVER_CERTIFICATES, Source.OIDC_PROVIDERS, Source.SAML_PROVIDERS
ANALYZERS, ORGANIZATION, DESCRIPTIONS = Source.ACCESS_ANALYZERS, Source.ORGANIZATION, Source.POLICY_DESCRIPTIONS
SINGLE = frozenset({CERTIFICATES, OIDC, SAML, ANALYZERS, ORGANIZATION, DESCRIPTIONS})
TAGS = {"owner": "platform", "stage": ""}


def test_everything_is_read(aws: Front) -> None:
    filled(aws)
    snapshot = collected(SINGLE)
    certificates = {each.name: each for each in snapshot.server_certificates}
    assert {name: each.tags for name, each in certificates.items()} == {"bare": {}, "tagged": TAGS}
    assert certificates["bare"].arn == f"{ACCOUNT}:server-certificate/cloudfront/bare"
    assert certificates["bare"].expires_at == EXPIRES_AT
    told = {each.name: (list(each.client_ids), each.tags) for each in snapshot.oidc_providers}
    assert told == {
        "bare.example.com/id": (["sts.amazonaws.com", "bare"], {}),
        "tagged.example.com/id": (["sts.amazonaws.com", "tagged"], TAGS),
    }
    assert {each.name: each.tags for each in snapshot.saml_providers} == {"bare": {}, "tagged": TAGS}
    analyzers = [(each.name, each.type, each.status) for each in snapshot.access_analyzers]
    assert analyzers == [
        ("of the account", "ACCOUNT", "ACTIVE"),
        ("of unused access", "ACCOUNT_UNUSED_ACCESS", "ACTIVE"),
    ]
    descriptions = {each.name: each.description for each in snapshot.policies}
    assert descriptions == {"described": "What it is for", "managed": None}
    assert (snapshot.account.management_account_id, snapshot.region) == ("123456789012", "us-east-1")
    assert {status(snapshot, source) for source in SINGLE} == {SourceStatus.COMPLETE}
    assert not [gap for gap in snapshot.gaps if gap.error_code != "NotRequested"]


DETAILS = {
    "tags of certificates": ("iam:ListServerCertificateTags", CERTIFICATES, {"tags"}),
    "OIDC providers": ("iam:GetOpenIDConnectProvider", OIDC, {"tags"}),
    "tags of SAML providers": ("iam:ListSAMLProviderTags", SAML, {"tags"}),
}


@pytest.mark.parametrize(("action", "source", "fields"), DETAILS.values(), ids=DETAILS)
def test_where_details_are_denied_only_they_are_unknown(
    aws: Front, action: str, source: Source, fields: set[str]
) -> None:
    filled(aws)
    aws.fixed[action.partition(":")[2]] = denied(action)
    snapshot = collected(SINGLE)
    listing = getattr(snapshot, DESCRIBED[source])
    assert len(listing) == 2
    assert all(gaps_of(each) == dict.fromkeys(fields, f"{source}:AccessDenied") for each in listing)
    assert [gap.iam_action for gap in snapshot.gaps if gap.source == source] == [action]
    assert status(snapshot, source) is SourceStatus.PARTIAL
    if source is OIDC:
        assert {each.client_ids.gap for each in listing} == {f"{source}:AccessDenied"}


def only_of(action: str, name: str, answer: Answer) -> Disturbance:
    return lambda call, honest: answer if call.name == action and name in call.about else honest()


ONE_OF_MANY = {
    "ListServerCertificateTags": (CERTIFICATES, "bare", "tags"),
    "GetOpenIDConnectProvider": (OIDC, "bare.example.com/id", "tags"),
    "ListSAMLProviderTags": (SAML, "bare", "tags"),
    "GetPolicy": (DESCRIPTIONS, "managed", "description"),
}
"""The calls about single entities: of which source, about whom nothing is told, and the field that is then unknown."""


@pytest.mark.parametrize("code", ["NoSuchEntity", "ServiceFailure", "AccessDenied"])
@pytest.mark.parametrize("action", ONE_OF_MANY)
def test_what_is_not_told_of_one_entity_is_unknown_of_that_one_alone(aws: Front, action: str, code: str) -> None:
    source, name, field = ONE_OF_MANY[action]
    filled(aws)
    aws.disturb = only_of(action, name, denied(f"iam:{action}") if code == "AccessDenied" else error(code))
    snapshot = collected(SINGLE)
    unknown = {each.name: gaps_of(each) for each in getattr(snapshot, DESCRIBED[source])}
    assert unknown.pop(name) == {field: f"{source}:{code}"}
    assert list(unknown.values()) == [{}]
    (gap,) = (gap for gap in snapshot.gaps if gap.source == source)
    assert f"iam:{action}" in (gap.iam_action or gap.message)
    assert status(snapshot, source) is SourceStatus.PARTIAL


OTHERS = [
    ("GetPolicy", f"<Policy><Arn>{ACCOUNT}:policy/other</Arn><Description>Of another one</Description></Policy>"),
    ("GetPolicy", f"<Policy><Arn>{ACCOUNT}:policy/managed</Arn><PolicyId>ANPAMADEAGAIN</PolicyId></Policy>"),
    (
        "GetPolicy",
        f"<Policy><Arn>{ACCOUNT}:policy/managed</Arn><CreateDate>2001-01-01T00:00:00Z</CreateDate></Policy>",
    ),
    ("GetOpenIDConnectProvider", "<Url>other.example.com</Url><ClientIDList><member>x</member></ClientIDList><Tags/>"),
]


@pytest.mark.parametrize(("action", "content"), OTHERS, ids=["policy", "id", "creation", "provider"])
def test_an_answer_about_another_entity_is_none(aws: Front, action: str, content: str) -> None:
    source, name, field = ONE_OF_MANY[action]
    filled(aws)
    aws.disturb = only_of(action, name, result(action, content))
    unknown = {each.name: gaps_of(each) for each in getattr(collected(SINGLE), DESCRIBED[source])}
    assert unknown.pop(name) == {field: f"{source}:UnreadableAnswer"}
    assert list(unknown.values()) == [{}]


ANALYZER = {"name": "x", "type": "ACCOUNT", "status": "ACTIVE", "createdAt": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "place", ["eu-west-1:123456789012", "us-east-1:111122223333"], ids=["another Region", "another account"]
)
def test_analyzers_of_another_place_are_not_taken_for_those_of_the_region(aws: Front, place: str) -> None:
    analyzer = ANALYZER | {"arn": f"arn:aws:access-analyzer:{place}:analyzer/x"}
    aws.fixed["ListAnalyzers"] = Answer(200, json.dumps({"analyzers": [analyzer]}))
    snapshot = collected(SINGLE)
    assert (snapshot.access_analyzers.known_part, snapshot.access_analyzers.gap) == (
        (),
        f"{ANALYZERS}:UnreadableAnswer",
    )
    assert load(dump(snapshot), "copy") == snapshot


def test_a_list_that_was_cut_is_partial_and_its_entries_are_asked_about(aws: Front) -> None:
    filled(aws)
    aws.page_sizes = (1,)
    call = "ListServerCertificates"
    pages = iter([0])
    aws.disturb = lambda asked, honest: (
        denied(f"iam:{call}") if asked.name == call and next(pages, None) is None else honest()
    )
    snapshot = collected(SINGLE)
    assert [each.name for each in snapshot.server_certificates.known_part] == ["bare"]
    assert snapshot.server_certificates.gap == f"{CERTIFICATES}:AccessDenied"
    assert snapshot.server_certificates.known_part[0].tags == {}
    assert status(snapshot, CERTIFICATES) is SourceStatus.PARTIAL


def test_tags_on_several_pages_are_joined(aws: Front) -> None:
    filled(aws)
    aws.page_sizes = (1,)
    assert [each.tags for each in collected(SINGLE).saml_providers] == [{}, TAGS]
    assert aws.actions.count("iam:ListSAMLProviderTags") == 3


def test_certificates_are_counted(aws: Front) -> None:
    filled(aws)
    entry = "<entry><key>ServerCertificates</key><value>3</value></entry>"
    aws.fixed["GetAccountSummary"] = result("GetAccountSummary", f"<SummaryMap>{entry}</SummaryMap>")
    snapshot = collected(SINGLE)
    assert snapshot.server_certificates.gap == f"{CERTIFICATES}:CountMismatch"
    assert aws.actions.count("iam:GetAccountSummary") == 2
    assert status(snapshot, CERTIFICATES) is SourceStatus.PARTIAL


def test_to_be_in_no_organization_is_a_fact_and_a_refusal_is_not(aws: Front) -> None:
    sources = frozenset({ORGANIZATION})
    lonely = collected(sources)
    assert lonely.account.management_account_id is None
    assert status(lonely, ORGANIZATION) is SourceStatus.COMPLETE
    aws.fixed["DescribeOrganization"] = denied("organizations:DescribeOrganization")
    refused = collected(sources)
    assert gaps_of(refused.account)["management_account_id"] == f"{ORGANIZATION}:AccessDeniedException"
    (gap,) = (gap for gap in refused.gaps if gap.source == ORGANIZATION)
    assert gap.iam_action == "organizations:DescribeOrganization"


@pytest.mark.usefixtures("aws")
def test_an_account_without_any_is_known_to_have_none() -> None:
    snapshot = collected(SINGLE)
    lists = (snapshot.server_certificates, snapshot.oidc_providers, snapshot.saml_providers, snapshot.access_analyzers)
    assert [len(listing) for listing in lists] == [0] * 4
    assert {status(snapshot, source) for source in SINGLE} == {SourceStatus.COMPLETE}


def test_without_the_list_of_policies_no_description_is_asked_for(aws: Front) -> None:
    filled(aws)
    aws.fixed["GetAccountAuthorizationDetails"] = denied("iam:GetAccountAuthorizationDetails")
    snapshot = collected(SINGLE)
    assert "iam:GetPolicy" not in aws.actions
    assert status(snapshot, DESCRIPTIONS) is SourceStatus.FAILED
    (gap,) = (gap for gap in snapshot.gaps if gap.source == DESCRIPTIONS)
    assert gap.iam_action == "iam:GetAccountAuthorizationDetails"


def filled_with_policies(aws: Front, more: int = 30) -> None:
    iam = filled(aws)
    for number in range(more):
        iam.create_policy(PolicyName=f"more-{number}", PolicyDocument=json.dumps(DOCUMENT))
    aws.calls.clear()


def test_one_policy_that_is_denied_hides_no_other(aws: Front) -> None:
    filled_with_policies(aws)
    aws.disturb = only_of("GetPolicy", "policy/described", denied("iam:GetPolicy", explicit=True))
    unknown = {each.name: gaps_of(each) for each in collected(SINGLE).policies}
    assert unknown.pop("described") == {"description": f"{DESCRIPTIONS}:AccessDenied"}
    assert list(unknown.values()) == [{}] * 31


def test_few_entities_are_asked_about_at_once(aws: Front) -> None:
    filled_with_policies(aws)
    lock, asking, most = Lock(), 0, 0

    def counted(call: Call, honest: Callable[[], Answer]) -> Answer:
        nonlocal asking, most
        if call.name != "GetPolicy":
            return honest()
        with lock:
            asking += 1
            most = max(most, asking)
        answer = honest()
        with lock:
            asking -= 1
        return answer

    aws.disturb = counted
    assert status(collected(SINGLE), DESCRIPTIONS) is SourceStatus.COMPLETE
    assert (most <= THREADS, aws.actions.count("iam:GetPolicy")) == (True, 32)


def test_many_calls_about_single_entities_are_told_beforehand(aws: Front) -> None:
    iam = filled(aws)
    for number in range(THREADS):
        iam.create_saml_provider(Name=f"more-{number}", SAMLMetadataDocument="x" * 1000)
    said: list[str] = []
    collect(connect(LiveOptions(), ask_code=None), SINGLE, say=said.append)
    assert sorted(said) == [
        "Reading 10 saml providers (10 iam:ListSAMLProviderTags calls)",
        "Reading 2 policy descriptions (2 iam:GetPolicy calls)",
    ]


def test_descriptions_that_nobody_may_read_are_unknown_after_few_calls(aws: Front) -> None:
    filled_with_policies(aws)
    aws.fixed["GetPolicy"] = denied("iam:GetPolicy")
    snapshot = collected(SINGLE)
    assert aws.actions.count("iam:GetPolicy") < 2 * THREADS
    assert {gaps_of(each)["description"] for each in snapshot.policies} == {f"{DESCRIPTIONS}:AccessDenied"}
    assert status(snapshot, DESCRIPTIONS) is SourceStatus.FAILED


@pytest.mark.parametrize(
    ("source", "held", "field"),
    [
        (DESCRIPTIONS, ("GetPolicy", "managed"), "description"),
        (CERTIFICATES, ("ListServerCertificateTags", "tagged"), "tags"),
    ],
    ids=str,
)
def test_what_was_told_before_the_time_was_over_stays(
    aws: Front, source: Source, held: tuple[str, str], field: str
) -> None:
    filled(aws)
    released = Event()

    def slow(call: Call, honest: Callable[[], Answer]) -> Answer:
        if call.name == held[0] and held[1] in call.about:
            released.wait()
        return honest()

    aws.disturb = slow
    try:
        snapshot = collect(connect(LiveOptions(), ask_code=None), frozenset({source}), timeout_s=1)
    finally:
        released.set()
    unknown = {each.name: gaps_of(each) for each in getattr(snapshot, DESCRIBED[source])}
    assert unknown.pop(held[1]) == {field: f"{source}:Timeout"}
    assert list(unknown.values()) == [{}]
    assert status(snapshot, source) is SourceStatus.PARTIAL


def test_a_service_that_is_not_there_leaves_a_gap(aws: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(aws)
    monkeypatch.setenv("AWS_ENDPOINT_URL_ACCESSANALYZER", "http://127.0.0.1:1")
    snapshot = collected(SINGLE)
    assert snapshot.access_analyzers.gap == f"{ANALYZERS}:EndpointConnectionError"
    assert status(snapshot, ORGANIZATION) is SourceStatus.COMPLETE


@pytest.mark.parametrize(
    ("sources", "services"),
    [
        (EVERYTHING - {ANALYZERS, ORGANIZATION}, []),
        (frozenset({ANALYZERS}), ["accessanalyzer"]),
        (frozenset({ORGANIZATION}), ["organizations"]),
    ],
    ids=["neither", "analyzers", "organization"],
)
@pytest.mark.usefixtures("aws")
def test_clients_of_other_services_are_made_only_where_they_are_asked(
    sources: frozenset[Source], services: list[str]
) -> None:
    made: list[str] = []
    connection = connect(LiveOptions(), ask_code=None)

    def client(service: str) -> Any:
        made.append(service)
        return connection.client(service)

    clock = FakeClock()
    collect(structs.replace(connection, client=client), sources, clock=clock.now, timer=clock.timer, sleep=clock.sleep)
    assert made == services


def test_gaps_of_what_was_not_requested_say_so(aws: Front) -> None:
    filled(aws)
    snapshot = collected(frozenset({Source.PASSWORD_POLICY}))
    for source in SINGLE:
        assert gap_codes(snapshot, source) == {"NotRequested"}
        assert status(snapshot, source) is SourceStatus.NOT_REQUESTED
    assert snapshot.server_certificates.gap == f"{CERTIFICATES}:NotRequested"
