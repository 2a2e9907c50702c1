"""Cases of iam-oidc-provider-client-id-list-check."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from auditor.account.model import OidcProvider
from auditor.errors import UsageError
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, listing, oidc_provider
from rules.iam_oidc_provider_client_id_list_check import RULE

ALLOWED = "sts.amazonaws.com, my-app"


def judged(name: str, expected: ComplianceType, provider: OidcProvider, allowed: str = ALLOWED) -> Case:
    snapshot = account(oidc_providers=[provider])
    return Case(name, snapshot, {provider.name: expected}, {"allowedClientIds": allowed})


def having(*client_ids: str) -> OidcProvider:
    return oidc_provider("token.example.com", client_ids=client_ids)


def partly(*client_ids: str) -> OidcProvider:
    return replace(having(), client_ids=listing(client_ids, WITHHELD))


PARAMETERS = {"allowedClientIds": ALLOWED}
CASES = [
    judged("an allowed id", C, having("sts.amazonaws.com")),
    judged("every allowed id", C, having("my-app", "sts.amazonaws.com")),
    judged("another id", NC, having("other")),
    judged("another id beside an allowed one", NC, having("sts.amazonaws.com", "other")),
    judged("no ids at all", C, having()),
    judged("an id in another case", NC, having("My-App")),
    judged("an id that an allowed one is a part of", NC, having("my-app-2")),
    judged("a star is no pattern", NC, having("my-app"), allowed="*"),
    judged("ids not all known, one of them not allowed", NC, partly("my-app", "other")),
    judged("ids not all known, those known allowed", UNKNOWN, partly("my-app")),
    Case(
        "two providers",
        account(oidc_providers=[oidc_provider("a", client_ids=["my-app"]), oidc_provider("b", client_ids=["x"])]),
        {"a": C, "b": NC},
        PARAMETERS,
    ),
    Case("no providers", account(), {ACCOUNT_ID: NA}, PARAMETERS),
    Case(
        "providers not all known",
        account(oidc_providers=[having("x")], unknown=["oidc_providers"]),
        {"token.example.com": NC, ACCOUNT_ID: UNKNOWN},
        PARAMETERS,
    ),
    Case("aws-cn", account(oidc_providers=[having("x")], partition="aws-cn"), {ACCOUNT_ID: NA}, PARAMETERS),
    Case("aws-us-gov", account(oidc_providers=[having("x")], partition="aws-us-gov"), {ACCOUNT_ID: NA}, PARAMETERS),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_the_ids_that_are_not_allowed() -> None:
    (finding,) = judged("", NC, having("my-app", "x", "y")).check(RULE).findings
    assert finding.annotation == "Client ids that are not allowed: x, y"
    assert [(fact.path, fact.value) for fact in finding.evidence] == [("client_ids", ["x", "y"])]
    assert finding.resource_id == finding.resource_arn


@pytest.mark.parametrize("given", [{}, {"allowedClientIds": ""}])
@pytest.mark.parametrize("origin", GivenBy)
def test_the_allowed_ids_must_be_given(given: dict[str, str], origin: GivenBy) -> None:
    with pytest.raises(UsageError, match=r"iam-oidc-provider-client-id-list-check\.allowedClientIds is required"):
        configure(RULE, given, origin=origin)


@pytest.mark.parametrize("value", [",", " , "])
def test_ids_that_name_nothing_are_refused(value: Sequence[str]) -> None:
    with pytest.raises(UsageError, match="names nothing"):
        configure(RULE, {"allowedClientIds": value})
