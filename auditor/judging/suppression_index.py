"""The index of suppressions: finds the ones that may match a finding without testing hundreds of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from auditor.account.kinds import ResourceType
from auditor.judging.finding import Finding

_LENGTH = 3  # characters: short enough for most patterns, long enough to be rare in names
_WILDCARDS = re.compile(r"[*?]|\[!?\]?[^\]]*\]?")
Resource = tuple[ResourceType, str]


class Condition(NamedTuple):
    """Hold the test of a suppression, and one necessary condition by which the index finds it.

    Exactly one of the three is given: `names` with the finding's name or ARN among them, `resources` with its resource
    among them, or a `pattern` that its name or ARN, or a part of one, matches.
    """

    test: Callable[[Finding], bool]
    names: Sequence[str] = ()
    resources: Iterable[Resource] = ()
    pattern: str | None = None


class SuppressionIndex:
    """Find the conditions that a finding meets; they are identified by numbers."""

    def __init__(self, conditions: Mapping[int, Condition]) -> None:
        self._tests = {number: condition.test for number, condition in conditions.items()}
        self._by_name: dict[str, list[int]] = {}
        self._by_resource: dict[Resource, list[int]] = {}
        self._by_part: dict[str, list[int]] = {}
        self._others: list[int] = []
        patterns = {number: each.pattern for number, each in conditions.items() if each.pattern is not None}
        common = Counter(part for pattern in patterns.values() for part in set(_parts(pattern)))
        for number, condition in conditions.items():
            for name in condition.names:
                self._by_name.setdefault(name, []).append(number)
            for resource in condition.resources:
                self._by_resource.setdefault(resource, []).append(number)
            if number in patterns:
                rarest = min(_parts(patterns[number]), key=lambda part: (common[part], part), default=None)
                (self._others if rarest is None else self._by_part.setdefault(rarest, [])).append(number)
        self._known_parts = frozenset(self._by_part)

    def matching(self, finding: Finding) -> list[int]:
        """Return the numbers of the conditions that a finding meets, in order."""
        name, arn = finding.resource_name, finding.resource_arn or ""
        candidates = [*self._others, *self._by_name.get(name, ()), *self._by_name.get(arn, ())]
        if self._by_resource:
            candidates += self._by_resource.get((finding.resource_type, name), ())
        if self._by_part:
            text = arn if arn.endswith(name) else f"{name} {arn}"
            for part in self._known_parts.intersection(map("".join, zip(text, text[1:], text[2:], strict=False))):
                candidates += self._by_part[part]
        return sorted(number for number in set(candidates) if self._tests[number](finding)) if candidates else []


def _parts(pattern: str) -> Iterator[str]:
    """Yield the texts of a fixed length that everything that a shell pattern matches contains."""
    for literal in _WILDCARDS.split(pattern):
        yield from (literal[start : start + _LENGTH] for start in range(len(literal) - _LENGTH + 1))
