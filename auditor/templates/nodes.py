"""Documents in YAML or JSON, read into nodes that keep their line numbers, within strict limits.

CloudFormation reads YAML 1.1 without aliases and merge keys, and so does this reader. Without aliases, no document
becomes larger than its text: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from auditor import documents
from auditor.templates.errors import TemplateError
from auditor.templates.values import Items, Node, Scalar, Table

__all__ = [
    "MAX_BYTES",
    "Items",
    "Node",
    "Reader",
    "Scalar",
    "Table",
    "read_document",
    "read_file",
    "read_text",
]

MAX_BYTES = 1 << 20  # AWS accepts 51,200 in a request, and 1 MB from S3
_MAX_DEPTH = 40  # AWS's conformance packs have at most 9
_MAX_DIGITS = 100  # longer numbers are kept as they are written
_PAIR = re.compile(r"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""Two JSON escapes that stand for one character (a surrogate pair), after an even number of backslashes."""
_YES = frozenset({"yes", "true", "on"})
_TEXT = "tag:yaml.org,2002:str"
TYPES = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map")) | {""}
_FUNCTIONS = frozenset(
    {"And", "Base64", "Cidr", "Contains", "Equals", "FindInMap", "GetAtt", "GetAZs", "GetStackOutput", "If"}
    | {"ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"}
)
_SCHEMA = yaml.SafeLoader("")  # resolves which texts are booleans and numbers


def read_document(
    path: str,
    kind: str = "template",
    key: str = "Resources",
    *,
    reader: "type[Reader] | None" = None,
    content: bytes | None = None,
) -> Table:
    """Return the mapping in a file; `reader` builds it, and `content` is that of the file if it was read already.

    `kind` says what the file should be, and `key` is a key that such a mapping has; errors name both. Raises
    TemplateError, with the line if there is one, if the file cannot be read.
    """
    node = (reader or Reader)(readable(_text(path, kind, content), path), path, kind).document()
    if not isinstance(node, Table):
        raise TemplateError(path, node.line, f"this is not a {kind}", f"A {kind} is a mapping with a key {key}.")
    return node


def read_file(path: str, kind: str = "template") -> Node:
    """Return the document in a file, a mapping or not; raise as `read_document` does."""
    return read_text(_text(path, kind), path, kind)


def read_text(text: str, place: str, kind: str = "template") -> Node:
    """Return the document in a text; `place` names its origin in errors. Raises as `read_document` does."""
    return Reader(readable(text, place), place, kind).document()


def readable(text: str, place: str) -> str:
    """Return a text for a YAML reader, in which JSON's surrogate pairs are replaced by the character they stand for.

    Raises TemplateError for a character that YAML does not allow.
    """
    odd = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise TemplateError(place, line, f"the character {odd[0]!r} is not allowed in YAML", "Remove it.")
    return _PAIR.sub(_joined, text) if "\\u" in text and text.lstrip().startswith("{") else text


