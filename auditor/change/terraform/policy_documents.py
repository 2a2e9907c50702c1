"""Policy documents of a Terraform plan that a data source creates only when the plan is applied.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from collections.abc import Mapping
from typing import Any

from auditor.change.terraform.resources import Resource
from auditor.change.values import Unknown

_MERGED = ("source_json", "override_json", "source_policy_documents", "override_policy_documents")
_ELEMENTS = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}


def of_data_source(source: Resource) -> Any:
    """Return the document that a data source will create, with Unknown parts; Unknown if it merges other documents."""
    after = source.after or {}
    why = Unknown(f"{source.address} is read only during apply")
    if any(after.get(name) for name in _MERGED) or isinstance(after.get("version"), Unknown):
        return why
    written = after.get("statement")
    if isinstance(written, Unknown) or not isinstance(written, list | None):
        return why
    statements = [_with_variables(_statement(each)) for each in written or ()]
    return {"Version": after.get("version") or "2012-10-17", "Statement": statements}


def _with_variables(value: Any) -> Any:
    """Return a part of a document with IAM policy variables, which the data source writes as `&{NAME}`."""
    if isinstance(value, str):
        return type(value)(value.replace("&{", "${"))
    if isinstance(value, Mapping):
        return {key: _with_variables(each) for key, each in value.items()}
    return [_with_variables(each) for each in value] if isinstance(value, list) else value


def _statement(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return Unknown("a statement is known only after apply")
    made: dict[str, Any] = {"Effect": written.get("effect") or "Allow"}
    if written.get("sid"):
        made["Sid"] = written["sid"]
    for name, element in _ELEMENTS.items():
        value = written.get(name)
        if value:
            made[element] = value
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if written.get(name):
            made[element] = _principals(written[name])
    if written.get("condition"):
        made["Condition"] = _conditions(written["condition"])
    return made


def _principals(written: Any) -> Any:
    if not isinstance(written, list):
        return Unknown("principals are known only after apply")
    found: dict[str, list[Any]] = {}
    for each in written:
        if not isinstance(each, Mapping) or not isinstance(each.get("type"), str):
            return Unknown("a principal is known only after apply")
        if each["type"] == "*":
            return "*"
        found.setdefault(each["type"], []).extend(_listed(each.get("identifiers")))
    return found


def _conditions(written: Any) -> Any:
    if not isinstance(written, list):
        return Unknown("conditions are known only after apply")
    found: dict[str, dict[str, Any]] = {}
    for each in written:
        if not isinstance(each, Mapping):
            return Unknown("a condition is known only after apply")
        test, variable = each.get("test"), each.get("variable")
        if not isinstance(test, str) or not isinstance(variable, str):
            return Unknown("a condition is known only after apply")
        found.setdefault(test, {}).setdefault(variable, []).extend(_listed(each.get("values")))
    return found


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
