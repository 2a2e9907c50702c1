"""Links from the front page to the page of each account, relative to the run's folder."""

import re
from collections.abc import Callable
from urllib.parse import quote

from auditor.organization.report import AccountResult

Link = Callable[[AccountResult], str | None]
"""Return the address of an account's own page, None where there is none; relative ones start with "./" or "../"."""

_ADDRESS = re.compile(r"(\.{1,2}/|https://|file:///)[!-~]+")
_JSON = re.compile(r"\.json(\.gz)?$")


def no_link(_account: AccountResult) -> str | None:
    """Link to nothing."""
    return None


def to_json(account: AccountResult) -> str | None:
    """Return the address of an account's JSON report, for a front page in the folder of the run."""
    return None if account.report is None else f"./{quote(account.report, safe='/=')}"


def to_page(account: AccountResult) -> str | None:
    """Return the address of an account's HTML report beside its JSON report, for a front page in the run's folder."""
    address = to_json(account)
    return None if address is None else _JSON.sub(".html", address)


def checked(address: str | None) -> str | None:
    """Return an address if it may become a link: what is stored of a run may have been changed by anybody."""
    return address if address and _ADDRESS.fullmatch(address) else None
