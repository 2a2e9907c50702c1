"""The parameters that a template declares, with their given or default values."""

from collections.abc import Callable, Mapping

from auditor.templates.errors import TemplateError
from auditor.templates.values import Items, Node, Scalar, Table, Unknown

MAX_VALUE = 4096  # characters; AWS: ConformancePackInputParameter
_CONSTRAINTS = ("AllowedPattern", "MaxLength", "MaxValue", "MinLength", "MinValue")
_TYPES = "Types are String, Number, CommaDelimitedList, List<...> and those of AWS."

Fault = Callable[[int, str, str], TemplateError]
"""A function that returns the error for a line, a problem and a remedy."""

Given = Mapping[str, str | Unknown]
"""Values of parameters by name."""


def parameter_names(document: Table) -> frozenset[str]:
    """Return the names of the parameters that a template declares."""
    declared = document.entries.get("Parameters")
    return frozenset(declared.entries) if isinstance(declared, Table) else frozenset()


class Declarations:
    """Read the declarations of one template; every method raises TemplateError with the line of a mistake."""

    def __init__(self, fault: Fault, option: str, *, lenient: bool = False) -> None:
        """Set the function that makes errors, and the command line option that sets a parameter, or "".

        `lenient`: a declaration that is not supported makes its parameter unknown, and a secret value is not read.
        """
        self.notes: list[str] = []
        self._fault = fault
        self._option = option
        self._lenient = lenient

    def read(self, name: str, declared: Node, given: Given) -> Node:
        """Return the value of a parameter; if `lenient`, an invalid declaration gives an Unknown and a note."""
        try:
            if not isinstance(declared, Table):
                problem = f"the parameter {name!r} is not a mapping"
                raise self._fault(declared.line, problem, "Write it as NAME: VALUE, a line each.")
            return self.value(name, declared, given)
        except TemplateError as error:
            if not self._lenient or name in given:
                raise
            self.notes.append(error.message)
            return Unknown(error.problem, declared.line)

    def value(self, name: str, declared: Table, given: Given) -> Node:
        """Return the value of a parameter: the given one, or its default, or an Unknown with a remedy."""
        entries, line = declared.entries, declared.line
        if self._lenient and _is_secret(entries.get("NoEcho")):
            return Unknown(f"the parameter {name} has NoEcho: its value is not read", line)
        kind = self._literal(entries["Type"], f"Type of {name}") if "Type" in entries else "String"
        default = self._literal(entries["Default"], f"Default of {name}") if "Default" in entries else None
        value = given.get(name, default)
        if isinstance(value, Unknown):
            return value
        if value is None:
            return Unknown(f"the parameter {name} has no default and was not given", line, self._remedy(name))
        if kind.startswith("AWS::SSM::Parameter::Value<"):
            return Unknown(f"the value of {name} is in Systems Manager, which is not read", line)
        items = self._items(name, value, kind, line)
        self._check_value(name, value, items, entries, line)
        return Scalar(value, line) if items is None else Items(tuple(Scalar(item, line) for item in items), line)

    def _remedy(self, name: str) -> str:
        return f"{self._option} {name}=VALUE gives it" if self._option else ""

    def _items(self, name: str, value: str, kind: str, line: int) -> list[str] | None:
        """Return the items of a list; None for a type that has one value."""
        if kind == "CommaDelimitedList" or (kind.startswith("List<") and kind.endswith(">")):
            return [item.strip() for item in value.split(",")] if value.strip() else []
        if kind in ("String", "Number") or kind.startswith("AWS::"):
            return None
        raise self._fault(line, f"{name} is of type {kind!r}, which is not known", _TYPES)

    def _check_value(
        self, name: str, value: str, items: list[str] | None, declared: Mapping[str, Node], line: int
    ) -> None:
        if len(value) > MAX_VALUE:
            raise self._fault(line, f"the value of {name} is longer than {MAX_VALUE:,} characters", "Shorten it.")
        allowed = declared.get("AllowedValues")
        if isinstance(allowed, Items):
            values = [self._literal(item, f"AllowedValues of {name}") for item in allowed.items]
            for item in [value] if items is None else items:
                if item not in values:
                    remedy = f"It allows {', '.join(map(repr, values))}."
                    raise self._fault(
                        allowed.line, f"{name} is {item!r}, which is not one of its AllowedValues", remedy
                    )
        if unchecked := [key for key in _CONSTRAINTS if key in declared]:
            self.notes.append(f"line {line}: {', '.join(unchecked)} of the parameter {name} was not checked")

    def _literal(self, node: Node, what: str) -> str:
        if not isinstance(node, Scalar):
            raise self._fault(node.line, f"{what} must be a plain value", "Write one value, without functions.")
        return node.text or ""


def _is_secret(node: Node | None) -> bool:
    return isinstance(node, Scalar) and (node.text or "").lower() == "true"
