"""Whatever bytes are read, the answer is a value or our error; what is accepted can be judged, saved and reported.

`make fuzz` runs these tests with many more examples.
"""

import io
import json
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import exports_folder as folder_of
import pytest
from damage import ODD_TIMES, anything, changed, damaged, texts
from exports_folder import GOLDEN_REPORT
from html_reports import mixed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from rule_parameters import configured

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.collectors.cli_output import folder as exports
from auditor.errors import AuditError, SourceError, UsageError
from auditor.judging.registry import load_rules
from auditor.organization.accounts_file import read_accounts_file
from auditor.policies.decoding import UnreadableDocumentError, raw_document
from auditor.policies.statements import statements, trust_statements
from auditor.report.audit import audit
from auditor.report.baseline import baseline_of, forgiven, load_baseline
from auditor.report.compare import compare
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.selection.packs.model import Pack
from auditor.selection.packs.pack import packs_of
from auditor.selection.packs.selection import choose
from auditor.selection.packs.shapes import pack_file
from auditor.testing import CAPTURED_AT, account, console_user, group, password_policy, policy, role, user
from auditor.writers import html, table
from auditor.writers import json as json_reporter
from auditor.writers.diff.formats import writer_of

RULES = [configured(name) for name in load_rules()]
SNAPSHOT = dump(
    account(
        users=[console_user("alice", mfa=True, groups=["Admins"], inline=["p"]), user("bob", unknown=["credentials"])],
        groups=[group("Admins", attached=["ReadOnlyAccess"])],
        roles=[role("Deploy", unknown=["trust_policy"])],
        policies=[policy("Boundary")],
        password=password_policy(),
        unknown=["summary"],
    )
)
REPORT = dump_report(mixed())
OTHER = load_report(REPORT, "other.json")
BASELINE = baseline_of(OTHER).to_json().encode()
CSV = GOLDEN_REPORT.encode()
POLICY = b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}'
ACCOUNTS = b"""{"Accounts": [{"Id": "111122223333", "Name": "pay", "State": "ACTIVE", "Paths": ["o-1/r-1/ou-1/"]},
    {"id": 444455556666, "tags": [{"Key": "a", "Value": "b"}], "ou": "Root/A"}, "000000000042"]}"""
