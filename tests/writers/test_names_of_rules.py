"""Names of rules: where a name may stand for another rule, every format shows the identifier beside it."""

import csv as rows
import io
import json
from pathlib import Path

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.testing import account, group
from auditor.writers import csv, html, table

GROUPS, ROOT_MFA = "iam-group-has-users-check", "root-account-mfa-enabled"
SHOWN = f"{ROOT_MFA} (IAM_GROUP_HAS_USERS_CHECK)"


@pytest.fixture
def report() -> Report:
    rule = configure(load_rules()[GROUPS], {}, config_rule_name=ROOT_MFA)
    return audit(account(groups=[group("Empty")]), [rule], frameworks=["NIST-CSF-1.1-ConfigPack"])


def test_the_table_shows_the_identifier_wherever_the_name_stands(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stream = io.StringIO()
    table.write(report, stream)
    text = " ".join(stream.getvalue().split())
    others = text.count(f"- {ROOT_MFA}: not evaluated")
    assert text.count(SHOWN) == text.count(ROOT_MFA) - others >= 3  # the summary, the findings, the controls


def test_a_rule_under_its_own_name_is_shown_by_it_alone() -> None:
    own = audit(account(), [configure(load_rules()[GROUPS], {})])
    assert own.shown_names == {GROUPS: GROUPS}


def test_the_html_report_shows_the_identifier(report: Report) -> None:
    stream = io.BytesIO()
    html.write(report, stream)
    page = stream.getvalue().decode()
    assert page.count(f">{SHOWN}</a>") >= 2
    assert json.loads(json.dumps(html.pack(report, {})))


def test_csv_has_a_column_for_the_identifier(report: Report) -> None:
    stream = io.BytesIO()
    csv.write(report, stream)
    (finding,) = (
        row for row in rows.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"))) if row["record"] == "finding"
    )
    assert (finding["config_rule_name"], finding["source_identifier"]) == (ROOT_MFA, "IAM_GROUP_HAS_USERS_CHECK")


def test_warnings_of_a_pack_show_the_identifier(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(account()))
    (tmp_path / "p.yaml").write_text(
        "Resources: {A: {Type: 'AWS::Config::ConfigRule', Properties: {ConfigRuleName: root-account-mfa-enabled, "
        "InputParameters: {RequireSymbols: 'TRUE'}, Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}}}}\n"
    )
    result = run("scan", "--snapshot", tmp_path / "s.json", "--conformance-pack", tmp_path / "p.yaml")
    assert "Warning: root-account-mfa-enabled (IAM_PASSWORD_POLICY): iam-password-policy.RequireSymbols" in result.err
