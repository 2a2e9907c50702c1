"""Made-up organizations of any size, and the reports on them: always the same for the same numbers."""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from urllib.parse import quote

from msgspec.structs import replace

from auditor.account.sources import SourceStatus
from auditor.judging.catalogue import is_managed
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Rule, Severity
from auditor.organization.records import (
    AUDITABLE,
    Account,
    Cause,
    Failure,
    Keep,
    Manifest,
    Receipt,
    RuleCounts,
    SourceState,
    State,
)
from auditor.organization.report import AccountResult, OrganizationReport
from auditor.organization.summing import summed_up
from auditor.selection.options import Choice
from auditor.writers.organization.formats import writer_of
from auditor.writers.organization.links import Link, no_link

BEGAN_AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MANAGEMENT = "100000000001"
STATES: Mapping[State, float] = {
    State.AUDITED: 0.9,
    State.PARTIAL: 0.04,
    State.DENIED: 0.03,
    State.TIMED_OUT: 0.008,
    State.LOST: 0.004,
    State.FAILED: 0.002,
    State.UNFINISHED: 0.004,
    State.SUSPENDED: 0.01,
    State.CLOSED: 0.001,
    State.NOT_ASKED: 0.001,
}
FAILURES: Mapping[State, Sequence[Failure]] = {
    State.DENIED: (
        Failure(
            code="AccessDenied",
            message="User: arn:aws:sts::100000000001:assumed-role/audit/run is not authorized to perform: "
            "sts:AssumeRole on resource: arn:aws:iam::{id}:role/iam-audit",
            action="sts:AssumeRole",
            remedy="Deploy the role iam-audit in account {id}, and let it trust the account that asks.",
        ),
        Failure(
            code="ExpiredToken",
            message="The security token included in the request is expired",
            remedy="Resume the run with fresh credentials.",
        ),
    ),
    State.TIMED_OUT: (
        Failure(code="TimedOut", message="Not read within 900 s", remedy="Give more time with --timeout."),
    ),
    State.LOST: (
        Failure(
            code="WorkerDied",
            message="The process that worked on it died twice, by signal 9",
            remedy="Give workers more memory, then resume the run.",
        ),
    ),
    State.FAILED: (
        Failure(
            code="KeyError",
            message="KeyError: 'Arn'",
            remedy="This is a fault of iam-audit: please report it with this text.",
        ),
    ),
}
_STEMS = ("payments", "checkout", "ledger", "search", "data-platform", "identity", "mobile", "risk", "content", "labs")
_DIVISIONS = ("Production", "Staging", "Development", "Sandbox", "Security", "Suspended", "Acquired")
_STAGES = ("prod", "stage", "dev", "test", "dr", "sandbox")
_REGIONS = ("emea", "apac", "americas", "global")


class Size(NamedTuple):
    """Hold the numbers of accounts, organizational units, common causes, and causes of only one account."""

    accounts: int
    units: int
    causes: int
    own_causes: int = 0


def grown(size: Size, states: Mapping[State, float] = STATES) -> OrganizationReport:
    """Return the report on an organization of this size; receipts are made when they are read, and not kept."""
    chance = Random(20261129)
    rules = [rule for rule in load_rules().values() if is_managed(rule)]
    causes = list(_causes(size.causes, rules, chance))
    state_of = {account.key: (account, state) for account, state in _accounts(size, states, chance)}

    def receipt_of(key: str) -> Receipt | None:
        account, state = state_of[key]
        return None if state is State.UNFINISHED else _receipt(account, state, rules, Random(key))

    def causes_of(key: str) -> Iterator[Cause]:
        of_key = Random(key)
        yield from (causes[int(len(causes) * of_key.random() ** 3)] for _ in range(8 if causes else 0))
        for number in range(size.own_causes):
            yield Cause(rules[0].id, rules[0].resource_types[0], f"{state_of[key][0].name}-{number}", None)

    return summed_up(manifest([account for account, _ in state_of.values()]), receipt_of, causes_of)


