"""Facts from AWS's list of managed rules that are not in the rule modules.

https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
"""

from auditor.judging.rule import Rule, RuleOrigin

MANAGED_RULES = "https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html"
"""The page that lists AWS's managed rules."""

_IAM_PREFIXES = ("ACCESS_KEYS_", "IAM_", "MFA_ENABLED_FOR_IAM_", "ROOT_ACCOUNT_")

CHANGE_TRIGGERED = frozenset(
    {
        "IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS",
        "IAM_GROUP_HAS_USERS_CHECK",
        "IAM_INLINE_POLICY_BLOCKED_KMS_ACTIONS",
        "IAM_NO_INLINE_POLICY_CHECK",
        "IAM_OIDC_PROVIDER_CLIENT_ID_LIST_CHECK",
        "IAM_OIDC_PROVIDER_TAGGED",
        "IAM_POLICY_BLACKLISTED_CHECK",
        "IAM_POLICY_DESCRIPTION",
        "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS",
        "IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
        "IAM_ROLE_MANAGED_POLICY_CHECK",
        "IAM_SAML_PROVIDER_TAGGED",
        "IAM_SERVER_CERTIFICATE_TAGGED",
        "IAM_USER_GROUP_MEMBERSHIP_CHECK",
        "IAM_USER_NO_POLICIES_CHECK",
    }
)
"""The source identifiers of rules that run when a resource changes; only for these does a Scope have an effect."""


def concerns_iam(source_identifier: str) -> bool:
    """Return whether a managed rule concerns IAM, by its name, so that newer rules of AWS are recognized too."""
    return source_identifier.startswith(_IAM_PREFIXES)


def is_managed(rule: Rule) -> bool:
    """Return whether a rule mirrors one of AWS Config's."""
    return rule.origin is RuleOrigin.AWS_CONFIG
