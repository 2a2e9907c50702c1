"""The text of Fn::Sub, cut into what stands there literally and the names of what is put in."""

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