def manifest(accounts: Sequence[Account]) -> Manifest:
    """Return the manifest of a run over the accounts."""
    return Manifest(
        tool_version="0.0",
        run="2026-11-24T01-00-00Z",
        began_at=BEGAN_AT,
        listed_by="AWS Organizations (organizations:ListAccounts)",
        organization_id="o-a1b2c3d4e5",
        management_account_id=MANAGEMENT,
        partition="aws",
        settings="5e" * 32,
        configuration=None,
        selection=Choice(),
        frameworks=(),
        max_report_age=None,
        keep=Keep.REPORTS,
        pages=False,
        profile=None,
        management_role=None,
        region=None,
        timeout_s=900,
        accounts=tuple(accounts),
    )


def _accounts(size: Size, states: Mapping[State, float], chance: Random) -> Iterator[tuple[Account, State]]:
    units = list(_units(size.units, chance))
    for number in range(size.accounts):
        (state,) = chance.choices(list(states), list(states.values()))
        fixed = state if state in (State.SUSPENDED, State.CLOSED, State.NOT_ASKED) else None
        identifier = MANAGEMENT if number == 0 else f"{chance.randrange(10**11, 10**12):012}"
        name = f"{chance.choice(_STEMS)}-{chance.choice(_REGIONS)}-{chance.choice(_STAGES)}-{number:04}"
        ou = "Root" if number == 0 else units[min(int(len(units) * chance.random() ** 1.5), len(units) - 1)]
        state = State.AUDITED if number == 0 else state
        yield Account(id=identifier, name=name, ou=ou, state=fixed if number else None, tags={"owner": "x"}), state


