"""The defaults of a template's parameters: which of them a condition uses, and a note about those that were used."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from auditor.templates.substitution import pieces
from auditor.templates.values import Items, Node, Scalar, Table

_MAX_SHOWN = 40  # characters of a default


def names_used_by(conditions: Mapping[str, Node], name: str) -> frozenset[str]:
    """Return the names that a condition refers to, directly or through other conditions."""
    names: set[str] = set()
    left, seen = [name], {name}
    while left:
        node = conditions.get(left.pop())
        for function, found in _named(node) if node is not None else ():
            if function != "Condition":
                names.add(found)
            elif found not in seen:
                seen.add(found)
                left.append(found)
    return frozenset(names)


def _named(node: Node) -> Iterator[tuple[str, str]]:
    """Yield each function in a node that refers to a name, with that name."""
    entries = node.entries if isinstance(node, Table) else {}
    for key, each in entries.items():
        if isinstance(each, Scalar) and key in ("Ref", "Condition"):
            yield key, each.text or ""
        elif key == "Fn::Sub":
            text = each.items[0] if isinstance(each, Items) and each.items else each
            found = pieces(text.text or "") if isinstance(text, Scalar) else ()
            yield from (("Ref", piece) for piece, is_name in found if is_name)
    for each in node.items if isinstance(node, Items) else entries.values():
        yield from _named(each)


def note(path: str, declared: Mapping[str, Node], names: AbstractSet[str]) -> Iterator[str]:
    """Yield a note with the parameters whose defaults were used, if there are any."""
    if names:
        listed = ", ".join(_shown(name, declared[name]) for name in sorted(names))
        other = "--stack-parameter NAME=VALUE gives another value"
        yield f"{path}: judged with the defaults of parameters: {listed}; {other}"


def _shown(name: str, declared: Node) -> str:
    default = declared.entries.get("Default") if isinstance(declared, Table) else None
    text = default.text if isinstance(default, Scalar) else None
    return f"{name} = {text!r}" if text is not None and len(text) <= _MAX_SHOWN else name
