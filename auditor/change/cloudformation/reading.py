"""Reading a CloudFormation template: turn its text into the steps of a change."""

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.account.model import Snapshot
from auditor.change.cloudformation import defaults
from auditor.change.cloudformation.makers import EVERYTHING, may_touch, unseen
from auditor.change.cloudformation.resources import READERS, Declared, steps
from auditor.change.cloudformation.values import NOTHING, Values
from auditor.change.steps import Change, Doubt, Opened, Step
from auditor.change.values import ACCOUNT_ID, Target, Unknown
from auditor.templates import pseudo
from auditor.templates.errors import TemplateError, UnreadableTemplateError
from auditor.templates.functions import Template
from auditor.templates.lenient import LenientReader
from auditor.templates.nodes import read_document
from auditor.templates.values import Items, Node, Scalar, Table
from auditor.templates.values import Unknown as UnknownNode

_KIND = "CloudFormation template"
_ANALYZER = "AWS::AccessAnalyzer::Analyzer"
_EXTENSIONS, _SAM = "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"
_KNOWN_MACROS = frozenset(
    {_EXTENSIONS, _SAM, "AWS::Include", "AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16"}
    | {"AWS::CodeDeployBlueGreen", "AWS::ServiceCatalog"}
)
"""The macros of AWS; none of them changes the resources of IAM that a template declares."""
_LOOP = "Fn::ForEach::"
_HOLDERS = {"AWS::IAM::User": "users", "AWS::IAM::Group": "groups", "AWS::IAM::Role": "roles"}
_ASSUMED = {name: pseudo.UNKNOWN[name] for name in ("AWS::Partition", "AWS::AccountId")}
"""Placeholder values of pseudo parameters when no account was read; conditions must not use them."""
_OF_STACK = {
    pseudo.REGION: f"is the Region of the stack, which is not known; --stack-parameter {pseudo.REGION}=VALUE names it"
}
"""The pseudo parameters with a placeholder when the Region of the stack is unknown: the audited one may differ."""


def document_of(path: str, content: bytes | None = None) -> Table:
    """Return the template in a file; raise UnreadableTemplateError if there is none.

    `content` is that of the file if it was read already, as from a pipe, which can be read only once.
    """
    try:
        document = read_document(path, _KIND, reader=LenientReader, content=content)
    except TemplateError as error:
        raise UnreadableTemplateError(path, error.line, error.problem, error.remedy) from error
    resources = document.entries.get("Resources")
    if resources is None or (isinstance(resources, Scalar) and not resources.text):
        raise _without_resources(path, document)
    if not isinstance(resources, Table):
        what = {Items: "a list", Scalar: "a text"}.get(type(resources), "a value that is not understood")
        problem = f"Resources is {what} and not a mapping"
        raise UnreadableTemplateError(path, resources.line, problem, "Write each resource as NAME: {Type: ...}.")
    return document


def _without_resources(path: str, document: Table) -> UnreadableTemplateError:
    """Return the error for a file without resources, which says what else the file is, if that is known."""
    problem, remedy = "has no Resources", f"Name the file of a {_KIND}."
    if {"Changes", "ChangeSetId"} <= document.entries.keys():
        problem, remedy = "is a change set that is not in JSON", "Describe it again with: --output json"
    elif "TemplateBody" in document.entries:
        problem = "is the output of get-template, not the template in it"
        remedy = "Run get-template with --query TemplateBody, and with --output text if the template is YAML."
    return UnreadableTemplateError(path, None, problem, remedy)


def check_parameters(path: str, document: Table, given: Mapping[str, str]) -> None:
    """Raise TemplateError for a given value if the template does not declare its parameter, or does not allow it."""
    Template(document, path, _declared_of(given), option="--stack-parameter", lenient=True)


def _declared_of(given: Mapping[str, str]) -> Mapping[str, str]:
    """Return the given values of declared parameters: without the Region, which no template declares."""
    return {name: value for name, value in given.items() if name != pseudo.REGION}


def opened(path: str, document: Table, given: Mapping[str, str]) -> Opened:
    """Return a function that returns the change that a template makes to the given account.

    `given` has the values of its parameters. The function raises TemplateError for a value that the template does not
    allow.
    """
    return lambda account: _change(path, document, given, account)


