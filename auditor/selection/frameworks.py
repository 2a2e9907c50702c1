"""What frameworks ask: their controls, the rules that support these, and the values that the rules need for them.

frameworks.json of the wing `report` names the frameworks and, where they are known for certain, their controls on IAM
in our own words, with what a control asks of a rule's parameters. Its sources are the numbering of the CIS benchmarks
and https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html. controls.json says which rules support
which control.
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
_COMMON_WORDS = {"aws", "dss", "foundations", "benchmark"}  # what people leave out of a framework's name, or put in


class UncoveredControl(Struct, frozen=True):
    """Name a control that no rule supports."""

    id: str
    title: str


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what a control asks of a parameter.

    That is a bound, to be true, not to be set (exceptions), or to be a list with AWS's policy or the KMS actions.
    """

    at_most: int | None = None
    at_least: int | None = None
    on: bool = False
    off: bool = False
    policy: str | None = None
    actions: tuple[str, ...] = ()


class Framework(Struct, frozen=True, forbid_unknown_fields=True):
    """Name a framework, and say where the mapping of its controls comes from."""

    name: str
    title: str
    source: str


class KnownControl(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold a control in our words: its ids by framework, and what it asks by rule and parameter.

    `partial` says why the rules can break the control, and never meet it.
    """

    title: str
    ids: dict[str, str]
    partial: str | None = None
    asks: dict[str, dict[str, Ask]] = {}


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold frameworks.json; `usual` is what is asked by rule where a control names no values: AWS's own ones."""

    frameworks: tuple[Framework, ...]
    usual: dict[str, dict[str, Ask]]
    controls: tuple[KnownControl, ...]


@cache
def _document() -> _Document:
    return msgspec.json.decode((_FOLDER / "frameworks.json").read_bytes(), type=_Document)


def known() -> Mapping[str, Framework]:
    """Return the frameworks that can be asked for, by name."""
    return {framework.name: framework for framework in _document().frameworks}


def listed(name: str) -> Mapping[str, KnownControl]:
    """Return the controls of a framework that are known for certain, by id: for many frameworks none, for none all."""
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
    """Return the full name of a framework, whatever the case and the separators; raise UsageError for none."""
    names = {_plain(each): each for each in known()}
    if (plain := _plain(name)) in names:
        return names[plain]
    from difflib import get_close_matches  # imported late: for mistakes only

    begun = [each for each in names if plain and each.startswith(plain)]
    close = [names[each] for each in begun or get_close_matches(plain, names, n=1)]
    hint = f"Did you mean {' or '.join(close)}?" if close else "`iam-audit frameworks` lists them."
    raise UsageError(f"--framework {name}: there is no such framework", hint)


def _plain(name: str) -> str:
    """Return what tells one framework from another: letters and digits, without the words that all of a kind share."""
    words = re.findall(r"[a-z]+|[0-9]+", re.sub(r"\bv(?=[0-9])", "", name.casefold()))
    return "".join(word for word in words if word not in _COMMON_WORDS)


def natural(control_id: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that orders ids as people do: 1.9 before 1.10, IAM.2 before IAM.10, AC-2 before AC-2(1)."""
    pieces = re.findall(r"[0-9]+|[A-Za-z]+", control_id)
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces], control_id


def asked(name: str, control_id: str) -> Mapping[str, Mapping[str, Ask]]:
    """Return what a control of a framework asks of parameters, by rule id: where it names no values, the usual ones."""
    control = listed(name).get(control_id)
    return {**_document().usual, **(control.asks if control else {})}


def variants(name: str, rule_id: str) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Return the distinct sets of values that a framework asks of a rule, each with the first control that asks it.

    The values are as AWS sends them; AWS's policies are of the partition aws, as AWS prints them.
    """
    found: dict[tuple[tuple[str, str], ...], str] = {}
    for control_id, rule_ids in supported(name).items():
        if rule_id in rule_ids:
            asks = asked(name, control_id).get(rule_id, {})
            values = {parameter: text for parameter, ask in asks.items() if (text := _text(ask)) is not None}
            found.setdefault(tuple(sorted(values.items())), control_id)
    return [(control_id, dict(values)) for values, control_id in found.items()]


def _text(ask: Ask) -> str | None:
    """Return the value that just meets what is asked, None where that is what holds without one."""
    number = ask.at_least if ask.at_most is None else ask.at_most
    if number is not None:
        return str(number)
    if ask.policy is not None:
        return f"arn:aws:iam::aws:policy/{ask.policy}"
    return "true" if ask.on else ",".join(ask.actions) or None


def lacking(ask: Ask, value: Any, partition: str) -> str | None:
    """Return what a control asks for, if the value does not give it in an account of the partition."""
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
