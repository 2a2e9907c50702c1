"""Generated plans for a small account, and the account after them according to a model of sets, as strategies."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from plans import Json, created, deleted, document, plan

from auditor.account.model import Snapshot
from auditor.testing import account, allow, group, user

USERS, GROUPS, INLINE = ("ann", "bob", "cy"), ("ops", "dev"), ("one", "two")
POLICIES = ("AdministratorAccess", "ReadOnlyAccess")


def arn(name: str) -> str:
    """Return the ARN of an AWS-managed policy."""
    return f"arn:aws:iam::aws:policy/{name}"


@dataclass
class Model:
    """Hold an account as sets: the groups, attached policies and inline policies of each user."""

    groups: set[str] = field(default_factory=set)
    users: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def built(self) -> Snapshot:
        """Return the snapshot of the account."""
        users = [
            user(name, groups=[*held["groups"]], attached=[*held["attached"]], inline=[*held["inline"]])
            for name, held in sorted(self.users.items())
        ]
        return account(users=users, groups=[group(name) for name in sorted(self.groups)])


def subsets(names: tuple[str, ...]) -> st.SearchStrategy[set[str]]:
    """Return a strategy of some of these names."""
    return st.sets(st.sampled_from(names))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Draw an account."""
    groups = draw(subsets(GROUPS))
    held = {
        name: {
            "groups": draw(subsets(GROUPS)) & groups,
            "attached": draw(subsets(POLICIES)),
            "inline": draw(subsets(INLINE)),
        }
        for name in draw(subsets(USERS))
    }
    return Model(groups, held)


_LISTS: Mapping[str, tuple[str, tuple[str, ...], Callable[[str, str], tuple[str, Json]]]] = {
    "groups": ("groups", GROUPS, lambda who, what: ("aws_iam_user_group_membership", {"user": who, "groups": [what]})),
    "attached": (
        "attached",
        POLICIES,
        lambda who, what: ("aws_iam_user_policy_attachment", {"user": who, "policy_arn": arn(what)}),
    ),
    "inline": (
        "inline",
        INLINE,
        lambda who, what: ("aws_iam_user_policy", {"user": who, "name": what, "policy": document(allow())}),
    ),
}


@st.composite
def planned(draw: st.DrawFn) -> tuple[Model, Json, Model]:
    """Draw an account, a plan, and the account after the plan."""
    before = draw(models())
    after = deepcopy(before)
    changes: list[Json] = [*_removals(draw, after), *_deletions(draw, after), *_creations(draw, after)]
    changes += _additions(draw, after, changes)
    changes += _exclusions(draw, after, changes)
    return before, plan(*draw(st.permutations(changes))), after


def _removals(draw: st.DrawFn, model: Model) -> list[Json]:
    made: list[Json] = []
    for name, held in sorted(model.users.items()):
        for key, (_, _, resource) in _LISTS.items():
            for item in sorted(held[key]):
                if draw(st.integers(0, 3)) == 0:
                    kind, values = resource(name, item)
                    held[key].discard(item)
                    made.append(deleted(f"{kind}.gone_{name}_{item}", **values))
    return made


def _deletions(draw: st.DrawFn, model: Model) -> list[Json]:
    made: list[Json] = []
    for name in sorted(model.users):
        if draw(st.integers(0, 3)) == 0:
            del model.users[name]
            made.append(deleted(f"aws_iam_user.{name}", name=name, path="/"))
    for name in sorted(model.groups):
        if draw(st.integers(0, 3)) == 0:
            model.groups.discard(name)
            for held in model.users.values():
                held["groups"].discard(name)
            made.append(deleted(f"aws_iam_group.{name}", name=name, path="/"))
    return made


def _creations(draw: st.DrawFn, model: Model) -> list[Json]:
    made: list[Json] = []
    for name in sorted(draw(subsets((*USERS, "new")))):
        if name not in model.users:
            model.users[name] = {"groups": set(), "attached": set(), "inline": set()}
            made.append(created(f"aws_iam_user.new_{name}", name=name, path="/"))
    for name in sorted(draw(subsets((*GROUPS, "fresh")))):
        if name not in model.groups:
            model.groups.add(name)
            made.append(created(f"aws_iam_group.new_{name}", name=name, path="/"))
    return made


def _additions(draw: st.DrawFn, model: Model, changes: list[Json]) -> list[Json]:
    """Return resources that add what no other resource takes away: which of two is done last, nobody could tell."""
    made: list[Json] = []
    gone = {each["address"].partition(".gone_")[2] for each in changes}
    for name, held in sorted(model.users.items()):
        for key, (_, items, resource) in _LISTS.items():
            for item in sorted(draw(subsets(items))):
                if (key != "groups" or item in model.groups) and item not in held[key]:
                    if f"{name}_{item}" in gone:
                        continue
                    kind, values = resource(name, item)
                    held[key].add(item)
                    made.append(created(f"{kind}.add_{name}_{item}", **values))
    return made


def _exclusions(draw: st.DrawFn, model: Model, changes: list[Json]) -> list[Json]:
    """Return resources that manage a list exclusively, only for users to whom the plan adds nothing else."""
    made: list[Json] = []
    added = {each["address"].partition(".add_")[2].partition("_")[0] for each in changes}
    for name, held in sorted(model.users.items()):
        if name in added or draw(st.booleans()):
            continue
        kept = draw(subsets(POLICIES))
        held["attached"] = kept
        arns = [arn(each) for each in sorted(kept)]
        values: dict[str, Any] = {"user_name": name, "policy_arns": arns}
        made.append(created(f"aws_iam_user_policy_attachments_exclusive.{name}", **values))
    return made


_HIDEABLE = ("user", "groups", "policy_arn", "policy", "policy_arns", "user_name")
"""The attributes that may be unknown in a plan; names of created resources are never hidden."""


@st.composite
def hidden(draw: st.DrawFn, made: Json) -> Json:
    """Draw the plan with some of its values known only after apply."""
    less = deepcopy(made)
    for entry in less["resource_changes"]:
        change = entry["change"]
        if change["after"] is None:
            continue
        for name in _HIDEABLE:
            if name in change["after"] and draw(st.integers(0, 3)) == 0:
                del change["after"][name]
                change["after_unknown"] = {**(change["after_unknown"] or {}), name: True}
    return less
