"""Knowledge is monotone: hiding a fact turns a verdict into INSUFFICIENT_DATA, and into nothing else."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace
from rule_parameters import REQUIRED, RULES

from auditor.engine import evaluate
from auditor.facts import Listing, UnknownFact, at_rest, with_gaps, witnessed
from auditor.model import (
    AttachedPolicy,
    Credentials,
    Group,
    InlinePolicy,
    Policy,
    PolicyVersion,
    ReportMarker,
    ResourceType,
    Role,
    Snapshot,
    User,
)
from auditor.parameters import configure
from auditor.rule import ComplianceType, ConfiguredRule, Evidence
from auditor.testing import (
    ACCOUNT_ID,
    WITHHELD,
    account,
    allow,
    credentials,
    document,
    group,
    listing,
    password_policy,
    policy,
    role,
    user,
)

NAMES = ["Admins", "Dev", "Ops", "admins", "a,b"]
FLAGS = st.one_of(st.booleans(), st.sampled_from(ReportMarker))
UNKNOWN = ComplianceType.INSUFFICIENT_DATA

names = st.lists(st.sampled_from(NAMES), unique=True, max_size=3)
rows = st.builds(credentials, password_enabled=FLAGS, mfa_active=FLAGS)
passwords = st.none() | st.builds(
    password_policy, st.integers(6, 20), symbols=st.booleans(), age=st.none() | st.integers(0, 120)
)
ADMIN, SUPPORT = "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AWSSupportAccess"
ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"
CHOICES: dict[str, list[dict[str, str]]] = {
    "iam-customer-policy-blocked-kms-actions": [
        {"blockedActionsPatterns": "kms:Decrypt", "excludePermissionBoundaryPolicy": "true"},
    ],
    "iam-inline-policy-blocked-kms-actions": [
        {"blockedActionsPatterns": "kms:Decrypt", "excludeRoleByManagementAccount": "true"},
    ],
    "iam-password-policy": [{"RequireSymbols": "false"}, {"MaxPasswordAge": ""}],
    "iam-policy-blacklisted-check": [{"policyArns": ADMIN, "exceptionList": "users:[alice], roles:[R]"}],
    "iam-policy-in-use": [
        {"policyARN": SUPPORT, "policyUsageType": usage} for usage in ("IAM_USER", "IAM_GROUP", "IAM_ROLE")
    ],
    "iam-policy-no-statements-with-admin-access": [{"excludePermissionBoundaryPolicy": "true"}],
    "iam-policy-no-statements-with-full-access": [{"excludePermissionBoundaryPolicy": "true"}],
    "iam-role-managed-policy-check": [{"managedPolicyArns": f"{ADMIN}, {SUPPORT}"}],
    "iam-user-group-membership-check": [{"groupNames": "Admins,Ghost"}],
}
"""Parameters to try in place of those that a rule has by default, or that it requires, by rule."""

parameters = st.fixed_dictionaries(
    {rule_id: st.sampled_from([REQUIRED.get(rule_id, {}), *CHOICES.get(rule_id, [])]) for rule_id in RULES}
)

documents = st.sampled_from(
    [
        document(),
        document(allow()),
        document(allow("s3:*", "arn:aws:s3:::bucket")),
        document(allow(["s3:Get*", "kms:De*"], ["*"])),
        document(allow("kms:*", f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/*"), allow("*", Effect="Deny")),
        document(allow(None, NotAction="iam:*")),
        Raw(b'{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}'),
        Raw(b"{}"),
    ]
)
trust_policies = st.sampled_from(
    [
        document(),
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}}),
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}),
        document({"Effect": "Allow", "Action": "sts:AssumeRole"}),
    ]
)
inline_policies = st.lists(
    st.builds(InlinePolicy, st.sampled_from(["p", "q", "r"]), documents), max_size=3, unique_by=lambda each: each.name
).map(listing)
attached_policies = st.lists(st.sampled_from([ADMIN, SUPPORT]), unique=True).map(
    lambda arns: listing([AttachedPolicy(arn.rpartition("/")[2], arn) for arn in arns])
)
policies = st.builds(
    policy,
    st.sampled_from(["P", "Q"]),
    description=st.sampled_from(["What for", "", None]),
    attachment_count=st.integers(0, 1),
    permissions_boundary_usage_count=st.integers(0, 1),
    default_version_id=st.sampled_from(["v1", "v2"]),
    versions=st.lists(st.sampled_from([("v1", True), ("v2", False)]), unique=True)  # two defaults would be in doubt
    .flatmap(lambda drawn: st.tuples(*(st.builds(PolicyVersion, *map(st.just, each), documents) for each in drawn)))
    .map(listing),
)
roles = st.builds(
    role,
    st.sampled_from(["R", "S"]),
    trust_policy=trust_policies,
    inline_policies=inline_policies,
    attached_policies=attached_policies,
)


def unlike(records: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(records, max_size=2, unique_by=lambda each: each.name)


@st.composite
def accounts(draw: st.DrawFn) -> Snapshot:
    people = [
        user(
            name,
            groups=draw(names),
            inline_policies=draw(inline_policies),
            attached_policies=draw(attached_policies),
            credentials=draw(rows),
        )
        for name in draw(st.lists(st.sampled_from(["alice", "bob", "carol"]), unique=True))
    ]
    teams = [
        replace(group(name), inline_policies=draw(inline_policies), attached_policies=draw(attached_policies))
        for name in draw(names)
    ]
    made = account(
        users=people, groups=teams, roles=draw(unlike(roles)), policies=draw(unlike(policies)), password=draw(passwords)
    )
    management = draw(st.sampled_from([None, ACCOUNT_ID]))
    return replace(made, account=replace(made.account, management_account_id=management))


@st.composite
def less_known(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    """Hide some facts: fields of records, items of lists, whole lists. Names are never hidden."""
    facts = ["password_policy", "summary", "root_credentials", "management_account_id"]
    return replace(
        snapshot,
        account=draw(hidden(snapshot.account, facts)),
        users=draw(shortened([draw(less_known_user(person)) for person in snapshot.users.known])),
        groups=draw(shortened([draw(less_known_holder(each, Group)) for each in snapshot.groups.known])),
        roles=draw(shortened([draw(less_known_holder(each, Role)) for each in snapshot.roles.known])),
        policies=draw(shortened([draw(less_known_policy(each)) for each in snapshot.policies.known])),
    )


@st.composite
def less_known_holder(draw: st.DrawFn, holder: Any, kind: type[msgspec.Struct]) -> Any:
    """Hide some of what is known of a group or role, and of its policies."""
    inline = [draw(hidden(each, ["document"])) for each in at_rest(holder, "inline_policies").known]
    attached = list(at_rest(holder, "attached_policies").known)
    partly = replace(holder, inline_policies=draw(shortened(inline)), attached_policies=draw(shortened(attached)))
    return draw(hidden(partly, fields_of(kind)))


@st.composite
def less_known_policy(draw: st.DrawFn, whole: Policy) -> Any:
    versions = [draw(hidden(each, ["is_default", "document"])) for each in whole.versions.known]
    return draw(hidden(replace(whole, versions=draw(shortened(versions))), fields_of(Policy)))


@st.composite
def less_known_user(draw: st.DrawFn, person: User) -> User:
    partly = replace(
        person,
        group_names=draw(shortened(list(person.group_names.known))),
        credentials=draw(hidden(person.credentials, list(Credentials.__struct_fields__))),
    )
    less: User = draw(less_known_holder(partly, User))
    return less


@st.composite
def hidden(draw: st.DrawFn, record: Any, fields: list[str]) -> Any:
    return with_gaps(record, dict.fromkeys(draw(st.lists(st.sampled_from(fields), max_size=3)), WITHHELD))


@st.composite
def shortened(draw: st.DrawFn, items: list[Any]) -> Listing[Any]:
    if draw(st.booleans()):
        return listing(items)
    return listing([item for item in items if draw(st.booleans())], WITHHELD)


def fields_of(record: type[msgspec.Struct]) -> list[str]:
    return [field for field in record.__struct_fields__ if field != "name"]


Verdicts = dict[tuple[str, ResourceType, str], ComplianceType]


def verdicts(snapshot: Snapshot, rules: list[ConfiguredRule]) -> Verdicts:
    return {
        (found.config_rule_name, found.resource_type, found.resource_name): found.compliance_type
        for found in evaluate(snapshot, rules).findings
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_hiding_facts_turns_verdicts_only_into_insufficient_data(data: st.DataObject) -> None:
    whole = data.draw(accounts())
    given_parameters = data.draw(parameters)
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


def accountwide(found: Verdicts, rule_name: str) -> list[ComplianceType]:
    return [verdict for (rule, kind, _), verdict in found.items() if (rule, kind) == (rule_name, ResourceType.ACCOUNT)]


def test_reading_an_unknown_field_raises_whatever_is_done_with_it() -> None:
    alice = user("alice", unknown=["id"])
    with pytest.raises(UnknownFact) as raised:
        alice.id  # noqa: B018 - the reading itself is what raises
    assert (raised.value.gap_id, raised.value.reason) == (WITHHELD, "id")
    assert alice.name == "alice"


def test_a_whole_record_is_of_the_plain_type() -> None:
    assert type(user("alice")) is User
    assert with_gaps(user("alice"), {}) == user("alice")


def test_a_partial_record_stays_comparable_and_gains_gaps() -> None:
    once = user("alice", unknown=["id"])
    twice = with_gaps(once, {"path": WITHHELD})
    assert type(twice) is type(once)
    assert twice == user("alice", unknown=["id", "path"])


@pytest.mark.parametrize(
    "conclude",
    [
        pytest.param(len, id="length"),
        pytest.param(bool, id="truth"),
        pytest.param(lambda items: items == ("a",), id="equality"),
        pytest.param(lambda items: items != ("a",), id="inequality"),
        pytest.param(lambda items: "a" in items, id="membership, even of a known item"),
        pytest.param(lambda items: items[0], id="indexing"),
        pytest.param(all, id="all, when no known item refutes"),
        pytest.param(list, id="going through to the end"),
    ],
)
def test_a_partial_list_allows_no_conclusion(conclude: Any) -> None:
    with pytest.raises(UnknownFact):
        conclude(listing(["a"], WITHHELD))


def test_a_partial_list_gives_what_is_known() -> None:
    assert any(name == "a" for name in listing(["a"], WITHHELD))
    assert not all(name == "b" for name in listing(["a"], WITHHELD))


def test_a_complete_list_is_a_list() -> None:
    complete = listing(["a", "b"])
    assert (len(complete), bool(complete), complete[0], "b" in complete, list(complete)) == (
        2,
        True,
        "a",
        True,
        ["a", "b"],
    )
    assert complete == ("a", "b")
    assert complete != ("a",)
    assert not listing()


def test_a_witness_sees_what_somebody_caught() -> None:
    with witnessed() as raised:
        with suppress(UnknownFact):
            len(listing([], WITHHELD))
        assert [unknown.gap_id for unknown in raised] == [WITHHELD]


def test_two_complete_lists_are_compared_item_by_item() -> None:
    assert listing(["a"]) == listing(["a"])
    assert listing(["a"]) != listing(["b"])


@pytest.mark.parametrize("read", [len, lambda items: next(iter(items))], ids=["length", "items"])
def test_an_unknown_list_says_that_its_items_are_unknown(read: Any) -> None:
    with pytest.raises(UnknownFact) as raised:
        read(listing([], WITHHELD))
    assert (raised.value.gap_id, raised.value.reason) == (WITHHELD, "items")


def test_an_unknown_document_rests_as_null() -> None:
    assert bytes(at_rest(role("Deploy", unknown=["trust_policy"]), "trust_policy")) == b"null"


def test_a_record_without_partial_form_cannot_lose_facts() -> None:
    with pytest.raises(TypeError, match="Evidence has no partial form"):
        with_gaps(Evidence("path", None, "source"), {"value": WITHHELD})
