"""Settings that keep their origin: a value travels with the option, file, pack or default that it comes from."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class OriginKind(StrEnum):
    """Name the places that settings come from; an earlier one goes before a later one."""

    OPTION = "option"
    FILE = "file"
    PACK = "pack"
    FRAMEWORK = "framework"
    DEFAULT = "default"


class Origin(Struct, frozen=True):
    """Name where a setting comes from.

    `file` is the path of a configuration file or a conformance pack, else empty; `framework` the name of one.
    """

    kind: OriginKind
    file: str = ""
    framework: str = ""

    def __str__(self) -> str:
        return self.file or self.framework or self.kind.value

    def located(self, path: str) -> str:
        """Return a path of a setting as seen from the working folder: a file's paths are relative to the file."""
        return str(Path(self.file).parent / path) if self.file else path


OPTION, DEFAULT = Origin(OriginKind.OPTION), Origin(OriginKind.DEFAULT)


class Sourced(Struct, Generic[T], frozen=True):
    """Hold a value and where it comes from."""

    value: T
    origin: Origin


class Setting(Struct, frozen=True):
    """Hold one effective setting to be shown: its dotted key, its value, and where it comes from."""

    key: str
    value: Any
    origin: Origin


Parameters = Mapping[str, Mapping[str, Sourced[object]]]
"""Values of parameters by rule id and name."""


def plain(parameters: Mapping[str, Sourced[object]]) -> dict[str, object]:
    """Return the values without their origins."""
    return {name: sourced.value for name, sourced in parameters.items()}


def from_file(path: object) -> Origin:
    """Return the origin of what a configuration file sets."""
    return Origin(OriginKind.FILE, str(path))


def from_framework(name: str) -> Origin:
    """Return the origin of what the controls of a framework ask for."""
    return Origin(OriginKind.FRAMEWORK, framework=name)


def from_pack(path: str) -> Origin:
    """Return the origin of what a conformance pack sets."""
    return Origin(OriginKind.PACK, path)
