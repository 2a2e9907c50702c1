"""Hiding: keep texts that a plan marks as sensitive out of findings."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from msgspec import structs, to_builtins

from auditor.judging.finding import Finding

MASK = "(sensitive)"
_PLAIN = frozenset({"", "*", "Allow", "Deny", "2012-10-17", "2008-10-17", "AWS", "Service", "true", "false"})
"""Texts that are common in policy documents and so reveal nothing."""


def without_secrets(finding: Finding, secrets: AbstractSet[str]) -> Finding:
    """Return the finding with each sensitive text in its annotation and evidence masked."""
    pattern = _pattern(frozenset(secrets))
    if pattern is None:
        return finding
    evidence = tuple(structs.replace(each, value=_masked(each.value, pattern)) for each in finding.evidence)
    causes = tuple(pattern.sub(MASK, each) for each in finding.causes)
    annotation = pattern.sub(MASK, finding.annotation)
    return structs.replace(finding, annotation=annotation, evidence=evidence, causes=causes)


def without_secrets_in(text: str, secrets: AbstractSet[str]) -> str:
    """Return a text in which each sensitive text is masked."""
    pattern = _pattern(frozenset(secrets))
    return text if pattern is None else pattern.sub(MASK, text)


@lru_cache(maxsize=4)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    texts = sorted(secrets - _PLAIN, key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in texts)) if texts else None


def _masked(value: Any, pattern: re.Pattern[str]) -> Any:
    plain = to_builtins(value)
    if isinstance(plain, str):
        return pattern.sub(MASK, plain)
    if isinstance(plain, dict):
        return {key: _masked(each, pattern) for key, each in plain.items()}
    return [_masked(each, pattern) for each in plain] if isinstance(plain, list | tuple) else value
