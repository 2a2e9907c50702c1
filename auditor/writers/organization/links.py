"""Links from the front page to the page of each account."""

import re
from collections.abc import Callable

from auditor.organization.report import AccountResult

Link = Callable[[AccountResult], str | None]
"""Return the address of an account's own page, None if there is none.

It starts with file:///, https://, or, if it is relative to the front page, with ./ or ../.
"""

_ADDRESS = re.compile(r"(\.{1,2}/|https://|file:///)[!-~]+")


def no_link(_account: AccountResult) -> str | None:
    """Return no address for any account."""
    return None


def checked(address: str | None) -> str | None:
    """Return an address if it is safe as a link, otherwise None: somebody may have changed the stored run."""
    return address if address and _ADDRESS.fullmatch(address) else None
