"""Parameters for each rule with a required parameter."""

from collections.abc import Mapping

from auditor.judging.catalogue import is_managed
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule

RULES = load_rules()
AWS_RULES = {rule_id: rule for rule_id, rule in RULES.items() if is_managed(rule)}
"""The rules that AWS Config also has; tests compare them with AWS's catalogue."""
REQUIRED: Mapping[str, Mapping[str, object]] = {
    "iam-customer-policy-blocked-kms-actions": {"blockedActionsPatterns": "kms:Decrypt, kms:ReEncrypt*"},
    "iam-inline-policy-blocked-kms-actions": {"blockedActionsPatterns": "kms:Decrypt, kms:ReEncrypt*"},
    "iam-policy-blacklisted-check": {"policyArns": "arn:aws:iam::aws:policy/AdministratorAccess"},
    "iam-policy-in-use": {"policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess"},
    "iam-role-managed-policy-check": {"managedPolicyArns": "arn:aws:iam::aws:policy/AWSDenyAll"},
    "iam-oidc-provider-client-id-list-check": {"allowedClientIds": "sts.amazonaws.com"},
}


def configured(rule_id: str) -> ConfiguredRule:
    """Return a rule with its defaults, and with values for its required parameters."""
    return configure(RULES[rule_id], REQUIRED.get(rule_id, {}))
