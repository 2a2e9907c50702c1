"""Controls: which controls of which frameworks each built-in rule supports."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec


def controls() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return the controls that each built-in rule supports: rule id to framework to control ids."""
    text = (Path(__file__).parent / "controls.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, tuple[str, ...]]])
