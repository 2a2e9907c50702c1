"""Settings with their origin: the option, file, pack, framework or default that a value comes from."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class OriginKind(StrEnum):
    """List where settings can come from; an earlier one overrides a later one."""

    OPTION = "option"
    FILE = "file"
    PACK = "pack"
    FRAMEWORK = "framework"
    DEFAULT = "default"


class Origin(Struct, frozen=True):
    """Hold where a setting comes from.

    `file` is the path of a configuration file or a conformance pack, `framework` the name of a framework; else empty.
    """

    kind: OriginKind
    file: str = ""
    framework: str = ""

    def __str__(self) -> str:
        return self.file or self.framework or self.kind.value

    def located(self, path: str) -> str:
        """Return the path in a setting relative to the working folder; in a file it is relative to that file."""
        return str(Path(self.file).parent / path) if self.file else path


OPTION, DEFAULT = Origin(OriginKind.OPTION), Origin(OriginKind.DEFAULT)


class Sourced(Struct, Generic[T], frozen=True):
    """Hold a value and where it comes from."""

    value: T
    origin: Origin


class Setting(Struct, frozen=True):
    """Hold one effective setting for display: its dotted key, its value, and its origin."""

    key: str
    value: Any
    origin: Origin


Parameters = Mapping[str, Mapping[str, Sourced[object]]]
"""Values of parameters by rule id and name."""


def plain(parameters: Mapping[str, Sourced[object]]) -> dict[str, object]:
    """Return the values without their origins."""
    return {name: sourced.value for name, sourced in parameters.items()}


def from_file(path: object) -> Origin:
    """Return the origin of settings in a configuration file."""
    return Origin(OriginKind.FILE, str(path))


def from_framework(name: str) -> Origin:
    """Return the origin of values that the controls of a framework require."""
    return Origin(OriginKind.FRAMEWORK, framework=name)


def from_pack(path: str) -> Origin:
    """Return the origin of settings in a conformance pack."""
    return Origin(OriginKind.PACK, path)
