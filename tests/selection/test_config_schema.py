"""The published JSON Schema of the configuration file: it takes what the reader takes, and nothing else."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import tomlkit
from config_files import FULL, TODAY, WRONG
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.selection import config

SCHEMA = json.loads((Path(config.__file__).parent / "config.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker(["date"]))
WHOLE: dict[str, Any] = {
    **tomlkit.parse(FULL).unwrap(),
    "conformance_packs": [{"file": "x.yaml", "parameters": {"Age": 60, "On": True, "Name": "x"}}],
    "suppression_limits": {"max_days": 300, "max_findings": 5},
}
BEYOND = {"a suppression that ends too late", "a number that is none", "an end with a time"}
"""What depends on the day, and what JSON cannot say."""


def taken(content: Mapping[str, Any]) -> bool:
    try:
        config.parsed(tomlkit.dumps(content), Path("x.toml"), TODAY)
    except UsageError as error:
        return "days ahead" in error.message  # which no schema knows
    return True


def valid(content: Mapping[str, Any]) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(msgspec.json.encode(content))))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("content", [WHOLE, {}], ids=["everything", "nothing"])
def test_the_schema_takes_what_the_reader_takes(content: Mapping[str, Any]) -> None:
    assert valid(content)
    assert taken(content)


@pytest.mark.parametrize("name", sorted(set(WRONG) - BEYOND))
def test_the_schema_refuses_what_the_reader_refuses(name: str) -> None:
    try:
        content = tomlkit.parse(WRONG[name][0]).unwrap()
    except (tomlkit.exceptions.TOMLKitError, RecursionError):
        return  # it is no TOML: there is nothing that a schema could refuse
    assert not valid(content)


def places(content: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every value within a document."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*place, key)
        yield from places(value, (*place, key))


TEXTS = ["", " ", "x", "a,b", "core", "HIGH", "high", "table", "csv", "noncompliant", "2027-01-01", "soon", "/x/"]
NUMBERS = [0, 1, -1, 7, 10**7, 10**20, 4.5, -0.5, True, False]
LISTS = [[], ["a"], ["a,b"], [1], [[]]]
TABLES = [{}, {"x": 1}, {"severity": "LOW"}, {"parameters": {"x": ["a"]}}]
VALUES = st.sampled_from([*TEXTS, *NUMBERS, *LISTS, *TABLES]).map(copy.deepcopy)
KEYS = st.sampled_from(["set", "include", "x", "reason", "path", "tag", "resource", "parameters", "severity", "gate"])


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_the_schema_and_the_reader_agree_on_any_change(data: st.DataObject) -> None:
    content = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 2))):
        *path, last = data.draw(st.sampled_from(list(places(content))))
        table: Any = content
        for key in path:
            table = table[key]
        change = data.draw(st.sampled_from(["remove", "set", "add"]))
        if change == "remove":
            del table[last]
        elif change == "set" or not isinstance(table, dict):
            table[last] = data.draw(VALUES)
        else:
            table[data.draw(KEYS)] = data.draw(VALUES)
        if not content:
            break
    assert valid(content) is taken(content)
