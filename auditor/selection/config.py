"""The configuration file, iam-audit.toml: read strictly, so that nothing in it is ever ignored."""

import tomllib
from collections.abc import Container, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from auditor.errors import UsageError
from auditor.judging.registry import find
from auditor.judging.rule import Rule, Severity
from auditor.judging.suppressions import PATTERNS, Limits, Suppression, complaint
from auditor.selection.selection import Given, RuleSet

NAME = "iam-audit.toml"
MAX_BYTES = 1_000_000  # nobody writes as much by hand

Value = str | int | bool | list[Annotated[str, Meta(pattern="^[^,]*$")]]
"""A parameter's value: in AWS's own spelling a string, where commas part a list's items, else what TOML has for it."""


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of the file: a key that is not known is an error."""


class Selection(_Strict, frozen=True):
    """Say which rules run: a named set, or just those of `include` (a pinned selection); never those of `exclude`."""

    set: RuleSet | None = None
    include: Annotated[list[str], Meta(min_length=1)] = []
    exclude: list[str] = []


class RuleSettings(_Strict, frozen=True):
    """Set a rule's parameters, in AWS's spelling, and the severity under which it reports."""

    severity: Severity | None = None
    parameters: dict[str, Value] = {}


class Output(_Strict, frozen=True):
    """Say which files are written, as with -o, and what standard output shows."""

    files: list[str] = []
    format: Literal["table", "json", "jsonl", "csv"] = "table"


class GateSettings(_Strict, frozen=True):
    """Say what turns a finished audit into a failure; `max_report_age` in hours."""

    fail_on: Literal["noncompliant", "nothing"] = "nothing"
    allow_incomplete: bool = False
    max_report_age: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Pack(_Strict, frozen=True):
    """Name a conformance pack, by a path relative to the configuration file, and override its parameters."""

    file: str
    parameters: dict[str, str | int | bool] = {}


_SET_OR_INCLUDE = {"not": {"required": ["set", "include"]}}
_ONE_PATTERN = {"oneOf": [{"required": [name]} for name in PATTERNS]}


class Config(_Strict, frozen=True):
    """Hold the configuration file."""

    selection: Annotated[Selection, Meta(extra_json_schema=_SET_OR_INCLUDE)] = Selection()
    rules: dict[str, RuleSettings] = {}
    output: Output = Output()
    gate: GateSettings = GateSettings()
    conformance_packs: list[Pack] = []
    suppression_limits: Limits = Limits()
    suppressions: list[Annotated[Suppression, Meta(extra_json_schema=_ONE_PATTERN)]] = []


class Loaded(Struct, frozen=True):
    """Hold the configuration and the file that it is of, None if there is none; `content` is what the file gives."""

    config: Config
    path: Path | None
    content: Mapping[str, Any] = MappingProxyType({})

    @property
    def folder(self) -> Path:
        """Give the folder to which the file's paths are relative."""
        return self.path.parent if self.path else Path()


def load(path: str | None, today: date) -> Loaded:
    """Give the configuration in a file: the named one, else iam-audit.toml of the working folder if it is there.

    Raises UsageError that names the file and the line or the key, for anything that is not understood.
    """
    file = Path(path) if path is not None else Path(NAME)
    try:
        return parsed(text_of(file), file, today)
    except FileNotFoundError as error:
        if path is None and not file.is_symlink():
            return Loaded(Config(), None)
        raise _unreadable(file, error) from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> UsageError:
    return UsageError(f"{file} cannot be read: {error.strerror}", "Check the path and its permissions.")


def parsed(text: str, file: Path, today: date) -> Loaded:
    """Give the configuration that a text holds; raise UsageError as `load` does, naming `file`."""
    content = _decoded(text.removeprefix("\ufeff").replace("\r\n", "\n"), file)
    config = _checked(content, file)
    if config.selection.set and config.selection.include:
        raise UsageError(f"{file}: selection has both `set` and `include`", "Give a set, or the rules one by one.")
    for number, suppression in enumerate(config.suppressions):
        wrong = complaint(suppression, config.suppression_limits, today)
        if wrong:
            raise UsageError(f"{file}: suppressions[{number}] ({suppression.rule}): {wrong}", _SUPPRESSION_HINT)
    return Loaded(config, file, content)


