"""The keys that AWS documents for packs. Other keys are ignored with a note; AWS ignores `Controls`, for example."""

from collections.abc import Iterator, Mapping

from auditor.errors import nearest
from auditor.templates.errors import UnknownValueError
from auditor.templates.functions import Template
from auditor.templates.values import Node, Unknown

_KEYS: Mapping[str, frozenset[str]] = {
    "the template": frozenset(
        {"AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters"}
        | {"Resources", "Rules", "Transform"}
    ),
    "a resource": frozenset(
        {"Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Description", "Metadata", "Properties", "Type"}
        | {"UpdatePolicy", "UpdateReplacePolicy"}
    ),
    "a Config rule": frozenset(
        {"Compliance", "ConfigRuleName", "Description", "EvaluationModes", "InputParameters", "Scope", "Source"}
        | {"MaximumExecutionFrequency"}
    ),
    "an organization rule": frozenset(
        {"ExcludedAccounts", "OrganizationConfigRuleName", "OrganizationCustomCodeRuleMetadata"}
        | {"OrganizationCustomPolicyRuleMetadata", "OrganizationCustomRuleMetadata", "OrganizationManagedRuleMetadata"}
    ),
    "OrganizationManagedRuleMetadata": frozenset(
        {"Description", "InputParameters", "MaximumExecutionFrequency", "ResourceIdScope", "ResourceTypesScope"}
        | {"RuleIdentifier", "TagKeyScope", "TagValueScope"}
    ),
    "a Scope": frozenset({"ComplianceResourceId", "ComplianceResourceTypes", "TagKey", "TagValue"}),
}
_GUESSED = ("a Config rule", "an organization rule", "OrganizationManagedRuleMetadata")
"""The mappings in which a misspelt key would lose a setting."""


class KeyCheck:
    """Check the keys of a template's mappings."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._unknown: dict[tuple[str, str], list[int]] = {}

    def check(self, what: str, entries: Mapping[str, Node]) -> None:
        """Note unknown keys; raise TemplateError for one that looks like a setting of a rule.

        Raises UnknownValueError for a macro among the keys, because it may change all the others.
        """
        for key in (key for key in entries if key not in _KEYS[what]):
            if key == "Fn::Transform":
                why = "what Fn::Transform creates is known only within AWS"
                raise UnknownValueError(Unknown(why, entries[key].line))
            if remedy := _remedy(what, key):
                raise self._template.fault(entries[key].line, f"{key} is no key of {what}", remedy)
            self._unknown.setdefault((what, key), []).append(entries[key].line)

    def notes(self) -> Iterator[str]:
        """Yield the notes on ignored keys."""
        for (what, key), lines in self._unknown.items():
            times = f"{len(lines):,} times, first on line {lines[0]}" if len(lines) > 1 else f"line {lines[0]}"
            hint = nearest(key, _KEYS[what], "")
            yield f"{key} ({times}) is no key of {what} and was not looked at{f'. {hint}' if hint else ''}"


def _remedy(what: str, key: str) -> str:
    """Return how to correct a key that looks like a setting of a rule; "" for a key that can be ignored."""
    if what == "a resource":
        return "Move it under Properties." if key in _KEYS["a Config rule"] else ""
    if what == "a Scope":
        return nearest(key, _KEYS[what], "Take it out.")
    return nearest(key, _KEYS[what], "") if what in _GUESSED else ""
