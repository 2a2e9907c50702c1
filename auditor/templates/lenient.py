"""Documents read as deployment tools read them: with aliases, merge keys and unknown tags.

CloudFormation itself accepts neither aliases nor merge keys; `aws cloudformation package`, SAM and other tools expand
them before they deploy a template. The size of the expanded document is limited.
"""

from collections.abc import Sequence

import yaml

from auditor.templates import nodes
from auditor.templates.values import Node, Unknown

_MAX_NODES = 200_000  # of a document with expanded aliases
_MAX_DEPTH = 80
_MERGE = "<<"


class LenientReader(nodes.Reader):
    """Build nodes from everything that can be understood; values with an unknown tag or a repeated key are unknown."""

    def __init__(self, text: str, place: str, kind: str) -> None:
        super().__init__(text, place, kind)
        self._built: dict[int, Node] = {}
        self._extents: dict[int, tuple[int, int]] = {}
        """The number of nodes within a node once its aliases are expanded, and their depth."""

    def _check_second(self, root: yaml.Node) -> None:
        if not (isinstance(root, yaml.ScalarNode) and root.value == ""):
            super()._check_second(root)

    def _check_aliases(self) -> None:
        """Accept aliases; `_node` limits them."""

    def _again(self, key: str, line: int, first: Node) -> Node:
        return Unknown(f"{key!r} is repeated here, after line {first.line}", line)

    def _node(self, node: yaml.Node, line: int) -> Node:
        key = id(node)
        if key not in self._built:
            if key in self._extents:
                raise self._fault(line, "an alias is within its own anchor", "Write the value out.")
            self._extents[key] = (0, 0)
            known = node.tag in nodes.TYPES or nodes.function_of_tag(node.tag) is not None
            tag = nodes.written(node.tag)
            self._built[key] = super()._node(node, line) if known else Unknown(f"the tag {tag} is not known", line)
            self._extents[key] = self._measured(node, line)
        return self._built[key]

    def _measured(self, node: yaml.Node, line: int) -> tuple[int, int]:
        within = [self._extents.get(id(each), (0, 0)) for each in _values(node)]
        size, depth = 1 + sum(each for each, _ in within), 1 + max((each for _, each in within), default=0)
        if size > _MAX_NODES or depth > _MAX_DEPTH:
            raise self._fault(line, "the aliases make this too large", "Use fewer of them.")
        return size, depth

    def _entries(self, node: yaml.Node) -> dict[str, Node]:
        plain = [(key, value) for key, value in node.value if not _merges(key)]
        entries = super()._entries(yaml.MappingNode(node.tag, plain))
        for merged in [each for key, value in node.value if _merges(key) for each in _merged(value)]:
            self._node(merged, nodes.line_of(merged))
            for name, each in self._entries(merged).items():
                entries.setdefault(name, each)
        return entries


def _merges(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == _MERGE and not key.tag


def _merged(value: yaml.Node) -> Sequence[yaml.Node]:
    several = value.value if isinstance(value, yaml.SequenceNode) else [value]
    return [each for each in several if isinstance(each, yaml.MappingNode)]


def _values(node: yaml.Node) -> Sequence[yaml.Node]:
    """Return the nodes within a node, without keys."""
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return node.value if isinstance(node, yaml.SequenceNode) else []
