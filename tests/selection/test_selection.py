"""The selection: what the options say, and what is told where they, or a file, say what cannot be."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.judging.registry import load_rules
from auditor.judging.rule import Severity
from auditor.selection.layers import Layer, layer_of_options
from auditor.selection.merging import merged
from auditor.selection.options import Choice
from auditor.selection.plan import SourcedRule, selected
from auditor.selection.sets import RuleSet
from auditor.selection.settings import OPTION, Origin, from_file

PASSWORD, MEMBERSHIP = "iam-password-policy", "iam-user-group-membership-check"
VALUES: Mapping[str, tuple[Sequence[str], dict[str, dict[str, object]]]] = {
    "a value": ([f"{PASSWORD}.MaxPasswordAge=30"], {PASSWORD: {"MaxPasswordAge": "30"}}),
    "no value, which drops a check": ([f"{PASSWORD}.MaxPasswordAge="], {PASSWORD: {"MaxPasswordAge": ""}}),
    "a value with signs of its own": ([f"{MEMBERSHIP}.groupNames=a.b=c"], {MEMBERSHIP: {"groupNames": "a.b=c"}}),
    "two of one rule, by both of its names": (
        [f"{PASSWORD}.MaxPasswordAge=30", "IAM_PASSWORD_POLICY.RequireSymbols=true"],
        {PASSWORD: {"MaxPasswordAge": "30", "RequireSymbols": "true"}},
    ),
}


@pytest.mark.parametrize(("settings", "parameters"), VALUES.values(), ids=list(VALUES))
def test_options_give_parameters(settings: Sequence[str], parameters: dict[str, dict[str, object]]) -> None:
    assert layer_of_options(Choice(parameters=settings), load_rules()).parameters == parameters


NAMELESS = "does not name a rule, a parameter and a value"
FORM = "Write it as RULE.NAME=VALUE; an empty value drops a check."
WRONG: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "a set beside rules": (
        {"rule_set": "core", "include": [PASSWORD]},
        "--rules and --rule exclude each other",
        "Give a set, or the rules one by one.",
    ),
    "no value": ({"parameters": [f"{PASSWORD}.Length"]}, f"--parameter {PASSWORD}.Length {NAMELESS}", FORM),
    "no rule": ({"parameters": ["Length=1"]}, f"--parameter Length=1 {NAMELESS}", FORM),
    "no parameter": ({"parameters": [f"{PASSWORD}.=1"]}, f"--parameter {PASSWORD}.=1 {NAMELESS}", FORM),
    "a parameter twice, by both names of its rule": (
        {"parameters": [f"{PASSWORD}.Length=1", "IAM_PASSWORD_POLICY.Length=2"]},
        "--parameter IAM_PASSWORD_POLICY.Length=2: Length is given twice",
        "Give each parameter once.",
    ),
}


@pytest.mark.parametrize(("options", "message", "hint"), WRONG.values(), ids=list(WRONG))
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        layer_of_options(Choice(**options), load_rules())
    assert (raised.value.message, raised.value.hint) == (message, hint)


def rules_of(*layers: Layer) -> list[SourcedRule]:
    rules = load_rules()
    return selected(rules, merged(layers, rules))


MISNAMED = "iam-pasword-policy"
UNKNOWN: Mapping[str, dict[str, Any]] = {
    "a rule to run": {"include": [MISNAMED]},
    "a rule to leave out": {"exclude": [MISNAMED]},
    "a rule with parameters": {"parameters": {MISNAMED: {"MaxPasswordAge": "1"}}},
    "a rule with a severity": {"severities": {MISNAMED: Severity.LOW}},
}


@pytest.mark.parametrize("fields", UNKNOWN.values(), ids=list(UNKNOWN))
@pytest.mark.parametrize(("origin", "place"), [(from_file("c.toml"), "c.toml: "), (OPTION, "")])
def test_a_rule_that_does_not_exist_is_told_with_its_file_and_the_nearest(
    fields: dict[str, Any], origin: Origin, place: str
) -> None:
    with pytest.raises(UsageError) as raised:
        rules_of(Layer(origin=origin, **fields))
    assert raised.value.message == f"{place}there is no rule '{MISNAMED}'"
    assert raised.value.hint == f"Did you mean {PASSWORD}?"


IN_USE = "iam-policy-in-use"
GIVEN = {IN_USE: {"policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess"}}


@pytest.mark.parametrize(("parameters", "runs"), [(GIVEN, True), ({}, False)], ids=["given", "not given"])
def test_a_rule_that_needs_a_value_is_in_a_set_where_it_is_given(parameters: Any, runs: bool) -> None:
    given = Layer(origin=OPTION, rule_set=RuleSet.AWS_CONFIG, parameters=parameters)
    assert (IN_USE in {each.configured.rule.id for each in rules_of(given)}) is runs


def test_where_no_rule_is_left_it_is_told_how_to_find_one() -> None:
    with pytest.raises(UsageError) as raised:
        rules_of(Layer(origin=OPTION, include=[PASSWORD], exclude=["IAM_PASSWORD_POLICY"]))
    why = "because every selected rule is excluded: IAM_PASSWORD_POLICY (--exclude-rule)"
    assert raised.value.message == f"no rule is left to evaluate, {why}"
    assert raised.value.hint == "Exclude fewer rules; `iam-audit rules list` shows them."
