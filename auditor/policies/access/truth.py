"""Three-valued truth: true, false, or a doubt that says why it is not known; a doubt has no truth value."""

from collections.abc import Iterable

from auditor.account.unknown import Record, UnknownFact


class Doubt(Record, frozen=True):
    """Hold why something is not known; where a gap is behind it, its id, and which fact it is that was not learned."""

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
    """Return whether all are true: one that is false suffices, whatever is in doubt."""
    doubt: Doubt | None = None
    for truth in truths:
        if truth is False:
            return False
        if doubt is None and isinstance(truth, Doubt):
            doubt = truth
    return True if doubt is None else doubt


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return whether one is true: one suffices, whatever is in doubt."""
    doubt: Doubt | None = None
    for truth in truths:
        if truth is True:
            return True
        if doubt is None and isinstance(truth, Doubt):
            doubt = truth
    return False if doubt is None else doubt


def negated(truth: Truth) -> Truth:
    """Return the opposite; a doubt stays one."""
    return truth if isinstance(truth, Doubt) else not truth
