"""AWS Config's results read from AWS: page by page, within AWS's limits, and told where AWS refuses; Stubber is AWS."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_server import Answer, Front
from botocore.stub import Stubber
from config_results import REGION, details, recorder, recording, result, rule, rules, selected, statuses
from conftest import Run

import auditor
from auditor.account.snapshot import dump
from auditor.collectors.live.session import Caller, Connection
from auditor.errors import SourceError
from auditor.parity.live import collect_config_results
from auditor.parity.results import ConfigResults
from auditor.testing import ACCOUNT_ID, account, user

PEOPLE = [user(f"u{number:03}") for number in range(150)]
LONG = "r" * 65
OURS = "123456789012"


class Config:
    """AWS Config as a script of answers, and a connection that leads to it."""

    def __init__(self) -> None:
        client = boto3.client(
            "config", region_name=REGION, aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret"
        )
        self.stub = Stubber(client)
        caller = Caller(ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:user/audit", "aws", None)
        nothing: Any = None
        self.connection = Connection(
            caller, nothing, mfa=False, region=REGION, client=lambda _: client, signing=nothing
        )

    def around(self, *described: dict[str, Any]) -> None:
        """Script what is asked before any result."""
        self.stub.add_response("describe_config_rules", rules(*described), {})
        self.stub.add_response("describe_config_rule_evaluation_status", statuses(), {})
        self.stub.add_response("describe_configuration_recorders", recorder(allSupported=True), {})
        self.stub.add_response("describe_configuration_recorder_status", recording(on=True), {})

    def read(self) -> ConfigResults:
        found = collect_config_results(self.connection, sleep=lambda _: None)
        self.stub.assert_no_pending_responses()
        return found


@pytest.fixture
def config() -> Iterator[Config]:
    made = Config()
    with made.stub:
        yield made


def page(people: list[Any], token: str | None = None) -> dict[str, Any]:
    return details(*(result("p", each.id, "COMPLIANT") for each in people), token=token)


ASKED = {"ConfigRuleName": "p", "Limit": 100}


def test_results_come_in_pages_of_a_hundred(config: Config) -> None:
    config.around(rule("p", "IAM_USER_NO_POLICIES_CHECK"), rule("s", "S3_BUCKET_VERSIONING_ENABLED"))
    config.stub.add_response("get_compliance_details_by_config_rule", page(PEOPLE[:100], "t"), ASKED)
    config.stub.add_response("get_compliance_details_by_config_rule", page(PEOPLE[100:]), {**ASKED, "NextToken": "t"})
    parity = auditor.compare_with_config(account(users=PEOPLE, groups=[]), config.read())
    assert (parity.summary.agree, parity.out_of_scope) == (150, 1)


def test_a_name_that_the_call_does_not_take_is_answered_by_a_query(config: Config) -> None:
    config.around(rule(LONG, "IAM_USER_NO_POLICIES_CHECK"))
    found = {"Results": [selected(LONG, PEOPLE[0].id, "COMPLIANT")]}
    config.stub.add_response("select_resource_config", found)
    parity = auditor.compare_with_config(account(users=PEOPLE[:1], groups=[]), config.read())
    assert parity.summary.agree == 1


def test_internal_rules_are_not_asked_about(config: Config) -> None:
    config.around(rule("p", "IAM_USER_NO_POLICIES_CHECK", RuleEvaluationVisibility="INTERNAL"))
    parity = auditor.compare_with_config(account(users=PEOPLE[:1], groups=[]), config.read())
    assert [each.not_compared for each in parity.rules] == ["internal"]


def test_a_page_that_is_refused_leaves_the_others_and_proves_no_absence(config: Config) -> None:
    config.around(rule("p", "IAM_USER_NO_POLICIES_CHECK"))
    config.stub.add_response("get_compliance_details_by_config_rule", page(PEOPLE[:100], "t"), ASKED)
    config.stub.add_client_error("get_compliance_details_by_config_rule", "ThrottlingException")
    parity = auditor.compare_with_config(account(users=PEOPLE, groups=[]), config.read())
    assert (parity.summary.agree, {each.reason for each in parity.incomparable}) == (100, {"pages_missing"})


def test_results_that_are_denied_say_what_to_grant(config: Config) -> None:
    config.around(rule("p", "IAM_USER_NO_POLICIES_CHECK"))
    config.stub.add_client_error("get_compliance_details_by_config_rule", "AccessDeniedException")
    (row,) = auditor.compare_with_config(account(users=PEOPLE, groups=[]), config.read()).rules
    assert row.explanation == "AccessDeniedException; grant config:GetComplianceDetailsByConfigRule"


def test_rules_that_are_denied_end_the_reading(config: Config) -> None:
    config.stub.add_client_error("describe_config_rules", "AccessDeniedException")
    with pytest.raises(SourceError, match="the rules of AWS Config could not be read") as raised:
        config.read()
    assert "config:DescribeConfigRules" in raised.value.hint


def test_no_time_left_is_told(config: Config) -> None:
    times = iter([0.0, 1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0])
    config.around(rule("p", "IAM_USER_NO_POLICIES_CHECK"))
    found = collect_config_results(config.connection, timeout_s=5, timer=lambda: next(times, 9.0), sleep=lambda _: None)
    (row,) = auditor.compare_with_config(account(users=PEOPLE, groups=[]), found).rules
    assert row.explanation == "the time was over (5 s)"


def in_json(answer: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(answer), headers=(("Content-Type", "application/x-amz-json-1.1"),))


@pytest.fixture
def live(aws: Front) -> Front:
    """Return AWS with a rule of AWS Config on an empty account, which keeps its default password policy."""
    found = result("w", OURS, "NON_COMPLIANT", kind="AWS::::Account", at=0)
    for answer in (found, found["EvaluationResultIdentifier"]):
        answer.update({name: time.time() for name in answer if name.endswith(("Time", "Timestamp"))})
    described = rules(rule("w", "IAM_PASSWORD_POLICY", account=OURS))
    aws.fixed |= {
        "DescribeConfigRules": in_json(described),
        "DescribeConfigRuleEvaluationStatus": in_json(statuses()),
        "DescribeConfigurationRecorders": in_json(recorder(allSupported=True)),
        "DescribeConfigurationRecorderStatus": in_json(recording(on=True)),
        "GetComplianceDetailsByConfigRule": in_json({"EvaluationResults": [found]}),
    }
    return aws


def test_account_and_results_are_read_live(run: Run, live: Front) -> None:
    done = run("parity", "--live", "--region", REGION, "--format", "json")
    assert (done.code, json.loads(done.out)["summary"]["agree"]) == (0, 1), done.err
    assert f"Reading the results of AWS Config in {REGION}" in done.err
    assert "iam:GetAccountPasswordPolicy" in live.actions
    assert "iam:ListVirtualMFADevices" not in live.actions  # no rule of AWS Config reads them


def test_results_are_read_live_beside_a_stored_snapshot(run: Run, live: Front, tmp_path: Path) -> None:
    stored = tmp_path / "s.json"
    stored.write_bytes(dump(account(id=OURS, region=REGION)))
    done = run("parity", "--live", "--snapshot", stored, "--role-arn", f"arn:aws:iam::{OURS}:role/audit")
    assert (done.code, "1 agree, 0 differ" in done.out) == (0, True), done.err
    assert "iam:GetAccountPasswordPolicy" not in live.actions
    stored.write_bytes(dump(account(region=REGION)))
    other = run("parity", "--live", "--snapshot", stored)
    assert (other.code, f"this is account {OURS}, not {ACCOUNT_ID}" in other.err) == (2, True)


def test_what_permissions_prints_is_all_that_is_called(run: Run, live: Front) -> None:
    run("parity", "--live", "--region", REGION)
    printed = json.loads(run("permissions", "--rule", "iam-password-policy", "--parity").out)
    called = {each for each in live.actions if not each.startswith("sts:")}
    assert called <= {*printed["Statement"][0]["Action"]}
