"""Checks that root needs MFA to sign in.

Why
    Root can do everything, and no policy of the account can hold it back. A password alone can be guessed, phished or
    reused; a second factor stops whoever holds only the password.

COMPLIANT
    Root has an MFA device of any kind.
NON_COMPLIANT
    Root has credentials, and no MFA device.
INSUFFICIENT_DATA
    Neither the account summary nor the credential report says whether root has credentials and MFA; or they contradict
    each other, as the report may be four hours old.
NOT_APPLICABLE
    Root has no credentials: neither a password nor an active access key. Or the partition is aws-cn or aws-us-gov,
    where AWS Config does not offer the rule; not to judge root there is our decision.

Parameters
    None.

Fix
    Sign in as root and register a device under "Security credentials", at best a security key. In member accounts of
    an organization the management account can delete root's credentials instead ("Root access management" in IAM).
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
    not_applicable,
    root_credentials,
    root_mfa,
)


def evaluate(account: Account, context: Context[NoParameters]) -> Verdict:
    """Judge root by the account summary and its row of the credential report."""
    credentials = root_credentials(account)
    if not credentials.holds:
        return not_applicable("Root has neither a password nor an active access key", *credentials.evidence)
    mfa = root_mfa(account)
    evidence = (*credentials.evidence, *mfa.evidence)
    if mfa.holds:
        return compliant("Root has MFA", *evidence)
    return non_compliant("Root has credentials and no MFA", *evidence)


RULE = Rule(
    id="root-account-mfa-enabled",
    source_identifier="ROOT_ACCOUNT_MFA_ENABLED",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.ACCOUNT_SUMMARY, Source.CREDENTIAL_REPORT}),
    severity=Severity.CRITICAL,  # Security Hub IAM.9
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/root-account-mfa-enabled.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
