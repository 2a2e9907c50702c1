"""Pinning: writes the selection of rules into the configuration file."""

from collections.abc import Container
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.judging.registry import find
from auditor.selection import config
from auditor.selection.options import Choice
from auditor.selection.plan import Plan, current, planned
from auditor.writers import files


def pin(choice: Choice) -> tuple[Path, int]:
    """Write the selected rules into the configuration file, and keep the rest of it; return the file and their number.

    Raises UsageError for a file that cannot be parsed, and if the file would not run the same rules by itself;
    OutputError for a file that cannot be written.
    """
    plan = current(choice)
    names = [each.configured.rule.id for each in plan.own]
    if not names:
        hint = "Their files are the pin: name them under [[conformance_packs]], and keep them with the configuration."
        raise UsageError("every selected rule is of a conformance pack", hint)
    file = plan.loaded.path or Path(config.NAME)
    before = config.text_of(file) if plan.loaded.path else ""
    text = _pinned(before, plan, names)
    _check(choice, plan, text, file)
    if text != before:
        files.write_text(text, file)
    return file, len(names)


def _check(choice: Choice, plan: Plan, text: str, file: Path) -> None:
    """Raise UsageError unless the file would run the same rules, with the same parameters, without the options."""
    problem = "would not run the same rules by itself"
    hint = "Parameters, packs and exclusions are not pinned: write them into the file, and pin without these options."
    try:
        alone = planned(Choice(config=choice.config), config.parsed(text, file, datetime.now(UTC).date()))
    except UsageError as error:
        raise UsageError(f"{problem}: {error.message}", hint, subject=str(file)) from error
    if list(alone.rules) != list(plan.rules):
        raise UsageError(problem, hint, subject=str(file))
    before, after = ({**each.loaded.content, "selection": None} for each in (plan, alone))
    if before != after:
        hint = "Write the selection as a table."
        raise UsageError("cannot be pinned in the form that it has", hint, subject=str(file))


def _pinned(text: str, plan: Plan, names: list[str]) -> str:
    """Return the text with the rules written into it; comments, line ends and everything else are kept."""
    import tomlkit  # keeps comments and order
    from tomlkit.items import InlineTable, Table

    mark, ends = "\ufeff" if text.startswith("\ufeff") else "", "\r\n" if "\r\n" in text else "\n"
    document = tomlkit.parse(text.removeprefix(mark).replace("\r\n", "\n"))
    old: Any = document.get("selection")
    kept = {"exclude"} if plan.loaded.config.conformance_packs else set[str]()  # it also excludes rules of packs
    rules = _included(old, plan, names)
    if isinstance(old, InlineTable):
        for key in {"set", "exclude"} - kept:
            old.pop(key, None)
        old["include"] = rules
    elif isinstance(old, Table):
        document["selection"] = _rewritten(old, rules, kept)
    else:  # there is no table, or its keys are dotted
        excluded = old.get("exclude") if old is not None and kept else None
        document.pop("selection", None)
        document["selection"] = {"include": rules} | ({} if excluded is None else {"exclude": excluded})
    return mark + tomlkit.dumps(document).replace("\n", ends)


def _included(old: Any, plan: Plan, names: list[str]) -> Any:
    """Return the array of rules: the file's own, with its comments, changed to contain exactly these rules."""
    import tomlkit

    array = tomlkit.array() if old is None or "include" not in old else old["include"]
    for name in list(array):
        if find(plan.known, name).id not in names:
            array.remove(name)
    present = {find(plan.known, name).id for name in array}
    missing = [name for name in names if name not in present]
    on_one_line = "\n" not in array.as_string()  # so it has no comments between its names
    for name in missing:
        (array.append if on_one_line else array.add_line)(name)
    if missing and on_one_line:
        array.multiline(multiline=True)
    return array


def _rewritten(old: Any, rules: Any, kept: Container[str]) -> Any:
    """Return a copy of a table with the rules in place of its first key; comments stay where they are."""
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
