"""The values of a CloudFormation template: functions are evaluated if possible, and other values are Unknown."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from auditor.change.values import Unknown
from auditor.templates.errors import TemplateError, UnknownValueError
from auditor.templates.functions import Template
from auditor.templates.pseudo import REGION
from auditor.templates.values import Items, Node, Scalar, Table, function_of
from auditor.templates.values import Unknown as UnknownNode

_WHOLE = re.compile(r"^\$\{([\w.]+)\}$")
_NAMING = frozenset({"Arn", "PolicyArn", "UserName", "RoleName", "GroupName"})
"""The attributes of Fn::GetAtt that return the name or ARN of a resource."""

_DOCUMENTS = frozenset({"PolicyDocument", "AssumeRolePolicyDocument"})
_SOME_REGION = {REGION: "Region"}
"""The placeholder for an unknown Region in policy documents, where no verdict depends on the Region."""
_DEFINITE = frozenset({"Ref", "Fn::FindInMap", "Fn::GetAtt", "Fn::ImportValue", "Fn::Join", "Fn::Select", "Fn::Sub"})
"""The functions that return exactly one value; others may return several or none."""


class Nothing:
    """Stand for AWS::NoValue: a property or item that is absent."""


NOTHING = Nothing()


class Values:
    """Convert the values of a template to Python, with Unknown for values that only AWS knows."""

    def __init__(self, template: Template, resources: Mapping[str, Node]) -> None:
        self._template = template
        self._resources = resources
        self.notes: list[str] = []

    def value(self, node: Node, place: str) -> Any:
        """Return a value; NOTHING for AWS::NoValue. `place` names it in the reason of an Unknown."""
        if isinstance(node, UnknownNode):
            return Unknown(f"{place}: {node.reason}", optional=True)
        if isinstance(node, Items):
            items = (self.value(each, place) for each in node.items)
            return [each for each in items if each is not NOTHING]
        if isinstance(node, Table):
            return self._table(node, place)
        return self._resolved(node, place)

    def _table(self, node: Table, place: str) -> Any:
        function = function_of(node)
        if function is None:
            entries = ((key, self._entry(key, each, f"{place}.{key}")) for key, each in node.entries.items())
            return {key: each for key, each in entries if each is not NOTHING}
        referred = self._referred(function, node.entries[function])
        if referred is not None:
            return Unknown(
                f"{place}: the name or ARN of {referred} is known only after the stack is deployed", referred
            )
        return self._chosen(node, place) if function == "Fn::If" else self._resolved(node, place)

    def _entry(self, key: str, node: Node, place: str) -> Any:
        with self._template.assuming(_SOME_REGION if key in _DOCUMENTS else {}):
            return self.value(node, place)

    def _referred(self, function: str, argument: Node) -> str | None:
        """Return the logical id of the resource whose name or ARN a function returns; None for any other value."""
        text = argument.text if isinstance(argument, Scalar) else None
        if function == "Fn::GetAtt" and isinstance(argument, Items):
            parts = [each.text if isinstance(each, Scalar) else None for each in argument.items]
            text = ".".join(filter(None, parts)) if None not in parts else None
        if function == "Fn::Sub" and text is not None:
            found = _WHOLE.match(text)
            text = found[1] if found is not None else None
        if text is None or function not in ("Ref", "Fn::GetAtt", "Fn::Sub"):
            return None
        name, _, attribute = text.partition(".")
        named = attribute in _NAMING if attribute else function != "Fn::GetAtt"
        return name if named and name in self._resources else None

    def _chosen(self, node: Table, place: str) -> Any:
        argument = node.entries["Fn::If"]
        match argument.items if isinstance(argument, Items) else ():
            case (Scalar() as condition, if_true, if_false):
                holds = self.holds(condition, place)
            case _:
                return self._resolved(node, place)
        if isinstance(holds, bool):
            return self.value(if_true if holds else if_false, place)
        either, other = self.value(if_true, place), self.value(if_false, place)
        return either if _equal(either, other) else structs.replace(holds, optional=_may_lack(either, other))

    def holds(self, name: Node, place: str) -> bool | Unknown:
        """Return whether a condition is true; `name` is the node with its name."""
        text = name.text if isinstance(name, Scalar) else None
        try:
            result = self._template.holds(text or "", name.line)
        except TemplateError as error:
            return self._mistake(error, place)
        return Unknown(f"{place}: {result.reason}") if isinstance(result, UnknownNode) else result

    def _resolved(self, node: Node, place: str) -> Any:
        try:
            found = self._template.resolved(node)
        except TemplateError as error:
            return self._mistake(error, place)
        except UnknownValueError as error:
            return Unknown(f"{place}: {error.unknown.reason}")
        if found is None:
            return NOTHING
        if isinstance(found, UnknownNode):
            made = isinstance(node, Table) and not _DEFINITE & node.entries.keys()
            return Unknown(f"{place}: {found.reason}", optional=made)
        return found.text if isinstance(found, Scalar) else self.value(found, place)

    def _mistake(self, error: TemplateError, place: str) -> Unknown:
        """Return Unknown for a value with a syntax that is not supported, and note the error."""
        if error.message not in self.notes:
            self.notes.append(error.message)
        return Unknown(f"{place}: {error.problem}", optional=True)


def _equal(left: Any, right: Any) -> bool:
    return left is right or (not _has_unknown(left) and left == right)


def _may_lack(*values: Any) -> bool:
    """Return whether one of these values is absent, or may be."""
    return any(each is NOTHING or (isinstance(each, Unknown) and each.optional) for each in values)


def _has_unknown(value: Any) -> bool:
    return any(isinstance(each, Unknown) for each in _parts(value))


def _parts(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _parts(each)
