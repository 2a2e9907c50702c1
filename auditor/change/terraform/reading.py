"""Reading a Terraform plan: turn its JSON into the steps of a change."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from auditor.account.model import Snapshot
from auditor.change.steps import Action, Change, Doubt, Link, Opened, Step
from auditor.change.terraform import entities, links, plan_file
from auditor.change.terraform.lookup import Lookup
from auditor.change.terraform.resources import Resource
from auditor.change.terraform.sources import Sources
from auditor.change.values import Target, Unknown, hidden_texts
from auditor.errors import SourceError

_ACTIONS = {"create": Action.CREATE, "update": Action.UPDATE, "delete": Action.DELETE}
_ACCOUNT = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/")
_OWNER = re.compile(r"arn:[\w-]+:(?:iam|access-analyzer):[\w-]*:(\d{12}):")
_ARNS = frozenset({"arn", "id", "policy_arn", "policy_arns", "managed_policy_arns", "permissions_boundary"})
"""The attributes whose ARNs always belong to the account of their resource, or to AWS."""
_OWN_CREDENTIALS = frozenset({"profile", "access_key", "shared_credentials_files", "assume_role_with_web_identity"})
"""The settings that can put a provider with an alias into another account."""
_PEOPLE = {"user": "users", "user_name": "users", "group": "groups", "group_name": "groups", "role": "roles"} | {
    "role_name": "roles"
}
_EVERY_LIST = ("users", "groups", "roles", "policies")


def opened(path: str, source_dir: str | None = None) -> Opened:
    """Return a function that returns the change that a plan makes to the given account.

    `source_dir` is the folder of the root module, which is searched for the addresses. Raises SourceError if the file
    is not a complete plan, and UsageError if `source_dir` is not a folder.
    """
    lookup = Lookup(plan_file.read(path))
    sources = Sources(source_dir, lookup.root_module) if source_dir is not None else None
    return lambda account: _change(lookup, "standard input" if path == "-" else path, account, sources)


def _change(lookup: Lookup, file: str, account: Snapshot, sources: Sources | None) -> Change:
    reading = _Reading(lookup, account)
    everything = (*lookup.deposed, *lookup.resources.values())
    for each in everything:
        reading.check_account(each, file)
    steps = tuple(
        _placed(step, sources) for each in everything for step in _deleted_last(each, list(reading.steps(each)))
    )
    stays = any(each.after is not None for each in everything)  # the code of a deleted resource may be deleted too
    if sources is not None and stays and all(step.file is None for step in steps):
        reading.notes.append(f"--source-dir {sources.folder}: no address of {file} is found in this folder")
    hidden = {text for each in everything for text in _secrets(each)}
    return Change(
        file=file,
        steps=steps,
        notes=tuple(dict.fromkeys(reading.notes)),
        secrets=frozenset(lookup.secrets | hidden),
    )


def _deleted_last(of: Resource, made: list[Step]) -> list[Step]:
    """Return the steps of a resource without additions that deleting the old object undoes (create_before_destroy).

    https://developer.hashicorp.com/terraform/language/meta-arguments#lifecycle
    """
    if of.actions != ("create", "delete"):
        return made
    taken = [(step.field, step.holder, step.item) for step in made if isinstance(step, Link) and not step.adds]
    return [
        step
        for step in made
        if not (isinstance(step, Link) and step.adds and (step.field, step.holder, step.item) in taken)
    ]


def _placed(step: Step, sources: Sources | None) -> Step:
    place = sources.place(step.address.partition(" (deposed ")[0]) if sources is not None else None
    return step if place is None else structs.replace(step, file=place[0], line=place[1])


def _secrets(of: Resource) -> Iterator[str]:
    yield from hidden_texts(of.before or {})
    yield from hidden_texts(of.after or {})


def _numbers(values: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the account ids in ARNs of a resource or of policies attached to it; policy documents are not searched."""
    for name in _ARNS & (values or {}).keys():
        held = (values or {})[name]
        for each in held if isinstance(held, list) else [held]:
            found = _OWNER.match(each) if isinstance(each, str) else None
            if found is not None:
                yield found[1]


