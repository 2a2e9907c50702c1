"""The sources of a Terraform plan: the file and line of each address, which the plan's JSON does not contain.

Only the headers of blocks are parsed, in the files of the root module and of modules with a local path. A resource of
any other module gets the place where that module is called.
https://developer.hashicorp.com/terraform/language/files
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.change.terraform.references import steps_of
from auditor.errors import UsageError
from auditor.templates.errors import TemplateError
from auditor.templates.nodes import Items, Node, Table, read_text

Place = tuple[str, int]
"""A file, and a line number in it."""
_MAX_BYTES = 4 << 20  # per file; larger files are not written by people
_NATIVE, _JSON = (".tf", ".tofu"), (".tf.json", ".tofu.json")
_OVERRIDE = re.compile(r"(?:^|_)override\.(?:tf|tofu)(?:\.json)?$")
_LABEL = r'(?:"([\w.-]+)"|([\w-]+))'
_TOKEN = re.compile(
    r"#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|<<-?[ \t]*(?P<mark>[\w-]+)[ \t]*\r?\n.*?(?:^[ \t]*(?P=mark)[ \t]*\r?$|\Z)"
    rf"|(?P<resource>^[ \t]*resource[ \t]+{_LABEL}[ \t]+{_LABEL}[ \t]*\{{)"
    rf"|(?P<module>^[ \t]*module[ \t]+{_LABEL}[ \t]*\{{)"
    r'|"(?:[^"\\\n]|\\.)*"',
    re.DOTALL | re.MULTILINE,
)
"""Matches comments, heredocs and strings, which are skipped, and the headers of blocks."""
_LABELS = (3, 4, 5, 6, 8, 9)
"""The groups that match labels of blocks, quoted or not."""


class Sources:
    """Find the file and line of a plan's addresses in the folder of its root module."""

    def __init__(self, folder: str, root: Mapping[str, Any]) -> None:
        """Set the folder and the root module of the plan's configuration; raise UsageError if it is not a folder."""
        if not Path(folder).is_dir():
            raise UsageError("is not a folder", "Name the folder of the root module.", subject=f"--source-dir {folder}")
        self.folder = folder
        self._root = root
        self._blocks: dict[str, dict[str, Place]] = {}

    def place(self, address: str) -> Place | None:
        """Return the place of the block of an address, or of the call of its module; None if neither is found."""
        steps, own = steps_of(address)
        folder, module, called = self.folder, self._root, None
        for name in steps:
            called = self._of(folder).get(f"module.{name}", called)
            call = (module.get("module_calls") or {}).get(name) or {}
            source, module = str(call.get("source", "")), call.get("module") or {}
            if not source.startswith(("./", "../", ".\\", "..\\")):
                return called
            folder = os.path.normpath(Path(folder) / source.replace("\\", "/"))
        return self._of(folder).get(own, called)

    def _of(self, folder: str) -> Mapping[str, Place]:
        """Return the places of the blocks in a folder, by address."""
        if folder not in self._blocks:
            self._blocks[folder] = dict(_blocks_of(Path(folder)))
        return self._blocks[folder]


def _blocks_of(folder: Path) -> Iterator[tuple[str, Place]]:
    """Yield the address and place of each block, those of files that override others first."""
    files = [file for file in folder.glob("*") if file.name.endswith((*_NATIVE, *_JSON))]
    for file in sorted(files, key=lambda file: (not _overrides(file), file.name)):
        read = _blocks_in_json if file.name.endswith(_JSON) else _blocks_in
        for address, line in read(_text(file), file.as_posix()):
            yield address, (file.as_posix(), line)


def _overrides(file: Path) -> bool:
    return _OVERRIDE.search(file.name) is not None


def _text(file: Path) -> str:
    """Return the text of a file; a file that cannot be read is treated as empty."""
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _blocks_in(text: str, _place: str) -> Iterator[tuple[str, int]]:
    line, counted = 1, 0
    for found in _TOKEN.finditer(text):
        if found["resource"] is None and found["module"] is None:
            continue
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        line, counted = line + text.count("\n", counted, start), start
        labels = [each for each in found.group(*_LABELS) if each is not None]
        yield ".".join(["module", *labels] if found["module"] else labels), line


def _blocks_in_json(text: str, place: str) -> Iterator[tuple[str, int]]:
    """Yield the blocks of a JSON file: at each level an object or a list of objects; none if it is not valid JSON.

    https://developer.hashicorp.com/terraform/language/syntax/json
    """
    try:
        document = read_text(text, place)
    except TemplateError:
        return
    for name, node in _members(document):
        if name == "module":
            yield from ((f"module.{call}", body.line) for call, body in _members(node))
        elif name == "resource":
            for kind, named in _members(node):
                yield from ((f"{kind}.{own}", body.line) for own, body in _members(named))


def _members(node: Node) -> Iterator[tuple[str, Node]]:
    for each in node.items if isinstance(node, Items) else (node,):
        yield from each.entries.items() if isinstance(each, Table) else ()
