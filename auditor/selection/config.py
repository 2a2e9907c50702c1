"""The configuration file, iam-audit.toml; it is read strictly, so that nothing in it is silently ignored."""

import stat
from collections.abc import Container, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor import documents
from auditor.account.kinds import ResourceType
from auditor.errors import UsageError
from auditor.judging.registry import find
from auditor.judging.rule import Rule
from auditor.judging.suppressions import complaint, missing_type
from auditor.selection.conversion import PlaceError, read
from auditor.selection.settings import DEFAULT, Origin, Sourced, from_file
from auditor.selection.tables import Config

NAME = "iam-audit.toml"
MAX_BYTES = 1_000_000  # a file that people write by hand is smaller
_SUPPRESSION_HINT = "Each needs rule, reason, owner, until, and one of resource, path and tag; `ticket` is optional."


class Loaded(Struct, frozen=True):
    """Hold the configuration, its file (None if there is none), and the `content` of the file."""

    config: Config
    path: Path | None
    content: Mapping[str, Any] = {}

    @property
    def origin(self) -> Origin:
        """Return the origin of the settings in the file."""
        return from_file(self.path) if self.path else DEFAULT

    def setting(self, table: str, key: str | None = None) -> Sourced[Any]:
        """Return a table or one of its values; its origin is the file if the file sets it, even to the default."""
        value, content = getattr(self.config, table), self.content.get(table)
        if key is not None:
            value, content = getattr(value, key), (content or {}).get(key)
        return Sourced(value, DEFAULT if content is None else self.origin)


def load(path: str | None, today: date, *, ignored: bool = False) -> Loaded:
    """Return the configuration in a file: the named one, or else iam-audit.toml in the working folder if it exists.

    With `ignored` no file is read. Raises UsageError that names the file and the line or key, for anything that is
    invalid, and for a file that is both named and ignored.
    """
    if ignored and path is not None:
        raise UsageError("--config and --no-config exclude each other", "Name a file, or have none read.")
    if ignored:
        return Loaded(Config(), None)
    file = Path(path) if path is not None else Path(NAME)
    try:
        return parsed(text_of(file), file, today)
    except FileNotFoundError as error:
        if path is None and not file.is_symlink():
            return Loaded(Config(), None)
        raise _unreadable(file, error) from error
    except OSError as error:
        raise _unreadable(file, error) from error


def unread_above(loaded: Loaded, folder: Path) -> Path | None:
    """Return the nearest iam-audit.toml in a parent folder, which is not read; None if a configuration file is in use.

    A parent without read permission is skipped: the user of a service often cannot read the folders above its own.
    """
    if loaded.path is not None:
        return None
    try:
        candidates = [parent / NAME for parent in folder.resolve().parents]
    except FileNotFoundError:  # the working folder has been removed
        return None
    return next((file for file in candidates if _is_seen(file)), None)


def _is_seen(file: Path) -> bool:
    try:
        return file.is_file()
    except PermissionError:
        return False


def _unreadable(file: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot be read: {error.strerror}", documents.remedy_of(error, file), subject=str(file))


def parsed(text: str, file: Path, today: date) -> Loaded:
    """Return the configuration in a text; raise UsageError as `load` does, naming `file`."""
    content = _decoded(text.removeprefix("\ufeff").replace("\r\n", "\n"), file)
    config = _checked(content, file)
    if config.selection.set and config.selection.include:
        hint = "Give a set, or the rules one by one."
        raise UsageError("has both `set` and `include`", hint, subject="selection", place=str(file))
    named = {f"conformance_packs[{number}]": pack.file for number, pack in enumerate(config.conformance_packs)}
    if config.gate.baseline is not None:
        named["gate.baseline"] = config.gate.baseline
    for key, path in named.items():
        if "\0" in path or not path.strip():
            hint = "Give the path of a file, relative to this one."
            raise UsageError("names no file", hint, subject=key, place=str(file))
    for number, suppression in enumerate(config.suppressions):
        wrong = complaint(suppression, config.suppression_limits, today)
        if wrong:
            place = f"{file}: suppressions[{number}] ({suppression.rule})"
            raise UsageError(wrong, _SUPPRESSION_HINT, place=place)
    return Loaded(config, file, content)


def text_of(file: Path) -> str:
    """Return the unparsed text of a configuration file; raise UsageError if it cannot be one, and OSError."""
    if stat.S_ISFIFO(file.stat().st_mode) and not file.resolve().is_relative_to("/proc"):  # a shell's <(...) is fine
        raise UsageError("is a named pipe", "Give a file: reading might wait without end.", subject=str(file))
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        hint = "It is not a configuration file."
        raise UsageError(f"is larger than {MAX_BYTES:,} bytes", hint, subject=str(file))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text: {error.reason}"
        raise UsageError(problem, "TOML files are UTF-8.", subject=str(file)) from error


def _decoded(text: str, file: Path) -> dict[str, Any]:
    import tomllib  # imported late: many runs have no file

    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or int() of thousands of digits
        hint = "The language is that of https://toml.io."
        raise UsageError(f"is not valid TOML: {error}", hint, subject=str(file)) from error
    except RecursionError as error:
        raise UsageError("is nested too deeply", "The README shows what it may hold.", subject=str(file)) from error


def _checked(content: Mapping[str, Any], file: Path) -> Config:
    try:
        config: Config = read(content, Config)
    except PlaceError as error:
        hint = "The README shows what it may hold; `iam-audit config schema` lets editors check it."
        problem = f"{error.problem} - at `{error.place}`" if error.place else error.problem
        raise UsageError(problem, hint, place=str(file)) from error
    return config


def check_types(loaded: Loaded, resource_types: Mapping[str, Sequence[ResourceType]]) -> None:
    """Raise UsageError for a suppression by name that does not say which resource type it means."""
    for number, suppression in enumerate(loaded.config.suppressions):
        types = resource_types.get(suppression.rule, ())
        wrong = missing_type(suppression, types)
        if wrong:
            place = f"{loaded.path}: suppressions[{number}] ({suppression.rule} on {suppression.resource!r})"
            lines = " or ".join(f'type = "{each}"' for each in types)
            raise UsageError(wrong, f"Add {lines}.", place=place)


def check_names(loaded: Loaded, rules: Mapping[str, Rule], names: Container[str]) -> None:
    """Raise UsageError for a rule with two tables, and for a suppression of a rule that is not in `names`."""
    tables: dict[str, str] = {}
    for name in loaded.config.rules:
        if (other := tables.setdefault(find(rules, name).id, name)) != name:
            problem = f"rules.{other} and rules.{name} are one rule"
            raise UsageError(problem, "Write its settings into one table.", place=str(loaded.path))
    for number, suppression in enumerate(loaded.config.suppressions):
        if suppression.rule not in names:
            hint = "Give a rule's id or configured name; `iam-audit rules list` shows them."
            place = f"{loaded.path}: suppressions[{number}]"
            raise UsageError(f"there is no rule {suppression.rule!r}", hint, place=place)
