"""Conformance packs in: which rules a pack of AWS Config holds, with which parameters, and what of it is not ours.

https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.errors import nearest
from auditor.judging.catalogue import concerns_iam
from auditor.selection.packs.summary import OutOfScopeReason
from auditor.templates.errors import TemplateError
from auditor.templates.functions import Template, parameter_names
from auditor.templates.nodes import Items, Node, Scalar, Table, read_document

_CONFIG_RULE, _REMEDIATION = "AWS::Config::ConfigRule", "AWS::Config::RemediationConfiguration"
_OWNERS = ("AWS", "CUSTOM_LAMBDA", "CUSTOM_POLICY")
_MAX_NAME = 128  # characters; AWS: ConfigRuleName
_KEYS: Mapping[str, frozenset[str]] = {
    "the template": frozenset(
        {"AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters"}
        | {"Resources", "Rules"}
    ),
    "a resource": frozenset(
        {"Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Description", "Metadata", "Properties", "Type"}
        | {"UpdatePolicy", "UpdateReplacePolicy"}
    ),
    "a Config rule": frozenset(
        {"Compliance", "ConfigRuleName", "Description", "EvaluationModes", "InputParameters", "Scope", "Source"}
        | {"MaximumExecutionFrequency"}
    ),
    "a Scope": frozenset({"ComplianceResourceId", "ComplianceResourceTypes", "TagKey", "TagValue"}),
}
"""The keys that AWS knows. Others are passed over, as AWS does with `Controls`, and noted."""


class PackRule(Struct, frozen=True):
    """Hold a managed rule of a pack that concerns IAM, with what the pack gives it and where that is written."""

    config_rule_name: str
    source_identifier: str
    parameters: Mapping[str, object]
    resource_types: tuple[str, ...]
    """What its Scope names; empty is no restriction."""
    line: int
    parameter_lines: Mapping[str, int]


class OutOfScope(Struct, frozen=True):
    """Hold a rule of a pack that is not judged; a custom rule's owner stands for its source identifier."""

    config_rule_name: str
    source_identifier: str
    reason: OutOfScopeReason
    line: int


class Counts(Struct, frozen=True):
    """Count the resources of a pack: rules that are there, rules that a condition switches off, remediations."""

    config_rules: int
    switched_off: int
    remediations: int


class Pack(Struct, frozen=True):
    """Hold a conformance pack as far as it concerns IAM, and the names of the rest."""

    name: str
    path: str
    rules: tuple[PackRule, ...]
    out_of_scope: tuple[OutOfScope, ...]
    counts: Counts
    parameter_names: frozenset[str]
    notes: tuple[str, ...]


def read_pack(path: str, given: Mapping[str, str]) -> Pack:
    """Return the pack that a file holds; `given` overrides the defaults of its parameters.

    Raises TemplateError that names the file, and the line where there is one, for whatever AWS would refuse.
    """
    return pack_of(document_of(path), path, given)


def document_of(path: str) -> Table:
    """Return the document of the conformance pack that a file holds; raises as `read_pack` does."""
    return read_document(path, "conformance pack")


def pack_of(document: Table, path: str, given: Mapping[str, str]) -> Pack:
    """Return the pack that a document holds, which was read from a file; raises as `read_pack` does."""
    return _Reading(Template(document, path, given, option="--pack-parameter"), document).pack(path)


