"""The forecast as a table, JSON, Markdown and HTML."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from auditor.report.forecast import Becoming, Expected, Forecast
from auditor.report.report import encoded
from auditor.writers import blocks_html, blocks_markdown
from auditor.writers.blocks import Block, Table, number, text
from auditor.writers.json import shown

SUFFIXES = (".json", ".md", ".html")
SUFFIX_OF = {"table": ".txt", "json": ".json", "markdown": ".md"}
"""The suffixes of the formats for standard output."""
MAX_UNDECIDED = 100  # rows; the JSON has all of them
_TITLE = "IAM findings expected by the calendar"
_HEADS = ("day", "in days", "severity", "rule", "resource", "annotation")


def write(forecast: Forecast, suffix: str, stream: BinaryIO) -> None:
    """Write the forecast in the format of a suffix."""
    if suffix == ".json":
        stream.writelines(shown(encoded(forecast) + b"\n"))
        return
    blocks = _blocks(forecast)
    if suffix == ".html":
        document = blocks_html.document(_TITLE, blocks)
    elif suffix == ".md":
        document = blocks_markdown.document(_TITLE, blocks)
    else:
        document = "".join(f"{line}\n" for line in text(blocks))
    stream.write(document.encode("utf-8", "backslashreplace"))


def _blocks(forecast: Forecast) -> Iterator[Block]:
    captured, until = (f"{time:%Y-%m-%d %H:%MZ}" for time in (forecast.captured_at, forecast.until))
    yield f"Account {forecast.account.id or 'unknown'}, captured {captured}: the {forecast.days:,} days up to {until}"
    yield f"What changes {forecast.assumption}:"
    if forecast.expected:
        yield Table(_HEADS, [_row(each) for each in forecast.expected], right=(1,))
    yield f"{_total(forecast)}."
    if forecast.undecided:
        yield from _undecided(forecast)


def _row(each: Expected) -> Sequence[str]:
    finding = each.finding
    names = finding.severity or "", finding.config_rule_name, finding.resource_name
    return f"{each.at:%Y-%m-%d}", f"{each.after_days:,}", *names, _text_of(each)


def _text_of(each: Expected) -> str:
    mark = "" if each.becomes is Becoming.OPEN else f"{each.finding.compliance_type}: "
    if each.ended is None:
        return f"{mark}{each.finding.annotation}"
    ended = f"the suppression ends (owner {each.ended.get('owner')}, {each.ended.get('reason')})"
    return f"{mark}{ended}; {each.finding.annotation}"


def _total(forecast: Forecast) -> str:
    counts = {kind: sum(each.becomes is kind for each in forecast.expected) for kind in Becoming}
    parts = [f"{number(counts[Becoming.OPEN], 'finding', 'findings')} will open"]
    parts += [f"{counts[Becoming.RESOLVED]:,} will be resolved"] if counts[Becoming.RESOLVED] else []
    parts += [f"{counts[Becoming.UNDECIDED]:,} can no longer be decided"] if counts[Becoming.UNDECIDED] else []
    return f"{'; '.join(parts)}; {forecast.open_now:,} are open at the capture"


def _undecided(forecast: Forecast) -> Iterator[Block]:
    count = len(forecast.undecided)
    yield f"It is unknown when these will fail, because they have INSUFFICIENT_DATA ({count:,}):"
    rows = [(each.config_rule_name, each.resource_name, each.annotation) for each in forecast.undecided[:MAX_UNDECIDED]]
    yield Table(("rule", "resource", "why"), rows)
    if count > MAX_UNDECIDED:
        yield f"And {count - MAX_UNDECIDED:,} more; the JSON forecast has them all."
