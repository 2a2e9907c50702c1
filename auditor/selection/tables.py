"""The tables of the configuration file, iam-audit.toml; its JSON Schema is generated from them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from auditor.judging.rule import Severity
from auditor.judging.suppressions import PATTERNS, Limits, Suppression
from auditor.selection.sets import RuleSet

Value = str | int | bool | list[Annotated[str, Meta(pattern="^[^,]*$")]]
"""A parameter's value: a string as AWS writes it, with commas between items, or the TOML type that fits."""


_FILE = r"^[^\x00]*[^\x00\s][^\x00]*$"


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of the file; an unknown key is an error."""


class Selection(_Strict, frozen=True):
    """Select which rules run: a named set, or just those of `include` (a pinned selection), without `exclude`."""

    set: RuleSet | None = None
    include: Annotated[list[str], Meta(min_length=1)] = []
    exclude: list[str] = []


class RuleSettings(_Strict, frozen=True):
    """Set a rule's parameters, in AWS's spelling, and the severity under which it reports."""

    severity: Severity | None = None
    parameters: dict[str, Value] = {}


StdoutFormat = Literal[
    "table", "json", "jsonl", "csv", "sarif", "junit", "markdown", "step-summary", "github", "gitlab", "asff", "ocsf"
]


class Output(_Strict, frozen=True):
    """Set which files are written, as with -o, and the format of standard output."""

    files: list[str] = []
    format: StdoutFormat = "table"


class GateSettings(_Strict, frozen=True):
    """Set when a finished audit fails; ages are in hours.

    Findings below `min_severity` and findings in the `baseline` do not count. `baseline` is a path relative to the
    configuration file.
    """

    fail_on: Literal["noncompliant", "new", "overdue", "nothing"] = "nothing"
    min_severity: Severity = Severity.LOW
    allow_incomplete: bool = False
    max_report_age: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    max_snapshot_age: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    baseline: Annotated[str, Meta(extra_json_schema={"pattern": _FILE})] | None = None


_Days = Annotated[int, Meta(ge=0, le=36_500)]


class Sla(_Strict, frozen=True):
    """Set how many days a finding of each severity may stay open; a severity that is left out has no limit."""

    critical: _Days | None = None
    high: _Days | None = None
    medium: _Days | None = None
    low: _Days | None = None


class HistorySettings(_Strict, frozen=True):
    """Set the file of the history, relative to the configuration file, and the tag that names owners."""

    file: Annotated[str, Meta(extra_json_schema={"pattern": _FILE})] | None = None
    owner_tag: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


class Pack(_Strict, frozen=True):
    """Name a conformance pack by its path, relative to the configuration file, and override its parameters."""

    file: Annotated[str, Meta(extra_json_schema={"pattern": _FILE})]
    parameters: dict[str, str | int | bool] = {}


_SET_OR_INCLUDE = {"not": {"required": ["set", "include"]}}
_ONE_PATTERN = {"oneOf": [{"required": [name]} for name in PATTERNS]}


class Config(_Strict, frozen=True):
    """Hold the configuration file."""

    selection: Annotated[Selection, Meta(extra_json_schema=_SET_OR_INCLUDE)] = Selection()
    rules: dict[str, RuleSettings] = {}
    output: Output = Output()
    gate: GateSettings = GateSettings()
    sla: Sla = Sla()
    history: HistorySettings = HistorySettings()
    conformance_packs: list[Pack] = []
    suppression_limits: Limits = Limits()
    suppressions: list[Annotated[Suppression, Meta(extra_json_schema=_ONE_PATTERN)]] = []
