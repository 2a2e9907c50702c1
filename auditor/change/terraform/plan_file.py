"""The file of a Terraform plan: read, and rejected if it is another file or a plan that failed.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from auditor import documents
from auditor.change.terraform.resources import touches_iam
from auditor.errors import SourceError

_Object = dict[str, Any]
_Mask = _Object | bool | None


class _Values(Struct):
    """Hold the values before and after one change."""

    actions: list[str] | None = None
    before: _Object | None = None
    after: _Object | None = None
    after_unknown: _Mask = None
    before_sensitive: _Mask = None
    after_sensitive: _Mask = None


class _Entry(Struct):
    """Hold an entry of resource_changes."""

    address: str
    type: str = ""
    mode: str = ""
    provider_name: str = ""
    change: _Values | None = None


class _Configured(Struct):
    """Hold a resource of the configuration."""

    address: str = ""
    expressions: _Object | None = None
    for_each_expression: _Object | None = None
    provider_config_key: str = ""


class _Output(Struct):
    """Hold an output of a module."""

    expression: _Object | None = None


class _Module(Struct):
    """Hold a module of the configuration."""

    resources: list[_Configured] | None = None
    module_calls: dict[str, "_Call"] | None = None
    outputs: dict[str, _Output] | None = None
    variables: dict[str, _Object] | None = None


class _Call(Struct):
    """Hold a module call."""

    module: _Module | None = None
    expressions: _Object | None = None


class _Provider(Struct):
    """Hold the settings of a provider."""

    expressions: _Object | None = None


class _Configuration(Struct):
    """Hold the configuration."""

    root_module: _Module | None = None
    provider_config: dict[str, _Provider] | None = None


class _Stored(Struct):
    """Hold a resource of planned_values or prior_state."""

    address: str = ""
    type: str = ""
    mode: str = ""


class _StoredModule(Struct):
    """Hold a module of planned_values or prior_state."""

    resources: list[_Stored] | None = None
    child_modules: list["_StoredModule"] | None = None


class _StoredValues(Struct):
    """Hold the values of planned_values or prior_state."""

    root_module: _StoredModule | None = None


class _State(Struct):
    """Hold the state before the plan."""

    values: _StoredValues | None = None


class _Plan(Struct):
    """Hold the parts of a plan that are read; other parts are ignored."""

    resource_changes: list[_Entry] | None = None
    configuration: _Configuration | None = None
    variables: dict[str, _Object] | None = None


_MAKE = "Make it with: terraform plan -out tfplan && terraform show -json tfplan > plan.json"
_WRAPPED = "With setup-terraform, set terraform_wrapper: false."
_UNREAD = frozenset({"planned_values", "prior_state", "resource_drift", "output_changes", "checks"})
_ACTIONS = frozenset({"no-op", "create", "read", "update", "delete", "forget"})
_MAJORS = ("0", "1")
_ZIP = b"PK\x03\x04"


def read(path: str) -> dict[str, Any]:
    """Return the plan in a file; "-" is standard input.

    Raises SourceError for a file that is not a plan in JSON, for another major version, and for a plan that failed or
    includes only some resources.
    """
    place = "standard input" if path == "-" else path
    content = documents.read(path, place)
    if content.startswith(_ZIP):
        raise SourceError(
            "is the plan file itself, not its JSON", "Run: terraform show -json FILE > plan.json", place=place
        )
    plan = _decoded(documents.in_utf_8(documents.unpacked(content, place), place), place)
    _check(plan, place)
    return plan


def _decoded(content: bytes, place: str) -> dict[str, Any]:
    """Return the content of a plan without the sections that are not used, which can be most of it."""
    if content.startswith(b"[command]"):
        raise SourceError("is not JSON: a wrapper of Terraform wrote lines around it", _WRAPPED, subject=place)
    try:
        sections = msgspec.json.decode(content, type=dict[str, Raw])
        documents.check_keys(content)
        unused = _UNREAD if "resource_changes" in sections else frozenset()
        plan = {name: msgspec.json.decode(each) for name, each in sections.items() if name not in unused}
    except msgspec.ValidationError as error:
        raise SourceError("is not a Terraform plan: it is no JSON object", _MAKE, subject=place) from error
    except documents.FAULTS as error:
        if _is_log(content):
            raise SourceError("is the log of `terraform plan -json`, not a plan", _MAKE, subject=place) from error
        raise SourceError(f"is not JSON: {documents.reason(error)}", _MAKE, subject=place) from error
    _check_listed(plan, sections, place)
    return plan


def _check_listed(plan: dict[str, Any], sections: dict[str, Raw], place: str) -> None:
    try:
        unlisted = _unlisted(plan, sections)
    except documents.FAULTS as error:
        problem = f"is not a readable Terraform plan: {documents.reason(error)}"
        raise SourceError(problem, _MAKE, subject=place) from error
    if unlisted is not None:
        problem = f"plans {unlisted}, which is not in resource_changes: a part of the plan was taken out"
        raise SourceError(problem, _MAKE, subject=place)


def _unlisted(plan: dict[str, Any], sections: dict[str, Raw]) -> str | None:
    """Return the address of a planned resource of IAM that neither changes nor state list; None if there is none."""
    changes = plan.get("resource_changes")
    if "resource_changes" not in plan or not isinstance(changes, list | None) or "planned_values" not in sections:
        return None
    values = msgspec.json.decode(sections["planned_values"], type=_StoredValues | None)
    planned = set(_addresses(values))
    planned -= {str(each.get("address")) for each in changes or () if isinstance(each, dict)}
    if planned and "prior_state" in sections:
        state = msgspec.json.decode(sections["prior_state"], type=_State | None)
        planned -= set(_addresses(state.values if state is not None else None))
    return min(planned, default=None)


def _addresses(values: _StoredValues | None) -> Iterator[str]:
    """Yield the addresses of the resources that may change something in IAM."""
    modules = [values.root_module] if values is not None and values.root_module is not None else []
    while modules:
        module = modules.pop()
        modules += module.child_modules or ()
        yield from (
            each.address for each in module.resources or () if each.mode == "managed" and touches_iam(each.type)
        )


def _is_log(content: bytes) -> bool:
    try:
        first = msgspec.json.decode(content.partition(b"\n")[0])
    except documents.FAULTS:
        return False
    return isinstance(first, dict) and first.get("type") == "version"


def _check(plan: dict[str, Any], place: str) -> None:
    if plan.get("type") == "version" and "terraform" in plan:
        raise SourceError("is the log of `terraform plan -json`, not a plan", _MAKE, subject=place)
    if "lineage" in plan or (plan.get("version") in (3, 4) and "resources" in plan):
        raise SourceError("is a Terraform state (terraform.tfstate), not a plan", _MAKE, subject=place)
    version = plan.get("format_version")
    if not isinstance(version, str):
        raise SourceError("is not a Terraform plan: it has no format_version", _MAKE, subject=place)
    if version.split(".")[0] not in _MAJORS:
        problem = f"has the plan format {version}; this iam-audit reads 0.x and 1.x"
        raise SourceError(problem, "Use a newer release of iam-audit, or an older one of Terraform.", subject=place)
    if "resource_changes" not in plan and "planned_values" not in plan and "values" in plan:
        raise SourceError("is a Terraform state in JSON, not a plan", _MAKE, subject=place)
    if "resource_changes" not in plan and (plan.get("planned_values") or {}).get("root_module"):
        problem = "has planned values and no resource_changes: a part of the plan was taken out"
        raise SourceError(problem, _MAKE, subject=place)
    _check_whole(plan, place)


def _check_whole(plan: dict[str, Any], place: str) -> None:
    if plan.get("errored") is True:
        raise SourceError(
            "is the plan of a run that failed (errored)", "Correct the errors and plan again.", place=place
        )
    if plan.get("complete") is False or plan.get("deferred_changes"):
        problem = "is not a complete plan: it was made with -target, or changes are deferred"
        raise SourceError(problem, "Plan again without -target.", subject=place)
    if "resource_changes" not in plan and "planned_values" not in plan:
        raise SourceError(
            "is not a Terraform plan: it has no planned values and no resource_changes", _MAKE, subject=place
        )
    try:
        documents.check_depth(plan)
        read = msgspec.convert(plan, type=_Plan)
    except documents.FAULTS as error:
        problem = f"is not a readable Terraform plan: {documents.reason(error)}"
        raise SourceError(problem, _MAKE, subject=place) from error
    for entry in read.resource_changes or ():
        _check_entry(entry, place)


def _check_entry(entry: _Entry, place: str) -> None:
    """Raise SourceError for an entry without a clear action, because it would be taken for unchanged."""
    change = entry.change
    actions = change.actions if change is not None else None
    if change is None or not actions or not entry.type:
        problem = f"does not say what happens to {entry.address}: a part of the plan was taken out"
        raise SourceError(problem, _MAKE, subject=place)
    unknown = next((each for each in actions if each not in _ACTIONS), None)
    if unknown is not None:
        problem = f"has the action {unknown!r} for {entry.address}, which this iam-audit does not know"
        raise SourceError(problem, "Use a newer release of iam-audit.", subject=place)
    both = change.before is not None and change.after is not None
    if actions == ["no-op"] and both and change.before != change.after and touches_iam(entry.type):
        problem = f"has the action no-op for {entry.address}, whose values before and after differ: it was edited"
        raise SourceError(problem, _MAKE, subject=place)
