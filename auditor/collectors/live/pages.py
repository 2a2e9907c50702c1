"""Pages: reading a list from AWS page by page until its end."""

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
    """Return the marker of the next page of an IAM list, None at its end; raise NoEndError if a page has neither."""
    if page.is_truncated is False:
        return None
    if page.is_truncated is not True or not page.marker:
        raise NoEndError
    return str(page.marker)


def pages(
    call: Callable[..., Any],
    page_type: type[P],
    deadline: Deadline,
    sleep: Sleep,
    *,
    place: str = "Marker",
    next_place: Callable[[Any], str | None] = iam_marker,
) -> Iterator[P]:
    """Yield the pages of a list; `place` is the request parameter for the marker of a page.

    Raises what `call` raises, NoEndError if AWS does not say where the list continues or returns to an earlier page,
    and OvertimeError if no time is left; the pages before that have been yielded.
    """
    given: dict[str, str] = {}
    seen: set[str] = set()
    while deadline.left():
        page = convert(answered(partial(call, **given), sleep), page_type)
        yield page
        following = next_place(page)
        if following is None:
            return
        if following in seen:
            raise NoEndError
        seen.add(following)
        given = {place: following}
    raise OvertimeError(deadline.timeout_s)
