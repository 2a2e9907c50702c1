"""One rule of a pack: its name, source, scope and parameters, and which of these are unknown."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.judging.catalogue import concerns_iam
from auditor.selection.packs.keys import KeyCheck
from auditor.selection.packs.model import Doubt, OutOfScope, PackRule
from auditor.selection.packs.shapes import CONFIG_RULE, managed_metadata, of_organization
from auditor.selection.packs.summary import OutOfScopeReason
from auditor.templates.errors import TemplateError, UnknownValueError
from auditor.templates.functions import Template
from auditor.templates.values import Items, Node, Scalar, Table, Unknown, function_of

_OWNERS = ("AWS", "CUSTOM_LAMBDA", "CUSTOM_POLICY")
_MAX_NAME = 128  # characters; AWS: ConfigRuleName
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"


T = TypeVar("T")


class _Given(Struct, frozen=True):
    """Hold the parameters of a rule, the line of each, and the unknown ones with the reason, all by name."""

    values: Mapping[str, object]
    lines: Mapping[str, int]
    unknown: Mapping[str, Doubt]


class RuleReader:
    """Read the rules of one template; each method raises TemplateError with the line of a mistake."""

    def __init__(self, template: Template, keys: KeyCheck, parameter_names: frozenset[str]) -> None:
        self._template = template
        self._keys = keys
        self._parameter_names = parameter_names
        self.unnamed: set[str] = set()
        """The logical ids of rules whose names are unknown."""

    def rule(self, logical_id: str, resource: Table, kind: str, doubt: Unknown | None) -> PackRule | OutOfScope:
        """Return a rule; `doubt` says why it is unknown whether the rule exists, or is None."""
        try:
            self._keys.check("a resource", resource.entries)
            properties = self._properties(resource, kind)
            owner = self._owner(logical_id, properties, resource.line)
        except UnknownValueError as error:
            return self.undecided(logical_id, error.unknown, "the rule")
        if owner != "AWS":
            name = self._shown_name(logical_id, properties)
            return OutOfScope(name, owner, OutOfScopeReason.CUSTOM, resource.line)
        return self._managed(logical_id, properties, resource.line, doubt)

    def undecided(self, name: str, unknown: Unknown, what: str) -> PackRule:
        """Return a placeholder for one or more rules whose source identifier is unknown."""
        return PackRule(name, "", {}, (), unknown.line, {}, doubt=self._why(what, unknown))

    def _name(self, logical_id: str, properties: Mapping[str, Node]) -> str:
        """Return the name of a rule; if it is unknown, the logical id."""
        node = properties.get("ConfigRuleName")
        if node is None:
            return logical_id
        try:
            name = self._template.text(node, "ConfigRuleName").strip() or logical_id
        except UnknownValueError:
            self.unnamed.add(logical_id)
            return logical_id
        if len(name) > _MAX_NAME or not name.isprintable():
            hint = f"AWS takes up to {_MAX_NAME} characters that can be printed."
            raise self._template.fault(node.line, "this is no ConfigRuleName", hint)
        return name

    def _shown_name(self, logical_id: str, properties: Mapping[str, Node]) -> str:
        """Return the name of a rule that is only listed; if the name is invalid, the logical id."""
        try:
            return self._name(logical_id, properties)
        except TemplateError:
            return logical_id

    def _why(self, what: str, unknown: Unknown) -> Doubt:
        """Return a doubt that says which part of a rule is unknown, and why."""
        return Doubt(f"{what} is unknown: {Path(self._template.place).name}, {unknown.reason}", unknown.remedy)

    def _properties(self, resource: Table, kind: str) -> Mapping[str, Node]:
        opened = self._template.opened(resource.entries.get("Properties", Scalar(None, resource.line)))
        if opened is None or (isinstance(opened, Scalar) and opened.text is None):
            return {}
        properties = self._template.table(opened, "Properties").entries
        if kind == CONFIG_RULE:
            self._keys.check("a Config rule", properties)
            return properties
        self._keys.check("an organization rule", properties)
        metadata = self._opened_table(managed_metadata(properties, resource.line), "OrganizationManagedRuleMetadata")
        self._keys.check("OrganizationManagedRuleMetadata", metadata.entries)
        return of_organization(properties, metadata)

    def _opened_table(self, node: Node, what: str) -> Table:
        return self._template.table(self._template.opened(node) or Table({}, node.line), what)

    def _owner(self, logical_id: str, properties: Mapping[str, Node], line: int) -> str:
        template = self._template
        if "Source" not in properties:
            raise template.fault(line, f"{logical_id} has no Source", "Give it Owner and SourceIdentifier.")
        source = self._opened_table(properties["Source"], "Source")
        if "Owner" not in source.entries:
            raise template.fault(source.line, f"{logical_id} has no Owner in its Source", "Write `Owner: AWS`.")
        node = source.entries["Owner"]
        owner = template.text(node, "Owner")
        if owner not in _OWNERS:
            raise template.fault(node.line, f"there is no owner {owner!r}", f"Owners are {', '.join(_OWNERS)}.")
        return owner

    def _managed(
        self, logical_id: str, properties: Mapping[str, Node], line: int, doubt: Unknown | None
    ) -> PackRule | OutOfScope:
        name = self._shown_name(logical_id, properties)
        try:
            identifier = self._identifier(logical_id, self._opened_table(properties["Source"], "Source"))
        except UnknownValueError as error:
            return self.undecided(name, error.unknown, "SourceIdentifier")
        if not concerns_iam(identifier):
            return OutOfScope(name, identifier, OutOfScopeReason.NOT_IAM, line)
        name = self._name(logical_id, properties)
        doubts = [] if doubt is None else [self._why("whether the rule is there", doubt)]
        everything: tuple[str, ...] | None = ()
        scope = self._or_doubt("Scope", doubts, everything, lambda: self._scope(properties))
        if scope is None:
            return OutOfScope(name, identifier, OutOfScopeReason.NARROW_SCOPE, line)
        given = self._or_doubt("InputParameters", doubts, _Given({}, {}, {}), lambda: self._given(properties))
        return PackRule(
            name, identifier, given.values, scope, line, given.lines, next(iter(doubts), None), given.unknown
        )

    def _or_doubt(self, what: str, doubts: list[Doubt], otherwise: T, read: Callable[[], T]) -> T:
        """Return the result of `read`; if that is unknown, add a doubt and return `otherwise`."""
        try:
            return read()
        except UnknownValueError as error:
            doubts.append(self._why(what, error.unknown))
            return otherwise

    def _identifier(self, logical_id: str, source: Table) -> str:
        if "SourceIdentifier" not in source.entries:
            hint = "Name AWS's rule, such as IAM_PASSWORD_POLICY."
            raise self._template.fault(source.line, f"{logical_id} has no SourceIdentifier", hint)
        node = source.entries["SourceIdentifier"]
        identifier = self._template.text(node, "SourceIdentifier")
        if not identifier or identifier.strip(_CAPITALS):
            hint = "Write it in capitals with '_', such as IAM_PASSWORD_POLICY."
            raise self._template.fault(node.line, f"SourceIdentifier is {identifier!r}", hint)
        return identifier

    def _scope(self, properties: Mapping[str, Node]) -> tuple[str, ...] | None:
        """Return the resource types that a rule is restricted to; None for a restriction to a tag or one resource."""
        scope = self._template.resolved(properties.get("Scope", Scalar(None, 0)))
        if scope is None or (isinstance(scope, Scalar) and not scope.text):
            return ()
        entries = self._template.table(scope, "Scope").entries
        self._keys.check("a Scope", entries)
        for value in entries.values():
            if isinstance(value, Unknown):
                raise UnknownValueError(value)
        if set(entries) - {"ComplianceResourceTypes"}:
            return None
        types = entries.get("ComplianceResourceTypes", Items((), scope.line))
        if not isinstance(types, Items):
            raise self._template.fault(types.line, "ComplianceResourceTypes is no list", "Write it as a list.")
        return tuple(self._template.text(item, "ComplianceResourceTypes") for item in types.items)

    def _given(self, properties: Mapping[str, Node]) -> _Given:
        """Return the parameters of a rule; raise UnknownValueError if not even their names are known."""
        node = properties.get("InputParameters", Scalar(None, 0))
        value = self._template.resolved(node)
        if value is None or (isinstance(value, Scalar) and not value.text):
            return _Given({}, {}, {})
        if isinstance(value, Scalar):
            values = self._from_json(value)
            return _Given(values, dict.fromkeys(values, value.line), {})
        entries = self._template.table(value, "InputParameters").entries
        written = node.entries if isinstance(node, Table) and function_of(node) is None else entries
        self._note_names(written)
        return _Given(
            {name: self._plain(name, item) for name, item in entries.items() if not isinstance(item, Unknown)},
            {name: each.line for name, each in written.items()},
            {name: self._why(name, item) for name, item in entries.items() if isinstance(item, Unknown)},
        )

    def _plain(self, name: str, item: Node) -> str:
        if not isinstance(item, Scalar):
            hint = "Write one text; several items are separated by commas (!Join [',', LIST])."
            raise self._template.fault(item.line, f"{name} is no plain value", hint)
        return item.text or ""

    def _from_json(self, value: Scalar) -> dict[str, object]:
        """Read InputParameters in the form of AWS's API: a JSON object in a text."""
        text = value.text or ""
        try:
            values = msgspec.json.decode(text, type=dict[str, str | int | float | bool | None])
            documents.check_keys(text)
        except documents.FAULTS as error:
            message = f"InputParameters is no JSON object of plain values: {documents.reason(error)}"
            raise self._template.fault(value.line, message, "Write it as NAME: VALUE, a line each.") from error
        return dict(values)

    def _note_names(self, parameters: Mapping[str, Node]) -> None:
        """Add a note if the name of a parameter is used instead of its value; AWS's own guide makes that mistake."""
        for name, node in parameters.items():
            if isinstance(node, Scalar) and node.text in self._parameter_names:
                message = f"line {node.line}: {name} is the text {node.text!r}; was {{Ref: {node.text}}} meant?"
                self._template.notes.append(message)
