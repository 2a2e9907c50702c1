"""Findings given to other services of AWS: imported into Security Hub, and taken back only by proof."""

ACTIONS = ("securityhub:BatchImportFindings", "securityhub:GetFindings")
"""The IAM actions behind the calls by which findings are published."""
