"""Pages: a list of AWS's, asked for page by page until AWS says that it ends."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from msgspec import convert

from auditor.collectors.live.asking_again import answered
from auditor.collectors.live.refusals import NoEndError, OvertimeError
from auditor.collectors.live.side_by_side import Deadline

P = TypeVar("P")

Sleep = Callable[[float], object]


def iam_marker(page: Any) -> str | None:
    """Return where a list of IAM's goes on, None at its end; raise NoEndError where a page says neither."""
    if page.is_truncated is False:
        return None
    if page.is_truncated is not True or not page.marker:
        raise NoEndError
    return str(page.marker)


def pages(
    ask: Callable[..., Any],
    page_type: type[P],
    deadline: Deadline,
    sleep: Sleep,
    *,
    place: str = "Marker",
    next_place: Callable[[Any], str | None] = iam_marker,
) -> Iterator[P]:
    """Yield the pages of a list; `place` is the parameter that says where a page begins.

    Raises what `ask` raises, NoEndError where AWS does not say how to go on or sends back to an earlier page, and
    OvertimeError when no time is left; the pages before that have been yielded.
    """
    given: dict[str, str] = {}
    seen: set[str] = set()
    while deadline.left():
        page = convert(answered(partial(ask, **given), sleep), page_type)
        yield page
        following = next_place(page)
        if following is None:
            return
        if following in seen:
            raise NoEndError
        seen.add(following)
        given = {place: following}
    raise OvertimeError(deadline.timeout_s)
