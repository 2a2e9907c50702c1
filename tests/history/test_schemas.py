"""The JSON of the commands on histories, and of forecasts, is what their schemas describe."""

import json
from pathlib import Path

import jsonschema
import pytest
from conftest import Run
from nights import BOB, EVE, FIXED, added, night, people

from auditor.report.report import dump_report

ROOT = Path(__file__).parents[2] / "auditor"
COMMANDS = {
    "history/findings": ("history", "show", "--history", "h.db"),
    "history/report": ("history", "report", "0.json", "--history", "h.db"),
    "history/sample": ("history", "sample", "--history", "h.db", "--seed", "1"),
    "history/trend": ("history", "trend", "--history", "h.db"),
    "history/verification": ("history", "verify", "--history", "h.db"),
    "report/forecast": ("forecast", "--snapshot", "s.json", "--allow-incomplete"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_what_the_schema_describes(folder: Path, run: Run, name: str) -> None:
    nights = [night(0, people(BOB, EVE)), night(1, people(FIXED, EVE)), night(3, people(BOB))]
    added(folder / "h.db", *nights)
    (folder / "0.json").write_bytes(dump_report(nights[0]))
    (folder / "iam-audit.toml").write_text("[sla]\nmedium = 1\n")
    result = run(*COMMANDS[name], "--format", "json")
    assert result.code == 0, result
    schema = json.loads((ROOT / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(result.out))
