"""Publishing: the findings of a report, imported into Security Hub, and resolved there only by proof."""

ACTIONS = ("securityhub:BatchImportFindings", "securityhub:GetFindings")
"""The IAM actions behind the calls by which findings are published."""
