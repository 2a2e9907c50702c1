"""The authorities that whoever verifies trusts, and what a time stamp proves by them."""

from typing import NamedTuple

from auditor.evidence.index import TimeStamp


class Roots(NamedTuple):
    """Hold the root certificates in PEM of the authorities that are trusted, and the file that they are from."""

    pem: bytes
    place: str


class CheckedTimeStamp(TimeStamp, frozen=True, kw_only=True):
    """Hold a time stamp, and whether it is by an authority that is trusted: None where nobody said which are."""

    trusted: bool | None