_SUPPRESSION_HINT = "Each needs rule, reason, owner, until, and one of resource, path and tag; `ticket` is optional."


def text_of(file: Path) -> str:
    """Give the text of a configuration file as it stands; raise UsageError for none, and OSError."""
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UsageError(f"{file} is larger than {MAX_BYTES:,} bytes", "It is not a configuration file.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text: {error.reason}", "TOML files are UTF-8.") from error


def _decoded(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}", "The language is that of https://toml.io.") from error
    except RecursionError as error:
        raise UsageError(f"{file} is nested too deeply", "The README shows what it may hold.") from error


def _checked(content: Mapping[str, Any], file: Path) -> Config:
    try:
        for place, value, described in _keyed(content):
            _convert(value, described, place)
        config: Config = _convert(content, Config, "")
    except msgspec.ValidationError as error:
        hint = "The README shows what it may hold; `iam-audit config schema` lets editors check it."
        raise UsageError(f"{file}: {error}", hint) from error
    return config


def _convert(value: Any, described: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, described)
    except msgspec.ValidationError as error:
        said, _, inner = str(error).partition(" - at `$")
        where = f"{place}{inner.rstrip('`')}".removeprefix(".")
        raise msgspec.ValidationError(f"{said} - at `{where}`" if where else said) from error


def _keyed(content: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Give what stands under keys of the user's own, with its place, which msgspec would tell as `[...]`."""
    rules = content.get("rules")
    for name, settings in rules.items() if isinstance(rules, dict) else ():
        yield from _parameters(settings, f"rules.{name}", Value)
        yield f"rules.{name}", settings, RuleSettings
    packs = content.get("conformance_packs")
    for number, pack in enumerate(packs if isinstance(packs, list) else ()):
        yield from _parameters(pack, f"conformance_packs[{number}]", str | int | bool)


def _parameters(table: Any, place: str, described: Any) -> Iterator[tuple[str, Any, Any]]:
    values = table.get("parameters") if isinstance(table, dict) else None
    for name, value in values.items() if isinstance(values, dict) else ():
        yield f"{place}.parameters.{name}", value, described


def parameter(value: Value) -> object:
    """Give a parameter's value in the form that AWS sends: lists are texts with commas."""
    return ",".join(value) if isinstance(value, list) else value


def given(loaded: Loaded) -> Given:
    """Give what the file says of the selection."""
    config = loaded.config
    return Given(
        origin=str(loaded.path),
        rule_set=config.selection.set,
        include=config.selection.include,
        exclude=config.selection.exclude,
        packs=[str(loaded.folder / pack.file) for pack in config.conformance_packs],
        parameters={
            name: {key: parameter(value) for key, value in rule.parameters.items()}
            for name, rule in config.rules.items()
        },
        severities={name: rule.severity for name, rule in config.rules.items() if rule.severity is not None},
    )


def pack_parameters(loaded: Loaded) -> dict[str, dict[str, str]]:
    """Give the parameters of the file's conformance packs, by the path of the pack."""
    return {
        str(loaded.folder / pack.file): {name: _text_of(value) for name, value in pack.parameters.items()}
        for pack in loaded.config.conformance_packs
    }


def _text_of(value: str | int) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def max_report_age(loaded: Loaded) -> timedelta | None:
    """Give the age above which the file says that no credential report is believed."""
    hours = loaded.config.gate.max_report_age
    return None if hours is None else timedelta(hours=hours)


def check_names(loaded: Loaded, rules: Mapping[str, Rule], names: Container[str]) -> None:
    """Raise UsageError for a rule that is set twice, and for a suppression of one that is not among all `names`."""
    tables: dict[str, str] = {}
    for name in loaded.config.rules:
        if (other := tables.setdefault(find(rules, name).id, name)) != name:
            message = f"{loaded.path}: rules.{other} and rules.{name} are one rule"
            raise UsageError(message, "Write its settings into one table.")
    for number, suppression in enumerate(loaded.config.suppressions):
        if suppression.rule not in names:
            raise UsageError(
                f"{loaded.path}: suppressions[{number}]: there is no rule {suppression.rule!r}",
                "Give a rule's id or configured name; `iam-audit rules list` shows them.",
            )
