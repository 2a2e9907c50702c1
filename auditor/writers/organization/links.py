"""Links from the front page to the page of each account."""

import re
from collections.abc import Callable

from auditor.organization.report import AccountResult

Link = Callable[[AccountResult], str | None]
"""Return the address of an account's own page, None where there is none.

It is that of a file (file:///), of a server (https://), or relative to the front page, and then starts with ./ or ../.
"""

_ADDRESS = re.compile(r"(\.{1,2}/|https://|file:///)[!-~]+")


def no_link(_account: AccountResult) -> str | None:
    """Link to nothing."""
    return None


def checked(address: str | None) -> str | None:
    """Return an address if it may become a link: what is stored of a run may have been changed by anybody."""
    return address if address and _ADDRESS.fullmatch(address) else None
