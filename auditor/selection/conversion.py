"""Converting decoded TOML to typed tables, value by value, so that an error can name the place of the wrong value."""

import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

_TABLE = dict[str, Any]


class PlaceError(Exception):
    """Raised for a value of the wrong type; `place` is its key, such as rules.NAME.severity, or "" for the document."""

    def __init__(self, problem: str, place: str) -> None:
        super().__init__(problem, place)
        self.problem = problem
        self.place = place


def read(value: Any, described: Any, place: str = "") -> Any:
    """Return a value converted to the described type; raise PlaceError with the place of the first wrong value."""
    plain = _plain(described)
    if isinstance(plain, type) and issubclass(plain, Struct):
        return _read_struct(value, plain, place)
    if get_origin(plain) is dict:
        inner = get_args(plain)[1]
        return {key: read(each, inner, _within(place, key)) for key, each in _leaf(value, _TABLE, place).items()}
    if get_origin(plain) is list:
        return _read_list(value, described, get_args(plain)[0], place)
    for member in get_args(plain) if isinstance(value, list) and _is_union(plain) else ():
        if get_origin(_plain(member)) is list:
            return read(value, member, place)
    return _leaf(value, described, place)


def _read_struct(value: Any, struct: type[Struct], place: str) -> Struct:
    table, described = _leaf(value, _TABLE, place), _fields(struct)
    for key in table:
        if key not in described:
            raise PlaceError(f"Object contains unknown field `{key}`", place)
    read_fields = {key: read(each, described[key], _within(place, key)) for key, each in table.items()}
    for field in msgspec.structs.fields(struct):
        if field.required and field.name not in table:
            raise PlaceError(f"Object missing required field `{field.name}`", place)
    return struct(**read_fields)


def _read_list(value: Any, described: Any, item: Any, place: str) -> list[Any]:
    limits = get_args(described)[1:] if get_origin(described) is Annotated else ()
    items = _leaf(value, Annotated[(list[Any], *limits)] if limits else list[Any], place)
    return [read(each, item, f"{place}[{number}]") for number, each in enumerate(items)]


def _leaf(value: Any, described: Any, place: str) -> Any:
    """Return a value converted as a whole; an error in it has the place of the whole."""
    try:
        return msgspec.convert(value, described)
    except msgspec.ValidationError as error:
        raise PlaceError(str(error), place) from error


@cache
def _fields(struct: type[Struct]) -> Mapping[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _plain(described: Any) -> Any:
    return get_args(described)[0] if get_origin(described) is Annotated else described


def _is_union(described: Any) -> bool:
    return get_origin(described) in (Union, types.UnionType)


def _within(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
