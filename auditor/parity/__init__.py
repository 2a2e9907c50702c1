"""Parity: AWS Config's own results, compared with an audit of a snapshot, and the cause of each difference."""

ACTIONS = (
    "config:DescribeConfigRuleEvaluationStatus",
    "config:DescribeConfigRules",
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeConfigurationRecorders",
    "config:GetComplianceDetailsByConfigRule",
    "config:SelectResourceConfig",
)
"""The IAM actions behind the calls by which AWS Config's results are read."""
