"""Checks that root has no access key.

Why
    A key of root can do everything, needs no MFA, and cannot be held back by any policy of the account. Nothing that
    a key is for needs to be done as root.

COMPLIANT
    Root has no access key, also if it has no credentials at all.
NON_COMPLIANT
    Root has an access key, active or not.
INSUFFICIENT_DATA
    Neither the account summary nor the credential report says whether root has a key; or they contradict each other, as
    the report may be four hours old.

Parameters
    None.

Fix
    Sign in as root and delete the keys under "Security credentials", after giving what used them a role. In member
    accounts of an organization the management account can delete them ("Root access management" in IAM).
"""

from auditor.model import Account, ResourceType, Source
from auditor.rule import (
    Context,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    root_access_key,
)


def evaluate(account: Account, context: Context[NoParameters]) -> Verdict:
    """Judge root by the account summary and its row of the credential report."""
    key = root_access_key(account)
    if key.holds:
        return non_compliant("Root has an access key", *key.evidence)
    return compliant("Root has no access key", *key.evidence)


RULE = Rule(
    id="iam-root-access-key-check",
    source_identifier="IAM_ROOT_ACCESS_KEY_CHECK",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.ACCOUNT_SUMMARY, Source.CREDENTIAL_REPORT}),
    severity=Severity.CRITICAL,  # Security Hub IAM.4
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-root-access-key-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
)
