"""Draw the wings of iam-audit, from the imports of its modules, as a picture (SVG) and a table.

A wing is a folder of auditor/. The modules beside the folders are drawn in groups: those that every wing may import,
those that rules import, and the one that programs import.
"""

import ast
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
BASE = "errors, documents, redaction, signals"
FOR_RULES = "rule, model, policy, testing"
FOR_PROGRAMS = "import auditor"
GROUPS = {name: group for group in (BASE, FOR_RULES) for name in group.split(", ")}
NOTES = {
    FOR_PROGRAMS: "`auditor/__init__.py`, for programs",
    FOR_RULES: "The modules that rules import",
    BASE: "Modules that every wing may import",
    "rules": "The built-in rules, found by name",
}

Graph = Mapping[str, frozenset[str]]
"""Each wing or group, with the wings and groups that it imports."""

_BOX_HEIGHT, _ROW, _GAP, _MARGIN = 40, 84, 56, 28  # pixels
_CHARACTER = 8.2  # pixels; no character of the font is much wider
_BORDER = 28  # pixels left and right of a name, together
_STYLE = (
    "text{font:600 14px system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2933;text-anchor:middle}"
    "rect{fill:#eef4fb;stroke:#41618a;stroke-width:1.5}.door{fill:#fdf3e0;stroke:#9a6b16}"
    ".base{fill:#eceff1;stroke:#66757f}.page{fill:#fff;stroke:none}"
    "path{fill:none;stroke:#66757f;stroke-width:1.5;marker-end:url(#to)}marker path{fill:#66757f;stroke:none}"
)


def graph() -> Graph:
    """Return every wing and group with the others that its modules import, at module level or in functions."""
    found: dict[str, set[str]] = {}
    for path in [*sorted((ROOT / "auditor").rglob("*.py")), *sorted((ROOT / "rules").glob("*.py"))]:
        found.setdefault(_owner(path), set()).update(_imported(path))
    found.pop("__main__")
    return {name: frozenset(to - {name}) for name, to in sorted(found.items())}


def _owner(path: Path) -> str:
    top, *rest = path.relative_to(ROOT).parts
    if top == "rules":
        return top
    name = rest[0].removesuffix(".py")
    return FOR_PROGRAMS if name == "__init__" else GROUPS.get(name, name)


