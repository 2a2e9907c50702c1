"""Counts causes: finds the faults that several accounts share, among millions that only one account has."""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile

import msgspec

from auditor.judging.rule import Severity
from auditor.organization.records import Cause
from auditor.organization.report import CommonCause

FIRST = 20  # accounts that a cause names; full lists of 3,000 causes would take 0.9 MB of a page
_BITS = 2**27
_SEVERITIES = list(Severity)
_Of = tuple[str, tuple[Cause, ...]]  # an account and its causes


class Causes:
    """Count exactly in how many accounts each cause is, in memory that hardly grows with the number of accounts.

    Most causes occur in one account only, such as a user by name, and counting all of them would take gigabytes. So
    `add` writes them to a temporary file and marks in a bit array what may occur twice; `common` only counts that.
    """

    def __init__(self) -> None:
        self._once, self._twice = bytearray(_BITS // 8), bytearray(_BITS // 8)
        self._file = TemporaryFile()  # noqa: SIM115 - close() closes it
        self._written = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=1)

    def close(self) -> None:
        """Remove the temporary file."""
        self._written.close()
        self._file.close()

    def add(self, account: str, causes: Iterable[Cause]) -> None:
        """Add the causes of one account; accounts must be added in the order of their ids."""
        different = tuple(frozenset(causes))
        for cause in different:
            byte, bit = _place(cause)
            if self._once[byte] & bit:
                self._twice[byte] |= bit
            else:
                self._once[byte] |= bit
        self._written.write(msgspec.json.encode((account, different)) + b"\n")

    def common(self, severities: Mapping[str, Severity]) -> Sequence[CommonCause]:
        """Return the causes of two or more accounts, those of the most accounts first; call it once, after `add`."""
        self._once = bytearray()
        first: dict[Cause, list[str]] = {}
        more: Counter[Cause] = Counter()
        for account, cause in self._perhaps_common():
            named = first.setdefault(cause, [])
            if len(named) < FIRST:
                named.append(account)
            else:
                more[cause] += 1
        shared = (
            CommonCause(
                cause.config_rule_name,
                severities[cause.config_rule_name],
                cause.resource_type,
                cause.resource_name,
                cause.digest,
                len(named) + more[cause],
                tuple(named),
            )
            for cause, named in first.items()
            if len(named) > 1
        )
        return sorted(shared, key=_by_reach)

    def _perhaps_common(self) -> Iterator[tuple[str, Cause]]:
        """Yield each account with each of its causes that another account may have too."""
        self._written.close()
        self._file.seek(0)
        decoder = msgspec.json.Decoder(_Of)
        with gzip.GzipFile(fileobj=self._file, mode="rb") as lines:
            for line in lines:
                account, causes = decoder.decode(line)
                for cause in causes:
                    byte, bit = _place(cause)
                    if self._twice[byte] & bit:
                        yield account, cause


def _place(cause: Cause) -> tuple[int, int]:
    """Return the byte and the bit of a cause; causes that share a bit only cost memory."""
    number = hash(cause) % _BITS
    return number >> 3, 1 << (number & 7)


def _by_reach(cause: CommonCause) -> tuple[int, int, str, str, str]:
    severity = _SEVERITIES.index(cause.severity)
    return -cause.accounts, severity, cause.config_rule_name, cause.resource_name, cause.digest or ""
