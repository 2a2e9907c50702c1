"""Parity: from AWS Config's results and an account to what agrees and what does not, shown and written."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import structs

import auditor
from auditor.account.model import Snapshot
from auditor.account.sources import Source
from auditor.console import places
from auditor.console.messages import Say, speaker, wants_progress
from auditor.console.requests import ParityRequest
from auditor.errors import UsageError
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule
from auditor.parity.comparing import MAX_TIME_APART, compare_with_config
from auditor.parity.files import files_of
from auditor.parity.gate import exit_code
from auditor.parity.parity import Parity
from auditor.parity.results import ConfigResults
from auditor.selection import config
from auditor.selection.options import Choice
from auditor.selection.plan import Plan, planned, settled, sources_read
from auditor.writers import files, paths, printing
from auditor.writers.parity.formats import PARITY_SUFFIXES
from auditor.writers.results import print_parity, write_parity


def run(request: ParityRequest) -> int:
    """Compare what the request names and return the exit code."""
    say = speaker(quiet=request.quiet)
    _check(request)
    inputs = _inputs(request)
    paths.check(request.paths, PARITY_SUFFIXES, sources=inputs)
    plan = _plan(request.selection)
    results = _results(request, say)
    account, progress = _account(request), wants_progress(quiet=request.quiet)
    snapshot = places.collect(account, _sources(plan, results), say, progress=progress)
    if results is None:
        results = _live(_beside(request.account, snapshot), say)
    found = _compared(request, plan, snapshot, results)
    if found.passed_over:
        more = f" and {len(found.passed_over) - 1:,} more" if len(found.passed_over) > 1 else ""
        say(f"Note: not read, because they are no answers of AWS Config: {found.passed_over[0]}{more}")
    written = write_parity(found, request.paths, sources=inputs)
    with printing.reader_may_leave():
        print_parity(found, request.output_format)
    code, reason = exit_code(found, allow_incomplete=request.allow_incomplete)
    say(f"{f'{files.sentence(written)}. ' if written else ''}Exit code {code}: {reason}")
    return code


def _check(request: ParityRequest) -> None:
    """Raise UsageError unless exactly one place of AWS Config's results is named."""
    if request.config_results == "":
        raise UsageError("--config-results is empty", "Name the folder; a variable may not be set.")
    if request.live == (request.config_results is not None):
        problem = (
            "--config-results and --live exclude each other" if request.live else "AWS Config's results are missing"
        )
        raise UsageError(problem, "Give --config-results DIR, or --live to read them from AWS.")
    if request.account.demo and request.live:
        raise UsageError(
            "--demo and --live exclude each other", "The emulator of the demo has no results of AWS Config."
        )
    places.check(_account(request))


def _account(request: ParityRequest) -> places.Inputs:
    """Return where the account is read from; with --live, the AWS options are not about one that is stored."""
    inputs = request.account
    if places.reads_aws(inputs) or not request.live:
        return inputs
    kept = {"expect_account"} | ({"region"} if inputs.exports else set())
    return structs.replace(inputs, **{name: None for name in (*places.AWS_OPTIONS, "timeout_s") if name not in kept})


def _inputs(request: ParityRequest) -> Sequence[str]:
    folder = [] if request.config_results is None else files_of(request.config_results)
    given = [each for each in (request.account.snapshot, request.selection.config) if each is not None]
    return [*given, *map(str, folder)]


def _plan(choice: Choice) -> Plan | None:
    """Return the plan of our own selection, None where nothing selects one: then AWS Config's rules judge."""
    if structs.replace(choice, no_config=False) == Choice():
        return None
    today = datetime.now(UTC).date()
    return planned(choice, config.load(choice.config, today, ignored=choice.no_config))


def _results(request: ParityRequest, say: Say) -> ConfigResults | None:
    """Return AWS Config's results; None where they are read live beside a stored account, which names the Region."""
    if request.config_results is not None:
        return auditor.read_config_results(request.config_results)
    return _live(request.account, say) if places.reads_aws(request.account) else None


def _sources(plan: Plan | None, results: ConfigResults | None) -> frozenset[Source]:
    """Return what is read of a live account: what the selected rules read, else those that AWS Config has."""
    if plan is not None:
        return sources_read(plan)
    there = {each.source_identifier for each in results.rules} if results else set[str]()
    wanted = (each.reads for each in load_rules().values() if each.source_identifier in there)
    return frozenset[Source]().union(*wanted)


def _live(account: places.Inputs, say: Say) -> ConfigResults:
    """Read AWS Config's results, in the account and the Region that the options lead to."""
    from auditor.parity.live import collect_config_results  # boto3: 380 ms

    with places.connected(account, say) as (connection, timeout_s):
        say(f"Reading the results of AWS Config in {connection.region}")
        return collect_config_results(connection, timeout_s=timeout_s)


def _beside(account: places.Inputs, snapshot: Snapshot) -> places.Inputs:
    """Return the options that lead to the account of a stored snapshot, and to its Region unless one is given."""
    return structs.replace(
        account,
        snapshot=None,
        exports=None,
        region=account.region or snapshot.region,
        expect_account=account.expect_account or snapshot.account.id,
    )


def _compared(request: ParityRequest, plan: Plan | None, snapshot: Snapshot, results: ConfigResults) -> Parity:
    own: list[ConfiguredRule] | None = None if plan is None else list(settled(plan, snapshot).rules)
    apart = MAX_TIME_APART if request.max_time_apart is None else timedelta(hours=request.max_time_apart)
    return compare_with_config(snapshot, results, own, max_time_apart=apart)
