"""Text from the account made safe to show: what would steer a terminal or a reader's eye is spelled out."""

import re

# C0 and C1 controls, line separators, zero-width and bidirectional marks, lone surrogates
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    """Give the text with every control character as an escape such as \\x1b or \\u202e."""
    return _STEERING.sub(_escaped, text) if not text.isascii() or not text.isprintable() else text


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - two or four hexadecimal digits
