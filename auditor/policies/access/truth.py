"""Three-valued logic: true, false, or a doubt that says why it is unknown; a doubt cannot be used as a bool."""

from collections.abc import Iterable

from auditor.account.unknown import Record, UnknownFact


class Doubt(Record, frozen=True):
    """Hold why something is unknown; if a gap is the cause, also its id, and the name of the unknown fact."""

    reason: str
    gap_id: str | None = None
    fact: str = ""

    def __bool__(self) -> bool:
        raise TypeError("a doubt is neither true nor false")

    @property
    def unknown(self) -> UnknownFact:
        """Return the exception to raise for the doubt."""
        return UnknownFact(self.gap_id, self.fact or self.reason)


Truth = bool | Doubt


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return whether all are true; False if one is false, even if others are in doubt."""
    doubt: Doubt | None = None
    for truth in truths:
        if truth is False:
            return False
        if doubt is None and isinstance(truth, Doubt):
            doubt = truth
    return True if doubt is None else doubt


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return whether at least one is true, even if others are in doubt."""
    doubt: Doubt | None = None
    for truth in truths:
        if truth is True:
            return True
        if doubt is None and isinstance(truth, Doubt):
            doubt = truth
    return False if doubt is None else doubt


def negated(truth: Truth) -> Truth:
    """Return the opposite; a doubt stays a doubt."""
    return truth if isinstance(truth, Doubt) else not truth
