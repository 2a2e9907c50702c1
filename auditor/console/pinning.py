"""The effective settings: shown with their origins, and the selection of rules written into the file."""

from collections.abc import Container, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from auditor.errors import UsageError
from auditor.judging.registry import find
from auditor.selection import config
from auditor.selection.config import Loaded
from auditor.selection.plan import Plan, current, planned, settings
from auditor.selection.selection import DEFAULT, Choice, Setting
from auditor.writers import files as outputs

_OTHERS = ("output", "gate", "suppression_limits", "suppressions")


def effective(choice: Choice) -> Iterator[Setting]:
    """Give every effective setting: those of the selection, then those that only the file can give."""
    plan = current(choice)
    yield from settings(plan)
    ours = msgspec.to_builtins(plan.loaded.config)
    for table in _OTHERS:
        yield from _settings(table, ours[table], plan.loaded.content.get(table), plan.loaded)


def _settings(key: str, value: Any, given: Any, loaded: Loaded) -> Iterator[Setting]:
    """Give the settings under a key, and whether the file gives them, be it the default's value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _settings(f"{key}.{name}", inner, (given or {}).get(name), loaded)
    else:
        yield Setting(key, value, DEFAULT if given is None else str(loaded.path))


def pin(choice: Choice) -> tuple[Path, int]:
    """Write the selected rules into the configuration file, which keeps the rest as it is; give the file and how many.

    Raises UsageError for a file that is not understood, and where the file would not run the same rules by itself;
    OutputError for a file that cannot be written.
    """
    plan = current(choice)
    names = [each.rule.id for each in plan.own]
    if not names:
        hint = "Their files are the pin: name them under [[conformance_packs]], and keep them with the configuration."
        raise UsageError("every selected rule is of a conformance pack", hint)
    file = plan.loaded.path or Path(config.NAME)
    before = config.text_of(file) if plan.loaded.path else ""
    text = _pinned(before, plan, names)
    _check(choice, plan, text, file)
    if text != before:
        outputs.write_text(text, file)
    return file, len(names)


def _check(choice: Choice, plan: Plan, text: str, file: Path) -> None:
    """Raise UsageError unless the file would run the same rules, with the same parameters, without the options."""
    message = f"{file} would not run the same rules by itself"
    hint = "Parameters, packs and exclusions are not pinned: write them into the file, and pin without these options."
    try:
        alone = planned(Choice(config=choice.config), config.parsed(text, file, datetime.now(UTC).date()))
    except UsageError as error:
        raise UsageError(f"{message}: {error.message}", hint) from error
    if list(alone.rules) != list(plan.rules):
        raise UsageError(message, hint)
    before, after = ({**each.loaded.content, "selection": None} for each in (plan, alone))
    if before != after:
        raise UsageError(f"{file} cannot be pinned in the form that it has", "Write the selection as a table.")


def _pinned(text: str, plan: Plan, names: list[str]) -> str:
    """Give the text with the rules in it; comments, line ends and everything else stay."""
    import tomlkit  # keeps comments and order; only here
    from tomlkit.items import InlineTable, Table

    mark, ends = "\ufeff" if text.startswith("\ufeff") else "", "\r\n" if "\r\n" in text else "\n"
    document = tomlkit.parse(text.removeprefix(mark).replace("\r\n", "\n"))
    old: Any = document.get("selection")
    kept = {"exclude"} if plan.loaded.config.conformance_packs else set[str]()  # it is about their rules too
    rules = _included(old, plan, names)
    if isinstance(old, InlineTable):
        for key in {"set", "exclude"} - kept:
            old.pop(key, None)
        old["include"] = rules
    elif isinstance(old, Table):
        document["selection"] = _rewritten(old, rules, kept)
    else:  # there is none, or its keys stand apart
        excluded = old.get("exclude") if old is not None and kept else None
        document.pop("selection", None)
        document["selection"] = {"include": rules} | ({} if excluded is None else {"exclude": excluded})
    return mark + tomlkit.dumps(document).replace("\n", ends)


def _included(old: Any, plan: Plan, names: list[str]) -> Any:
    """Give the array of rules: that of the file, with its comments, without what is not selected and with the rest."""
    import tomlkit

    array = tomlkit.array() if old is None or "include" not in old else old["include"]
    for name in list(array):
        if find(plan.known, name).id not in names:
            array.remove(name)
    there = {find(plan.known, name).id for name in array}
    missing = [name for name in names if name not in there]
    on_one_line = "\n" not in array.as_string()  # so it has no comments between its names
    for name in missing:
        (array.append if on_one_line else array.add_line)(name)
    if missing and on_one_line:
        array.multiline(multiline=True)
    return array


def _rewritten(old: Any, rules: Any, kept: Container[str]) -> Any:
    """Give a table with the rules where the first of its keys was; comments stay where they are."""
    import tomlkit

    table, written = tomlkit.table(), False
    for key, item in old.value.body:
        if key is None:
            table.add(item)
        elif key.key in kept:
            table.add(key, item)
        elif not written:
            table.add("include", rules)
            written = True
    if not written:
        table.add("include", rules)
    return table