def _joined(found: re.Match[str]) -> str:
    high, low = int(found[2], 16), int(found[3], 16)
    return found[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _content(path: str, kind: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        remedy = documents.remedy_of(error, path, f"Name the file of a {kind}.")
        raise TemplateError(path, None, f"cannot be read: {error.strerror}", remedy) from error


def _text(path: str, kind: str, content: bytes | None = None) -> str:
    content = _content(path, kind) if content is None else content
    if len(content) > MAX_BYTES:
        raise TemplateError(path, None, f"is larger than {MAX_BYTES:,} bytes", f"A {kind} is smaller; is it one?")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as PowerShell's > writes it
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateError(path, line, "this is not UTF-8", "Save the file as UTF-8.") from error


class _TooDeepError(yaml.YAMLError):
    """Raised if nodes are nested too deeply; `line` is that of the deepest node that is allowed."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Composing:
    """Override the methods that PyYAML's composers call for each node, to limit the depth and to add no tags.

    Composers are recursive, so the depth must be limited while they run.
    """

    _depth = 0

    def descend_resolver(self, parent: yaml.Node | None, _index: object) -> None:
        """Enter a node; the root has no parent."""
        self._depth += 1
        if parent is not None and self._depth > _MAX_DEPTH + 1:
            raise _TooDeepError(line_of(parent))

    def ascend_resolver(self) -> None:
        """Leave a node."""
        self._depth -= 1

    def resolve(self, kind: type[yaml.Node], _value: str | None, implicit: Sequence[bool]) -> str:
        """Return the tag of a node that is written without one: that of a text if it is quoted, else none."""
        return _TEXT if kind is yaml.ScalarNode and not implicit[0] else ""


def _loader(base: type) -> type:
    return type("_Loader", (_Composing, base), {})


_LOADER = _loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # only its composer is used


class Reader:
    """Build our nodes from those of PyYAML; raise for features that CloudFormation does not accept."""

    def __init__(self, text: str, place: str, kind: str) -> None:
        self._text = text
        self._place = place
        self._kind = kind

    def document(self) -> Node:
        """Return the only document; a second one is an error."""
        loader = _LOADER(self._text)
        try:
            root = self._root(loader)
            self._check_aliases()
            return self._node(root, line_of(root))
        except yaml.YAMLError as error:
            raise self._translated(error) from error
        finally:
            loader.dispose()

    def _root(self, loader: Any) -> yaml.Node:
        if not loader.check_node():
            raise TemplateError(self._place, None, "is empty", f"Name the file of a {self._kind}.")
        root: yaml.Node = loader.get_node()
        if loader.check_node():
            self._check_second(loader.get_node())
        return root

    def _check_second(self, _root: yaml.Node) -> None:
        """Raise TemplateError for a second document."""
        second = next(islice(self._events(yaml.DocumentStartEvent), 1, None))
        raise self._fault(line_of(second), "a second document begins here", "Keep one in a file.")

    def _check_aliases(self) -> None:
        """Raise TemplateError for an alias, which cannot be seen in composed nodes. Without a `&` there is no alias."""
        alias = next(self._events(yaml.AliasEvent), None) if "&" in self._text else None
        if alias is not None:
            raise self._alias(line_of(alias))

    def _events(self, kind: type[yaml.Event]) -> Iterator[yaml.Event]:
        return (event for event in yaml.parse(self._text, Loader=_LOADER) if isinstance(event, kind))

    def _node(self, node: yaml.Node, line: int) -> Node:
        if node.tag in TYPES:
            return self._value(node, line)
        return Table({self._function(node): self._value(node, line)}, line)

    def _value(self, node: yaml.Node, line: int) -> Node:
        if isinstance(node, yaml.ScalarNode):
            return Scalar(node.value if node.tag else _plain(node.value), line)
        if isinstance(node, yaml.SequenceNode):
            return Items(tuple(self._node(each, line_of(each)) for each in node.value), line)
        return Table(self._entries(node), line)

    def _entries(self, node: yaml.Node) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value in node.value:
            key, line = self._key(key_node), line_of(key_node)
            entries[key] = self._again(key, line, entries[key]) if key in entries else self._node(value, line)
        return entries

    def _again(self, key: str, line: int, first: Node) -> Node:
        """Return the value for a repeated key; this class raises TemplateError."""
        problem = f"{key!r} is repeated here, after line {first.line}"
        raise self._fault(line, problem, "Keep one of the two.")

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._fault(line_of(node), "a key must be a plain word", "Write this entry as KEY: VALUE.")
        if node.value == "<<" and not node.tag:
            remedy = "CloudFormation takes no merge keys; write them out."
            raise self._fault(line_of(node), "'<<' merges mappings", remedy)
        return str(node.value)

    def _function(self, node: yaml.Node) -> str:
        """Return the long name of the function that a short tag stands for; raise TemplateError for any other tag."""
        name = function_of_tag(node.tag)
        if name is None:
            problem = f"there is no tag {written(node.tag)}"
            raise self._fault(line_of(node), problem, "Use those of CloudFormation: !Ref, !If ...")
        return name

    def _translated(self, error: yaml.YAMLError) -> TemplateError:
        if isinstance(error, _TooDeepError):
            problem = f"this is nested deeper than {_MAX_DEPTH} levels"
            return self._fault(error.line, problem, f"No {self._kind} is.")
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        if not isinstance(error, yaml.composer.ComposerError):
            problem = getattr(error, "problem", None) or str(error)
            return self._fault(line, f"this is not YAML: {problem}", "Correct the file.")
        if error.context_mark is None:  # an alias before its anchor
            return self._alias(line)
        first = error.context_mark.line + 1
        return self._fault(line, f"this anchor is defined again, after line {first}", "Take the anchors out.")

    def _alias(self, line: int) -> TemplateError:
        return self._fault(line, "this is an alias", "CloudFormation takes no YAML aliases; write the value out.")

    def _fault(self, line: int, problem: str, remedy: str) -> TemplateError:
        return TemplateError(self._place, line, problem, remedy)


def function_of_tag(tag: str) -> str | None:
    """Return the long name of the function that a short tag stands for, None for any other tag."""
    name = tag.removeprefix("!")
    if tag in {"!Ref", "!Condition"}:
        return name
    return f"Fn::{name}" if name in _FUNCTIONS and tag != name else None


def written(tag: str) -> str:
    """Return a tag in the form that files use."""
    return tag.replace("tag:yaml.org,2002:", "!!")


def line_of(place: yaml.Node | yaml.Event) -> int:
    """Return the line of a node or event of PyYAML, counted from 1."""
    mark: Any = place.start_mark  # PyYAML sets it on everything that it reads
    return int(mark.line) + 1


def _plain(text: str) -> str | None:
    """Return an unquoted value as CloudFormation does: read according to YAML 1.1, then converted to text."""
    if text[:1] not in _SCHEMA.yaml_implicit_resolvers:  # most texts: no number, boolean or null begins like this
        return text
    tag = _SCHEMA.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # PyYAML's stubs
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return "true" if text.lower() in _YES else "false"
    if kind == "int" and len(text) <= _MAX_DIGITS:
        with suppress(ValueError):  # YAML 1.1 accepts `0x_` as a number, though it has no digits
            return str(_SCHEMA.construct_yaml_int(yaml.ScalarNode(tag, text)))
    return text
