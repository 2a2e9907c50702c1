"""Properties of decisions about access: what more statements, less knowledge, another order or spelling change."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from permissions import ALLOW, EXPLICIT, IMPLICIT, UNDECIDED, attached, decided, deny, group_of, managed, written

from auditor.account.model import InlinePolicy, Snapshot
from auditor.account.unknown import with_gaps
from auditor.policies.access.answer import Decision
from auditor.policies.access.sessions import Session
from auditor.testing import WITHHELD, account, allow, listing, password_policy, user

DENIED = (EXPLICIT, IMPLICIT)
OWN = "arn:aws:iam::*:user/${aws:username}"
ACTIONS = [
    "iam:ChangePassword",
    "iam:GetUser",
    "iam:CreateVirtualMFADevice",
    "iam:ListUsers",
    "iam:ListVirtualMFADevices",
]
PATTERNS = ["*", "iam:*", "iam:Change*", "iam:ChangePassword", "iam:GetUser", "iam:*MFA*", "iam:List*", "s3:*"]
RESOURCES = ["*", OWN, "arn:aws:iam::*:user/*", "arn:aws:iam::*:mfa/*", "arn:aws:iam::*:user/bob", "arn:aws:iam::*:*"]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:MultiFactorAuthAge": True}},
    {"StringEquals": {"aws:PrincipalTag/team": ["blue", "green"]}},
    {"StringNotLikeIfExists": {"aws:username": "b*"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalTag/none": "x"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"Boolean": {"aws:MultiFactorAuthPresent": "false"}},
]


def some(values: Sequence[str]) -> Any:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


@st.composite
def statements(draw: Any, effects: Sequence[str] = ("Allow", "Deny")) -> dict[str, Any]:
    """Return a statement."""
    return {
        "Effect": draw(st.sampled_from(effects)),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(some(PATTERNS)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(some(RESOURCES)),
        "Condition": draw(st.sampled_from(CONDITIONS)),
    }


documents = st.lists(statements(), min_size=1, max_size=3)


class Drawn(NamedTuple):
    """Alice's account in parts: her own documents, those of each of her groups, her boundary, and the switch."""

    own: list[list[dict[str, Any]]]
    groups: list[list[list[dict[str, Any]]]]
    boundary: list[dict[str, Any]] | None
    switch: bool
    version: str

    def snapshot(self) -> Snapshot:
        """Return the account."""
        inline = [InlinePolicy(f"own-{number}", written(each, self.version)) for number, each in enumerate(self.own)]
        policies, groups = [], []
        for number, each in enumerate(self.groups):
            held = [managed(f"p{number}-{count}", *doc, version=self.version) for count, doc in enumerate(each)]
            policies += held
            groups.append(group_of(f"g{number}", *held))
        bound = managed("boundary", *(self.boundary or ()), version=self.version)
        alice = user(
            "alice",
            inline_policies=listing(inline),
            group_names=listing(each.name for each in groups),
            permissions_boundary=None if self.boundary is None else bound.arn,
            tags={"team": "blue"},
        )
        password = password_policy() if self.switch else None
        return account(users=[alice], groups=groups, policies=[*policies, bound], password=password)


drawn = st.builds(
    Drawn,
    own=st.lists(documents, max_size=2),
    groups=st.lists(st.lists(documents, max_size=2), max_size=2),
    boundary=st.none() | documents,
    switch=st.booleans(),
    version=st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
)
questions = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(list(Session)))


def ask(snapshot: Snapshot, question: tuple[str, Session]) -> Decision:
    return decided(snapshot, *question)


many = settings(deadline=None)


@many
@given(drawn, statements(["Deny"]), questions, st.booleans())
def test_one_more_deny_never_allows_what_was_denied(
    parts: Drawn, more: dict[str, Any], question: tuple[str, Session], in_boundary: bool
) -> None:
    before = ask(parts.snapshot(), question)
    if in_boundary and parts.boundary is not None:
        after = ask(parts._replace(boundary=[more, *parts.boundary]).snapshot(), question)
    else:
        after = ask(parts._replace(own=[[more], *parts.own]).snapshot(), question)
    assert before not in DENIED or after in DENIED
    assert before is ALLOW or after is not ALLOW


@many
@given(drawn, statements(["Allow"]), questions, st.booleans())
def test_one_more_allow_never_denies_what_was_allowed(
    parts: Drawn, more: dict[str, Any], question: tuple[str, Session], in_boundary: bool
) -> None:
    before = ask(parts.snapshot(), question)
    if in_boundary and parts.boundary is not None:
        after = ask(parts._replace(boundary=[more, *parts.boundary]).snapshot(), question)
    else:
        after = ask(parts._replace(own=[[more], *parts.own]).snapshot(), question)
    assert before is not ALLOW or after is ALLOW
    assert (before is EXPLICIT) is (after is EXPLICIT)


