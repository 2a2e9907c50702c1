"""Rules of AWS Config in other forms, converted to the form of AWS::Config::ConfigRule in a template.

https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigRules.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-config-organizationconfigrule.html
"""

from collections.abc import Mapping

from auditor.selection.packs.model import PackFile
from auditor.templates.errors import TemplateError
from auditor.templates.nodes import read_file
from auditor.templates.values import Items, Node, Scalar, Table, Unknown

CONFIG_RULE, ORGANIZATION_RULE = "AWS::Config::ConfigRule", "AWS::Config::OrganizationConfigRule"
_LISTS = {"ConfigRules": CONFIG_RULE, "OrganizationConfigRules": ORGANIZATION_RULE}
_OF_ANSWERS = frozenset(
    {"ConfigRuleArn", "ConfigRuleId", "ConfigRuleState", "CreatedBy", "LastUpdateTime", "OrganizationConfigRuleArn"}
    | {"RuleEvaluationVisibility", "ServicePrincipals"}
)
"""The keys of a rule and of its Scope in AWS's responses that a template does not have."""
_MANAGED = "OrganizationManagedRuleMetadata"
_CUSTOM = {
    "OrganizationCustomCodeRuleMetadata": "CUSTOM_LAMBDA",
    "OrganizationCustomPolicyRuleMetadata": "CUSTOM_POLICY",
    "OrganizationCustomRuleMetadata": "CUSTOM_LAMBDA",
}
_SCOPE = {
    "ResourceIdScope": "ComplianceResourceId",
    "ResourceTypesScope": "ComplianceResourceTypes",
    "TagKeyScope": "TagKey",
    "TagValueScope": "TagValue",
}
_KIND = "conformance pack"
_REMEDY = "Name a pack's template, or what `aws configservice describe-config-rules --output json` prints."


def pack_file(path: str) -> PackFile:
    """Return the document of a pack, or AWS's response about rules converted to a pack, without parameter values.

    Raises TemplateError for a file that cannot be read, and for a response without rules.
    """
    document = read_file(path, _KIND)
    if isinstance(document, Items) and document.items:
        return _of_rules(path, document, CONFIG_RULE, document.items)
    if not isinstance(document, Table):
        raise TemplateError(path, document.line, f"this is not a {_KIND}", _REMEDY)
    key = next((name for name in _LISTS if name in document.entries), None)
    if key is None or "Resources" in document.entries:
        return PackFile(path, document, {})
    rules, more = document.entries[key], document.entries.get("NextToken")
    if not isinstance(rules, Items) or not rules.items:
        raise TemplateError(path, rules.line, f"{key} lists no rule", "Ask AWS Config in a Region where it has rules.")
    why = "the answer goes on (NextToken); ask again without --max-items and --no-paginate"
    further = (Unknown(why, more.line),) if more is not None and _text(more) else ()
    return _of_rules(path, document, _LISTS[key], (*rules.items, *further))


def _of_rules(path: str, document: Node, kind: str, rules: tuple[Node, ...]) -> PackFile:
    resources: dict[str, Node] = {}
    deleted: list[str] = []
    for number, rule in enumerate(rules):
        if isinstance(rule, Unknown):
            resources["further-rules"] = rule
            continue
        if not isinstance(rule, Table) or not {name for name in rule.entries if name.endswith("ConfigRuleName")}:
            raise TemplateError(path, rule.line, f"this is not a {_KIND}", _REMEDY)
        if _text(rule.entries.get("ConfigRuleState")).startswith("DELETING"):
            name = rule.entries.get("ConfigRuleName")
            deleted.append(f"{_text(name)} (line {rule.line}) is being deleted: it is left out")
            continue
        organization = "OrganizationConfigRuleName" in rule.entries
        properties = dict(_as_in_a_template(rule).entries)
        if isinstance(scope := properties.get("Scope"), Table):
            properties["Scope"] = _as_in_a_template(scope)
        resource: dict[str, Node] = {
            "Type": Scalar(ORGANIZATION_RULE if organization else kind, rule.line),
            "Properties": Table(properties, rule.line),
        }
        resources[f"rule-{number + 1}"] = Table(resource, rule.line)
    template = Table({"Resources": Table(resources, document.line)}, document.line)
    return PackFile(path, template, {}, tuple(deleted))


def _as_in_a_template(answer: Table) -> Table:
    return Table({name: value for name, value in answer.entries.items() if name not in _OF_ANSWERS}, answer.line)


def custom_owner(properties: Mapping[str, Node]) -> str | None:
    """Return the owner of an organization's custom rule; None for a managed one."""
    return next((owner for name, owner in _CUSTOM.items() if name in properties and _MANAGED not in properties), None)


def of_organization(properties: Mapping[str, Node], metadata: Table) -> dict[str, Node]:
    """Return the properties of an organization's rule in the form of a Config rule; `metadata` describes its source."""
    line, entries = metadata.line, metadata.entries
    source: dict[str, Node] = {"Owner": Scalar(custom_owner(properties) or "AWS", line)}
    if "RuleIdentifier" in entries:
        source["SourceIdentifier"] = entries["RuleIdentifier"]
    scope = {_SCOPE[name]: value for name, value in entries.items() if name in _SCOPE and not _is_blank(value)}
    found: dict[str, Node | None] = {
        "ConfigRuleName": properties.get("OrganizationConfigRuleName"),
        "InputParameters": entries.get("InputParameters"),
        "Scope": Table(scope, line) if scope else None,
        "Source": Table(source, line),
    }
    return {name: value for name, value in found.items() if value is not None}


def managed_metadata(properties: Mapping[str, Node], line: int) -> Node:
    """Return the metadata of the managed rule of an organization's rule; an empty mapping for a custom rule."""
    return properties.get(_MANAGED, Table({}, line))


def _text(node: Node | None) -> str:
    return (node.text or "") if isinstance(node, Scalar) else ""


def _is_blank(value: Node) -> bool:
    return (isinstance(value, Scalar) and not value.text) or (isinstance(value, Items) and not value.items)
