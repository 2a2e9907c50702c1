"""The text of Fn::Sub, split into literal text and the names to substitute."""

import re
from collections.abc import Iterator

_PLACEHOLDER = re.compile(r"\$\{([^{}!][^{}]*)\}")


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text in their order, each with whether it is a name; `${!X}` is the text `${X}`."""
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        yield text[end : found.start()].replace("${!", "${"), False
        yield found[1], True
        end = found.end()
    yield text[end:].replace("${!", "${"), False
