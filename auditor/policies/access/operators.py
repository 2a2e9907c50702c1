"""Condition operators: what each compares, and how. Those that compare facts that no snapshot contains stay undecided.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from collections.abc import Callable, Mapping

from auditor.account.unknown import Record
from auditor.policies.access.globs import fits
from auditor.policies.access.sessions import KeyType
from auditor.policies.access.truth import Doubt, Truth

Comparison = Callable[[str, str], Truth]
"""Return whether the value of a key (first) matches the value in the condition (second)."""

NULL = "Null"
BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}
_ARN_PARTS = 6


class Operator(Record, frozen=True):
    """Hold an operator: the types of keys that it can decide, how it compares, and whether it is the opposite."""

    types: frozenset[KeyType]
    compare: Comparison
    negated: bool = False


def _equal(value: str, named: str) -> Truth:
    return value == named


def _equal_ignoring_case(value: str, named: str) -> Truth:
    return value.lower() == named.lower()


def _like(value: str, named: str) -> Truth:
    return fits(named, value)


def _same_boolean(value: str, named: str) -> Truth:
    if named not in BOOLEANS:
        return Doubt(f"{named[:64]!r} is neither true nor false")
    return value == named


def _arn_like(value: str, named: str) -> Truth:
    """Compare ARNs part by part; ArnEquals does the same."""
    parts, patterns = value.split(":", _ARN_PARTS - 1), named.split(":", _ARN_PARTS - 1)
    if len(patterns) != _ARN_PARTS or len(parts) != _ARN_PARTS:
        return Doubt(f"{named[:64]!r} is not a whole ARN")
    return all(map(fits, patterns, parts))


def _undecided(_value: str, named: str) -> Truth:
    return Doubt(f"how AWS compares {named[:64]!r} here is not known")


_STRING, _ARN, _BOOLEAN = (
    frozenset({KeyType.STRING, KeyType.ARN}),
    frozenset({KeyType.ARN}),
    frozenset({KeyType.BOOLEAN}),
)
_NONE: frozenset[KeyType] = frozenset()

OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(_STRING, _equal),
    "StringNotEquals": Operator(_STRING, _equal, negated=True),
    "StringEqualsIgnoreCase": Operator(_STRING, _equal_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_STRING, _equal_ignoring_case, negated=True),
    "StringLike": Operator(_STRING, _like),
    "StringNotLike": Operator(_STRING, _like, negated=True),
    "ArnEquals": Operator(_ARN, _arn_like),
    "ArnNotEquals": Operator(_ARN, _arn_like, negated=True),
    "ArnLike": Operator(_ARN, _arn_like),
    "ArnNotLike": Operator(_ARN, _arn_like, negated=True),
    "Bool": Operator(_BOOLEAN, _same_boolean),
    "BinaryEquals": Operator(_NONE, _undecided),
    "IpAddress": Operator(_NONE, _undecided),
    "NotIpAddress": Operator(_NONE, _undecided, negated=True),
    **{
        f"{kind}{comparison}": Operator(_NONE, _undecided, negated=comparison == "NotEquals")
        for kind in ("Numeric", "Date")
        for comparison in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    },
}
"""The operators by name, except Null, which tests whether the key is there."""