class _Reading:
    """Go through the resources of one template."""

    def __init__(self, template: Template, document: Table) -> None:
        self._template = template
        self._document = document
        self._resources: Counter[str] = Counter()
        self._switched_off = 0
        self._names: dict[str, int] = {}
        self._unknown_keys: dict[tuple[str, str], list[int]] = {}

    def pack(self, path: str) -> Pack:
        """Return the pack."""
        self._look_at_keys("the template", self._document.entries)
        found = list(self._config_rules())
        counts = Counts(len(found), self._switched_off, self._resources[_REMEDIATION])
        return Pack(
            Path(path).stem,
            path,
            tuple(each for each in found if isinstance(each, PackRule)),
            tuple(each for each in found if isinstance(each, OutOfScope)),
            counts,
            parameter_names(self._document),
            tuple(self._notes()),
        )

    def _config_rules(self) -> Iterator[PackRule | OutOfScope]:
        template = self._template
        if "Transform" in self._document.entries:
            line = self._document.entries["Transform"].line
            raise template.fault(line, "Transform is not understood", "Give the template as it is after the macro.")
        resources = template.section(self._document, "Resources")
        if not resources:
            raise TemplateError(template.place, None, "has no Resources", "Name the file of a conformance pack.")
        for logical_id, node in resources.items():
            resource = self._resource(logical_id, node)
            if resource is not None:
                rule = self._config_rule(logical_id, resource)
                self._claim(rule.config_rule_name, rule.line)
                yield rule

    def _resource(self, logical_id: str, node: Node) -> Table | None:
        """Return a resource that is a rule; count the others and those that their condition switches off."""
        if logical_id.startswith("Fn::"):
            raise self._template.fault(node.line, f"{logical_id} is not understood", "Write the resources out.")
        resource = self._template.table(node, logical_id)
        if "Type" not in resource.entries:
            raise self._template.fault(node.line, f"{logical_id} has no Type", f"Give it one, such as {_CONFIG_RULE}.")
        kind = self._template.text(resource.entries["Type"], "Type")
        condition = resource.entries.get("Condition")
        there = condition is None or self._template.holds(self._template.text(condition, "Condition"), condition.line)
        if kind != _CONFIG_RULE:
            self._resources[kind] += there
            return None
        self._switched_off += not there
        return resource if there else None

    def _config_rule(self, logical_id: str, resource: Table) -> PackRule | OutOfScope:
        template, line = self._template, resource.line
        properties = template.section(resource, "Properties")
        self._look_at_keys("a resource", resource.entries)
        self._look_at_keys("a Config rule", properties)
        owner, identifier = self._source(logical_id, properties, line)
        if owner != "AWS" or not concerns_iam(identifier):
            reason = OutOfScopeReason.NOT_IAM if owner == "AWS" else OutOfScopeReason.CUSTOM
            return OutOfScope(self._shown_name(logical_id, properties), identifier, reason, line)
        name = self._name(logical_id, properties)
        scope = self._scope(properties)
        if scope is None:
            return OutOfScope(name, identifier, OutOfScopeReason.NARROW_SCOPE, line)
        parameters, lines = self._input_parameters(properties)
        return PackRule(name, identifier, parameters, scope, line, lines)

    def _source(self, logical_id: str, properties: Mapping[str, Node], line: int) -> tuple[str, str]:
        """Return the owner of a rule and its source identifier; for a custom rule both are the owner."""
        template = self._template
        if "Source" not in properties:
            raise template.fault(line, f"{logical_id} has no Source", "Give it Owner and SourceIdentifier.")
        source = template.table(properties["Source"], "Source")
        if "Owner" not in source.entries:
            raise template.fault(source.line, f"{logical_id} has no Owner in its Source", "Write `Owner: AWS`.")
        node = source.entries["Owner"]
        owner = template.text(node, "Owner")
        if owner not in _OWNERS:
            raise template.fault(node.line, f"there is no owner {owner!r}", f"Owners are {', '.join(_OWNERS)}.")
        if owner != "AWS":
            return owner, owner
        if "SourceIdentifier" not in source.entries:
            hint = "Name AWS's rule, such as IAM_PASSWORD_POLICY."
            raise template.fault(source.line, f"{logical_id} has no SourceIdentifier", hint)
        return owner, self._identifier(source.entries["SourceIdentifier"])

    def _identifier(self, node: Node) -> str:
        identifier = self._template.text(node, "SourceIdentifier")
        if not identifier or identifier.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"):
            hint = "Write it in capitals with '_', such as IAM_PASSWORD_POLICY."
            raise self._template.fault(node.line, f"SourceIdentifier is {identifier!r}", hint)
        return identifier

    def _name(self, logical_id: str, properties: Mapping[str, Node]) -> str:
        node = properties.get("ConfigRuleName")
        name = logical_id if node is None else self._template.text(node, "ConfigRuleName").strip() or logical_id
        if node is not None and (len(name) > _MAX_NAME or not name.isprintable()):
            hint = f"AWS takes up to {_MAX_NAME} characters that can be printed."
            raise self._template.fault(node.line, "this is no ConfigRuleName", hint)
        return name

    def _shown_name(self, logical_id: str, properties: Mapping[str, Node]) -> str:
        """Return the name of a rule that is only listed; the logical id where functions make it that we do not know."""
        try:
            return self._name(logical_id, properties)
        except TemplateError:
            return logical_id

    def _claim(self, name: str, line: int) -> None:
        if name in self._names:
            message = f"there is a second rule {name!r}, after that of line {self._names[name]}"
            raise self._template.fault(line, message, "AWS refuses that; give one of the two another ConfigRuleName.")
        self._names[name] = line

    def _scope(self, properties: Mapping[str, Node]) -> tuple[str, ...] | None:
        """Return the resource types that a rule is restricted to; None for a restriction to a tag or one resource."""
        scope = self._template.resolved(properties.get("Scope", Scalar(None, 0)))
        if scope is None or (isinstance(scope, Scalar) and not scope.text):
            return ()
        entries = self._template.table(scope, "Scope").entries
        self._look_at_keys("a Scope", entries)
        if set(entries) - {"ComplianceResourceTypes"}:
            return None
        types = entries.get("ComplianceResourceTypes", Items((), scope.line))
        if not isinstance(types, Items):
            raise self._template.fault(types.line, "ComplianceResourceTypes is no list", "Write it as a list.")
        return tuple(self._template.text(item, "ComplianceResourceTypes") for item in types.items)

    def _input_parameters(self, properties: Mapping[str, Node]) -> tuple[dict[str, object], dict[str, int]]:
        """Return the parameters that a rule is given, as text, and the line of each."""
        node = properties.get("InputParameters", Scalar(None, 0))
        value = self._template.resolved(node)
        if value is None or (isinstance(value, Scalar) and not value.text):
            return {}, {}
        if isinstance(value, Scalar):
            values = self._from_json(value)
            return values, dict.fromkeys(values, value.line)
        values = {}
        for name, item in self._template.table(value, "InputParameters").entries.items():
            if not isinstance(item, Scalar):
                hint = "Write one text; several items are separated by commas."
                raise self._template.fault(item.line, f"{name} is no plain value", hint)
            values[name] = item.text or ""
        written = _entries(node)
        self._note_names(written)
        return values, {name: each.line for name, each in written.items()}

    def _from_json(self, value: Scalar) -> dict[str, object]:
        """Read InputParameters as AWS's API takes them: a JSON object in a text."""
        text = value.text or ""
        try:
            values = msgspec.json.decode(text, type=dict[str, str | int | float | bool | None])
            documents.check_keys(text)
        except documents.FAULTS as error:
            message = f"InputParameters is no JSON object of plain values: {documents.reason(error)}"
            raise self._template.fault(value.line, message, "Write it as NAME: VALUE, a line each.") from error
        return dict(values)

    def _note_names(self, parameters: Mapping[str, Node]) -> None:
        """Note the name of a parameter where its value was meant; AWS's own guide makes that mistake."""
        for name, node in parameters.items():
            if isinstance(node, Scalar) and node.text in parameter_names(self._document):
                message = f"line {node.line}: {name} is the text {node.text!r}; was {{Ref: {node.text}}} meant?"
                self._template.notes.append(message)

    def _look_at_keys(self, what: str, entries: Mapping[str, Node]) -> None:
        for key in (key for key in entries if key not in _KEYS[what]):
            if remedy := _remedy(what, key):
                raise self._template.fault(entries[key].line, f"{key} is no key of {what}", remedy)
            self._unknown_keys.setdefault((what, key), []).append(entries[key].line)

    def _notes(self) -> Iterator[str]:
        yield from self._template.notes
        for (what, key), lines in self._unknown_keys.items():
            times = f"{len(lines):,} times, first on line {lines[0]}" if len(lines) > 1 else f"line {lines[0]}"
            hint = nearest(key, _KEYS[what], "")
            yield f"{key} ({times}) is no key of {what} and was not looked at{f'. {hint}' if hint else ''}"
        for kind, number in sorted(self._resources.items()):
            if kind != _REMEDIATION:
                yield f"{number:,} of type {kind}: a conformance pack holds rules and remediations only"


def _remedy(what: str, key: str) -> str:
    """Return how to mend a key by which a rule would lose what it is given; nothing for one that is passed over."""
    if what == "a resource":
        return "Move it under Properties." if key in _KEYS["a Config rule"] else ""
    if what == "a Scope":
        return nearest(key, _KEYS[what], "Take it out.")
    return nearest(key, _KEYS[what], "") if what == "a Config rule" else ""


def _entries(node: Node) -> Mapping[str, Node]:
    return node.entries if isinstance(node, Table) else {}
