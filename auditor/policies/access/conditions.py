"""Conditions of statements, compiled: for what is known of a request, they are true, false or in doubt.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from auditor.account.unknown import Record
from auditor.policies.access.operators import BOOLEANS, NULL, OPERATORS, Operator
from auditor.policies.access.principals import Request
from auditor.policies.access.sessions import Key, is_personal
from auditor.policies.access.truth import Doubt, Truth, all_of, any_of, negated
from auditor.policies.access.variables import Template, is_filled_in, template, text_of


class Quantifier(StrEnum):
    """List how a condition compares a key with several values in a request."""

    ONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


class Condition(Record, frozen=True):
    """Hold the condition of a statement on one key; the operator is None if none has its name."""

    written_as: str
    operator: Operator | None
    quantifier: Quantifier
    if_exists: bool
    key: str
    values: tuple[Template | Doubt, ...]

    @property
    def personal(self) -> bool:
        """Return whether the condition depends on who makes the request."""
        return is_personal(self.key) or any(is_filled_in(each) for each in self.values if not isinstance(each, Doubt))

    def holds(self, request: Request) -> Truth:
        """Return whether the request meets the condition."""
        truth = self._holds(request)
        return Doubt(f"{self.written_as} on {self.key}: {truth.reason}") if isinstance(truth, Doubt) else truth

    def _holds(self, request: Request) -> Truth:
        key = request.key(self.key)
        if self.written_as == NULL:
            return any_of(self._absence(key, request))
        if self.operator is None:
            return Doubt("there is no such operator")
        if key.present is None:
            return Doubt("whether the request has this key, and with which value, is not known")
        if not key.present:
            return self._of_absent(self.operator)
        found = any_of(self._comparisons(self.operator, key, request))
        return negated(found) if self.operator.negated else found

    def _of_absent(self, operator: Operator) -> bool:
        if self.quantifier is not Quantifier.ONE:
            return self.quantifier is Quantifier.ALL
        return self.if_exists or operator.negated

    def _comparisons(self, operator: Operator, key: Key, request: Request) -> Iterator[Truth]:
        if not self.values:
            yield Doubt("it names no value")
        for value in self.values:
            named = _named(value, request)
            if isinstance(named, Doubt):
                yield named
            elif key.value is None:
                yield Doubt("the value is not known")
            elif key.type not in operator.types:
                yield Doubt(f"the operator is not for a key of the type {key.type}")
            else:
                yield operator.compare(key.value, named)

    def _absence(self, key: Key, request: Request) -> Iterator[Truth]:
        if not self.values:
            yield Doubt("it names no value")
        for value in self.values:
            named = _named(value, request)
            if isinstance(named, Doubt):
                yield named
            elif named not in BOOLEANS:
                yield Doubt(f"{named[:64]!r} is neither true nor false")
            elif key.present is None:
                yield Doubt("whether the request has this key is not known")
            else:
                yield BOOLEANS[named] is not key.present


def _named(value: Template | Doubt, request: Request) -> str | Doubt:
    if isinstance(value, Doubt):
        return value
    text, doubt = text_of(value, request)
    return text if doubt is None else doubt


class Conditions(Record, frozen=True):
    """Hold the conditions of a statement: those that do not depend on the principal, and those that do."""

    general: tuple[Condition, ...]
    personal: tuple[Condition, ...]
    doubts: tuple[Doubt, ...]

    def hold_for_all(self, request: Request) -> Truth:
        """Return whether a request meets the conditions that do not depend on its principal."""
        return all_of((*self.doubts, *_by_key(self.general, request)))

    def hold_for_one(self, request: Request) -> Truth:
        """Return whether a request meets the conditions that depend on its principal."""
        return all_of(_by_key(self.personal, request)) if self.personal else True


def _by_key(conditions: Sequence[Condition], request: Request) -> Iterator[Truth]:
    """Yield the truth of each operator and key; a doubt if a key occurs twice, in other case, and they disagree."""
    for (operator, key), same in groupby(conditions, lambda each: (each.written_as, each.key)):
        truths = [each.holds(request) for each in same]
        if all(truth is truths[0] for truth in truths):
            yield truths[0]
        else:
            yield Doubt(f"{operator} has {key} twice")


def compiled(written: Mapping[str, Mapping[str, Any]], *, variables: bool) -> Conditions:
    """Return the conditions of a statement, compiled."""
    found = [
        _condition(operator, key, values, variables=variables)
        for operator, keys in written.items()
        for key, values in keys.items()
    ]
    found.sort(key=lambda each: (each.written_as, each.key))
    return Conditions(
        tuple(each for each in found if not each.personal),
        tuple(each for each in found if each.personal),
        tuple(Doubt(f"{operator[:64]} names no key") for operator, keys in written.items() if not keys),
    )


def _condition(written_as: str, key: str, values: Any, *, variables: bool) -> Condition:
    quantifier, colon, name = written_as.rpartition(":")
    if_exists = name.endswith("IfExists")
    known = not colon or quantifier in (Quantifier.ALL, Quantifier.ANY)
    return Condition(
        written_as=written_as,
        operator=OPERATORS.get(name.removesuffix("IfExists")) if known else None,
        quantifier=Quantifier(quantifier) if known else Quantifier.ONE,
        if_exists=if_exists,
        key=key.lower(),
        values=tuple(_value(each, variables=variables) for each in (values if isinstance(values, list) else [values])),
    )


def _value(written: Any, *, variables: bool) -> Template | Doubt:
    if isinstance(written, bool):
        return ("true" if written else "false",)
    if isinstance(written, float):
        return Doubt(f"how AWS writes the number {written} as text is not known")
    return template(str(written), variables=variables)