def _imported(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "auditor":
            names = {alias.name for alias in node.names} - {"__version__"}
            yield from (_member(name) for name in names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("auditor."):
            yield _member(str(node.module).split(".")[1])


def _member(name: str) -> str:
    """Return the wing or group of a name in auditor; a name that is not a module is a function for programs."""
    if (ROOT / "auditor" / name).is_dir() or (ROOT / "auditor" / f"{name}.py").is_file():
        return GROUPS.get(name, name)
    return FOR_PROGRAMS


def ranks(wings: Graph) -> dict[str, int]:
    """Return the row of each wing, 0 on top: each is below those that import it, and as near to them as possible.

    Raises RecursionError if wings import each other in a circle.
    """
    importers = {name: [other for other, to in wings.items() if name in to] for name in wings}

    def rank(name: str) -> int:
        return 1 + max(map(rank, importers[name]), default=-1)

    height = {name: rank(name) for name in wings}
    drawn = essential(wings)
    for name in sorted(wings, key=lambda each: -height[each]):  # move down if the arrows do not become longer
        below = [height[other] for start, other in drawn if start == name]
        if below and len(below) >= sum(name == other for _, other in drawn):
            height[name] = min(below) - 1
    return height


def essential(wings: Graph) -> list[tuple[str, str]]:
    """Return the imports that are not implied by other imports, without those of the base."""
    return [
        (name, other)
        for name, to in wings.items()
        for other in sorted(to - {BASE})
        if not any(other in reached(wings, through) for through in to - {other})
    ]


def reached(wings: Graph, start: str) -> set[str]:
    """Return the wings that a wing imports, directly or through others."""
    return set(wings[start]).union(*(reached(wings, other) for other in wings[start]))


def table() -> str:
    """Return the wings as a Markdown table, row by row from the top of the picture."""
    wings = graph()
    height = ranks(wings)
    rows = ["| wing | what it is | imports |", "| --- | --- | --- |"]
    for name in sorted(wings, key=lambda each: (height[each], each)):
        to = sorted(wings[name] - {BASE}, key=lambda each: (height[each], each))
        rows.append(f"| {_code(name)} | {NOTES.get(name) or _summary(name)} | {', '.join(map(_code, to))} |")
    return "\n".join(rows) + "\n"


def _code(name: str) -> str:
    return ", ".join(f"`{each}`" for each in name.split(", "))


def _summary(name: str) -> str:
    docstring = ast.get_docstring(ast.parse((ROOT / f"auditor/{name}/__init__.py").read_text("utf-8"))) or ""
    _, _, text = docstring.partition("\n")[0].partition(": ")
    return (text[:1].upper() + text[1:]).removesuffix(".")


def picture() -> str:
    """Return the wings as an SVG picture, with an arrow to what each imports."""
    wings = graph()
    height = ranks(wings)
    rows = _rows(wings, height)
    page = max(sum(map(_width, row)) + _GAP * (len(row) - 1) for row in [*rows, [BASE]]) + 2 * _MARGIN
    middles = {name: place for at, row in enumerate(rows) for name, place in _placed(row, at, page)}
    arrows = [_arrow(middles[name], middles[other]) for name, other in essential(wings)]
    boxes = [_box(name, middle) for name, middle in middles.items()]
    base = (page / 2, _MARGIN + len(rows) * _ROW + _BOX_HEIGHT / 2)
    size = f'width="{page:.0f}" height="{base[1] + _BOX_HEIGHT / 2 + _MARGIN:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            "<title>The wings of iam-audit; an arrow leads to what a wing imports</title>",
            f"<style>{_STYLE}</style>",
            '<marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
            '<path d="M0 0L8 4L0 8z"/></marker>',
            '<rect class="page" width="100%" height="100%" rx="8"/>',
            *arrows,
            *boxes,
            _box(BASE, base, page - 2 * _MARGIN),
            "</svg>\n",
        ]
    )


def _rows(wings: Graph, height: Mapping[str, int]) -> list[list[str]]:
    """Return the wings row by row, each as far as possible under those that import it."""
    rows: list[list[str]] = []
    side: dict[str, float] = {}  # 0 is left, 1 is right

    def above(name: str) -> tuple[float, str]:
        sides = [side[start] for start, other in essential(wings) if other == name]
        return (sum(sides) / len(sides) if sides else 1, name)

    for at in range(height[BASE]):
        row = sorted((name for name in wings if height[name] == at), key=above)
        side |= {name: (place + 0.5) / len(row) for place, name in enumerate(row)}
        rows.append(row)
    return rows


def _width(name: str) -> float:
    return len(name) * _CHARACTER + _BORDER


def _placed(row: list[str], at: int, page: float) -> Iterable[tuple[str, tuple[float, float]]]:
    left = (page - sum(map(_width, row)) - _GAP * (len(row) - 1)) / 2
    for name in row:
        yield name, (left + _width(name) / 2, _MARGIN + at * _ROW + _BOX_HEIGHT / 2)
        left += _width(name) + _GAP


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    top, bottom = start[1] + _BOX_HEIGHT / 2, end[1] - _BOX_HEIGHT / 2
    bend = (bottom - top) / 2
    return (
        f'<path d="M{start[0]:.0f} {top:.0f}C{start[0]:.0f} {top + bend:.0f} '
        f'{end[0]:.0f} {bottom - bend:.0f} {end[0]:.0f} {bottom:.0f}"/>'
    )


def _box(name: str, middle: tuple[float, float], width: float | None = None) -> str:
    wide = width or _width(name)
    style = ' class="base"' if name == BASE else ' class="door"' if name in NOTES else ""
    left, top = middle[0] - wide / 2, middle[1] - _BOX_HEIGHT / 2
    return (
        f'<rect{style} x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{_BOX_HEIGHT}" rx="6"/>'
        f'<text x="{middle[0]:.0f}" y="{middle[1] + 5:.0f}">{escape(name)}</text>'
    )
