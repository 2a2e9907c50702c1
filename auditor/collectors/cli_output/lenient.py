"""Lenient reading: AWS's answers as other tools write them, with null for what is absent and one item for its list.

What an item of a list, or a whole answer, cannot be without stays an error; whatever else is read as absent is unknown.
"""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import NODEFAULT, inspect

T = TypeVar("T")


def as_meant(text: str, answer_type: type[T]) -> T:
    """Return the answer that a JSON text plainly means; raise msgspec.ValidationError where nothing is plain."""
    value = _plain(msgspec.json.decode(text), inspect.type_info(answer_type))
    return msgspec.json.decode(msgspec.json.encode(value), type=answer_type)


def _plain(value: Any, expected: inspect.Type) -> Any:
    """Return a value as its type wants it: lists where they are meant, and no key that says nothing."""
    for option in _options(expected):
        if isinstance(option, inspect.StructType) and isinstance(value, dict):
            fields = {field.encode_name: field for field in option.fields}
            said = {key: each for key, each in value.items() if key in fields and _says_something(each, fields[key])}
            return {key: _plain(each, fields[key].type) for key, each in said.items()}
        if isinstance(option, inspect.ListType) and value is not None:
            return [_plain(item, option.item_type) for item in (value if isinstance(value, list) else [value])]
        if isinstance(option, inspect.DictType) and isinstance(value, dict):
            return {key: each for key, each in value.items() if each is not None}
    return value


def _options(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    return expected.types if isinstance(expected, inspect.UnionType) else (expected,)


def _says_something(value: Any, field: inspect.Field) -> bool:
    """Return whether a key tells anything: not by null, nor by a time that is none where the time may be unknown."""
    if value is None:
        return False
    is_time = any(isinstance(option, inspect.DateTimeType) for option in _options(field.type))
    return not is_time or not _may_be_unknown(field) or _is_time(value)


def _may_be_unknown(field: inspect.Field) -> bool:
    """Return whether a field is UNSET by default, for which msgspec tells no default."""
    return not field.required and field.default is NODEFAULT and field.default_factory is NODEFAULT


def _is_time(value: Any) -> bool:
    try:
        msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return False
    return True
