"""Knowledge is monotone, for what is told of credentials, root, devices, certificates, providers and analyzers.

The account summary and root's row of the credential report are drawn from one truth, since rules leave undecided what
two sources contradict each other on: then to know less is to doubt less.
"""

from datetime import timedelta
from typing import Any

import pytest
from generated_accounts import FLAGS, accountwide, hidden, shortened, verdicts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from root_account import ROOT, ROOT_DEVICE
from rule_parameters import REQUIRED, RULES

from auditor.account.credentials import Credentials, ReportMarker
from auditor.account.kinds import ResourceType
from auditor.account.model import (
    AccessAnalyzer,
    OidcProvider,
    SamlProvider,
    ServerCertificate,
    Snapshot,
    User,
    Verified,
    VirtualMfaDevice,
)
from auditor.account.unknown import Listing, Record, with_gaps
from auditor.judging.parameters import configure
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    REPORT_TIME,
    UNKNOWN,
    WITHHELD,
    account,
    credentials,
    listing,
    oidc_provider,
    saml_provider,
    server_certificate,
    user,
)

DAY = timedelta(days=1)
OLD, FRESH = REPORT_TIME - 400 * DAY, REPORT_TIME - DAY
WRITTEN = [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in (OLD, FRESH, REPORT_TIME + 26_000 * DAY)]
CELLS = st.sampled_from([*WRITTEN, *ReportMarker, "2020-01-01", ""])
FURTHER = st.sampled_from([None, None, "1 more key", "N/A"])
CHOICES: dict[str, list[dict[str, object]]] = {
    "access-keys-rotated": [{"maxAccessKeyAge": "90"}, {"maxAccessKeyAge": "500"}],
    "iam-user-unused-credentials-check": [{"maxCredentialUsageAge": "90"}, {"maxCredentialUsageAge": "500"}],
    **{f"iam-{kind}-tagged": [{}, {"requiredKeyTags": "Owner"}] for kind in ("oidc-provider", "saml-provider")},
}

COLUMNS = list(Credentials.__struct_fields__)

parameters = st.fixed_dictionaries(
    {rule_id: st.sampled_from([REQUIRED.get(rule_id, {}), *CHOICES.get(rule_id, [])]) for rule_id in RULES}
)
rows = st.builds(
    credentials,
    **{
        column: FURTHER
        if column == "additional_credentials_info"
        else FLAGS
        if column == "password_enabled" or column.endswith("_active")
        else CELLS
        for column in Credentials.__struct_fields__
    },
)
tags = st.dictionaries(st.sampled_from(["Owner", "Team", "aws:stack"]), st.just("x"))
answers = st.builds(Verified, st.just(CAPTURED_AT), password_enabled=st.booleans(), mfa_active=st.booleans())
people = st.builds(
    user,
    st.sampled_from(["alice", "bob"]),
    credentials=rows,
    created_at=st.sampled_from([OLD, FRESH]),
    verified=st.none()
    | st.builds(Verified, st.just(CAPTURED_AT), password_enabled=st.booleans(), mfa_active=st.booleans()),
)
devices = st.builds(
    VirtualMfaDevice,
    st.sampled_from([ROOT_DEVICE, f"{ROOT_DEVICE}-2"]),
    st.sampled_from([None, ROOT, f"arn:aws:iam::{ACCOUNT_ID}:user/root"]),
    st.none(),
)
analyzers = st.builds(
    AccessAnalyzer,
    st.just("one"),
    st.just("arn"),
    st.sampled_from(["ACCOUNT", "ORGANIZATION"]),
    st.sampled_from(["ACTIVE", "FAILED"]),
)
certificates = st.builds(
    server_certificate, st.sampled_from("ab"), expires_at=st.sampled_from([CAPTURED_AT, CAPTURED_AT + DAY]), tags=tags
)
clients = st.lists(st.sampled_from(["sts.amazonaws.com", "other"]), unique=True)


