"""The file of a Terraform plan: read, and refused where it is another file or a plan that failed.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from typing import Any

import msgspec

from auditor import documents
from auditor.errors import SourceError

_MAKE = "Make it with: terraform plan -out tfplan && terraform show -json tfplan > plan.json"
_MAJORS = ("0", "1")
_ZIP = b"PK\x03\x04"


def read(path: str) -> dict[str, Any]:
    """Return the plan that a file holds; "-" is standard input.

    Raises SourceError for what is no plan in JSON, for another major version, and for a plan that failed or is only of
    some resources.
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
    try:
        plan = msgspec.json.decode(content)
    except documents.FAULTS as error:
        if _is_log(content):
            raise SourceError("is the log of `terraform plan -json`, not a plan", _MAKE, subject=place) from error
        raise SourceError(f"is not JSON: {documents.reason(error)}", _MAKE, subject=place) from error
    if not isinstance(plan, dict):
        raise SourceError("is not a Terraform plan: it is no JSON object", _MAKE, subject=place)
    return plan


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
    _check_whole(plan, place)


def _check_whole(plan: dict[str, Any], place: str) -> None:
    if plan.get("errored") is True:
        raise SourceError(
            "is the plan of a run that failed (errored)", "Correct the errors and plan again.", place=place
        )
    if plan.get("complete") is False:
        problem = "is not a complete plan: it was made with -target, or changes are deferred"
        raise SourceError(problem, "Plan again without -target.", subject=place)
    changes = plan.get("resource_changes")
    if changes is not None and not (isinstance(changes, list) and all(isinstance(each, dict) for each in changes)):
        raise SourceError("is not a Terraform plan: resource_changes is no list of objects", _MAKE, subject=place)
