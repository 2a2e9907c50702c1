"""AWS Config's results read from AWS: page by page, within AWS's limits, and told where AWS refuses; Stubber is AWS."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from config_results import REGION, details, recorder, recording, result, rule, rules, selected, statuses

import auditor
from auditor.collectors.live.session import Caller, Connection
from auditor.errors import SourceError
from auditor.parity.live import collect_config_results
from auditor.parity.results import ConfigResults
from auditor.testing import ACCOUNT_ID, account, user

PEOPLE = [user(f"u{number:03}") for number in range(150)]
LONG = "r" * 65


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