def some(records: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(records, max_size=2, unique_by=lambda each: each.name)


@st.composite
def root(draw: st.DrawFn) -> dict[str, Any]:
    """Return what both sources tell of the same root; each may be silent on this and that."""
    password, mfa = draw(st.booleans()), draw(st.booleans())
    keys = {f"access_key_{number}": draw(st.sampled_from(["none", "inactive", "active"])) for number in (1, 2)}
    counted = {
        "AccountPasswordPresent": int(password),
        "AccountMFAEnabled": int(mfa),
        "AccountAccessKeysPresent": sum(state != "none" for state in keys.values()),
    }
    told: dict[str, Any] = {"password_enabled": password, "mfa_active": mfa}
    for key, state in keys.items():
        told[f"{key}_active"] = state == "active"
        told[f"{key}_last_rotated"] = "N/A" if state == "none" else WRITTEN[0]
    for column in draw(st.sets(st.sampled_from(list(told)), max_size=2)):
        told[column] = ReportMarker.NOT_SUPPORTED
    silent = draw(st.sets(st.sampled_from(list(counted)), max_size=1))
    summary = {key: count for key, count in counted.items() if key not in silent}
    return {"summary": summary, "root_credentials": credentials(**told)}


@st.composite
def accounts(draw: st.DrawFn) -> Snapshot:
    return account(
        users=draw(some(people)),
        devices=draw(st.lists(devices, max_size=2, unique_by=lambda each: each.serial_number)),
        server_certificates=draw(some(certificates)),
        oidc_providers=draw(some(st.builds(oidc_provider, st.sampled_from("ab"), client_ids=clients, tags=tags))),
        saml_providers=draw(some(st.builds(saml_provider, st.sampled_from("ab"), tags=tags))),
        analyzers=draw(st.lists(analyzers, max_size=2)),
        partition=draw(st.sampled_from(["aws", "aws", "aws-cn", "aws-us-gov"])),
        **draw(root()),
    )


@st.composite
def less_known(draw: st.DrawFn, whole: Snapshot) -> Snapshot:
    """Hide some facts: times, fields of records, items of lists, whole lists, one count of the summary."""
    return replace(
        whole,
        **{
            name: draw(st.sampled_from([getattr(whole, name), None]))
            for name in ("captured_at", "report_generated_at", "region")
        },
        account=draw(less_known_account(whole)),
        users=draw(less_known_list(whole.users, User, {"credentials": COLUMNS})),
        virtual_mfa_devices=draw(shortened(list(whole.virtual_mfa_devices.known_part))),
        server_certificates=draw(less_known_list(whole.server_certificates, ServerCertificate, {})),
        oidc_providers=draw(less_known_providers(whole)),
        saml_providers=draw(less_known_list(whole.saml_providers, SamlProvider, {})),
        access_analyzers=draw(shortened(list(whole.access_analyzers.known_part))),
    )


@st.composite
def less_known_account(draw: st.DrawFn, whole: Snapshot) -> Any:
    row = draw(hidden(whole.account.root_credentials, COLUMNS))
    uncounted = draw(st.sets(st.sampled_from(sorted(whole.account.summary) or ["none"]), max_size=1))
    summary = {key: count for key, count in whole.account.summary.items() if key not in uncounted}
    return draw(hidden(replace(whole.account, root_credentials=row, summary=summary), ["summary", "root_credentials"]))


@st.composite
def less_known_list(
    draw: st.DrawFn, whole: Listing[Any], kind: type[Record], inner: dict[str, list[str]]
) -> Listing[Any]:
    """Hide items, fields of items, and fields of the records in these fields."""
    items = [
        replace(item, **{field: draw(hidden(getattr(item, field), columns)) for field, columns in inner.items()})
        for item in whole.known_part
    ]
    return draw(shortened([draw(hidden(item, hideable(kind))) for item in items]))


@st.composite
def less_known_providers(draw: st.DrawFn, whole: Snapshot) -> Listing[Any]:
    partly = [
        replace(each, client_ids=draw(shortened(list(each.client_ids.known_part))))
        for each in whole.oidc_providers.known_part
    ]
    return draw(less_known_list(listing(partly), OidcProvider, {}))


def hideable(kind: type[Record]) -> list[str]:
    return [field for field in kind.__struct_fields__ if field not in kind._never_unknown]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_hiding_facts_turns_verdicts_only_into_insufficient_data(data: st.DataObject) -> None:
    whole, given_parameters = data.draw(accounts()), data.draw(parameters)
    rules = [configure(rule, given_parameters[rule.id]) for rule in RULES.values()]
    before, after = verdicts(whole, rules), verdicts(data.draw(less_known(whole)), rules)
    for key, verdict in before.items():
        if key in after:
            assert after[key] in (verdict, UNKNOWN), key
        else:
            assert UNKNOWN in accountwide(after, key[0]), f"{key} vanished without a word"
    for key in after.keys() - before.keys():
        assert key[1] is ResourceType.ACCOUNT
        assert after[key] is UNKNOWN


def test_hiding_everything_leaves_nothing_decided_but_what_aws_does_not_offer() -> None:
    told = ["summary", "root_credentials", "users", "virtual_mfa_devices", "access_analyzers"]
    told += ["server_certificates", "oidc_providers", "saml_providers", "groups", "roles", "policies"]
    snapshot = account(unknown=[*told, "password_policy", "management_account_id"])
    rules = [configure(rule, REQUIRED.get(rule.id, {})) for rule in RULES.values()]
    assert set(verdicts(snapshot, rules).values()) == {UNKNOWN}
    alice = with_gaps(user("alice"), dict.fromkeys(hideable(User), WITHHELD))
    assert set(verdicts(replace(snapshot, users=listing([alice], WITHHELD)), rules).values()) == {UNKNOWN}


@pytest.mark.parametrize("provider", [oidc_provider("it"), saml_provider("it")], ids=["OpenID Connect", "SAML"])
def test_the_arn_of_a_provider_is_never_unknown_since_it_is_its_id(provider: Any) -> None:
    assert provider.id == provider.arn
    with pytest.raises(ValueError, match="never unknown"):
        with_gaps(provider, {"arn": WITHHELD})