def _units(count: int, chance: Random) -> Iterator[str]:
    for number in range(count):
        division = _DIVISIONS[number % len(_DIVISIONS)]
        if number < len(_DIVISIONS):
            yield f"Root/{division}"
            continue
        stem = _STEMS[number // len(_DIVISIONS) % len(_STEMS)]
        below = f"/{stem}-{number:03}" if number > len(_DIVISIONS) * len(_STEMS) else ""
        yield f"Root/{division}/{stem}{below if chance.random() < 0.9 else ''}"


def _receipt(account: Account, state: State, rules: Sequence[Rule], chance: Random) -> Receipt:
    seconds = chance.randrange(3, 3_000)
    bare = Receipt(
        key=account.key,
        account_id=account.id,
        state=state,
        error=_failure(account, state, chance),
        began_at=BEGAN_AT,
        ended_at=BEGAN_AT + timedelta(seconds=seconds),
    )
    if state not in (State.AUDITED, State.PARTIAL):
        return bare
    partial = state is State.PARTIAL
    counts = tuple(_counts(rule, chance, partial=partial) for rule in rules)
    refused = SourceState("credential-report", SourceStatus.FAILED, "AccessDenied", ("iam:GenerateCredentialReport",))
    return judged(
        bare,
        counts,
        suppressed=chance.randrange(4),
        users=chance.randrange(1, 900),
        captured_at=BEGAN_AT + timedelta(seconds=seconds - 2),
        report_generated_at=None if partial else BEGAN_AT - timedelta(seconds=chance.randrange(14_000)),
        sources=(refused,) if partial else (),
        report=f"account={account.key}/report.json.gz",
    )


def judged(receipt: Receipt, rules: Sequence[RuleCounts], **fields: object) -> Receipt:
    """Return a receipt with the counts of rules and their sums."""
    counts = dict.fromkeys(ComplianceType, 0)
    by_severity: dict[Severity, dict[ComplianceType, int]] = {}
    for rule in rules:
        of_severity = by_severity.setdefault(rule.severity, dict.fromkeys(ComplianceType, 0))
        for kind, count in rule.counts.items():
            counts[kind] += count
            of_severity[kind] += count
    return replace(receipt, rules=tuple(rules), counts=counts, by_severity=by_severity, **fields)


def _failure(account: Account, state: State, chance: Random) -> Failure | None:
    if state not in FAILURES:
        return None
    made = chance.choice(FAILURES[state])
    texts = {name: getattr(made, name) for name in ("message", "remedy")}
    return Failure(
        code=made.code, action=made.action, **{k: v.replace("{id}", account.id or "") for k, v in texts.items()}
    )


def _counts(rule: Rule, chance: Random, *, partial: bool) -> RuleCounts:
    weight = {Severity.CRITICAL: 0.03, Severity.HIGH: 0.12, Severity.MEDIUM: 0.45, Severity.LOW: 0.6}[rule.severity]
    single = len(rule.resource_types) == 1 and rule.resource_types[0].value == "AWS::::Account"
    most = 1 if single else 120
    failing = chance.randrange(1, most + 1) if chance.random() < weight else 0
    unknown = chance.randrange(1, most + 1) if partial and chance.random() < 0.3 else 0
    good = 0 if single and failing + unknown else chance.randrange(1, most + 1)
    counts = dict(zip(ComplianceType, (failing, unknown, good, 0), strict=True))
    return RuleCounts(rule.id, rule.source_identifier, rule.severity, counts)


def _causes(count: int, rules: Sequence[Rule], chance: Random) -> Iterator[Cause]:
    for number in range(count):
        rule = chance.choice(rules)
        kind = chance.choice(rule.resource_types).value
        digest = f"{chance.getrandbits(256):064x}" if "Policy" in kind else None
        name = f"{chance.choice(_STEMS)}-{chance.choice(('deploy', 'ci', 'break-glass', 'reader'))}-{number}"
        yield Cause(rule.id, kind, name, digest)


def written(report: OrganizationReport, suffix: str, link: Link = no_link) -> bytes:
    """Return the report in the format of a suffix."""
    stream = io.BytesIO()
    writer_of(suffix, link)(report, stream)
    return stream.getvalue()


def to_page(account: AccountResult) -> str | None:
    """Return the address of an account's page beside its JSON report, relative to the folder of the run."""
    return account.report and f"./{quote(account.report.partition('.json')[0], safe='/=')}.html"


def hostile(texts: Sequence[str]) -> OrganizationReport:
    """Return a report with each text in every place where somebody could have written it."""
    every = " ".join(texts)
    accounts = [account for number, text in enumerate(texts) for account in _hostile(number, text)]
    made = manifest(accounts)
    made = replace(made, run=every, listed_by=every, organization_id=every, management_account_id=every)
    receipts = {account.key: _hostile_receipt(account, account.name) for account in accounts}
    report = summed_up(made, receipts.get, lambda key: [_hostile_cause(receipts[key].rules[0].config_rule_name)])
    return replace(report, warnings=tuple(texts))


def _hostile(number: int, text: str) -> Iterator[Account]:
    """Yield two accounts, so that they have causes in common."""
    for each in ("a", "b"):
        yield Account(id=f"{number:03}{each}{text}", name=text, ou=f"Root/{text}", tags={text: text})


def _hostile_receipt(account: Account, text: str) -> Receipt:
    counts = dict.fromkeys(ComplianceType, 1)
    return judged(
        Receipt(key=account.key, account_id=account.id, state=State.PARTIAL, began_at=BEGAN_AT, ended_at=BEGAN_AT),
        [RuleCounts(text, text, Severity.LOW, counts)],
        error=Failure(code=text, message=text, action=text, remedy=text),
        report=f"account={text}/report.json",
    )


def _hostile_cause(text: str) -> Cause:
    return Cause(text, text, text, text)


CLEAN = RuleCounts(
    "iam-password-policy",
    "IAM_PASSWORD_POLICY",
    Severity.MEDIUM,
    {kind: 5 * (kind is ComplianceType.COMPLIANT) for kind in ComplianceType},
)


def run_of(*states: State) -> OrganizationReport:
    """Return a report on accounts in these states, without NON_COMPLIANT findings."""
    accounts = [
        Account(id=f"{number:012}", name=f"n{number}", state=None if state in AUDITABLE else state)
        for number, state in enumerate(states)
    ]
    bare = [
        Receipt(key=each.key, account_id=each.id, state=state, began_at=BEGAN_AT, ended_at=BEGAN_AT)
        for each, state in zip(accounts, states, strict=True)
    ]
    receipts = {each.key: judged(each, [CLEAN]) if each.state is State.AUDITED else each for each in bare}
    return summed_up(manifest(accounts), receipts.get, lambda _key: ())
