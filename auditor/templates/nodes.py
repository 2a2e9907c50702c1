"""Documents in YAML or JSON, read into nodes that know their line, under strict limits.

CloudFormation reads YAML 1.1 without aliases and merge keys, and so does this reader; without aliases no document is
larger than its text: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Union

import yaml
from msgspec import Struct

from auditor.templates.errors import TemplateError

MAX_BYTES = 1 << 20  # AWS takes 51,200 in a request, and 1 MB from S3
_MAX_DEPTH = 40  # the packs of AWS reach 9
_MAX_DIGITS = 100  # of a number; longer ones stay as they are written
_YES = frozenset({"yes", "true", "on"})
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map"))
_FUNCTIONS = frozenset(
    {"And", "Base64", "Cidr", "Contains", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join"}
    | {"Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"}
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # only its parser is used
_SCHEMA = yaml.SafeLoader("")  # knows which words are booleans and numbers


class Scalar(Struct, frozen=True):
    """Hold a value as the text that CloudFormation makes of it (`true`, `90`); None is null."""

    text: str | None
    line: int


class Items(Struct, frozen=True):
    """Hold a list."""

    items: tuple["Node", ...]
    line: int


class Table(Struct, frozen=True):
    """Hold a mapping; the line of an entry's value is that of its key. A short tag is its long form."""

    entries: Mapping[str, "Node"]
    line: int


Node = Union[Scalar, Items, Table]  # noqa: UP007 - "|" takes no names that are defined below


def read_document(path: str, kind: str = "template", key: str = "Resources") -> Table:
    """Return the mapping that a file holds.

    `kind` is what the file should be, and `key` one that such a mapping has; errors name both. Raises TemplateError,
    with the line where there is one, for whatever keeps the file from being read.
    """
    text = _text(path, kind)
    node = _Reader(_events(text, path), path, kind).document()
    if not isinstance(node, Table):
        raise TemplateError(path, node.line, f"this is not a {kind}", f"A {kind} is a mapping with a key {key}.")
    return node


def _text(path: str, kind: str) -> str:
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise TemplateError(path, None, f"cannot be read: {error.strerror}", f"Name the file of a {kind}.") from error
    if len(content) > MAX_BYTES:
        raise TemplateError(path, None, f"is larger than {MAX_BYTES:,} bytes", f"A {kind} is smaller; is it one?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateError(path, line, "this is not UTF-8", "Save the file as UTF-8.") from error


def _events(text: str, place: str) -> Iterator[yaml.Event]:
    odd = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise TemplateError(place, line, f"the character {odd[0]!r} is not allowed in YAML", "Remove it.")
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        line = mark.line + 1 if mark else 1
        raise TemplateError(place, line, f"this is not YAML: {problem}", "Correct the file.") from error


class _Reader:
    """Build nodes from the events of a parser."""

    def __init__(self, events: Iterator[yaml.Event], place: str, kind: str) -> None:
        self._events = events
        self._place = place
        self._kind = kind

    def document(self) -> Node:
        """Give the only document; what follows it is an error."""
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise TemplateError(self._place, None, "is empty", f"Name the file of a {self._kind}.")
        event = next(self._events)
        node = self._node(event, _line(event), 0)
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._fault(_line(event), "a second document begins here", "Keep one in a file.")
        return node

    def _node(self, event: yaml.Event, line: int, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self._fault(line, f"this is nested deeper than {_MAX_DEPTH} levels", f"No {self._kind} is.")
        if isinstance(event, yaml.ScalarEvent):
            return self._tagged(event, Scalar(_plain(event.value) if event.implicit[0] else event.value, line))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._tagged(event, Items(tuple(self._items(depth)), line))
        if isinstance(event, yaml.MappingStartEvent):
            return self._tagged(event, Table(dict(self._entries(depth)), line))
        raise self._fault(
            _line(event), "this is an alias", "CloudFormation takes no YAML aliases; write the value out."
        )

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, _line(event), depth + 1)

    def _entries(self, depth: int) -> Iterator[tuple[str, Node]]:
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, line = self._key(event), _line(event)
            if key in lines:
                raise self._fault(line, f"{key!r} stands here again, after line {lines[key]}", "Keep one of the two.")
            lines[key] = line
            yield key, self._node(next(self._events), line, depth + 1)

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._fault(_line(event), "a key must be a plain word", "Write this entry as KEY: VALUE.")
        if event.value == "<<" and event.implicit[0]:
            hint = "CloudFormation takes no merge keys; write them out."
            raise self._fault(_line(event), "'<<' merges mappings", hint)
        return str(event.value)

    def _tagged(self, event: yaml.CollectionStartEvent | yaml.ScalarEvent, node: Node) -> Node:
        tag = event.tag
        if tag is None or tag == "!" or tag in _CORE_TAGS:
            return node
        name = tag.removeprefix("!")
        if tag in {"!Ref", "!Condition"}:
            return Table({name: node}, node.line)
        if name in _FUNCTIONS and tag != name:
            return Table({f"Fn::{name}": node}, node.line)
        written = tag.replace("tag:yaml.org,2002:", "!!")
        raise self._fault(_line(event), f"there is no tag {written}", "Use those of CloudFormation: !Ref, !If ...")

    def _fault(self, line: int, problem: str, remedy: str) -> TemplateError:
        return TemplateError(self._place, line, problem, remedy)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain(text: str) -> str | None:
    """Give what CloudFormation makes of an unquoted value: YAML 1.1 decides, and the result is text again."""
    tag = _SCHEMA.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # PyYAML's stubs
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return "true" if text.lower() in _YES else "false"
    if kind == "int" and len(text) <= _MAX_DIGITS:
        return str(_SCHEMA.construct_yaml_int(yaml.ScalarNode(tag, text)))
    return text
