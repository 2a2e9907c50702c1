"""The functions of CloudFormation: parameters with their values, conditions, Ref, Fn::If and Fn::Sub.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from auditor.errors import nearest
from auditor.templates.errors import TemplateError
from auditor.templates.nodes import Items, Node, Scalar, Table

_MAX_VALUE = 4096  # characters; AWS: ConformancePackInputParameter
_MAX_NESTING = 150  # functions and lists in each other; each takes up to four calls of Python's 1,000
_NO_VALUE = "AWS::NoValue"
_PLACEHOLDER = re.compile(r"\$\{([^{}!][^{}]*)\}")
_CONSTRAINTS = ("AllowedPattern", "MaxLength", "MaxValue", "MinLength", "MinValue")
_CONDITIONS = ("Condition", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or")
_UNDERSTOOD = "Ref, Fn::If and Fn::Sub are understood here; write the value out."


class _Parameter(Struct, frozen=True):
    value: str | None
    kind: str
    line: int


def parameter_names(document: Table) -> frozenset[str]:
    """Return the names of the parameters that a template declares."""
    declared = document.entries.get("Parameters")
    return frozenset(declared.entries) if isinstance(declared, Table) else frozenset()


class Template:
    """Hold a template with the values of its parameters, and apply its functions.

    Every method raises TemplateError with the line of a mistake. A part that nobody requests is never evaluated, so
    that a part that does not concern us may be written in ways that are not understood here.
    """

    def __init__(self, document: Table, place: str, values: Mapping[str, str], *, option: str = "") -> None:
        """Take the document of a file; `values` override the defaults of its parameters.

        `option` is what sets a parameter on the command line; errors name it.
        """
        self.place = place
        self.notes: list[str] = []
        self._option = option
        self._conditions = self.section(document, "Conditions")
        self._results: dict[str, bool] = {}
        self._evaluating: list[str] = []
        self._nesting = 0
        self._parameters = dict(self._declared(self.section(document, "Parameters"), values))
        for name in values:
            if name not in self._parameters:
                raise TemplateError(place, None, f"has no parameter {name!r}", _alike(name, self._parameters))

    def section(self, table: Table, name: str) -> Mapping[str, Node]:
        """Return the entries of a mapping that may be left out."""
        node = table.entries.get(name)
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return {}
        return self.table(node, name).entries

    def table(self, node: Node, what: str) -> Table:
        """Return a node that must be a mapping; `what` names it in errors."""
        if not isinstance(node, Table):
            raise self.fault(node.line, f"{what} is no mapping", "Write it as NAME: VALUE, a line each.")
        return node

    def fault(self, line: int, problem: str, remedy: str) -> TemplateError:
        """Return the error of a line in this template."""
        return TemplateError(self.place, line, problem, remedy)

    def text(self, node: Node, what: str) -> str:
        """Return a node's text after its functions are applied; `what` names it in errors."""
        value = self.resolved(node)
        if not isinstance(value, Scalar):
            raise self.fault(node.line, f"{what} must be a text", "Write one value, without blanks or lists.")
        return value.text or ""

    def resolved(self, node: Node) -> Node | None:
        """Return a node with its functions applied; None where that is AWS::NoValue."""
        if isinstance(node, Scalar):
            return node
        with self._nested(node.line):
            return self._items(node) if isinstance(node, Items) else self._table(node)

    def holds(self, name: str, line: int) -> bool:
        """Return whether the condition of this name holds; `line` is where it is used."""
        if name not in self._conditions:
            raise self.fault(line, f"there is no condition {name!r}", _alike(name, self._conditions))
        if name in self._evaluating:
            raise self.fault(line, f"the condition {name!r} rests on itself", "Take it out of its own definition.")
        if name not in self._results:  # kept: conditions that each use another one twice would take for ever
            self._evaluating.append(name)
            try:
                self._results[name] = self._condition(self._conditions[name])
            finally:
                self._evaluating.pop()
        return self._results[name]

    def _declared(self, nodes: Mapping[str, Node], values: Mapping[str, str]) -> Iterator[tuple[str, _Parameter]]:
        for name, node in nodes.items():
            declared = self.table(node, f"the parameter {name!r}").entries
            default = self._literal(declared["Default"], f"Default of {name}") if "Default" in declared else None
            value = values.get(name, default)
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
                remedy = f"It allows {', '.join(map(repr, values))}."
                raise self.fault(allowed.line, f"{name} is {value!r}, which its AllowedValues leave out", remedy)
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

    @contextmanager
    def _nested(self, line: int) -> Iterator[None]:
        """Limit how deep functions rest on each other, through conditions too; Python's stack would end somewhere."""
        if self._nesting == _MAX_NESTING:
            raise self.fault(line, f"functions are nested deeper than {_MAX_NESTING} levels", "Make them simpler.")
        self._nesting += 1
        try:
            yield
        finally:
            self._nesting -= 1

    def _items(self, node: Items) -> Items:
        items = tuple(map(self.resolved, node.items))
        return Items(tuple(item for item in items if item is not None), node.line)

    def _table(self, node: Table) -> Node | None:
        function = next((name for name in node.entries if name == "Ref" or name.startswith("Fn::")), None)
        if function is not None:
            return self._applied(function, self._argument(node, function), node.line)
        values = dict(zip(node.entries, map(self.resolved, node.entries.values()), strict=True))
        return Table({name: value for name, value in values.items() if value is not None}, node.line)

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
            raise self.fault(line, f"there is no parameter {name!r}", _alike(name, self._parameters))
        parameter = self._parameters[name]
        if parameter.kind not in ("String", "Number"):
            raise self.fault(parameter.line, f"{name} is of type {parameter.kind}", "Only String and Number are read.")
        if parameter.value is None:
            remedy = f"Give it with {self._option} {name}=VALUE." if self._option else "Write a Default for it."
            raise self.fault(parameter.line, f"the parameter {name} has no default and was not given", remedy)
        return Scalar(parameter.value, line)

    def _substituted(self, argument: Node) -> str:
        text, line, result = self._name(argument, "Fn::Sub"), argument.line, ""
        end = 0
        for found in _PLACEHOLDER.finditer(text):
            value = self._reference(found[1], line)
            result += text[end : found.start()].replace("${!", "${") + ((value.text if value else None) or "")
            end = found.end()
            if len(result) > _MAX_VALUE:
                raise self.fault(line, f"Fn::Sub gives more than {_MAX_VALUE:,} characters", "Shorten it.")
        return result + text[end:].replace("${!", "${")

    def _condition(self, node: Node) -> bool:
        names = tuple(node.entries) if isinstance(node, Table) else ()
        if not isinstance(node, Table) or len(names) != 1 or names[0] not in _CONDITIONS:
            subject = f"{', '.join(names)} is" if names else "this is"
            raise self.fault(node.line, f"{subject} no condition", f"Conditions are made of {', '.join(_CONDITIONS)}.")
        with self._nested(node.line):
            return self._result(names[0], node.entries[names[0]])

    def _result(self, function: str, argument: Node) -> bool:
        if function == "Condition":
            return self.holds(self._name(argument, function), argument.line)
        if function == "Fn::Equals":
            return self._equal(argument)
        if function == "Fn::Not":
            return not self._condition(self._arguments(argument, function, 1)[0])
        results = list(map(self._condition, self._several(argument, function)))  # all: a mistake is found anywhere
        return all(results) if function == "Fn::And" else any(results)

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


def _alike(name: str, names: Mapping[str, object]) -> str:
    return nearest(name, names, f"It has {', '.join(names) or 'none'}.")