ACCOUNTS_CSV = b"""Account ID;role;external_id;tags;tag:a;state
111122223333;arn:aws:iam::111122223333:role/a;p-7;stage=prod;b;ACTIVE
"""
PACK = {
    "Parameters": {"Length": {"Type": "String", "Default": "14", "AllowedValues": ["14", 16]}},
    "Conditions": {"long": {"Fn::Not": [{"Fn::Equals": ["", {"Ref": "Length"}]}]}},
    "Resources": {
        "Passwords": {
            "Type": "AWS::Config::ConfigRule",
            "Condition": "long",
            "Properties": {
                "ConfigRuleName": {"Fn::Sub": "passwords-${Length}"},
                "InputParameters": {
                    "MinimumPasswordLength": {"Fn::If": ["long", {"Ref": "Length"}, {"Ref": "AWS::NoValue"}]}
                },
                "Scope": {"ComplianceResourceTypes": ["AWS::IAM::User"]},
                "Source": {"Owner": "AWS", "SourceIdentifier": "IAM_PASSWORD_POLICY"},
            },
        }
    },
}
YAML = b"""# a pack
Parameters:
  Age: {Default: 0x5A, Type: String}
Resources:
  Passwords:
    Type: AWS::Config::ConfigRule
    Properties:
      InputParameters: {MaxPasswordAge: !Ref Age, RequireSymbols: yes}
      Description: >-
        &folded, *folded
      Source: {Owner: AWS, SourceIdentifier: 'IAM_PASSWORD_POLICY'}
"""
FUNCTIONS = {
    "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a, b"}, "Secret": {"Type": "String"}},
    "Mappings": {"ByRegion": {"us-east-1": {"length": 14}}},
    "Conditions": {
        "home": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
        "either": {"Fn::Or": [{"Condition": "home"}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "Secret"}, "x"]}]}]},
        "both": {"Fn::And": [{"Condition": "home"}, {"Condition": "either"}]},
    },
    "Resources": {
        "Passwords": {
            "Type": "AWS::Config::ConfigRule",
            "Condition": "both",
            "Properties": {
                "ConfigRuleName": {"Fn::Sub": ["${Name}-${AWS::StackName}", {"Name": {"Fn::ImportValue": "x"}}]},
                "InputParameters": {
                    "Fn::Join": [
                        "",
                        ['{"MinimumPasswordLength": ', {"Fn::FindInMap": ["ByRegion", "us-east-1", "length"]}, "}"],
                    ]
                },
                "Source": {"Owner": "AWS", "SourceIdentifier": "IAM_PASSWORD_POLICY"},
            },
        },
        "Membership": {
            "Type": "AWS::Config::ConfigRule",
            "Properties": {
                "InputParameters": {
                    "groupNames": {"Fn::Select": [1, {"Fn::Split": ["-", {"Fn::Join": ["-", {"Ref": "Names"}]}]}]}
                },
                "Source": {
                    "Owner": "AWS",
                    "SourceIdentifier": {"Fn::If": ["home", "IAM_USER_GROUP_MEMBERSHIP_CHECK", "IAM_X"]},
                },
            },
        },
    },
}
ORGANIZATION = {
    "Resources": {
        "Rule": {
            "Type": "AWS::Config::OrganizationConfigRule",
            "Properties": {
                "OrganizationConfigRuleName": "passwords",
                "ExcludedAccounts": [{"Ref": "AWS::AccountId"}, "123456789012"],
                "OrganizationManagedRuleMetadata": {
                    "RuleIdentifier": "IAM_PASSWORD_POLICY",
                    "InputParameters": '{"MaxPasswordAge": 90}',
                    "ResourceTypesScope": ["AWS::IAM::User"],
                },
            },
        },
        "Pack": {
            "Type": "AWS::Config::OrganizationConformancePack",
            "Properties": {
                "OrganizationConformancePackName": "inner",
                "ConformancePackInputParameters": [{"ParameterName": "Length", "ParameterValue": "20"}],
                "TemplateBody": json.dumps(PACK),
            },
        },
    },
}
ORGANIZATION_PACK = (
    b"Resources:\n  Pack:\n    Type: AWS::Config::ConformancePack\n    Properties:\n      TemplateBody: |\n"
    + (b"".join(b"        " + line for line in YAML.splitlines(keepends=True)))
)
DESCRIBED = json.dumps(
    {
        "ConfigRules": [
            {
                "ConfigRuleName": "passwords",
                "ConfigRuleArn": "arn:aws:config:us-east-1:123456789012:config-rule/config-rule-a",
                "Scope": {"ComplianceResourceTypes": ["AWS::IAM::User"]},
                "Source": {"Owner": "AWS", "SourceIdentifier": "IAM_PASSWORD_POLICY"},
                "InputParameters": '{"MaxPasswordAge": "90"}',
                "ConfigRuleState": "ACTIVE",
            }
        ]
    }
).encode()
FOLDER = {
    name: json.dumps(content()).encode()
    for name, content in (
        (folder_of.DETAILS, folder_of.details),
        (folder_of.REPORT, folder_of.credential_report),
        (folder_of.PASSWORD_POLICY, folder_of.password_policy),
        (folder_of.SUMMARY, folder_of.summary),
        (folder_of.DEVICES, folder_of.devices),
    )
}

rarely = st.integers(0, 9).map(lambda number: number == 5)
"""Whether to write HTML too, which takes a hundred times longer than the rest."""
fuzzed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def documents(valid: bytes) -> st.SearchStrategy[bytes]:
    """Return a strategy of any bytes, and the valid document after some damage."""
    return anything | damaged(valid) | changed(json.loads(valid))


def check_report(report: Report, *, as_html: bool) -> None:
    """Check that a report can be stored, and that the formats can show it."""
    stored = dump_report(report)
    assert dump_report(load_report(stored, "stored")) == stored
    json_reporter.write(report, io.BytesIO())
    table.write(report, io.StringIO(), every_finding=True)
    if as_html:
        html.write(report, io.BytesIO())


def check_snapshot(snapshot: Snapshot, *, as_html: bool) -> None:
    """Check that a snapshot can be judged, and saved without a change."""
    saved = dump(snapshot)
    assert dump(load(saved, "saved")) == saved
    check_report(audit(snapshot, RULES, as_of=CAPTURED_AT), as_html=as_html)


@fuzzed
@given(documents(SNAPSHOT), rarely)
def test_any_snapshot_is_refused_or_judged(document: bytes, as_html: bool) -> None:
    try:
        snapshot = load(document, "any.json")
    except SourceError:
        return
    check_snapshot(snapshot, as_html=as_html)


@fuzzed
@given(documents(REPORT), st.booleans())
def test_any_stored_report_is_refused_or_shown(document: bytes, as_html: bool) -> None:
    try:
        report = load_report(document, "any.json")
    except SourceError:
        return
    check_report(report, as_html=as_html)


