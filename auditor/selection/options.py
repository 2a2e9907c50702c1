"""The command line options that override the configuration file."""

from collections.abc import Sequence

from msgspec import Struct


class Choice(Struct, frozen=True, kw_only=True):
    """Hold the options that select rules; parameters are RULE.NAME=VALUE, those of packs [PACK:]NAME=VALUE."""

    config: str | None = None
    no_config: bool = False
    rule_set: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    parameters: Sequence[str] = ()
    packs: Sequence[str] = ()
    pack_parameters: Sequence[str] = ()


class RunOptions(Struct, frozen=True, kw_only=True):
    """Hold the options that override the file's settings for output and gate; ages in hours."""

    paths: Sequence[str] = ()
    output_format: str | None = None
    fail_on: str | None = None
    min_severity: str | None = None
    allow_incomplete: bool | None = None
    max_report_age: float | None = None
    max_snapshot_age: float | None = None
    baseline: str | None = None
    history: str | None = None
