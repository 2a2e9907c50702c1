"""The configuration in use: what a file excluded, suppressed or allowed, so that every report shows it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct


class ConfigurationSummary(Struct, frozen=True):
    """Hold the settings of a run that come from the configuration file, without those that options override.

    `excluded` are the rules that it leaves out, `suppressed` counts the findings that its suppressions set aside,
    ages are in hours. `selected` says which set, rules or packs run instead of the usual rules, `parameters`
    (RULE.NAME=VALUE) and `severities` (RULE=SEVERITY) are those in effect. The others are None if the file does
    not set them.
    """

    file: str
    excluded: tuple[str, ...]
    suppressed: int
    fail_on: str | None
    allow_incomplete: bool | None
    max_report_age: float | None
    min_severity: str | None = None
    selected: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    max_snapshot_age: float | None = None
    baseline: str | None = None


def effects(configuration: ConfigurationSummary) -> Sequence[str]:
    """Return the effects of the file on the run, one phrase each; empty if there are none."""
    return (*_on_rules(configuration), *_on_gate(configuration))


def _on_rules(configuration: ConfigurationSummary) -> Iterator[str]:
    if configuration.selected:
        selected = ", ".join(configuration.selected)
        yield f"runs {selected} instead of the usual rules"
    count = len(configuration.excluded)
    if count:
        yield f"excludes {count:,} {'rule' if count == 1 else 'rules'}: {', '.join(configuration.excluded)}"
    if configuration.parameters:
        yield f"sets {', '.join(configuration.parameters)}"
    if configuration.severities:
        yield f"sets the severity {', '.join(configuration.severities)}"
    if configuration.suppressed:
        yield f"suppresses {configuration.suppressed:,} {'finding' if configuration.suppressed == 1 else 'findings'}"


def _on_gate(configuration: ConfigurationSummary) -> Iterator[str]:
    if configuration.allow_incomplete is not None:
        yield "allows unknown facts" if configuration.allow_incomplete else "allows no unknown facts"
    if configuration.fail_on is not None:
        yield f"sets --fail-on {configuration.fail_on}"
    if configuration.min_severity is not None:
        yield f"sets --min-severity {configuration.min_severity}"
    if configuration.baseline is not None:
        yield f"sets --baseline {configuration.baseline}"
    if configuration.max_report_age is not None:
        yield f"sets --max-report-age {configuration.max_report_age:g}"
    if configuration.max_snapshot_age is not None:
        yield f"sets --max-snapshot-age {configuration.max_snapshot_age:g}"


def sentence(configuration: ConfigurationSummary) -> str:
    """Return a line with the name of the file and its effects."""
    return f"Configuration {configuration.file}: {'; '.join(effects(configuration)) or 'nothing switched off'}"
