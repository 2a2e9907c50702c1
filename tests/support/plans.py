"""Terraform plans as `terraform show -json` writes them, made from the few changes that a case needs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.change.terraform.resources import configured_address

Json = dict[str, Any]


def changed(
    address: str,
    *actions: str,
    before: Json | None = None,
    after: Json | None = None,
    unknown: Mapping[str, Any] | bool = False,
    sensitive: Mapping[str, Any] | bool = False,
    **entry: Any,
) -> Json:
    """Return an entry of resource_changes."""
    kind, name = configured_address(address).split(".")[-2:]
    change = {"actions": actions, "before": before, "after": after, "after_unknown": unknown or {}}
    return {
        "address": address,
        "mode": "data" if ".data." in f".{address}" else "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {**change, "before_sensitive": sensitive, "after_sensitive": sensitive},
        **entry,
    }


def created(address: str, unknown: Mapping[str, Any] | None = None, **after: Any) -> Json:
    """Return the creation of a resource; `unknown` is its mask."""
    return changed(address, "create", after=after, unknown=unknown or {})


def deleted(address: str, **before: Any) -> Json:
    """Return the deletion of a resource."""
    return changed(address, "delete", before=before)


def updated(address: str, before: Json, **after: Any) -> Json:
    """Return an update in place; attributes that are not in `after` are unchanged."""
    return changed(address, "update", before=before, after={**before, **after})


def plan(*changes: Json, expressions: Mapping[str, Json] | None = None, **more: Any) -> Json:
    """Return a plan with these changes; `expressions` are those of the configuration, by address without keys."""
    known = expressions or {}
    addresses = {configured_address(each["address"]) for each in changes}
    resources = [
        _configured(address, known.get(address, {})) for address in sorted(addresses) if "module." not in address
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "configuration": {"root_module": {"resources": resources}},
        **more,
    }


def _configured(address: str, expressions: Json) -> Json:
    return {"address": address, "expressions": expressions, "provider_config_key": "aws"}


def refers(*names: str) -> Json:
    """Return an expression with references to these names, as Terraform lists them."""
    return {"references": [*names]}


def document(*statements: Json) -> str:
    """Return a policy document as in a plan."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def written(folder: Path, made: Json, name: str = "plan.json") -> str:
    """Return the path of a plan, written into a folder."""
    path = folder / name
    path.write_text(json.dumps(made), "utf-8")
    return str(path)
