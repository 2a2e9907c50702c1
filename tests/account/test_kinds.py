"""A kind of resource is one row: whatever handles resources knows a new one by that row alone."""

import io
import json
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from auditor.account import kinds
from auditor.account.kinds import KINDS, Kind, Pattern, ResourceType, listed_kinds
from auditor.account.model import Snapshot
from auditor.account.sources import Source
from auditor.account.unknown import Listing, Record
from auditor.judging.parameters import configure
from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.rule import Context, Rule, Severity, Verdict, compliant, non_compliant
from auditor.testing import ACCOUNT_ID, WITHHELD, account
from auditor.writers import csv, html, jsonl, table
from auditor.writers import json as json_writer

UNTIL = date(2026, 12, 1)


class Passkey(Record, frozen=True):
    """A made-up kind of resource."""

    label: str
    key: str
    arn: str
    tags: dict[str, str]


class SnapshotWithPasskeys(Snapshot, frozen=True, eq=False, kw_only=True):
    """A snapshot that lists them."""

    passkeys: Listing[Passkey]


def made_up_type() -> ResourceType:
    """Return a resource type that the enumeration lacks."""
    made_up = str.__new__(ResourceType, "AWS::IAM::Passkey")
    made_up._name_, made_up._value_ = "PASSKEY", "AWS::IAM::Passkey"
    return made_up


PASSKEY = made_up_type()
ROW = Kind(
    resource_type=PASSKEY,
    listing="passkeys",
    source=Source.VIRTUAL_MFA_DEVICES,
    counted_as="Passkeys",
    id="key",
    name="label",
    patterns=frozenset(Pattern),
)


def judge(passkey: Passkey, _: Context[Any]) -> Verdict:
    return compliant("It is tagged") if passkey.tags else non_compliant("It has no tags")


RULE = Rule(
    id="passkey-tagged",
    source_identifier="PASSKEY_TAGGED",
    resource_types=(PASSKEY,),
    reads=frozenset({Source.VIRTUAL_MFA_DEVICES}),
    severity=Severity.LOW,
    source_url="https://example.com",
    evaluate=judge,
)


def passkey(label: str, **tags: str) -> Passkey:
    return Passkey(label, f"PK{label}", f"arn:aws:iam::{ACCOUNT_ID}:passkey/team/{label}", tags)


PLAIN = account()


def with_passkeys(*passkeys: Passkey, gap: str | None = None, counted: int | None = None) -> Snapshot:
    summary = {} if counted is None else {"Passkeys": counted}
    plain = structs.replace(PLAIN, account=structs.replace(PLAIN.account, summary=summary))
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    return SnapshotWithPasskeys(**fields, passkeys=Listing(passkeys, gap))


@pytest.fixture(autouse=True)
def row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the one row."""
    monkeypatch.setattr(kinds, "KINDS", (*KINDS, ROW))


def audited(snapshot: Snapshot, *suppressions: Suppression) -> Report:
    return audit(snapshot, [configure(RULE, {})], suppressions=suppressions)


def suppression(**pattern: Any) -> Suppression:
    return Suppression(rule=RULE.id, reason="why", owner="who", until=UNTIL, **pattern)


def test_it_is_found_and_named() -> None:
    (bad, good) = audited(with_passkeys(passkey("bad"), passkey("good", owner="x"))).findings
    assert (bad.resource_type, bad.resource_id, bad.resource_name) == (PASSKEY, "PKbad", "bad")
    assert bad.resource_arn == f"arn:aws:iam::{ACCOUNT_ID}:passkey/team/bad"
    assert (bad.compliance_type, good.compliance_type) == ("NON_COMPLIANT", "COMPLIANT")


def test_the_ledger_counts_it_and_what_was_not_seen() -> None:
    (result,) = audited(with_passkeys(passkey("bad"), gap=WITHHELD, counted=5)).rules
    assert (result.coverage.resources, result.coverage.seen, result.coverage.unseen) == (5, 1, 4)
    assert [reason.iam_action for reason in result.coverage.reasons] == ["iam:Test"]


@pytest.mark.parametrize(
    "pattern", [{"resource": "b*"}, {"resource": "*:passkey/team/*"}, {"path": "/team/"}, {"tag": "owner=none"}]
)
def test_suppressions_match_it(pattern: dict[str, str]) -> None:
    report = audit(
        with_passkeys(passkey("bad", owner="none"), passkey("other")),
        [configure(structs.replace(RULE, evaluate=lambda *_: non_compliant("no")), {})],
        suppressions=[suppression(**pattern)],
        as_of=None,
    )
    suppressed = {finding.resource_name for finding in report.findings if finding.suppression}
    assert "bad" in suppressed


def test_every_format_shows_it() -> None:
    report = audited(with_passkeys(passkey("bad")))
    for writer in (json_writer, jsonl, csv, html):
        stream = io.BytesIO()
        writer.write(report, stream)
        if writer is not html:  # whose findings travel packed
            assert b"AWS::IAM::Passkey" in stream.getvalue()
    assert json.loads(report.to_json())["findings"][0]["resource_type"] == "AWS::IAM::Passkey"
    text = io.StringIO()
    table.write(report, text)
    assert "bad" in text.getvalue()


def test_two_of_one_name_contradict_each_other() -> None:
    from auditor.account.checks import contradictions

    assert any("$.passkeys holds the name" in each for each in contradictions(with_passkeys(*[passkey("a")] * 2)))


def test_the_rows_agree_with_the_model() -> None:
    for _, listing, _source in listed_kinds():
        assert listing in Snapshot.__struct_fields__ or listing == "passkeys"
    assert {kind.resource_type for kind in KINDS} == set(ResourceType)
