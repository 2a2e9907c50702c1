"""Rules of AWS Config as Terraform resources, as `terraform fmt` would format them.

https://developer.hashicorp.com/terraform/language/expressions/strings
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from auditor.writers.config_rules.exported import ExportedRule, unique


def resources(rules: Sequence[ExportedRule]) -> str:
    """Return the content of a file with the rules as aws_config_config_rule."""
    labels = unique(_label(rule.name) for rule in rules)
    return "\n".join(_resource(label, rule) for label, rule in zip(labels, rules, strict=True))


def _label(name: str) -> str:
    label = name.replace("-", "_")
    return label if label[0].isalpha() or label[0] == "_" else f"rule_{label}"


def _resource(label: str, rule: ExportedRule) -> str:
    source = {"owner": quoted("AWS"), "source_identifier": quoted(rule.source_identifier)}
    lines = [f'resource "aws_config_config_rule" {quoted(label)} {{']
    lines += _assigned({"name": quoted(rule.name), "description": quoted(rule.description)}, 2)
    lines += ["", "  source {", *_assigned(source, 4), "  }"]
    if rule.input_parameters:
        values = {name: quoted(value) for name, value in rule.input_parameters.items()}
        lines += ["", "  input_parameters = jsonencode({", *_assigned(values, 4), "  })"]
    if rule.resource_types:
        types = ", ".join(map(quoted, rule.resource_types))
        lines += ["", "  scope {", f"    compliance_resource_types = [{types}]", "  }"]
    return "\n".join([*lines, "}", ""])


def _assigned(values: Mapping[str, str], indent: int) -> Iterator[str]:
    width = max(map(len, values))
    return (f"{' ' * indent}{name:<{width}} = {value}" for name, value in values.items())


def quoted(text: str) -> str:
    """Return a text in quotes; Terraform has the same escapes as JSON, and the start of a template is doubled."""
    return msgspec.json.encode(text).decode().replace("${", "$${").replace("%{", "%%{")
