"""The sample of findings of a history."""

from collections.abc import Iterator, Sequence

from auditor.history.sample import Drawn, Sample
from auditor.writers.blocks import Block, Table, number

_HEADS = ("account", "rule", "resource", "status", "first seen", "last seen", "resolved", "fingerprint")


def blocks(found: Sample) -> Iterator[Block]:
    """Yield the findings that were drawn, and the population that they were drawn from."""
    if found.findings:
        yield Table(_HEADS, [_row(each) for each in found.findings])
    drawn = f"{len(found.findings):,} of {number(found.population, 'finding', 'findings')}"
    yield f"Drawn with the seed {found.seed}: {drawn}, population {found.population_sha256}"


def _row(each: Drawn) -> Sequence[str]:
    times = ("" if time is None else f"{time:%Y-%m-%d}" for time in (each.first_seen, each.last_seen, each.resolved))
    status = each.status.replace("_", " ")
    return each.account, each.config_rule_name, each.resource_name, status, *times, each.fingerprint
