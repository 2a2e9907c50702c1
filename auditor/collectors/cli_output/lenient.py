"""Lenient reading of AWS's responses as other tools write them: null for absent keys, and an item instead of a list.

A missing key that an item or a response cannot do without stays an error; other absent keys are unknown facts.
"""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import NODEFAULT, inspect

T = TypeVar("T")


def as_meant(text: str, answer_type: type[T]) -> T:
    """Return the response that a JSON text clearly means; raise msgspec.ValidationError if that is unclear."""
    value = _plain(msgspec.json.decode(text), inspect.type_info(answer_type))
    return msgspec.json.decode(msgspec.json.encode(value), type=answer_type)


def _plain(value: Any, expected: inspect.Type) -> Any:
    """Return a value in the form of its type: with lists where the type has lists, and without keys that are null."""
    for option in _options(expected):
        if isinstance(option, inspect.StructType) and isinstance(value, dict):
            fields = {field.encode_name: field for field in option.fields}
            kept = {key: each for key, each in value.items() if key in fields and _has_value(each, fields[key])}
            return {key: _plain(each, fields[key].type) for key, each in kept.items()}
        if isinstance(option, inspect.ListType) and value is not None:
            return [_plain(item, option.item_type) for item in (value if isinstance(value, list) else [value])]
        if isinstance(option, inspect.DictType) and isinstance(value, dict):
            return {key: each for key, each in value.items() if each is not None}
    return value


def _options(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    return expected.types if isinstance(expected, inspect.UnionType) else (expected,)


def _has_value(value: Any, field: inspect.Field) -> bool:
    """Return whether a key has a value: not null, and not an invalid time in a field that may be unknown."""
    if value is None:
        return False
    is_time = any(isinstance(option, inspect.DateTimeType) for option in _options(field.type))
    return not is_time or not _may_be_unknown(field) or _is_time(value)


def _may_be_unknown(field: inspect.Field) -> bool:
    """Return whether a field is UNSET by default, which msgspec reports as having no default."""
    return not field.required and field.default is NODEFAULT and field.default_factory is NODEFAULT


def _is_time(value: Any) -> bool:
    try:
        msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return False
    return True
