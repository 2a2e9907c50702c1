"""The registry: finds the built-in rules in `rules/` and plug-in rules by their entry points."""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import msgspec

from auditor.errors import AuditError, UsageError, nearest
from auditor.judging.rule import Rule

ENTRY_POINT_GROUP = "iam_audit.rules"


def load_rules() -> Mapping[str, Rule]:
    """Return every rule that is installed, built in or plugged in, by id.

    Raises AuditError if a module contains no rule, a plug-in cannot be loaded, or two rules share an id or identifier:
    packs and controls refer to rules by identifier, so the wrong one could be evaluated.
    """
    rules: dict[str, Rule] = {}
    origins: dict[str, str] = {}
    for origin, rule in [*_built_in(), *_plugged_in()]:
        for name in (rule.id, rule.source_identifier):
            if name in origins:
                raise AuditError(
                    f"two rules have the id {name}: one from {origins[name]}, one from {origin}",
                    "Uninstall one of the two distributions, or give its rule an id and source identifier of its own.",
                )
        rules[rule.id] = rule
        origins |= dict.fromkeys((rule.id, rule.source_identifier), origin)
    return dict(sorted(rules.items()))


def _built_in() -> Iterator[tuple[str, Rule]]:
    for module in iter_modules([str(_rules_folder())]):
        yield f"rules.{module.name}", _rule_of(f"rules.{module.name}", "RULE", f"rules.{module.name}")


def _rules_folder() -> Path:
    """Return the folder of our package `rules` without importing it, as another distribution may have replaced it."""
    spec = find_spec("rules")
    expected = Path(__file__).resolve().parents[2] / "rules"
    if spec is not None and spec.origin is not None and Path(spec.origin).resolve().parent == expected:
        return expected
    found = "nothing" if spec is None else spec.origin or str(list(spec.submodule_search_locations or []))
    raise AuditError(
        f"the package 'rules' beside iam-audit should be {expected}, but Python finds {found}{_owner(found)}",
        "Install iam-audit into an environment of its own, with pipx or uv tool.",
    )


def _owner(path: str) -> str:
    from importlib.metadata import packages_distributions  # imported late: 15 ms

    owners = [name for name in packages_distributions().get("rules", []) if name != "iam-audit"]
    return f" (distribution {', '.join(owners)})" if owners and path != "nothing" else ""


def _plugged_in() -> Iterator[tuple[str, Rule]]:
    if not _may_have_plugins():
        return
    from importlib.metadata import entry_points  # imported late: 15 ms, a tenth of a small scan; see `make bench`

    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, point.value)):
        distribution = entry.dist.name if entry.dist else "an unknown distribution"
        yield (
            f"{distribution} ({entry.name})",
            _rule_of(entry.module, entry.attr or "RULE", f"plug-in {entry.name} of {distribution}"),
        )


def _may_have_plugins() -> bool:
    """Return False only if there can be no plug-in; most users have none, and importing importlib.metadata is slow."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    folders = (Path(folder).absolute() for folder in sys.path)
    return finders != [PathFinder] or any(_may_name_plugins(folder, _changed_ns(folder)) for folder in folders)


def _changed_ns(folder: Path) -> int | None:
    """Return when something was last installed into a folder of sys.path or removed; None if there is no folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None


@cache
def _may_name_plugins(folder: Path, _changed_ns: int | None) -> bool:
    """Return whether a folder of sys.path may contain the metadata of a plug-in; for an archive, return True."""
    try:
        listings = [listing.read_bytes() for listing in folder.glob("*/entry_points.txt")]
    except OSError:
        return True
    return folder.is_file() or any(ENTRY_POINT_GROUP.encode() in listing for listing in listings)


def _rule_of(module_name: str, attribute: str, origin: str) -> Rule:
    try:
        rule = getattr(import_module(module_name), attribute, None)
    except (Exception, SystemExit) as error:
        raise AuditError(
            f"{origin} cannot be loaded: {type(error).__name__}: {error}", "Fix or uninstall it."
        ) from error
    if not isinstance(rule, Rule):
        raise AuditError(f"{origin} holds no rule: {module_name}.{attribute} is not a Rule", "Fix or remove it.")
    return rule


def find(rules: Mapping[str, Rule], name: str) -> Rule:
    """Return the rule with this id or source identifier; raise UsageError that suggests similar names."""
    by_name = {alias: rule for rule in rules.values() for alias in (rule.id, rule.source_identifier)}
    if name not in by_name:
        names = by_name if "_" in name else rules
        raise UsageError(f"there is no rule {name!r}", nearest(name, names, "`iam-audit rules list` shows all."))
    return by_name[name]


def page(rule: Rule) -> str:
    """Return the rule's page: the docstring of the module of its evaluate function."""
    return (sys.modules[rule.evaluate.__module__].__doc__ or "").strip()


def sections(text: str) -> Mapping[str, str]:
    """Return the parts of a rule's page by heading; the heading of the first paragraph is ""."""
    opening, _, rest = text.partition("\n\n")
    parts: dict[str, list[str]] = {"": opening.splitlines()}
    heading = ""
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            heading = line
            parts[heading] = []
        else:
            parts[heading].append(line.strip())
    return {heading: "\n".join(lines).strip() for heading, lines in parts.items()}


def described(rule: Rule) -> Mapping[str, object]:
    """Return the description of a rule for `rules list --format json`."""
    return {
        "id": rule.id,
        "source_identifier": rule.source_identifier,
        "severity": rule.severity,
        "resource_types": rule.resource_types,
        "reads": sorted(rule.reads),
        "not_offered_in": sorted(rule.not_offered_in),
        "parameters": [
            {"name": field.name, "required": field.required, "default": None if field.required else field.default}
            for field in msgspec.structs.fields(rule.parameters)
        ],
        "summary": sections(page(rule))[""],
        "source_url": rule.source_url,
    }
