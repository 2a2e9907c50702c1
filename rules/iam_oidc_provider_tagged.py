"""Checks that an OpenID Connect provider has tags, and the given keys among them.

Why
    A provider lets people or machines of another system in. Tags say whose it is and what for, so that one that nobody
    needs any more is found and removed.

COMPLIANT
    The provider has at least one tag, and a tag of each of requiredKeyTags if that is given. Values do not matter.
NON_COMPLIANT
    The provider has no tags, or lacks one of requiredKeyTags. Tags whose keys start with `aws:` are AWS's own and do
    not count.
INSUFFICIENT_DATA
    The tags of the provider could not be read, or the OpenID Connect providers could not be read completely.
NOT_APPLICABLE
    The account has no OpenID Connect providers. Or the partition is aws-cn or aws-us-gov, where AWS Config does not
    offer the rule; not to judge there is our decision.

Parameters
    requiredKeyTags (CSV, optional): keys of tags, case-sensitive. Keys that start with `aws:` are refused: nobody but
    AWS can set them. Security Hub calls the parameter of its own controls requiredTagKeys.

Fix
    `aws iam tag-open-id-connect-provider --open-id-connect-provider-arn ARN --tags Key=KEY,Value=VALUE`
"""

from auditor.model import OidcProvider, ResourceType, Source
from auditor.rule import Context, RequiredTags, Rule, RuleOrigin, Severity, Verdict, tagged


def evaluate(provider: OidcProvider, context: Context[RequiredTags]) -> Verdict:
    """Judge one provider by the keys of its tags."""
    return tagged(provider.tags, context.parameters, Source.OIDC_PROVIDERS)


RULE = Rule(
    id="iam-oidc-provider-tagged",
    source_identifier="IAM_OIDC_PROVIDER_TAGGED",
    resource_types=(ResourceType.OIDC_PROVIDER,),
    reads=frozenset({Source.OIDC_PROVIDERS}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-oidc-provider-tagged.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=RequiredTags,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
