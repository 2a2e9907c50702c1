"""Checks that no server certificate stored in IAM has expired.

Why
    An expired certificate breaks whatever still serves it, and people who turn the check off to get on with their work
    leave it off.

COMPLIANT
    The certificate expires after the snapshot was taken, even if only a second later.
NON_COMPLIANT
    The certificate has expired, or expires in the very second of the snapshot, which is our decision.
INSUFFICIENT_DATA
    The certificate's expiration or the time of the snapshot is not known, or the certificates could not be read
    completely.
NOT_APPLICABLE
    The account has no server certificates in IAM. Or the partition is aws-us-gov, where AWS Config does not offer the
    rule; not to judge there is our decision.

Parameters
    None.

Fix
    Move to AWS Certificate Manager, which renews certificates by itself, where it is offered in the Region, and then
    `aws iam delete-server-certificate --server-certificate-name NAME`.
"""

from auditor.model import ResourceType, ServerCertificate, Source
from auditor.rule import (
    Context,
    Evidence,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    time_text,
)


def evaluate(certificate: ServerCertificate, context: Context[NoParameters]) -> Verdict:
    """Judge one certificate by its expiration against the time of the snapshot."""
    expires_at = time_text(certificate.expires_at)
    evidence = Evidence("expires_at", expires_at, Source.SERVER_CERTIFICATES)
    if certificate.expires_at <= context.now:
        return non_compliant(f"The certificate expired at {expires_at}", evidence)
    return compliant(f"The certificate expires at {expires_at}", evidence)


RULE = Rule(
    id="iam-server-certificate-expiration-check",
    source_identifier="IAM_SERVER_CERTIFICATE_EXPIRATION_CHECK",
    resource_types=(ResourceType.SERVER_CERTIFICATE,),
    reads=frozenset({Source.SERVER_CERTIFICATES}),
    severity=Severity.MEDIUM,  # Security Hub IAM.26
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-server-certificate-expiration-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    not_offered_in=frozenset({"aws-us-gov"}),
)
