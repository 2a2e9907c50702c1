"""What AWS Config answers, in the shapes of its API, as the AWS CLI prints them and boto3 returns them.

https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigRules.html
https://docs.aws.amazon.com/config/latest/APIReference/API_GetComplianceDetailsByConfigRule.html
https://docs.aws.amazon.com/config/latest/APIReference/API_GetAggregateComplianceDetailsByConfigRule.html
https://docs.aws.amazon.com/config/latest/APIReference/API_GetConformancePackComplianceDetails.html
https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigRuleEvaluationStatus.html
https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

Moment = datetime | float | None
"""A time: the AWS CLI's version 1 prints seconds since 1970, version 2 ISO 8601."""


class SourceAnswer(Struct, frozen=True, rename="pascal"):
    """Hold the owner of a rule, AWS or the customer, and which of AWS's rules it is."""

    owner: str = ""
    source_identifier: str = ""


class ScopeAnswer(Struct, frozen=True, rename="pascal"):
    """Hold the resources that a rule is restricted to."""

    compliance_resource_types: tuple[str, ...] = ()
    tag_key: str = ""
    tag_value: str = ""
    compliance_resource_id: str = ""
    service_principals: tuple[str, ...] = ()


class RuleAnswer(Struct, frozen=True, rename="pascal"):
    """Describe a rule; `input_parameters` is a JSON object as text."""

    config_rule_name: str
    source: SourceAnswer
    config_rule_arn: str = ""
    input_parameters: str | dict[str, Any] | None = None
    scope: ScopeAnswer | None = None
    maximum_execution_frequency: str = ""
    config_rule_state: str = ""
    created_by: str = ""
    rule_evaluation_visibility: str = ""


class Qualifier(Struct, frozen=True, rename="pascal"):
    """Name what was evaluated."""

    config_rule_name: str
    resource_type: str
    resource_id: str
    evaluation_mode: str = "DETECTIVE"


class ResultIdentifier(Struct, frozen=True, rename="pascal"):
    """Hold the name of what was evaluated."""

    evaluation_result_qualifier: Qualifier


class ResultAnswer(Struct, frozen=True, rename="pascal"):
    """Hold what a rule says of one resource; an aggregator adds the account and the Region."""

    evaluation_result_identifier: ResultIdentifier
    compliance_type: str
    result_recorded_time: Moment = None
    config_rule_invoked_time: Moment = None
    annotation: str | None = None
    account_id: str | None = None
    aws_region: str | None = None


class StatusAnswer(Struct, frozen=True, rename="pascal"):
    """Hold how a rule ran."""

    config_rule_name: str
    config_rule_arn: str = ""
    last_successful_evaluation_time: Moment = None
    last_failed_evaluation_time: Moment = None
    last_error_code: str | None = None
    last_error_message: str | None = None
    first_evaluation_started: bool | None = None


class Exclusion(Struct, frozen=True, rename="camel"):
    """Name the resource types that a recorder leaves out."""

    resource_types: tuple[str, ...] = ()


class Strategy(Struct, frozen=True, rename="camel"):
    """Hold which list of resource types a recorder uses."""

    use_only: str = ""


class RecordingGroup(Struct, frozen=True, rename="camel"):
    """Hold the resource types that a recorder records."""

    all_supported: bool = False
    include_global_resource_types: bool = False
    resource_types: tuple[str, ...] = ()
    exclusion_by_resource_types: Exclusion | None = None
    recording_strategy: Strategy | None = None


class RecorderAnswer(Struct, frozen=True, rename="camel"):
    """Describe a recorder."""

    name: str = "default"
    recording_group: RecordingGroup | None = None


class RecorderStatusAnswer(Struct, frozen=True, rename="camel"):
    """Hold whether a recorder is running."""

    name: str = "default"
    recording: bool = False


class Answer(Struct, frozen=True, rename="pascal"):
    """Hold one answer of AWS Config; the fields that it does not have are None. `results` are JSON texts."""

    config_rules: tuple[RuleAnswer, ...] | None = None
    config_rules_evaluation_status: tuple[StatusAnswer, ...] | None = None
    evaluation_results: tuple[ResultAnswer, ...] | None = None
    aggregate_evaluation_results: tuple[ResultAnswer, ...] | None = None
    conformance_pack_rule_evaluation_results: tuple[ResultAnswer, ...] | None = None
    conformance_pack_name: str | None = None
    configuration_recorders: tuple[RecorderAnswer, ...] | None = None
    configuration_recorders_status: tuple[RecorderStatusAnswer, ...] | None = None
    results: tuple[Any, ...] | None = None
    next_token: str | None = None

    @property
    def is_of_config(self) -> bool:
        """Return whether this is an answer of AWS Config at all."""
        beside = ("next_token", "conformance_pack_name")
        return any(getattr(self, name) is not None for name in self.__struct_fields__ if name not in beside)


class SelectedRule(Struct, frozen=True, rename="camel"):
    """Hold what one rule says of a resource, by a query."""

    config_rule_name: str
    compliance_type: str = ""


class SelectedConfiguration(Struct, frozen=True, rename="camel"):
    """Hold what rules say of a resource, by a query."""

    target_resource_id: str
    target_resource_type: str
    config_rule_list: tuple[SelectedRule, ...] = ()


class Selected(Struct, frozen=True, rename="camel"):
    """Hold one result of a query over AWS::Config::ResourceCompliance."""

    configuration: SelectedConfiguration
    account_id: str | None = None
    aws_region: str | None = None
