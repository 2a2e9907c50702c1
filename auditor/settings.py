"""The effective settings: shown with their origins, and the selection of rules written into the file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from auditor import config, outputs
from auditor.config import Config, Loaded
from auditor.errors import UsageError
from auditor.plan import current, settings
from auditor.selection import DEFAULT, Choice, Setting

_OTHERS = ("output", "gate", "suppression_limits", "suppressions")


def effective(choice: Choice) -> Iterator[Setting]:
    """Give every effective setting: those of the selection, then those that only the file can give."""
    plan = current(choice)
    yield from settings(plan)
    ours, usual = (msgspec.to_builtins(each) for each in (plan.loaded.config, Config()))
    for table in _OTHERS:
        yield from _settings(table, ours[table], usual[table], plan.loaded)


def _settings(key: str, value: Any, usual: Any, loaded: Loaded) -> Iterator[Setting]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _settings(f"{key}.{name}", inner, usual[name], loaded)
    else:
        yield Setting(key, value, DEFAULT if value == usual else str(loaded.path))


def pin(choice: Choice) -> tuple[Path, int]:
    """Write the selected rules into the configuration file, which keeps the rest as it is; give the file and how many.

    Raises UsageError for a file that is not understood and where packs decide, OutputError for a file that cannot be
    written.
    """
    import tomlkit  # keeps comments and order; only here

    plan = current(choice)
    loaded, names = plan.loaded, [each.rule.id for each in plan.own]
    if not names:
        hint = "Their files are the pin: name them under [[conformance_packs]], and keep them with the configuration."
        raise UsageError("every selected rule is of a conformance pack", hint)
    file = loaded.path or Path(choice.config or config.NAME)
    document = tomlkit.parse(file.read_text("utf-8")) if loaded.path else tomlkit.document()
    selection: Any = document.setdefault("selection", tomlkit.table())
    for key in ("set", "exclude"):
        selection.pop(key, None)
    array = tomlkit.array()
    array.extend(names)
    selection["include"] = array.multiline(multiline=True)
    outputs.write_text(tomlkit.dumps(document), file)
    return file, len(names)


def described(setting: Setting) -> Mapping[str, Any]:
    """Give a setting as JSON."""
    return {"key": setting.key, "value": setting.value, "origin": setting.origin}