class _Reading:
    """Turn resources into steps, and collect warnings about resources that are left out."""

    def __init__(self, lookup: Lookup, account: Snapshot) -> None:
        self._lookup = lookup
        self._account_id = account.account.id
        self._region = account.region
        self.notes: list[str] = []

    def steps(self, of: Resource) -> Iterator[Step]:
        """Yield the steps of one resource."""
        if of.mode != "managed":
            return
        for action in _actions(of):
            if action is not Action.KEEP and not self._is_ours(of):
                yield from self._elsewhere(of)
            elif of.type == "aws_accessanalyzer_analyzer" and not self._is_in_region(of):
                yield from self._analyzer_elsewhere(of, action)
            elif of.type in entities.TYPES:
                yield from entities.steps(of, action, self._lookup)
            elif of.type in links.READERS:
                yield from links.steps(of, action, self._lookup)
            elif action is not Action.KEEP:
                self.notes.append(
                    f"{of.address} is of the type {of.type}, which is not judged; what it touches is unknown"
                )
                yield from self._doubts(of, f"what {of.type} does is not judged")

    def _is_in_region(self, of: Resource) -> bool:
        return self._region is None or self._lookup.region_of(of) == self._region

    def _analyzer_elsewhere(self, of: Resource, action: Action) -> Iterator[Step]:
        """Yield a doubt if the Region of an analyzer is unknown; an analyzer in another Region is only noted."""
        region = self._lookup.region_of(of)
        if action is Action.KEEP:
            return
        if region is None:
            why = "the Region of the analyzer is not in the plan"
            yield Doubt(address=of.address, why=why, listings=("access_analyzers",), fields=())
            return
        self.notes.append(f"{of.address} is in {region}; the analyzers of {self._region} are audited")

    def _is_ours(self, of: Resource) -> bool:
        """Return whether a resource is in the audited account, as far as its provider shows."""
        number = self._account_of(of)
        return number is None or number == self._account_id or self._account_id is None

    def check_account(self, of: Resource, file: str) -> None:
        """Raise SourceError if the ARNs of a resource belong to another account, unless its provider does so too."""
        if self._account_id is None or not self._is_ours(of):
            return
        numbers = sorted({*_numbers(of.before), *_numbers(of.after)} - {self._account_id})
        if numbers:
            problem = f"belongs to account {numbers[0]} by the ARNs of {of.address}"
            problem += f", but the audited account is {self._account_id}"
            remedy = f"Use a snapshot of account {numbers[0]}, or the plan of account {self._account_id}."
            raise SourceError(problem, remedy, subject=file)

    def _account_of(self, of: Resource) -> str | None:
        """Return the account id of a resource's provider; "" if it may be another account, None if nothing says so."""
        expressions = (self._lookup.providers.get(of.provider_key) or {}).get("expressions") or {}
        written = expressions.get("allowed_account_ids")
        allowed = written.get("constant_value") if isinstance(written, Mapping) else None
        if isinstance(allowed, list) and allowed and self._account_id not in allowed:
            return str(allowed[0])
        if allowed == [self._account_id]:
            return self._account_id
        assumed = expressions.get("assume_role")
        if not assumed:
            other = "." in of.provider_key and _OWN_CREDENTIALS & expressions.keys()
            return "" if other else None
        first = assumed[0] if isinstance(assumed, list) else assumed
        role = (first.get("role_arn") or {}).get("constant_value") if isinstance(first, Mapping) else None
        found = _ACCOUNT.match(role) if isinstance(role, str) else None
        return found[1] if found else "" if len(self._lookup.providers) > 1 else None

    def _elsewhere(self, of: Resource) -> Iterator[Step]:
        number = self._account_of(of)
        if number:
            self.notes.append(f"{of.address} is in account {number}, which is not audited; it was left out")
            return
        self.notes.append(f"{of.address} may be in another account; what it touches is unknown")
        yield from self._doubts(of, f"the account of its provider {of.provider_key} is not known")

    def _doubts(self, of: Resource, why: str) -> Iterator[Step]:
        """Yield a doubt about the users, groups and roles that a resource names, about all of them if it names none."""
        values: dict[str, Any] = {**(of.before or {}), **(of.after or {})}
        holders = [
            Target(_PEOPLE[name], value if isinstance(value, str) else Unknown(why))
            for name, value in values.items()
            if name in _PEOPLE and value is not None
        ]
        for plural in ("users", "groups", "roles"):
            named = values.get(plural)
            holders += (
                [Target(plural, each) for each in named or () if isinstance(each, str)]
                if isinstance(named, list)
                else []
            )
        if holders:
            yield Doubt(address=of.address, why=why, holders=tuple(holders))
        else:
            facts = ("root_credentials",) if of.type == "aws_iam_organizations_features" else ()
            yield Doubt(address=of.address, why=why, listings=() if facts else _EVERY_LIST, facts=facts)


def _actions(of: Resource) -> tuple[Action, ...]:
    """Return what happens to a resource; a deletion comes before the creation that replaces the resource."""
    found = [_ACTIONS[each] for each in ("delete", "update", "create") if each in of.actions]
    return tuple(found) or (Action.KEEP,)
