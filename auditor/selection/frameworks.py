"""Frameworks: their controls, the rules that support these, and the parameter values that the controls require.

frameworks.json of the wing `report` names the frameworks and, if they are known for certain, their controls on IAM
in our own words, with what a control requires of a rule's parameters. Its sources are the numbering of the CIS
benchmarks and https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html. controls.json says which
rules support which control.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from auditor.errors import UsageError

_FOLDER = Path(__file__).parents[1] / "report"
_COMMON_WORDS = {"aws", "dss", "foundations", "benchmark"}  # people may add these to a framework's name or omit them


class UncoveredControl(Struct, frozen=True):
    """Name a control that no rule supports."""

    id: str
    title: str


class Requirement(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what a control requires of a parameter.

    The parameter must be within a bound, be true (`on`), not be set (`off`, for exceptions), or be a list that contains
    an AWS-managed policy or KMS actions.
    """

    at_most: int | None = None
    at_least: int | None = None
    on: bool = False
    off: bool = False
    policy: str | None = None
    actions: tuple[str, ...] = ()


class Framework(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold a framework's name and title, and the source of the mapping of its controls."""

    name: str
    title: str
    source: str


class KnownControl(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold a control in our words: its ids by framework, and its requirements by rule and parameter.

    `partial` says why the rules can show that the control fails but never that it passes.
    """

    title: str
    ids: dict[str, str]
    partial: str | None = None
    asks: dict[str, dict[str, Requirement]] = {}


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold frameworks.json; `usual` has the requirements, by rule, of controls that name no values: AWS's defaults."""

    frameworks: tuple[Framework, ...]
    usual: dict[str, dict[str, Requirement]]
    controls: tuple[KnownControl, ...]


@cache
def _document() -> _Document:
    return msgspec.json.decode((_FOLDER / "frameworks.json").read_bytes(), type=_Document)


def known() -> Mapping[str, Framework]:
    """Return the frameworks that can be selected, by name."""
    return {framework.name: framework for framework in _document().frameworks}


def listed(name: str) -> Mapping[str, KnownControl]:
    """Return the known controls of a framework, by id: never all controls, and for many frameworks none."""
    return {control.ids[name]: control for control in _document().controls if name in control.ids}


@cache
def controls() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return the controls that each built-in rule supports: rule id to framework to control ids."""
    return msgspec.json.decode((_FOLDER / "controls.json").read_bytes(), type=dict[str, dict[str, tuple[str, ...]]])


def supported(name: str) -> Mapping[str, Sequence[str]]:
    """Return the controls of a framework that rules support, in their natural order, with the ids of the rules."""
    by_control: dict[str, list[str]] = {}
    for rule_id, frameworks in sorted(controls().items()):
        for control in frameworks.get(name, ()):
            by_control.setdefault(control, []).append(rule_id)
    return {control: by_control[control] for control in sorted(by_control, key=natural)}


def uncovered(name: str) -> tuple[UncoveredControl, ...]:
    """Return the known controls of a framework that no rule supports, in their natural order."""
    ids = sorted(listed(name).keys() - supported(name).keys(), key=natural)
    return tuple(UncoveredControl(each, listed(name)[each].title) for each in ids)


def find(name: str) -> str:
    """Return the full name of a framework, ignoring case and separators; raise UsageError if there is none."""
    names = {_plain(each): each for each in known()}
    if (plain := _plain(name)) in names:
        return names[plain]
    from difflib import get_close_matches  # imported late: for mistakes only

    begun = [each for each in names if plain and each.startswith(plain)]
    close = [names[each] for each in begun or get_close_matches(plain, names, n=1)]
    hint = f"Did you mean {' or '.join(close)}?" if close else "`iam-audit frameworks` lists them."
    raise UsageError(f"--framework {name}: there is no such framework", hint)


def _plain(name: str) -> str:
    """Return the distinctive part of a framework's name: its letters and digits without the common words."""
    parts = re.findall(r"[a-z]+|[0-9]+", re.sub(r"\bv(?=[0-9])", "", name.casefold()))
    return "".join(part for part in parts if part not in _COMMON_WORDS)


def natural(control_id: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that sorts ids in natural order: 1.9 before 1.10, IAM.2 before IAM.10, AC-2 before AC-2(1)."""
    pieces = re.findall(r"[0-9]+|[A-Za-z]+", control_id)
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces], control_id


def requirements(name: str, control_id: str) -> Mapping[str, Mapping[str, Requirement]]:
    """Return what a control of a framework requires of parameters, by rule id; without values of its own, the usual."""
    control = listed(name).get(control_id)
    return {**_document().usual, **(control.asks if control else {})}


def variants(name: str, rule_id: str) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Return the distinct sets of values that a framework requires for a rule, each with the first such control.

    The values are texts, as AWS sends them; AWS-managed policies have the partition aws, as AWS prints them.
    """
    found: dict[tuple[tuple[str, str], ...], str] = {}
    for control_id, rule_ids in supported(name).items():
        if rule_id in rule_ids:
            required = requirements(name, control_id).get(rule_id, {})
            values = {parameter: text for parameter, each in required.items() if (text := _text(each)) is not None}
            found.setdefault(tuple(sorted(values.items())), control_id)
    return [(control_id, dict(values)) for values, control_id in found.items()]


def _text(ask: Requirement) -> str | None:
    """Return the value that just meets a requirement, None if it is met without a value."""
    number = ask.at_least if ask.at_most is None else ask.at_most
    if number is not None:
        return str(number)
    if ask.policy is not None:
        return f"arn:aws:iam::aws:policy/{ask.policy}"
    return "true" if ask.on else ",".join(ask.actions) or None


def lacking(ask: Requirement, value: Any, partition: str) -> str | None:
    """Return what is required, as text, if the value does not meet it in an account of the partition; else None."""
    if ask.at_most is not None:
        return None if is_number(value) and value <= ask.at_most else f"at most {ask.at_most}"
    if ask.at_least is not None:
        return None if is_number(value) and value >= ask.at_least else f"at least {ask.at_least}"
    if ask.on:
        return None if value is True else "true"
    if ask.off:
        return ("false" if value is True else "none") if value else None
    given = [value] if isinstance(value, str) else list(map(str, value)) if isinstance(value, (list, tuple)) else []
    if ask.policy is not None:
        arn = f"arn:{partition}:iam::aws:policy/{ask.policy}"
        return None if arn in given else arn if any(each.endswith(f"/{ask.policy}") for each in given) else ask.policy
    lower = {each.lower() for each in given}
    return None if all(action.lower() in lower for action in ask.actions) else ", ".join(ask.actions)


def is_number(value: Any) -> bool:
    """Return whether a parameter's value is a number, which true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)
