"""Checks that a server certificate stored in IAM has tags, and the given keys among them.

Why
    IAM neither renews certificates nor says where they are in use. Tags say whose one is and what it serves, before it
    expires.

COMPLIANT
    The certificate has at least one tag, and a tag of each of requiredKeyTags if that is given. Values do not matter.
NON_COMPLIANT
    The certificate has no tags, or lacks one of requiredKeyTags. Tags whose keys start with `aws:` are AWS's own and do
    not count.
INSUFFICIENT_DATA
    The tags of the certificate could not be read, or the server certificates could not be read completely.
NOT_APPLICABLE
    The account has no server certificates. Or the partition is aws-cn or aws-us-gov, where AWS Config does not
    offer the rule; not to judge there is our decision.

Parameters
    requiredKeyTags (CSV, optional): keys of tags, case-sensitive. Keys that start with `aws:` are refused: nobody but
    AWS can set them. Security Hub calls the parameter of its own controls requiredTagKeys.

Fix
    `aws iam tag-server-certificate --server-certificate-name NAME --tags Key=KEY,Value=VALUE`
"""

from auditor.model import ResourceType, ServerCertificate, Source
from auditor.rule import Context, RequiredTags, Rule, RuleOrigin, Severity, Verdict, tagged


def evaluate(certificate: ServerCertificate, context: Context[RequiredTags]) -> Verdict:
    """Judge one certificate by the keys of its tags."""
    return tagged(certificate.tags, context.parameters, Source.SERVER_CERTIFICATES)


RULE = Rule(
    id="iam-server-certificate-tagged",
    source_identifier="IAM_SERVER_CERTIFICATE_TAGGED",
    resource_types=(ResourceType.SERVER_CERTIFICATE,),
    reads=frozenset({Source.SERVER_CERTIFICATES}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-server-certificate-tagged.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=RequiredTags,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
