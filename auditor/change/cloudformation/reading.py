"""Reading a CloudFormation template: from its text to the steps of a change."""

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.account.model import Snapshot
from auditor.change.cloudformation.resources import READERS, Declared, steps
from auditor.change.cloudformation.values import NOTHING, Values
from auditor.change.steps import Change, Doubt, Opened, Step
from auditor.change.values import Unknown
from auditor.templates.errors import TemplateError
from auditor.templates.functions import Template
from auditor.templates.nodes import Items, read_document
from auditor.templates.pseudo import pseudo_parameters
from auditor.templates.values import Node, Scalar, Table

_KIND = "CloudFormation template"
_EVERYTHING = ("users", "groups", "roles", "policies")
_STACKS = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet", "AWS::ServerlessRepo::Application")
_EXTENSIONS, _SAM = "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"
_LOOP = "Fn::ForEach::"


def document_of(path: str) -> Table:
    """Return the template that a file holds; raise TemplateError for what is none."""
    document = read_document(path, _KIND)
    if not isinstance(document.entries.get("Resources"), Table):
        raise TemplateError(path, None, "has no Resources", f"Name the file of a {_KIND}.")
    return document


def opened(path: str, document: Table, given: Mapping[str, str]) -> Opened:
    """Return the function from today's account to the change that a template makes to it.

    `given` are values of its parameters. What it returns raises TemplateError for a value that the template refuses.
    """
    return lambda account: _change(path, document, given, account)


def _change(path: str, document: Table, given: Mapping[str, str], account: Snapshot) -> Change:
    known = pseudo_parameters(account.account.id, account.account.partition, account.region)
    known.setdefault("AWS::Partition", account.account.partition)
    reading = _Reading(path, document, given, known)
    made = tuple(reading.steps())
    return Change(file=path, steps=made, notes=tuple(dict.fromkeys(reading.notes)))


class _Reading:
    """Turn the resources of a template into steps, and keep what is to be said of those that are not seen."""

    def __init__(self, path: str, document: Table, given: Mapping[str, str], known: Mapping[str, str]) -> None:
        self._path = path
        self._document = document
        template = Template(document, path, given, option="--stack-parameter", known=known)
        self._resources = template.section(document, "Resources")
        self._values = Values(template, self._resources)
        self._notes: list[str] = []

    @property
    def notes(self) -> list[str]:
        """Return what is to be said of the template."""
        return [*self._notes, *self._values.notes]

    def steps(self) -> Iterator[Step]:
        """Yield the steps of each resource, and the doubts that macros leave."""
        yield from self._macros()
        for name, node in self._resources.items():
            if name.startswith(_LOOP) or isinstance(node, Items):
                yield self._unseen(name, node.line, "what Fn::ForEach makes")
            elif isinstance(node, Table):
                yield from self._resource(name, node)

    def _macros(self) -> Iterator[Step]:
        node = self._document.entries.get("Transform")
        names = _texts(node) if node is not None else []
        for name in names:
            if name != _EXTENSIONS:
                listings = ("roles",) if name == _SAM else _EVERYTHING
                yield self._unseen(name, node.line if node is not None else 1, f"what the macro {name} makes", listings)
        if "Fn::Transform" in self._resources:
            yield self._unseen("Fn::Transform", self._resources["Fn::Transform"].line, "what Fn::Transform makes")

    def _unseen(self, address: str, line: int, what: str, listings: tuple[str, ...] = _EVERYTHING) -> Step:
        self._notes.append(f"{self._path}, line {line}: {what} is not seen")
        return Doubt(address=address, line=line, why=f"{what} is not seen", listings=listings, fields=())

    def _resource(self, name: str, node: Table) -> Iterator[Step]:
        kind = node.entries.get("Type")
        text = kind.text or "" if isinstance(kind, Scalar) else ""
        if text in READERS:
            yield from self._declared(name, text, node)
        elif not text or text.endswith("::MODULE"):
            yield self._unseen(name, node.line, f"what the module {name} makes")
        elif text in _STACKS:
            yield self._unseen(name, node.line, f"what the stack {name} makes")
        elif text.startswith("AWS::Serverless::"):
            yield self._unseen(name, node.line, f"which roles {name} ({text}) gets", ("roles",))
        elif text.startswith("AWS::IAM::"):
            yield self._unseen(name, node.line, f"what {name} does, whose type {text} is not judged,")

    def _declared(self, name: str, kind: str, node: Table) -> Iterator[Step]:
        maybe: str | None = None
        condition = node.entries.get("Condition")
        if condition is not None:
            holds = self._values.holds(condition, name)
            if holds is False:
                return
            maybe = holds.why if isinstance(holds, Unknown) else None
        yield from steps(Declared(name, kind, node.line, self._properties(name, node), maybe))

    def _properties(self, name: str, node: Table) -> Mapping[str, Any] | Unknown:
        written = node.entries.get("Properties")
        if written is None:
            return {}
        value = self._values.value(written, name)
        if value is NOTHING or value is None:
            return {}
        return value if isinstance(value, Mapping | Unknown) else Unknown(f"{name}: Properties is no mapping")


def _texts(node: Node) -> list[str]:
    """Return the names that Transform lists."""
    if isinstance(node, Scalar):
        return [node.text or ""]
    if isinstance(node, Table):
        name = node.entries.get("Name")
        return [name.text or ""] if isinstance(name, Scalar) else ["Fn::Transform"]
    return [text for each in node.items for text in _texts(each)] if isinstance(node, Items) else []
