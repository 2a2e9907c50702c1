"""The template of a conformance pack: parameters with their values, conditions, and the functions that use them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from auditor.errors import UsageError, nearest
from auditor.templates.nodes import Items, Node, Scalar, Table, fault

_MAX_VALUE = 4096  # characters; AWS: ConformancePackInputParameter
_NO_VALUE = "AWS::NoValue"
_PLACEHOLDER = re.compile(r"\$\{([^{}!][^{}]*)\}")
_CONSTRAINTS = ("AllowedPattern", "MaxLength", "MaxValue", "MinLength", "MinValue")
_UNDERSTOOD = "Ref, Fn::If and Fn::Sub are understood here; write the value out."


class _Parameter(Struct, frozen=True):
    value: str | None
    kind: str
    line: int


def parameter_names(document: Table) -> frozenset[str]:
    """Give the names of the parameters that a template declares."""
    declared = document.entries.get("Parameters")
    return frozenset(declared.entries) if isinstance(declared, Table) else frozenset()


class Template:
    """Hold a template with the values of its parameters, and give what its functions come to.

    Everything raises UsageError with the line for what is wrong; what is never asked for is never looked at, so that
    a part that does not concern us may be written in ways we do not understand.
    """

    def __init__(self, document: Table, place: str, given: Mapping[str, str]) -> None:
        """Take the document of a file; `given` are values that override the defaults of its parameters."""
        self.place = place
        self.notes: list[str] = []
        self._conditions = self.section(document, "Conditions")
        self._answers: dict[str, bool] = {}
        self._asked: list[str] = []
        self._parameters = dict(self._declared(self.section(document, "Parameters"), given))
        for name in given:
            if name not in self._parameters:
                hint = nearest(name, self._parameters, f"It has {', '.join(self._parameters) or 'none'}.")
                raise UsageError(f"{place} has no parameter {name!r}", hint)

    def section(self, table: Table, name: str) -> Mapping[str, Node]:
        """Give the entries of a mapping that may be left out."""
        node = table.entries.get(name)
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return {}
        return self.table(node, name).entries

    def table(self, node: Node, what: str) -> Table:
        """Give a node that must be a mapping."""
        if not isinstance(node, Table):
            raise self.fault(node.line, f"{what} is no mapping", "Write it as NAME: VALUE, a line each.")
        return node

    def fault(self, line: int, message: str, hint: str) -> UsageError:
        """Give the error of a line in this template."""
        return fault(self.place, line, message, hint)

    def text(self, node: Node, what: str) -> str:
        """Give the text that a node comes to; `what` names it in errors."""
        value = self.resolved(node)
        if not isinstance(value, Scalar):
            raise self.fault(node.line, f"{what} must be a text", "Write one value, without blanks or lists.")
        return value.text or ""

    def resolved(self, node: Node) -> Node | None:
        """Give what a node comes to when its functions are applied; None where that is AWS::NoValue."""
        if isinstance(node, Scalar):
            return node
        if isinstance(node, Items):
            return Items(tuple(item for item in map(self.resolved, node.items) if item is not None), node.line)
        function = next((name for name in node.entries if name == "Ref" or name.startswith("Fn::")), None)
        if function is not None:
            return self._applied(function, self._argument(node, function), node.line)
        values = ((name, self.resolved(value)) for name, value in node.entries.items())
        return Table({name: value for name, value in values if value is not None}, node.line)

    def holds(self, name: str, line: int) -> bool:
        """Say whether the condition of this name holds."""
        if name not in self._conditions:
            hint = nearest(name, self._conditions, f"It has {', '.join(self._conditions) or 'none'}.")
            raise self.fault(line, f"there is no condition {name!r}", hint)
        if name in self._asked:
            raise self.fault(line, f"the condition {name!r} rests on itself", "Take it out of its own definition.")
        if name not in self._answers:  # kept: conditions that each ask another one twice would take for ever
            self._asked.append(name)
            self._answers[name] = self._condition(self._conditions[name])
            self._asked.pop()
        return self._answers[name]

    def _declared(self, nodes: Mapping[str, Node], given: Mapping[str, str]) -> Iterator[tuple[str, _Parameter]]:
        for name, node in nodes.items():
            declared = self.table(node, f"the parameter {name!r}").entries
            default = self._literal(declared["Default"], f"Default of {name}") if "Default" in declared else None
            value = given.get(name, default)
            if value is not None:
                self._check_value(name, value, declared, node.line)
            kind = self._literal(declared["Type"], f"Type of {name}") if "Type" in declared else "String"
            yield name, _Parameter(value, kind, node.line)

    def _check_value(self, name: str, value: str, declared: Mapping[str, Node], line: int) -> None:
        if len(value) > _MAX_VALUE:
            raise self.fault(line, f"the value of {name} is longer than {_MAX_VALUE:,} characters", "Shorten it.")
        allowed = declared.get("AllowedValues")
        if isinstance(allowed, Items):
            values = [self._literal(item, f"AllowedValues of {name}") for item in allowed.items]
            if value not in values:
                hint = f"It allows {', '.join(map(repr, values))}."
                raise self.fault(allowed.line, f"{name} is {value!r}, which its AllowedValues leave out", hint)
        if unchecked := [key for key in _CONSTRAINTS if key in declared]:
            self.notes.append(f"line {line}: {', '.join(unchecked)} of the parameter {name} was not checked")

    def _literal(self, node: Node, what: str) -> str:
        if not isinstance(node, Scalar):
            raise self.fault(node.line, f"{what} must be a plain value", "Write one value, without functions.")
        return node.text or ""

    def _argument(self, node: Table, function: str) -> Node:
        if len(node.entries) > 1:
            raise self.fault(node.line, f"{function} stands beside other keys", "A function stands alone.")
        return node.entries[function]

    def _applied(self, function: str, argument: Node, line: int) -> Node | None:
        if function == "Ref":
            return self._reference(self._name(argument, "Ref"), line)
        if function == "Fn::If":
            name, true, false = self._arguments(argument, function, 3)
            return self.resolved(true if self.holds(self._name(name, function), line) else false)
        if function == "Fn::Sub":
            return Scalar(self._substituted(argument), line)
        raise self.fault(line, f"{function} is not understood", _UNDERSTOOD)

    def _reference(self, name: str, line: int) -> Scalar | None:
        if name == _NO_VALUE:
            return None
        if name.startswith("AWS::"):
            raise self.fault(line, f"{name} is known only within AWS", "Write the value out.")
        if name not in self._parameters:
            hint = nearest(name, self._parameters, f"It has {', '.join(self._parameters) or 'none'}.")
            raise self.fault(line, f"there is no parameter {name!r}", hint)
        parameter = self._parameters[name]
        if parameter.kind not in ("String", "Number"):
            raise self.fault(parameter.line, f"{name} is of type {parameter.kind}", "Only String and Number are read.")
        if parameter.value is None:
            hint = f"Give it with --pack-parameter {name}=VALUE."
            raise self.fault(parameter.line, f"the parameter {name} has no default and was not given", hint)
        return Scalar(parameter.value, line)

    def _substituted(self, argument: Node) -> str:
        text, line, given = self._name(argument, "Fn::Sub"), argument.line, ""
        end = 0
        for found in _PLACEHOLDER.finditer(text):
            value = self._reference(found[1], line)
            given += text[end : found.start()].replace("${!", "${") + ((value.text if value else None) or "")
            end = found.end()
            if len(given) > _MAX_VALUE:
                raise self.fault(line, f"Fn::Sub gives more than {_MAX_VALUE:,} characters", "Shorten it.")
        return given + text[end:].replace("${!", "${")

    def _condition(self, node: Node) -> bool:
        functions: Mapping[str, Callable[[Node], bool]] = {
            "Condition": lambda argument: self.holds(self._name(argument, "Condition"), argument.line),
            "Fn::Equals": self._equal,
            "Fn::Not": lambda argument: not self._condition(self._arguments(argument, "Fn::Not", 1)[0]),
            "Fn::And": lambda argument: all(self._all(argument, "Fn::And")),
            "Fn::Or": lambda argument: any(self._all(argument, "Fn::Or")),
        }
        names = list(node.entries) if isinstance(node, Table) else []
        if not isinstance(node, Table) or len(names) != 1 or names[0] not in functions:
            told = f"{', '.join(names)} is" if names else "this is"
            raise self.fault(node.line, f"{told} no condition", f"Conditions are made of {', '.join(functions)}.")
        return functions[names[0]](node.entries[names[0]])

    def _all(self, argument: Node, function: str) -> list[bool]:
        """Give every answer, so that a mistake is found wherever it stands."""
        return [self._condition(each) for each in self._several(argument, function)]

    def _equal(self, argument: Node) -> bool:
        left, right = self._arguments(argument, "Fn::Equals", 2)
        return self.text(left, "Fn::Equals") == self.text(right, "Fn::Equals")

    def _arguments(self, node: Node, function: str, number: int) -> tuple[Node, ...]:
        items = self._several(node, function)
        if len(items) != number:
            raise self.fault(node.line, f"{function} takes {number} values, not {len(items)}", "Mend the list.")
        return items

    def _several(self, node: Node, function: str) -> tuple[Node, ...]:
        if not isinstance(node, Items) or not node.items:
            raise self.fault(node.line, f"{function} takes a list", "Write its values as a list.")
        return node.items

    def _name(self, node: Node, function: str) -> str:
        if not isinstance(node, Scalar) or not node.text:
            raise self.fault(node.line, f"{function} takes a text here", "Write a plain name, without functions.")
        return node.text
