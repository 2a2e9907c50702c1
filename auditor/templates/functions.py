"""CloudFormation's functions, applied to a template; values that only AWS knows stay unknown.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from auditor.errors import nearest
from auditor.templates import pseudo
from auditor.templates.errors import TemplateError, UnknownValueError
from auditor.templates.limits import MAX_DIGITS, Limits
from auditor.templates.mappings import KEYS, KeyNotFoundError, entries
from auditor.templates.parameters import Declarations, Given
from auditor.templates.substitution import pieces
from auditor.templates.values import Items, Node, Scalar, Table, Unknown, alike, function_of, literal, plain, unknown_in

_MAX_NESTING = 150  # nested functions and lists; each takes up to five of the 1,000 nested calls that Python allows
_CONDITIONS = ("Condition", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or")
_OF_AWS = frozenset({"Base64", "Cidr", "GetAZs", "GetAtt", "GetStackOutput", "ImportValue", "Length"})
_WITHIN_AWS = frozenset(f"Fn::{name}" for name in _OF_AWS)
"""The functions whose values only AWS knows."""


class Template:
    """Hold a template with the values of its parameters, and apply its functions.

    Every method raises TemplateError with the line of a mistake. Only the parts that are requested are evaluated, so
    other parts of the template may use features that are not supported here. A value that only AWS knows is an
    Unknown: it stays within the value that it is a part of, and a function that needs it returns an Unknown too.
    """

    def __init__(
        self,
        document: Table,
        place: str,
        given: Given,
        *,
        option: str = "",
        known: Mapping[str, str] = MappingProxyType({}),
        assumed: Mapping[str, str] = MappingProxyType({}),
        lenient: bool = False,
    ) -> None:
        """Take the document of a file; `given` values override the defaults of its parameters.

        `option` is the command line option that sets a parameter; errors name it. `known` has pseudo parameters by
        name. Those in `assumed` are not used in conditions and keys of mappings; its values say why. `lenient`: see
        Declarations.
        """
        self.place = place
        self.lacking: set[str] = set()
        """The parameters that were needed but have neither a default nor a given value."""
        self.used: set[str] = set()
        """The parameters whose values were needed and are known."""
        self.awaited: set[str] = set()
        """The pseudo parameters that were needed, depend on the account, and are unknown."""
        self._known, self._assumed = known, assumed
        self._conditions = self.section(document, "Conditions")
        self._mappings = self.section(document, "Mappings")
        self._resources = self.section(document, "Resources")
        self._results: dict[str, bool | Unknown] = {}
        self._evaluating: list[str] = []
        self._deciding = 0
        self._nesting = 0
        self._limits = Limits(self.fault)
        declarations = Declarations(self.fault, option, lenient=lenient)
        self.notes = declarations.notes
        declared = self.section(document, "Parameters").items()
        self._parameters = {name: declarations.read(name, node, given) for name, node in declared}
        self._functions = self._handlers()
        for name in given:
            if name not in self._parameters:
                raise TemplateError(place, None, f"has no parameter {name!r}", _alike(name, self._parameters))

    def _handlers(self) -> Mapping[str, Callable[[Node, int], Node | None]]:
        """Return the method that applies each function to its argument and line."""
        return {
            "Fn::FindInMap": self._found_in_map,
            "Fn::If": self._chosen,
            "Fn::Join": self._joined,
            "Fn::Select": self._selected,
            "Fn::Split": self._split,
            "Fn::Sub": self._substituted,
            "Fn::ToJsonString": self._as_json,
            "Ref": lambda argument, line: self._reference(self._name(argument, "Ref"), line),
        }

    @contextmanager
    def assuming(self, values: Mapping[str, str]) -> Iterator[None]:
        """Use these values for assumed pseudo parameters within the block, unless their real values are known."""
        known, self._known = self._known, {**values, **self._known}
        try:
            yield
        finally:
            self._known = known

    def section(self, table: Table, name: str) -> Mapping[str, Node]:
        """Return the entries of an optional mapping."""
        node = table.entries.get(name)
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return {}
        return self.table(node, name).entries

    def table(self, node: Node, what: str) -> Table:
        """Return a node that must be a mapping; `what` names it in errors. Raises UnknownValueError for an unknown."""
        if isinstance(node, Unknown):
            raise UnknownValueError(node)
        if not isinstance(node, Table):
            raise self.fault(node.line, f"{what} is not a mapping", "Write it as NAME: VALUE, a line each.")
        return node

    def fault(self, line: int, problem: str, remedy: str) -> TemplateError:
        """Return the error of a line in this template."""
        return TemplateError(self.place, line, problem, remedy)

    def text(self, node: Node, what: str) -> str:
        """Return a node's text after its functions are applied; `what` names it in errors.

        Raises UnknownValueError if that is unknown.
        """
        value = self._scalar(node, what)
        if isinstance(value, Unknown):
            raise UnknownValueError(value)
        return value.text or ""

    def opened(self, node: Node) -> Node | None:
        """Return a node with its function applied if it is one, else the node as it is written."""
        return self.resolved(node) if isinstance(node, Table) and function_of(node) is not None else node

    def resolved(self, node: Node) -> Node | None:
        """Return a node with its functions applied; None if that is AWS::NoValue."""
        if isinstance(node, Unknown):
            return node
        if isinstance(node, Scalar):
            return literal(node)
        with self._nested(node.line):
            return self._items(node) if isinstance(node, Items) else self._table(node)

    def holds(self, name: str, line: int) -> bool | Unknown:
        """Return whether the condition of this name holds; `line` is where it is used."""
        if name not in self._conditions:
            raise self.fault(line, f"there is no condition {name!r}", _alike(name, self._conditions))
        if name in self._evaluating:
            raise self.fault(line, f"the condition {name!r} depends on itself", "Remove it from its own definition.")
        if name not in self._results:  # cached: a chain of conditions that each use the next twice would never end
            self._evaluating.append(name)
            try:
                self._results[name] = self._condition(self._conditions[name])
            finally:
                self._evaluating.pop()
        return self._results[name]

    @contextmanager
    def _nested(self, line: int) -> Iterator[None]:
        """Limit the nesting of functions, also through conditions, before Python's recursion limit is reached."""
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
        function = function_of(node)
        if function is None:
            values = dict(zip(node.entries, map(self.resolved, node.entries.values()), strict=True))
            return Table({name: value for name, value in values.items() if value is not None}, node.line)
        if "Fn::Transform" in node.entries:  # a macro may be beside the keys that it changes
            return Unknown("what Fn::Transform creates is known only within AWS", node.line)
        if len(node.entries) > 1:
            raise self.fault(node.line, f"{function} is beside other keys", "Make the function the only key.")
        if function in self._functions:
            return self._functions[function](node.entries[function], node.line)
        if function in _WITHIN_AWS:
            return Unknown(f"the value of {function} is known only within AWS", node.line)
        names = (*self._functions, *_WITHIN_AWS)
        raise self.fault(node.line, f"there is no function {function}", _alike(function, dict.fromkeys(names)))

    def _reference(self, name: str, line: int) -> Node | None:
        if name == pseudo.NO_VALUE:
            return None
        if name in self._known and not (name in self._assumed and (self._evaluating or self._deciding)):
            return Scalar(self._known[name], line)
        if name in pseudo.UNKNOWN:
            self.awaited |= {name} & pseudo.OF_ACCOUNT
            return Unknown(f"{name} {self._assumed.get(name, pseudo.UNKNOWN[name])}", line)
        if name in self._parameters:
            value = self._parameters[name]
            self.lacking |= {name} if isinstance(value, Unknown) and value.remedy else set()
            self.used |= set() if isinstance(value, Unknown) else {name}
            return self._parameter(value, line)
        if name.partition(".")[0] in self._resources:
            return Unknown(f"the value of {name} is known only within AWS", line)
        what, names = ("pseudo parameter", pseudo.UNKNOWN) if name.startswith("AWS::") else ("parameter", None)
        raise self.fault(line, f"there is no {what} {name!r}", _alike(name, names or self._parameters))

    def _parameter(self, value: Node, line: int) -> Node | None:
        if isinstance(value, Items):
            self._limits.check_items(len(value.items), line)
            return Items(value.items, line)
        return literal(Scalar(value.text, line)) if isinstance(value, Scalar) else value

    def _chosen(self, argument: Node, _line: int) -> Node | None:
        name, true, false = self._arguments(argument, "Fn::If", 3)
        holds = self.holds(self._name(name, "Fn::If"), argument.line)
        if not isinstance(holds, Unknown):
            return self.resolved(true if holds else false)
        either, other = self.resolved(true), self.resolved(false)
        return either if alike(either, other) else holds

    def _joined(self, argument: Node, line: int) -> Node:
        delimiter, values = self._arguments(argument, "Fn::Join", 2)
        separator = self._literal(delimiter, "Fn::Join")
        items = self._list(values, "Fn::Join")
        if isinstance(items, Unknown):
            return items
        parts = [self._part(item, "Fn::Join") for item in items.items]
        unknown = next((part for part in parts if isinstance(part, Unknown)), None)
        if unknown is not None:
            return unknown
        texts = [part.text or "" for part in parts if isinstance(part, Scalar)]
        self._limits.check_text(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0), "Fn::Join", line)
        return literal(Scalar(separator.join(texts), line))

    def _as_json(self, argument: Node, line: int) -> Node:
        value = self.resolved(argument)
        unknown = None if value is None else unknown_in(value)
        if value is None or unknown is not None:
            return unknown or Scalar("null", line)
        text = json.dumps(plain(value), ensure_ascii=False)
        self._limits.check_text(len(text), "Fn::ToJsonString", line)
        return Scalar(text, line)

    def _split(self, argument: Node, line: int) -> Node:
        delimiter, source = self._arguments(argument, "Fn::Split", 2)
        separator = self._literal(delimiter, "Fn::Split")
        if not separator:
            raise self.fault(line, "Fn::Split has no delimiter", "Write the text between the items.")
        value = self._scalar(source, "the text of Fn::Split")
        if isinstance(value, Unknown):
            return value
        texts = (value.text or "").split(separator)
        self._limits.check_items(len(texts), line)
        return Items(tuple(Scalar(text, line) for text in texts), line)

    def _selected(self, argument: Node, line: int) -> Node:
        index, values = self._arguments(argument, "Fn::Select", 2)
        number, items = self._scalar(index, "the index of Fn::Select"), self._list(values, "Fn::Select")
        if isinstance(number, Unknown):
            return number
        if isinstance(items, Unknown):
            return items
        text = (number.text or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            raise self.fault(line, f"the index of Fn::Select is {text!r}", "Give a whole number; the first is 0.")
        until = items.items[: int(text) + 1]
        unknown = next((item for item in until if isinstance(item, Unknown)), None)  # it may be absent, or several
        if unknown is not None:
            return unknown
        if len(until) <= int(text):
            raise self.fault(line, f"Fn::Select has no item {text} of {len(items.items):,}", "The first is 0.")
        return until[-1]

    def _found_in_map(self, argument: Node, line: int) -> Node | None:
        items = self._several(argument, "Fn::FindInMap")
        last = items[-1].entries.get("DefaultValue") if isinstance(items[-1], Table) else None
        written = items[:-1] if last is not None else items
        if len(written) != len(KEYS):
            raise self.fault(line, f"Fn::FindInMap takes 3 values, not {len(written)}", "Name a mapping and two keys.")
        keys = [self._key(node, what) for node, what in zip(written, KEYS, strict=True)]
        unknown = next((key for key in keys if isinstance(key, Unknown)), None)
        try:
            found = entries(Table(self._mappings, line), keys, self.table)
        except KeyNotFoundError as error:
            return unknown or self._missing(error, written[error.number]) if last is None else self.resolved(last)
        values = [*map(self._constant, found), *([self.resolved(last)] if unknown and last is not None else ())]
        return values[0] if all(alike(values[0], each) for each in values[1:]) else unknown

    def _key(self, node: Node, what: str) -> Scalar | Unknown:
        """Return a key of a mapping; like a condition, it must not use assumed values."""
        self._deciding += 1
        try:
            return self._scalar(node, f"the {what} of Fn::FindInMap")
        finally:
            self._deciding -= 1

    def _missing(self, error: KeyNotFoundError, node: Node) -> Unknown:
        """Return an Unknown for a key from a function, since AWS may have another one; raise for a literal key."""
        what = KEYS[error.number]
        if isinstance(node, Scalar):
            problem = f"there is no {what} {error.name!r} for Fn::FindInMap"
            raise self.fault(node.line, problem, _alike(error.name, error.names))
        return Unknown(f"Fn::FindInMap finds no {what} {error.name!r}", node.line)

    def _constant(self, found: Node) -> Node | None:
        if isinstance(found, Table):
            raise self.fault(found.line, "Fn::FindInMap finds a mapping", "Write a value or a list of values there.")
        if isinstance(found, Items):
            self._limits.check_items(len(found.items), found.line)
        return self.resolved(found)

    def _substituted(self, argument: Node, line: int) -> Node:
        text, own = argument, Table({}, line)
        if isinstance(argument, Items):
            text, mapping = self._arguments(argument, "Fn::Sub", 2)
            own = self.table(mapping, "the second part of Fn::Sub")
        result: list[str] = []
        length = 0
        for piece, is_name in pieces(self._literal(text, "Fn::Sub")):
            value = self._variable(piece, own, text.line) if is_name else Scalar(piece, line)
            if isinstance(value, Unknown):
                return value
            result.append(value.text or "")
            length += len(result[-1])
            self._limits.check_text(length, "Fn::Sub", line, counted=length - len(result[-1]))
        return literal(Scalar("".join(result), line))

    def _variable(self, name: str, own: Table, line: int) -> Scalar | Unknown:
        if name in own.entries:
            return self._scalar(own.entries[name], f"{name} of Fn::Sub")
        value = self._reference(name, line)
        if isinstance(value, Items):
            raise self.fault(line, f"{name} in Fn::Sub is a list", "Make a text of it with Fn::Join.")
        return self._part(value, "Fn::Sub") if value is not None else Scalar(None, line)

    def _condition(self, node: Node) -> bool | Unknown:
        names = tuple(node.entries) if isinstance(node, Table) else ()
        if not isinstance(node, Table) or len(names) != 1 or names[0] not in _CONDITIONS:
            subject = f"{', '.join(names)} is" if names else "this is"
            raise self.fault(node.line, f"{subject} no condition", f"Conditions are made of {', '.join(_CONDITIONS)}.")
        with self._nested(node.line):
            return self._result(names[0], node.entries[names[0]])

    def _result(self, function: str, argument: Node) -> bool | Unknown:
        if function == "Condition":
            return self.holds(self._name(argument, function), argument.line)
        if function == "Fn::Equals":
            return self._equal(argument)
        if function == "Fn::Not":
            result = self._condition(self._arguments(argument, function, 1)[0])
            return result if isinstance(result, Unknown) else not result
        results = list(map(self._condition, self._several(argument, function)))  # evaluate all, to find every mistake
        decides = function == "Fn::Or"
        unknown = next((result for result in results if isinstance(result, Unknown)), None)
        return decides if decides in results else not decides if unknown is None else unknown

    def _equal(self, argument: Node) -> bool | Unknown:
        values = [self._scalar(each, "Fn::Equals") for each in self._arguments(argument, "Fn::Equals", 2)]
        unknown = next((value for value in values if isinstance(value, Unknown)), None)
        texts = {value.text or "" for value in values if isinstance(value, Scalar)}
        return len(texts) == 1 if unknown is None else unknown

    def _scalar(self, node: Node, what: str) -> Scalar | Unknown:
        value = self.resolved(node)
        if not isinstance(value, (Scalar, Unknown)):
            raise self.fault(node.line, f"{what} must be a text", "Write one value, without blanks or lists.")
        return value

    def _part(self, value: Node, function: str) -> Scalar | Unknown:
        if not isinstance(value, (Scalar, Unknown)):
            raise self.fault(value.line, f"{function} takes texts only", "Write one value at each place.")
        return value

    def _list(self, node: Node, function: str) -> Items | Unknown:
        value = self.resolved(node)
        if not isinstance(value, (Items, Unknown)):
            raise self.fault(node.line, f"{function} takes a list", "Write its values as a list.")
        return value

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

    def _literal(self, node: Node, function: str) -> str:
        if not isinstance(node, Scalar):
            raise self.fault(node.line, f"{function} takes a text here", "Write a plain text, without functions.")
        return node.text or ""


def _alike(name: str, names: Mapping[str, object]) -> str:
    return nearest(name, names, f"It has {', '.join(names) or 'none'}.")
