"""Makes the report of the organization from the list of accounts and what is stored of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime

from msgspec import structs

from auditor import __version__
from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.organization.causes import FIRST, Causes
from auditor.organization.reading_ahead import read_ahead
from auditor.organization.records import (
    AUDITABLE,
    REPORTED,
    Account,
    Cause,
    Failure,
    Manifest,
    Receipt,
    RuleCounts,
    State,
)
from auditor.organization.report import (
    AccountResult,
    CommonCause,
    OrganizationHeader,
    OrganizationReport,
    OrganizationRule,
    OrganizationSummary,
    RunHeader,
)
from auditor.report.configuration import ConfigurationSummary
from auditor.report.report import Tool, worst

MOST_CAUSES = 3_000
_SEVERITIES = list(Severity)

ReceiptOf = Callable[[str], Receipt | None]
"""Return the receipt of an account by its key, None if there is none."""
CausesOf = Callable[[str], Iterable[Cause]]
"""Return the causes of the open findings of an account, by its key."""


def summed_up(manifest: Manifest, receipt_of: ReceiptOf, causes_of: CausesOf) -> OrganizationReport:
    """Return the report of a run; an account without a receipt is unfinished, whatever happened to the work on it.

    Receipts are read by several threads and not kept: ten thousand of them with all their counts take 100 MB.
    """
    with closing(Causes()) as causes:
        return _summed_up(manifest, receipt_of, causes_of, causes)


def _summed_up(manifest: Manifest, receipt_of: ReceiptOf, causes_of: CausesOf, causes: Causes) -> OrganizationReport:
    def read(account: Account) -> tuple[Account, Receipt | None, Sequence[Cause]]:
        receipt = receipt_of(account.key) if account.state is None else None
        return account, receipt, list(causes_of(account.key)) if receipt and receipt.state in REPORTED else []

    totals = _Totals()
    results: list[AccountResult] = []
    in_order = sorted(manifest.accounts, key=lambda each: (each.id or "", each.key))
    for account, receipt, own in read_ahead(read, in_order):
        if receipt is None:
            results.append(_unworked(account))
            continue
        totals.add(receipt)
        results.append(_result(account, receipt))
        causes.add(receipt.account_id or account.key, own)
    rules = totals.rules()
    common = causes.common({rule.config_rule_name: rule.severity for rule in rules})
    return OrganizationReport(
        tool=Tool("iam-audit", __version__),
        organization=OrganizationHeader(
            manifest.organization_id, manifest.management_account_id, manifest.partition, manifest.listed_by
        ),
        run=RunHeader(manifest.run, manifest.began_at, totals.ended_at, manifest.settings),
        configuration=_configuration(manifest, totals),
        summary=totals.summary(Counter(result.state for result in results)),
        rules=tuple(rules),
        accounts=tuple(results),
        causes=tuple(common[:MOST_CAUSES]),
        warnings=(*manifest.warnings, *_warnings(results, common)),
    )


def _configuration(manifest: Manifest, totals: "_Totals") -> ConfigurationSummary | None:
    """Return what the configuration file changes in the run, with the suppressed findings of all accounts."""
    configuration = manifest.configuration
    return None if configuration is None else structs.replace(configuration, suppressed=totals.suppressed)


class _Totals:
    """Add up the receipts of accounts."""

    def __init__(self) -> None:
        self.ended_at: datetime | None = None
        self._counts = dict.fromkeys(ComplianceType, 0)
        self._by_severity: dict[Severity, dict[ComplianceType, int]] = {}
        self.suppressed = 0
        self._oldest: datetime | None = None
        self._rules: dict[str, OrganizationRule] = {}

    def add(self, receipt: Receipt) -> None:
        """Add one account."""
        _add(self._counts, receipt.counts)
        for severity, counts in receipt.by_severity.items():
            _add(self._by_severity.setdefault(severity, dict.fromkeys(ComplianceType, 0)), counts)
        self.suppressed += receipt.suppressed
        self.ended_at = max(self.ended_at or receipt.ended_at, receipt.ended_at)
        made = receipt.report_generated_at
        if made is not None:
            self._oldest = min(self._oldest or made, made)
        for rule in receipt.rules:
            self._add_rule(rule)

    def _add_rule(self, rule: RuleCounts) -> None:
        total = self._rules.get(rule.config_rule_name)
        if total is None:
            accounts, counts = dict.fromkeys(ComplianceType, 0), dict.fromkeys(ComplianceType, 0)
            total = OrganizationRule(rule.config_rule_name, rule.source_identifier, rule.severity, accounts, counts)
            self._rules[rule.config_rule_name] = total
        _add(total.counts, rule.counts)
        for kind, count in rule.counts.items():
            total.accounts[kind] += count > 0

    def summary(self, states: Mapping[State, int]) -> OrganizationSummary:
        """Return the summary, with the number of accounts in each state."""
        active, audited = sum(states.get(state, 0) for state in AUDITABLE), states.get(State.AUDITED, 0)
        return OrganizationSummary(
            active=active,
            audited=audited,
            states={state: states.get(state, 0) for state in State},
            compliance_type=self._verdict(complete=0 < active == audited),
            counts=self._counts,
            by_severity={each: self._by_severity[each] for each in Severity if each in self._by_severity},
            suppressed=self.suppressed,
            oldest_credential_report=self._oldest,
        )

    def _verdict(self, *, complete: bool) -> ComplianceType:
        """Return the verdict of all findings, which is not COMPLIANT while accounts are missing: these have none."""
        verdict = worst(self._counts)
        return verdict if complete or verdict in OPEN else ComplianceType.INSUFFICIENT_DATA

    def rules(self) -> Sequence[OrganizationRule]:
        """Return the rules, the most urgent first."""
        return sorted(self._rules.values(), key=_urgency)


def _add(total: dict[ComplianceType, int], counts: Mapping[ComplianceType, int]) -> None:
    for kind, count in counts.items():
        total[kind] += count


def _unworked(account: Account) -> AccountResult:
    return AccountResult(
        id=account.id,
        name=account.name or account.key,
        ou=account.ou,
        tags=account.tags,
        state=account.state or State.UNFINISHED,
        error=None if account.detail is None else Failure(code=None, message=account.detail),
        counts=dict.fromkeys(ComplianceType, 0),
        by_severity={},
        suppressed=0,
        rules={},
        users=None,
        captured_at=None,
        report_generated_at=None,
        report=None,
    )


def _result(account: Account, receipt: Receipt) -> AccountResult:
    open_ones = {
        rule.config_rule_name: (rule.counts[OPEN[0]], rule.counts[OPEN[1]])
        for rule in receipt.rules
        if any(rule.counts[kind] for kind in OPEN)
    }
    return AccountResult(
        id=receipt.account_id if account.source is not None else account.id,
        name=account.name or receipt.alias or receipt.account_id or account.key,
        ou=account.ou,
        tags=account.tags,
        state=receipt.state,
        error=receipt.error,
        counts={kind: receipt.counts.get(kind, 0) for kind in ComplianceType},
        by_severity=receipt.by_severity,
        suppressed=receipt.suppressed,
        rules=open_ones,
        users=receipt.users,
        captured_at=receipt.captured_at,
        report_generated_at=receipt.report_generated_at,
        report=receipt.report,
        lacking=tuple(source for source in receipt.sources if source.lacking),
        rule_failed=receipt.rule_failed,
    )


def _urgency(rule: OrganizationRule) -> tuple[bool, int, int, int, int, str]:
    failed, unknown = (rule.accounts[kind] for kind in OPEN)
    severity = _SEVERITIES.index(rule.severity)
    return not failed + unknown, severity, -failed, -rule.counts[OPEN[0]], -unknown, rule.config_rule_name


def _warnings(results: Sequence[AccountResult], common: Sequence[CommonCause]) -> Iterator[str]:
    numbers = Counter(result.id for result in results if result.id is not None)
    for account, count in numbers.items():
        if count > 1:
            yield f"Account {account} stands {count:,} times in the list; each is counted"
    failed = [result.id or result.name for result in results if result.rule_failed]
    if failed:
        named = ", ".join(failed[:FIRST]) + (f" and {len(failed) - FIRST:,} more" if len(failed) > FIRST else "")
        yield f"A rule crashed, so that its verdicts are missing, in {len(failed):,} of the accounts: {named}"
    if len(common) > MOST_CAUSES:
        listed = f"the {MOST_CAUSES:,} that are in most accounts are listed"
        yield f"{len(common):,} causes are in more than one account; {listed}"
