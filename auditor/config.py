"""The configuration file, iam-audit.toml: read strictly, so that nothing in it is ever ignored."""

import tomllib
from collections.abc import Container, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from auditor.errors import UsageError
from auditor.rule import Severity
from auditor.selection import Given, RuleSet
from auditor.suppressions import Limits, Suppression, complaint

NAME = "iam-audit.toml"
MAX_BYTES = 1_000_000  # nobody writes as much by hand

Value = str | int | bool | list[str]
"""A parameter's value: in AWS's own spelling a string, else what TOML has for it."""


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of the file: a key that is not known is an error."""


class Selection(_Strict, frozen=True):
    """Say which rules run: a named set, or just those of `include` (a pinned selection); never those of `exclude`."""

    set: RuleSet | None = None
    include: list[str] = []
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

    fail_on: Literal["noncompliant"] | None = None
    allow_incomplete: bool = False
    max_report_age: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Pack(_Strict, frozen=True):
    """Name a conformance pack, by a path relative to the configuration file, and override its parameters."""

    file: str
    parameters: dict[str, str | int | bool] = {}


class Config(_Strict, frozen=True):
    """Hold the configuration file."""

    selection: Selection = Selection()
    rules: dict[str, RuleSettings] = {}
    output: Output = Output()
    gate: GateSettings = GateSettings()
    conformance_packs: list[Pack] = []
    suppression_limits: Limits = Limits()
    suppressions: list[Suppression] = []


class Loaded(Struct, frozen=True):
    """Hold the configuration and the file that it is of, None if there is none."""

    config: Config
    path: Path | None

    @property
    def folder(self) -> Path:
        """Give the folder to which the file's paths are relative."""
        return self.path.parent if self.path else Path()


def load(path: str | None, today: date) -> Loaded:
    """Give the configuration in a file: the named one, else iam-audit.toml of the working folder if it is there.

    Raises UsageError that names the file and the line or the key, for anything that is not understood.
    """
    file = Path(path) if path is not None else Path(NAME)
    if path is None and not file.is_file():
        return Loaded(Config(), None)
    config = _checked(_decoded(_text(file), file), file)
    for number, suppression in enumerate(config.suppressions):
        wrong = complaint(suppression, config.suppression_limits, today)
        if wrong:
            raise UsageError(f"{file}: suppressions[{number}] ({suppression.rule}): {wrong}", _SUPPRESSION_HINT)
    return Loaded(config, file)


_SUPPRESSION_HINT = "Each needs rule, reason, owner, until, and one of resource, path and tag; `ticket` is optional."


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise UsageError(f"{file} is larger than {MAX_BYTES:,} bytes", "It is not a configuration file.")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
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
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        hint = "The README shows what it may hold; editors can check it by auditor/config.schema.json."
        raise UsageError(f"{file}: {error}", hint) from error


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


def check_suppressions(loaded: Loaded, names: Container[str]) -> None:
    """Raise UsageError for a suppression of a rule that does not exist; `names` are those of all rules."""
    for number, suppression in enumerate(loaded.config.suppressions):
        if suppression.rule not in names:
            raise UsageError(
                f"{loaded.path}: suppressions[{number}]: there is no rule {suppression.rule!r}",
                "Give a rule's id or configured name; `iam-audit rules list` shows them.",
            )


def lines(config: Config) -> Iterator[tuple[str, Any]]:
    """Give the settings of the file that are not those of an empty one, as dotted keys and values."""
    yield from _lines("", msgspec.to_builtins(config), msgspec.to_builtins(Config()))


def _lines(prefix: str, value: Any, default: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        if value != default:
            yield prefix, value
        return
    usual = default if isinstance(default, dict) else {}
    for name, inner in value.items():
        yield from _lines(f"{prefix}.{name}" if prefix else name, inner, usual.get(name))