def hidden(snapshot: Snapshot, data: st.DataObject) -> Snapshot:
    """Return the account with one document, group or list hidden."""
    (alice,) = snapshot.users.known_part
    own, groups, policies = alice.inline_policies.known_part, snapshot.groups.known_part, snapshot.policies.known_part
    choices: list[Any] = [("group_names", None), ("attached_policies", None), ("permissions_boundary", None)]
    choices += [("own", each) for each in own] + [("group", each) for each in groups]
    choices += [("policy", each) for each in policies[:-1]] + [("unlisted", each) for each in policies[:-1]]
    choices += [("boundary", policies[-1])] if alice.permissions_boundary else []
    kind, chosen = data.draw(st.sampled_from(choices))
    if kind == "own":
        less = with_gaps(chosen, {"document": WITHHELD})
        alice = replace(alice, inline_policies=listing(less if each is chosen else each for each in own))
    elif kind == "group":
        less = replace(chosen, attached_policies=listing([], WITHHELD))
        return replace(snapshot, groups=listing(less if each is chosen else each for each in groups))
    elif kind in ("policy", "boundary"):
        less = with_gaps(chosen, {"versions": WITHHELD})
        return replace(snapshot, policies=listing(less if each is chosen else each for each in policies))
    elif kind == "unlisted":
        return replace(snapshot, policies=listing((each for each in policies if each is not chosen), WITHHELD))
    else:
        alice = with_gaps(alice, {kind: WITHHELD})
    return replace(snapshot, users=listing([alice]))


@many
@given(drawn, questions, st.data())
def test_hiding_a_document_or_a_group_leads_only_to_undecided(
    parts: Drawn, question: tuple[str, Session], data: st.DataObject
) -> None:
    snapshot = parts.snapshot()
    before, after = ask(snapshot, question), ask(hidden(snapshot, data), question)
    assert after is UNDECIDED or before is after is EXPLICIT


@many
@given(drawn, questions, st.data())
def test_order_does_not_matter(parts: Drawn, question: tuple[str, Session], data: st.DataObject) -> None:
    def mixed(items: Sequence[Any]) -> list[Any]:
        return list(data.draw(st.permutations(items)))

    other = parts._replace(
        own=[mixed(each) for each in mixed(parts.own)],
        groups=[[mixed(each) for each in mixed(group)] for group in mixed(parts.groups)],
        boundary=None if parts.boundary is None else mixed(parts.boundary),
    )
    assert ask(parts.snapshot(), question) is ask(other.snapshot(), question)


@many
@given(drawn, questions, st.sampled_from([str.lower, str.upper, str.swapcase]))
def test_the_case_of_condition_keys_does_not_matter(parts: Drawn, question: tuple[str, Session], change: Any) -> None:
    def spelt(keys: dict[str, Any]) -> dict[str, Any]:
        return {change(key): values for key, values in keys.items()}

    def changed(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**each, "Condition": {op: spelt(keys) for op, keys in each["Condition"].items()}} for each in document]

    other = parts._replace(
        own=[changed(each) for each in parts.own],
        groups=[[changed(each) for each in group] for group in parts.groups],
        boundary=None if parts.boundary is None else changed(parts.boundary),
    )
    assert ask(parts.snapshot(), question) is ask(other.snapshot(), question)


def test_a_policy_attached_to_alice_counts_as_one_of_a_group() -> None:
    for effect, expected in (({}, ALLOW), ({"Effect": "Deny"}, EXPLICIT)):
        policy = managed("p", allow(**effect))
        own = account(users=[user("alice", attached_policies=attached(policy))], policies=[policy])
        through = account(users=[user("alice", groups=["g"])], groups=[group_of("g", policy)], policies=[policy])
        assert decided(own, ACTIONS[0]) is decided(through, ACTIONS[0]) is expected


def test_the_drawn_accounts_reach_each_decision() -> None:
    empty = Drawn([], [], None, switch=False, version="2012-10-17")
    question = (ACTIONS[0], Session.MFA)
    found = {
        ask(empty._replace(own=own).snapshot(), question)
        for own in ([], [[allow()]], [[deny()]], [[allow(Condition=CONDITIONS[-1])]])
    }
    assert found == set(Decision)
