"""The run ledger and the register of suppressions: what the reports of a period say of it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from auditor.evidence import digests
from auditor.evidence.index import AccountLedger, Gap, HistoryRun, Run, SuppressionRecord
from auditor.evidence.stored import StoredReport, snapshot_path
from auditor.report.completeness import shortfall
from auditor.report.report import as_json

HistoryRuns = Mapping[tuple[str, str], Sequence[HistoryRun]]
"""The runs that a history has in the period, by the number and the partition of their account."""


def ledgers(
    reports: Sequence[StoredReport], snapshots: Collection[str], first: date, last: date, history: HistoryRuns
) -> Iterator[AccountLedger]:
    """Yield the ledger of each account; `reports` are in order, `snapshots` are the digests of those enclosed."""
    by_account = {key: list(found) for key, found in groupby(reports, key=_account)}
    for account, partition in sorted({*by_account, *history}):
        found = by_account.get((account, partition), [])
        known = tuple(history.get((account, partition), ()))
        days = {each.day for each in found}
        enclosed = {each.sha256 for each in found}
        yield AccountLedger(
            account=account,
            partition=partition,
            days_with_run=len(days),
            runs=tuple(_run(each, snapshots) for each in found),
            gaps=tuple(_gaps(days, first, last)),
            history=known,
            not_enclosed=tuple(each for each in known if each.report_sha256 not in enclosed),
        )


def _account(stored: StoredReport) -> tuple[str, str]:
    return stored.account, stored.report.account.partition


def _run(stored: StoredReport, snapshots: Collection[str]) -> Run:
    report = stored.report
    digest = report.snapshot.sha256
    return Run(
        captured_at=stored.captured_at,
        evaluated_at=report.evaluated_at,
        report_generated_at=report.snapshot.report_generated_at,
        tool=report.tool,
        incomplete=shortfall(report),
        counts=report.summary.counts,
        suppressed=report.summary.suppressed,
        rules_sha256=digests.of_rules(report),
        configuration_sha256=digests.of_configuration(report),
        snapshot_sha256=digest,
        report_sha256=stored.sha256,
        report=stored.path,
        snapshot=snapshot_path(digest) if digest in snapshots else None,
    )


def _gaps(days: Collection[date], first: date, last: date) -> Iterator[Gap]:
    """Yield the days from first to last that are not among `days`, those that follow each other together."""
    step, start = timedelta(days=1), first
    for day in (*sorted(days), last + step):
        if day > start:
            yield Gap(start, day - step, (day - start).days)
        start = day + step


def register(reports: Sequence[StoredReport]) -> Iterator[SuppressionRecord]:
    """Yield the suppressions that set findings aside, by account and rule, then as the first run has them."""
    seen: dict[tuple[str, str, bytes], list[tuple[StoredReport, int]]] = {}
    texts = {}
    for stored in reports:
        counts: Counter[tuple[str, str, bytes]] = Counter()
        for finding in stored.report.findings:
            if finding.suppression is not None:
                text = as_json(dict(sorted(finding.suppression.items())))
                texts[text] = finding.suppression
                counts[stored.account, finding.config_rule_name, text] += 1
        for key, count in counts.items():
            seen.setdefault(key, []).append((stored, count))
    for (account, rule, text), runs in sorted(seen.items()):
        times = [stored.captured_at for stored, _ in runs]
        yield SuppressionRecord(
            account=account,
            config_rule_name=rule,
            suppression=texts[text],
            first_run=min(times),
            last_run=max(times),
            runs=len(runs),
            findings=max(count for _, count in runs),
        )
