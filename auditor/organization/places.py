"""Places: the tree of organizational units, with the findings in and below each unit, rule by rule."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from auditor.judging.rule import OPEN, Severity
from auditor.organization.records import AUDITABLE, State
from auditor.organization.report import AccountResult, OrganizationReport

SEPARATOR = "/"  # in the path of an organizational unit


class Place(NamedTuple):
    """Hold an organizational unit with all active accounts in it and below it.

    `ou` is its path, empty for accounts whose unit is unknown, None for all accounts; `inside` counts the places
    below it, which follow it. `severities` counts NON_COMPLIANT findings by severity, `undecided` the INSUFFICIENT_DATA
    ones. `failing` and `unknown` are numbers of accounts by rule, in the order of the report's rules: accounts with
    NON_COMPLIANT findings, and accounts where it is unknown whether there are any.
    """

    ou: str | None
    name: str
    depth: int
    inside: int
    active: int
    audited: int
    severities: tuple[int, ...]
    undecided: int
    failing: tuple[int, ...]
    unknown: tuple[int, ...]


def places(report: OrganizationReport) -> Sequence[Place]:
    """Return the places from the top down; siblings with the most severe findings come first."""
    rules = {rule.config_rule_name: number for number, rule in enumerate(report.rules)}
    top = _Node(None, "All accounts", len(rules))
    for account in report.accounts:
        if account.state in AUDITABLE:
            top.add(account, rules)
            _below(top, account, rules)
    if len(top.below) > 1 or not top.below:
        return tuple(top.rows(0))
    (only,) = top.below.values()
    if only.ou == "":
        top.below.clear()
        return tuple(top.rows(0))
    return tuple(only.rows(0))


def unfolded(tree: Sequence[Place], most: int) -> tuple[Sequence[Place], int]:
    """Return at most `most` places of the upper levels, and the deepest level of which all places are returned."""
    deepest = max(place.depth for place in tree)
    fitting = (depth for depth in range(deepest, 0, -1) if sum(place.depth <= depth for place in tree) <= most)
    depth = next(fitting, 1)
    return [place for place in tree if place.depth <= depth][:most], depth


class _Node:
    """Collect the accounts of a place, and the places below it."""

    def __init__(self, ou: str | None, name: str, rules: int) -> None:
        self.ou, self.name = ou, name
        self.below: dict[str, _Node] = {}
        self._active = self._audited = self._unjudged = self._undecided = 0
        self._severities = dict.fromkeys(Severity, 0)
        self._failing, self._unknown = [0] * rules, [0] * rules

    def add(self, account: AccountResult, rules: dict[str, int]) -> None:
        """Count an account that is in this place or below it."""
        self._active += 1
        self._audited += account.state is State.AUDITED
        self._unjudged += not account.judged
        self._undecided += account.counts[OPEN[1]]
        for severity, counts in account.by_severity.items():
            self._severities[severity] += counts.get(OPEN[0], 0)
        for name, (failing, _) in account.rules.items():
            (self._failing if failing else self._unknown)[rules[name]] += 1

    def child(self, ou: str, name: str, rules: int) -> "_Node":
        """Return the place with this name directly below; create it if needed."""
        if name not in self.below:
            self.below[name] = _Node(ou, name, rules)
        return self.below[name]

    def rows(self, depth: int) -> Iterator[Place]:
        """Yield this place and all places below it."""
        below = [list(each.rows(depth + 1)) for each in sorted(self.below.values(), key=_Node.urgency)]
        yield Place(
            self.ou,
            self.name,
            depth,
            sum(map(len, below)),
            self._active,
            self._audited,
            tuple(self._severities.values()),
            self._undecided,
            tuple(self._failing),
            tuple(count + self._unjudged for count in self._unknown),
        )
        for rows in below:
            yield from rows

    def urgency(self) -> tuple[tuple[int, ...], int, str]:
        """Return the sort key of places: findings by severity, then accounts that were not audited, then name."""
        return tuple(-count for count in self._severities.values()), self._audited - self._active, self.name


def _below(top: _Node, account: AccountResult, rules: dict[str, int]) -> None:
    """Count an account in each place on its path."""
    node, path = top, ""
    for name in account.ou.split(SEPARATOR) if account.ou else ("",):
        path = f"{path}{SEPARATOR}{name}" if node is not top else name
        node = node.child(path, name or "No organizational unit known", len(rules))
        node.add(account, rules)
