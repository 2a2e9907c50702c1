"""The catalogue: what is told of AWS's managed rules agrees with AWS's own list."""

import gzip
import json
from importlib.resources import files
from typing import Any

from auditor.judging.catalogue import CHANGE_TRIGGERED, concerns_iam, is_managed
from auditor.judging.registry import load_rules

LISTED: dict[str, dict[str, Any]] = json.loads(
    gzip.decompress(files("moto.config").joinpath("resources/aws_managed_rules.json.gz").read_bytes())
)["ManagedRules"]


def test_26_of_all_managed_rules_concern_iam() -> None:
    ours = [name for name in LISTED if concerns_iam(name)]
    assert len(ours) == 26
    kinds = {kind.strip() for name in ours for kind in LISTED[name].get("Resource Types", "").split(",") if kind}
    assert kinds <= {"AWS::::Account"} | {kind for kind in kinds if kind.startswith("AWS::IAM::")}


def test_the_rules_that_changes_trigger_are_those_of_aws() -> None:
    triggered = {
        name for name, rule in LISTED.items() if concerns_iam(name) and rule["Trigger type"] == "Configuration changes"
    }
    assert triggered == CHANGE_TRIGGERED


def test_every_built_in_rule_that_aws_lists_is_known_as_one() -> None:
    for rule in load_rules().values():
        assert is_managed(rule) == (rule.source_identifier in LISTED)
        assert concerns_iam(rule.source_identifier)
