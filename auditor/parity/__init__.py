"""AWS Config's own results: read, held against a snapshot, and every disagreement explained."""

ACTIONS = (
    "config:DescribeConfigRuleEvaluationStatus",
    "config:DescribeConfigRules",
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeConfigurationRecorders",
    "config:GetComplianceDetailsByConfigRule",
    "config:SelectResourceConfig",
)
"""The IAM actions behind the calls by which AWS Config's results are read."""
