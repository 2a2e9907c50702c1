"""The resources of a pack's template: its rules, the packs within it, and the number of others."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from auditor.selection.packs.config_rule import RuleReader
from auditor.selection.packs.keys import KeyCheck
from auditor.selection.packs.model import Counts, OutOfScope, Pack, PackRule
from auditor.selection.packs.shapes import CONFIG_RULE, ORGANIZATION_RULE
from auditor.templates.errors import TemplateError, UnknownValueError
from auditor.templates.functions import Template
from auditor.templates.parameters import parameter_names
from auditor.templates.values import Items, Node, Scalar, Table, Unknown

_REMEDIATION = "AWS::Config::RemediationConfiguration"
_RULES = (CONFIG_RULE, ORGANIZATION_RULE)
PACKS = ("AWS::Config::ConformancePack", "AWS::Config::OrganizationConformancePack")


_OF_ORGANIZATIONS = (ORGANIZATION_RULE, PACKS[1])
"""The resource types that ExcludedAccounts may switch off for an account."""


_MACROS = ("AWS::LanguageExtensions", "AWS::Serverless-2016-10-31")


class InnerPack(Struct, frozen=True):
    """Hold a pack within a template, and why it is unknown whether it exists, or None."""

    logical_id: str
    resource: Table
    doubt: Unknown | None


class _Found(Struct, frozen=True):
    """Hold a rule with its logical id; `firm` means that it certainly exists and its name is known."""

    rule: PackRule | OutOfScope
    logical_id: str
    firm: bool


class Resources:
    """Read the resources of one template; raise TemplateError with the line of a mistake."""

    def __init__(
        self, template: Template, document: Table, *, doubt: Unknown | None = None, within: bool = False
    ) -> None:
        """Take a template; `doubt` says why it is unknown whether it is deployed at all.

        In a template `within` another one, packs are not read: AWS does not accept them there.
        """
        self.inner: list[InnerPack] = []
        self._template = template
        self._document = document
        self._doubt = doubt
        self._within = within
        self._others: Counter[str] = Counter()
        self._switched_off: list[str] = []
        self._notes: list[str] = []
        self._keys = KeyCheck(template)
        self._reader = RuleReader(template, self._keys, parameter_names(document))

    def pack(self, name: str, path: str) -> Pack:
        """Return the pack with its rules; afterwards, `inner` holds the packs within it."""
        found = [each.rule for each in self._named(list(self._rules()))]
        return Pack(
            name,
            path,
            tuple(each for each in found if isinstance(each, PackRule)),
            tuple(each for each in found if isinstance(each, OutOfScope)),
            Counts(len(found), len(self._switched_off), self._others[_REMEDIATION], tuple(self._switched_off)),
            parameter_names(self._document),
            tuple(self._all_notes()),
            frozenset(self._template.awaited),
        )

    def undecided(self, name: str, unknown: Unknown, what: str) -> PackRule:
        """Return a placeholder for rules about which nothing is known."""
        return self._reader.undecided(name, unknown, what)

    def _rules(self) -> Iterator[_Found]:
        template = self._template
        self._check_macros()
        self._keys.check("the template", self._document.entries)
        resources = template.section(self._document, "Resources")
        if not resources:
            remedy = "Name a pack's template, or what `aws configservice describe-config-rules` prints."
            raise TemplateError(template.place, None, "has no Resources", remedy)
        for logical_id, node in resources.items():
            yield from self._of_resource(logical_id, node)

    def _check_macros(self) -> None:
        """Raise for a macro that may change any rule; AWS's own macros only change other resources or add functions."""
        node = self._document.entries.get("Transform", Items((), 0))
        macros = node.items if isinstance(node, Items) else (node,)
        included = self._document.entries.get("Fn::Transform")
        for macro in macros if included is None else (included,):
            if not isinstance(macro, Scalar) or macro.text not in _MACROS:
                remedy = "Give the template as it is after the macro."
                raise self._template.fault(macro.line, "Transform is not understood", remedy)

    def _of_resource(self, logical_id: str, node: Node) -> Iterator[_Found]:
        """Yield a resource that is a rule; keep packs, and count the others and rules that a condition switches off."""
        if isinstance(node, Unknown):
            yield _Found(self.undecided(logical_id, node, "what else there is"), logical_id, firm=False)
            return
        if logical_id.startswith("Fn::"):
            unknown = Unknown(f"{logical_id} is known only within AWS; write its resources out", node.line)
            yield _Found(self.undecided(logical_id, unknown, "what else there is"), logical_id, firm=False)
            return
        resource = self._template.table(node, logical_id)
        kind = self._kind(logical_id, resource)
        there = self._is_there(resource, logical_id, kind)
        doubt = there if isinstance(there, Unknown) else None
        if kind in _RULES and there is not False:
            rule = self._reader.rule(logical_id, resource, kind, doubt)
            yield _Found(rule, logical_id, firm=doubt is None and logical_id not in self._reader.unnamed)
        elif kind in _RULES:
            self._switched_off.append(logical_id)
        elif kind in PACKS and self._within and there is not False:
            unknown = Unknown("a pack within a pack is not read; name its template by itself", resource.line)
            yield _Found(self.undecided(logical_id, unknown, "the pack"), logical_id, firm=False)
        elif kind in PACKS and there is not False:
            self.inner.append(InnerPack(logical_id, resource, doubt))
        elif kind in PACKS:
            self._notes.append(f"the pack {logical_id}, line {resource.line}, is not there by its condition")
        else:
            self._others[kind] += there is not False

    def _kind(self, logical_id: str, resource: Table) -> str:
        if "Type" not in resource.entries:
            raise self._template.fault(
                resource.line, f"{logical_id} has no Type", f"Give it one, such as {CONFIG_RULE}."
            )
        node = resource.entries["Type"]
        try:
            return self._template.text(node, "Type")
        except UnknownValueError as error:
            raise self._template.fault(node.line, "a Type takes no functions", "Write the type out.") from error

    def _is_there(self, resource: Table, logical_id: str, kind: str) -> bool | Unknown:
        """Return whether a resource exists in the account, by its condition and its ExcludedAccounts."""
        node = resource.entries.get("Condition")
        holds: bool | Unknown = True
        if node is not None and not isinstance(node, Scalar):
            raise self._template.fault(node.line, "Condition must be a text", "Name a condition of the template.")
        if node is not None:
            holds = self._template.holds(node.text or "", node.line)
        excluded = self._is_excluded(resource) if kind in _OF_ORGANIZATIONS and holds is not False else False
        if excluded is True:
            self._notes.append(f"{logical_id}, line {resource.line}, leaves this account out (ExcludedAccounts)")
        if holds is False or excluded is True:
            return False
        doubts = [each for each in (holds, excluded, self._doubt) if isinstance(each, Unknown)]
        return doubts[0] if doubts else True

    def _is_excluded(self, resource: Table) -> bool | Unknown:
        """Return whether ExcludedAccounts contains the account that is audited."""
        template = self._template
        try:
            accounts = template.section(resource, "Properties").get("ExcludedAccounts", Items((), 0))
            value = template.resolved(accounts)
        except UnknownValueError as error:
            return error.unknown
        if not isinstance(value, Items):
            return value if isinstance(value, Unknown) else False
        if not value.items:
            return False
        own = template.resolved(Table({"Ref": Scalar("AWS::AccountId", value.line)}, value.line))
        if not isinstance(own, Scalar):
            return own if isinstance(own, Unknown) else False
        numbers = [item.text for item in value.items if isinstance(item, Scalar)]
        unknown = next((item for item in value.items if isinstance(item, Unknown)), None)
        return True if own.text in numbers else unknown or False

    def _named(self, found: list[_Found]) -> Iterator[_Found]:
        """Yield the rules under unique names; raise if two rules that certainly exist share a name, as AWS does."""
        lines: dict[str, int] = {}
        for each in found:
            name = each.rule.config_rule_name
            if each.firm and name in lines:
                message = f"there is a second rule {name!r}, after that of line {lines[name]}"
                remedy = "AWS refuses that; give one of the two another ConfigRuleName."
                raise self._template.fault(each.rule.line, message, remedy)
            if each.firm:
                lines[name] = each.rule.line
        taken = set(lines)
        for each in found:
            yield each if each.firm else self._renamed(each, taken)

    def _renamed(self, each: _Found, taken: set[str]) -> _Found:
        """Return a rule under its name, or its logical id if that is taken, or its logical id with a number."""
        name, number = each.rule.config_rule_name, 1
        while name in taken:
            name = each.logical_id if number == 1 else f"{each.logical_id}-{number}"
            number += 1
        taken.add(name)
        return replace(each, rule=replace(each.rule, config_rule_name=name))

    def _all_notes(self) -> Iterator[str]:
        yield from self._template.notes
        yield from self._keys.notes()
        yield from self._notes
        for kind, number in sorted(self._others.items()):
            if kind != _REMEDIATION:
                yield f"{number:,} of type {kind}: a conformance pack holds rules and remediations only"
