"""Rules of AWS Config as a CloudFormation template or a conformance pack."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from auditor.writers.config_rules.exported import ExportedRule, unique

_MAX_ID = 100  # characters; CloudFormation allows 255, but plain keys in YAML are shorter


def conformance_pack(rules: Sequence[ExportedRule]) -> str:
    """Return a conformance pack with the rules."""
    return as_yaml({"Resources": _resources(rules)})


def template(rules: Sequence[ExportedRule]) -> str:
    """Return a CloudFormation template with the rules."""
    return as_yaml({"AWSTemplateFormatVersion": "2010-09-09", "Resources": _resources(rules)})


def _resources(rules: Sequence[ExportedRule]) -> Mapping[str, Any]:
    logical_ids = unique((_logical_id(rule.name) for rule in rules), between="")
    return {
        logical_id: {"Type": "AWS::Config::ConfigRule", "Properties": _properties(rule)}
        for logical_id, rule in zip(logical_ids, rules, strict=True)
    }


def _logical_id(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split("[-_]+", name))[:_MAX_ID] or "Rule"


def _properties(rule: ExportedRule) -> dict[str, Any]:
    properties = {
        "ConfigRuleName": rule.name,
        "Description": rule.description,
        "InputParameters": dict(rule.input_parameters),
        "Scope": {"ComplianceResourceTypes": list(rule.resource_types)} if rule.resource_types else {},
        "Source": {"Owner": "AWS", "SourceIdentifier": rule.source_identifier},
    }
    return {key: value for key, value in properties.items() if value}


class _Dumper(yaml.SafeDumper):
    """Write YAML without aliases, which CloudFormation does not accept."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Represent a text of several lines as a block."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(template: Mapping[str, Any]) -> str:
    """Return a template as YAML, in the order of its keys."""
    return str(yaml.dump(dict(template), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000))
