"""The index of suppressions: finds the ones that may match a finding without testing hundreds of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from auditor.account.kinds import ResourceType
from auditor.judging.finding import Finding
from auditor.judging.shell_patterns import ShellPatterns

Resource = tuple[ResourceType, str]
Text = Callable[[Finding], str | None]
"""A function that returns a text of a finding, None if the finding has none."""


class Condition(NamedTuple):
    """Hold what a suppression requires of a finding.

    The finding has the name or the ARN `name`, or is of one of the `resources`, or one of its `texts` matches the
    `pattern`; and it passes the `test`, if there is one.
    """

    test: Callable[[Finding], bool] | None = None
    name: str | None = None
    resources: Iterable[Resource] = ()
    pattern: str = ""
    texts: Iterable[Text] = ()


class SuppressionIndex:
    """Find the conditions that a finding meets; they are identified by numbers."""

    def __init__(self, conditions: Mapping[int, Condition]) -> None:
        self._tests = {number: each.test for number, each in conditions.items() if each.test is not None}
        self._by_name: dict[str, list[int]] = {}
        self._by_resource: dict[Resource, list[int]] = {}
        patterns: dict[Text, dict[int, str]] = {}
        for number, condition in conditions.items():
            if condition.name is not None:
                self._by_name.setdefault(condition.name, []).append(number)
            for resource in condition.resources:
                self._by_resource.setdefault(resource, []).append(number)
            for text in condition.texts:
                patterns.setdefault(text, {})[number] = condition.pattern
        self._by_text = {text: ShellPatterns(of_text) for text, of_text in patterns.items()}

    def matching(self, finding: Finding) -> list[int]:
        """Return the numbers of the conditions that a finding meets, in order."""
        name, arn = finding.resource_name, finding.resource_arn or ""
        candidates = [*self._by_name.get(name, ()), *self._by_name.get(arn, ())]
        if self._by_resource:
            candidates += self._by_resource.get((finding.resource_type, name), ())
        for text_of, patterns in self._by_text.items():
            text = text_of(finding)
            if text is not None:
                candidates += patterns.matching(text)
        if not candidates:
            return []
        numbers = sorted(set(candidates))
        return [number for number in numbers if self._passes(number, finding)] if self._tests else numbers

    def _passes(self, number: int, finding: Finding) -> bool:
        return number not in self._tests or self._tests[number](finding)
