"""Settings keep their origin: what goes before what, and where a value comes from, is a look-up."""

from pathlib import Path
from typing import Any

import pytest
from config_files import FULL, TODAY, written

from auditor.judging.registry import load_rules
from auditor.selection import config
from auditor.selection.conversion import PlaceError, read
from auditor.selection.layers import layer_of_file, layer_of_options
from auditor.selection.merging import SelectionSettings, merged
from auditor.selection.options import Choice, RunOptions
from auditor.selection.run_settings import RunSettings, run_settings
from auditor.selection.settings import DEFAULT, OPTION, Origin, OriginKind, Sourced, from_file
from auditor.selection.tables import Config

PASSWORD = "iam-password-policy"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, FULL)


def selection_of(file: Path, **options: Any) -> SelectionSettings:
    rules = load_rules()
    layers = [layer_of_options(Choice(**options), rules), layer_of_file(config.load(str(file), TODAY))]
    return merged(layers, rules)


def run_of(file: Path, **options: Any) -> RunSettings:
    return run_settings(RunOptions(**options), config.load(str(file), TODAY))


def test_each_setting_of_a_run_comes_from_the_option_else_the_file_else_the_default(file: Path) -> None:
    settings = run_of(file, fail_on="nothing", max_report_age=2.0)
    assert settings.fail_on == Sourced("nothing", OPTION)
    assert settings.max_report_age == Sourced(2.0, OPTION)
    assert settings.allow_incomplete == Sourced(value=True, origin=from_file(file))
    assert settings.max_days == Sourced(365, DEFAULT)
    assert settings.suppressions.origin == from_file(file)
    assert [each.owner for each in settings.suppressions.value] == ["platform"]


def test_a_flag_that_is_switched_off_by_option_is_the_options(file: Path) -> None:
    assert run_of(file, allow_incomplete=False).allow_incomplete == Sourced(value=False, origin=OPTION)


def test_files_of_the_configuration_are_relative_to_it_and_those_of_options_are_not(file: Path) -> None:
    assert run_of(file).paths == [str(file.parent / "out/{account_id}.json")]
    assert run_of(file).files.value == ["out/{account_id}.json"]
    assert run_of(file, paths=("r.json",)).paths == ["r.json"]


def test_parameters_and_severities_of_both_names_of_a_rule_are_merged_with_their_origins(file: Path) -> None:
    settings = selection_of(file, parameters=["IAM_PASSWORD_POLICY.MaxPasswordAge=30"])
    values = settings.parameters[PASSWORD]
    assert values["MaxPasswordAge"] == Sourced("30", OPTION)
    assert values["MinimumPasswordLength"] == Sourced(16, from_file(file))
    assert settings.severities[PASSWORD] == Sourced("HIGH", from_file(file))


def test_what_each_origin_excludes_is_known(file: Path) -> None:
    settings = selection_of(file, exclude=["IAM_PASSWORD_POLICY"])
    assert list(settings.excluded) == [
        Sourced(["IAM_PASSWORD_POLICY"], OPTION),
        Sourced(["iam-user-no-policies-check"], from_file(file)),
    ]
    assert settings.excluded_ids == {PASSWORD, "iam-user-no-policies-check"}


def test_an_origin_is_shown_by_its_file_else_by_its_kind() -> None:
    shown = [str(each) for each in (OPTION, DEFAULT, from_file("ci/c.toml"), Origin(OriginKind.PACK, "p.yaml"))]
    assert shown == ["option", "default", "ci/c.toml", "p.yaml"]


PLACES = {
    "a table": ({"gate": 1}, "gate"),
    "a value": ({"gate": {"fail_on": 1}}, "gate.fail_on"),
    "an item": ({"selection": {"exclude": ["x", 1]}}, "selection.exclude[1]"),
    "a key of the user's": ({"rules": {"x": {"severity": "high"}}}, "rules.x.severity"),
    "an item of a parameter": (
        {"rules": {"x": {"parameters": {"y": [1]}}}},
        "rules.x.parameters.y[0]",
    ),
    "an unknown key of the file": ({"gates": {}}, ""),
    "a list that is too short": ({"selection": {"include": []}}, "selection.include"),
    "a key within a list": ({"conformance_packs": [{"file": "x"}, {"file": 1}]}, "conformance_packs[1].file"),
}


@pytest.mark.parametrize(("content", "place"), PLACES.values(), ids=list(PLACES))
def test_the_place_of_a_wrong_value_is_known_from_the_walk(content: dict[str, Any], place: str) -> None:
    with pytest.raises(PlaceError) as raised:
        read(content, Config)
    assert raised.value.place == place
    assert "$" not in raised.value.problem
