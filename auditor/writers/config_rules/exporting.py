"""Exports: the selected rules with their effective parameters, for other tools to deploy in AWS Config."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from auditor import __version__
from auditor.errors import UsageError
from auditor.judging.catalogue import is_managed
from auditor.judging.rule import ConfiguredRule
from auditor.selection.packs.summary import PackSummary, sentence
from auditor.writers import files, paths
from auditor.writers.config_rules import cloudformation, terraform
from auditor.writers.config_rules.exported import ExportedRule, exported

Say = Callable[[str], None]

_HEADER = f"# Rules of AWS Config about IAM, exported by iam-audit {__version__}.\n"


class _Format(Struct, frozen=True):
    suffixes: tuple[str, ...]
    written: Callable[[Sequence[ExportedRule]], str]


_FORMATS: Mapping[str, _Format] = {
    "conformance-pack": _Format((".yaml", ".yml"), cloudformation.conformance_pack),
    "terraform": _Format((".tf",), terraform.resources),
    "cloudformation": _Format((".yaml", ".yml"), cloudformation.template),
}


def check(form: str, path: str | None, packs: Iterable[str] = ()) -> None:
    """Raise UsageError or OutputError if the file cannot be written.

    `packs` are files that are read, which the export must not replace: it lacks their rules that are out of scope.
    """
    if path is None:
        return
    if "{" in path or "}" in path:
        raise UsageError("an export has no placeholders", "Give a name without braces.", place=f"-o {path}")
    paths.check([path], _FORMATS[form].suffixes, sources=tuple(packs))


def export(
    form: str, rules: Sequence[ConfiguredRule], path: str | None, say: Say, packs: Sequence[PackSummary] = ()
) -> None:
    """Write rules in a format to a file or to standard output; `say` is called with messages on what is left out.

    Raises UsageError if no rule is left, and for settings that AWS Config cannot express.
    """
    managed = [each for each in rules if is_managed(each.rule) and not each.undecided]
    for warning in _warnings(rules, packs):
        say(f"Warning: {warning}")
    for pack in packs:
        say(sentence(pack, "exported"))
    if not managed:
        problem = "none of the selected rules is one of AWS Config's"
        problem += ", and decided" if any(each.undecided for each in rules) else ""
        raise UsageError(problem, "Select others with --rule.")
    text = _HEADER + _FORMATS[form].written(exported(managed))
    if path is None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return
    files.write_text(text, Path(path))
    say(f"Wrote {path}: {len(managed):,} {'rule' if len(managed) == 1 else 'rules'} of AWS Config")


def _warnings(rules: Sequence[ConfiguredRule], packs: Sequence[PackSummary]) -> Iterator[str]:
    for each in rules:
        if each.undecided:
            yield f"{each.config_rule_name} is undecided; it was left out"
            continue
        if not is_managed(each.rule):
            yield f"{each.config_rule_name} is no rule of AWS Config; it was left out"
        yield from (f"{each.config_rule_name}: {warning}" for warning in each.warnings)
    for pack in packs:
        yield from (f"pack {pack.name}: {note}" for note in pack.notes)