@fuzzed
@given(documents(REPORT), rarely)
def test_any_stored_report_is_refused_or_compared(document: bytes, as_html: bool) -> None:
    with suppress(AuditError):
        report = load_report(document, "any.json")
        for old, new in ((report, report), (OTHER, report), (report, OTHER)):
            found = compare(old, new)
            for suffix in (".json", ".md", ".txt", *([".html"] if as_html else [])):
                writer_of(suffix)(found, io.BytesIO())


@fuzzed
@given(documents(BASELINE))
def test_any_baseline_is_refused_or_forgives(document: bytes) -> None:
    with suppress(AuditError):
        baseline = load_baseline(document, "any.json")
        assert load_baseline(baseline.to_json().encode(), "stored") == baseline
        check_report(forgiven(OTHER, baseline, "any.json"), as_html=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@fuzzed
@given(st.sampled_from(list(FOLDER)).flatmap(lambda name: st.tuples(st.just(name), documents(FOLDER[name]))), rarely)
def test_any_exports_are_refused_or_judged(folder: Path, changed_file: tuple[str, bytes], as_html: bool) -> None:
    name, content = changed_file
    folder_of.write(folder, {**FOLDER, name: content})
    try:
        snapshot = exports.collect(folder, None)
    except SourceError:
        return
    check_snapshot(snapshot, as_html=as_html)


@fuzzed
@given(
    anything
    | damaged(YAML)
    | changed(PACK)
    | changed(FUNCTIONS)
    | damaged(ORGANIZATION_PACK)
    | changed(ORGANIZATION)
    | documents(DESCRIBED),
    st.sampled_from([{}, {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}]),
)
def test_any_conformance_pack_is_refused_or_read(folder: Path, content: bytes, known: dict[str, str]) -> None:
    path = folder / "pack.yaml"
    path.write_bytes(content)
    with suppress(UsageError):
        packs = packs_of(pack_file(str(path)), known)
        assert all(isinstance(pack, Pack) for pack in packs)
        rules = choose(packs, load_rules(), overrides={}, excluded=(), beside=()).rules
        check_report(audit(load(SNAPSHOT, "any.json"), rules, as_of=CAPTURED_AT), as_html=False)


@st.composite
def csv_texts(draw: st.DrawFn) -> bytes:
    """Return the golden report after changes to its cells and rows."""
    rows = [line.split(",") for line in GOLDEN_REPORT.splitlines()]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.sampled_from(rows))
        at = draw(st.sampled_from(range(len(row) + 1)))
        change = draw(st.sampled_from(["cell", "cell", "cell", "cell", "cut", "row"]))
        if change == "cell":
            row[at : at + 1] = [draw(texts | st.sampled_from(ODD_TIMES))]
        elif change == "cut" and at:
            del row[at:]
        else:
            rows.insert(draw(st.integers(1, len(rows))), row.copy())
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
    return end.join(map(",".join, rows)).encode("utf-8", "surrogatepass")


@fuzzed
@given(anything | damaged(CSV) | csv_texts(), st.sampled_from([None, FOLDER[folder_of.DETAILS]]))
def test_any_credential_report_is_refused_or_judged(folder: Path, text: bytes, details: bytes | None) -> None:
    files = {folder_of.REPORT: None, folder_of.DETAILS: details, "credential-report.csv": text}
    bare = folder_of.write(folder / f"bare-{details is None}", {**FOLDER, **files})
    try:
        snapshot = exports.collect(bare, CAPTURED_AT)
    except SourceError:
        return
    check_snapshot(snapshot, as_html=False)


@fuzzed
@given(documents(ACCOUNTS) | damaged(ACCOUNTS_CSV))
def test_any_list_of_accounts_is_refused_or_has_accounts(folder: Path, content: bytes) -> None:
    file = folder.with_name("accounts")
    file.write_bytes(content)
    with suppress(SourceError):
        numbers = [account.id for account in read_accounts_file(str(file)).accounts]
        assert numbers
        assert all(len(str(number)) == 12 for number in numbers)


@fuzzed
@given(documents(POLICY))
def test_any_policy_document_is_refused_or_read(document: bytes) -> None:
    with suppress(UnreadableDocumentError):
        statements(Raw(document))
    for form in (document.decode("utf-8", "replace"), quote(document)):
        with suppress(UnreadableDocumentError):
            raw = raw_document(form)
            assert bytes(raw_document(bytes(raw).decode())) == bytes(raw)
            trust_statements(raw)