def declared(path: str, document: Table, given: Mapping[str, str], known: Mapping[str, str]) -> Mapping[str, Declared]:
    """Return the resources of IAM that a template declares, by logical id; values that only AWS knows are Unknown.

    `given` has the values of its parameters, and `known` its pseudo parameters. The result is empty if a macro changes
    the template.
    """
    reading = _Reading(path, document, _declared_of(given), known, {}, None)
    return {} if reading.has_macros else dict(reading.declared())


def _change(path: str, document: Table, given: Mapping[str, str], account: Snapshot) -> Change:
    region = given.get(pseudo.REGION)
    known = pseudo.pseudo_parameters(account.account.id, account.account.partition, region)
    for name, value in {"AWS::Partition": account.account.partition, "AWS::AccountId": ACCOUNT_ID}.items():
        known.setdefault(name, value)
    assumed = _ASSUMED if known["AWS::AccountId"] == ACCOUNT_ID else {}
    assumed = {**assumed, **(_OF_STACK if region is None else {})}
    reading = _Reading(path, document, _declared_of(given), known, assumed, account.region)
    made = tuple(reading.steps())
    return Change(
        file=path, steps=made, notes=tuple(dict.fromkeys(reading.notes)), by_default=reading.leaves_out_by_default
    )


class _Reading:
    """Turn the resources of a template into steps, and collect notes about what cannot be seen."""

    def __init__(
        self,
        path: str,
        document: Table,
        given: Mapping[str, str],
        known: Mapping[str, str],
        assumed: Mapping[str, str],
        audited_region: str | None,
    ) -> None:
        self.leaves_out_by_default = False
        self._audited_region, self._region = audited_region, known.get(pseudo.REGION)
        self._path = path
        self._document = document
        self._given = given
        template = Template(
            document, path, given, option="--stack-parameter", known=known, assumed=assumed, lenient=True
        )
        self._template = template
        self._resources = template.section(document, "Resources")
        self._values = Values(template, self._resources)
        self._notes: list[str] = []

    @property
    def notes(self) -> list[str]:
        """Return the notes about the template."""
        lacking = (
            f"{self._path}: the parameter {name} has no default; --stack-parameter {name}=VALUE gives its value"
            for name in sorted(self._template.lacking)
        )
        used = defaults.note(self._path, self._template.section(self._document, "Parameters"), self._defaults)
        return [*self._template.notes, *self._notes, *self._values.notes, *lacking, *used]

    @property
    def _defaults(self) -> frozenset[str]:
        """Return the parameters whose defaults were used."""
        return frozenset(self._template.used - self._given.keys())

    @property
    def has_macros(self) -> bool:
        """Return whether a macro may change the resources."""
        written = self._document.entries.get("Transform")
        names = set(_texts(written)) if written is not None else set()
        return bool(names - {_EXTENSIONS}) or "Fn::Transform" in {*self._document.entries, *self._resources}

    def declared(self) -> Iterator[tuple[str, Declared]]:
        """Yield the resources of IAM by logical id, regardless of their conditions."""
        for name, node in self._resources.items():
            kind = node.entries.get("Type") if isinstance(node, Table) else None
            if isinstance(node, Table) and isinstance(kind, Scalar) and kind.text in READERS:
                yield name, Declared(name, kind.text or "", node.line, self._properties(name, node))

    def steps(self) -> Iterator[Step]:
        """Yield the steps of each resource, and doubts about what macros change."""
        yield from self._macros()
        for name, node in self._resources.items():
            if name.startswith(_LOOP) or isinstance(node, Items):
                if any(map(may_touch, _types(node))):
                    yield self._unseen(name, node.line, "what Fn::ForEach creates")
            elif isinstance(node, Table):
                yield from self._resource(name, node)
            elif isinstance(node, UnknownNode):
                yield self._unseen(name, node.line, f"what {name} is ({node.why})")
            elif name != "Fn::Transform":
                yield self._unseen(name, node.line, f"what {name} creates, which is not a mapping with a Type,")

    def _macros(self) -> Iterator[Step]:
        node = self._document.entries.get("Transform")
        names = _texts(node) if node is not None else []
        for name in names:
            if name != _EXTENSIONS:
                listings = ("roles",) if name == _SAM else EVERYTHING
                yield self._unseen(
                    name, node.line if node is not None else 1, f"what the macro {name} creates", listings
                )
        if set(names) - _KNOWN_MACROS:
            yield from self._perhaps_changed(names)
        for entries in (self._document.entries, self._resources):
            if "Fn::Transform" in entries:
                yield self._unseen("Fn::Transform", entries["Fn::Transform"].line, "what Fn::Transform creates")

    def _perhaps_changed(self, macros: list[str]) -> Iterator[Step]:
        """Yield doubts that a macro may add items to the lists of the template's own resources."""
        for name, node in self._resources.items():
            kind = node.entries.get("Type") if isinstance(node, Table) else None
            listing = _HOLDERS.get(kind.text or "") if isinstance(kind, Scalar) else None
            if listing is not None:
                why = f"what the macro {', '.join(macros)} changes is unknown"
                holder = Target(listing, Unknown(why, name))
                yield Doubt(address=name, line=node.line, why=why, holders=(holder,), keep=True)

    def _unseen(self, address: str, line: int, what: str, listings: tuple[str, ...] = EVERYTHING) -> Step:
        self._notes.append(f"{self._path}, line {line}: {what} is unknown")
        return Doubt(address=address, line=line, why=f"{what} is unknown", listings=listings, fields=())

    def _resource(self, name: str, node: Table) -> Iterator[Step]:
        kind = node.entries.get("Type")
        text = kind.text or "" if isinstance(kind, Scalar) else ""
        if text == _ANALYZER and self._audited_region not in (None, self._region):
            yield from self._analyzer_elsewhere(name, node)
        elif text in READERS:
            yield from self._declared(name, text, node)
        elif name == "Fn::Transform":
            return
        elif missed := unseen(name, text):
            what, listings = missed
            yield self._unseen(name, node.line, what, listings)

    def _analyzer_elsewhere(self, name: str, node: Node) -> Iterator[Step]:
        """Yield a doubt if the Region of the stack is unknown; an analyzer in another Region is only noted."""
        if self._region is None:
            why = f"the Region of the stack is not known; --stack-parameter {pseudo.REGION}=VALUE names it"
            yield Doubt(address=name, line=node.line, why=why, listings=("access_analyzers",), fields=())
            return
        self._notes.append(f"{name} is in {self._region}; the analyzers of {self._audited_region} are audited")

    def _declared(self, name: str, kind: str, node: Table) -> Iterator[Step]:
        maybe: str | None = None
        condition = node.entries.get("Condition")
        if condition is not None:
            holds = self._values.holds(condition, name)
            if holds is False:
                self._left_out(name, node.line, condition)
                return
            maybe = holds.why if isinstance(holds, Unknown) else None
        yield from steps(Declared(name, kind, node.line, self._properties(name, node), maybe))

    def _left_out(self, name: str, line: int, condition: Node) -> None:
        """Add a note that a resource is left out, if this depends on the default of a parameter."""
        text = condition.text or "" if isinstance(condition, Scalar) else ""
        conditions = self._template.section(self._document, "Conditions")
        names = defaults.names_used_by(conditions, text) & self._defaults
        if names:
            self.leaves_out_by_default = True
            why = f"its condition {text} is false with the default of {', '.join(sorted(names))}"
            self._notes.append(f"{self._path}, line {line}: {name} is left out: {why}")

    def _properties(self, name: str, node: Table) -> Mapping[str, Any] | Unknown:
        if "Fn::Transform" in node.entries:
            return Unknown(f"{name}: what Fn::Transform creates is unknown", optional=True)
        written = node.entries.get("Properties")
        if written is None:
            return {}
        value = self._values.value(written, name)
        if value is NOTHING or value is None:
            return {}
        return value if isinstance(value, Mapping | Unknown) else Unknown(f"{name}: Properties is not a mapping")


def _types(node: Node) -> Iterator[str]:
    """Yield the types of the resources within a node, "" for a type that is not plain text."""
    if isinstance(node, Table) and "Type" in node.entries:
        kind = node.entries["Type"]
        yield kind.text or "" if isinstance(kind, Scalar) else ""
    elif isinstance(node, UnknownNode):
        yield ""
    parts = node.entries.values() if isinstance(node, Table) else node.items if isinstance(node, Items) else ()
    for each in parts if not (isinstance(node, Table) and "Properties" in node.entries) else ():
        yield from _types(each)


def _texts(node: Node) -> list[str]:
    """Return the macro names in Transform."""
    if isinstance(node, Scalar):
        return [node.text or ""]
    if isinstance(node, Table):
        name = node.entries.get("Name")
        return [name.text or ""] if isinstance(name, Scalar) else ["Fn::Transform"]
    return [text for each in node.items for text in _texts(each)] if isinstance(node, Items) else []
