"""Checks that an OpenID Connect provider takes tokens for allowed client ids only.

Why
    A client id (audience) says for which application the other system made a token. Each further one lets tokens in
    that were made for something else.

COMPLIANT
    Every client id of the provider is among allowedClientIds. A provider without client ids takes no token and is
    COMPLIANT, which is our decision.
NON_COMPLIANT
    The provider has a client id that is not among allowedClientIds. Ids compare exactly, which is our decision.
INSUFFICIENT_DATA
    No other client id is known, and those of the provider could not be read completely; or the OpenID Connect providers
    could not be.
NOT_APPLICABLE
    The account has no OpenID Connect providers. Or the partition is aws-cn or aws-us-gov, where AWS Config does not
    offer the rule; not to judge there is our decision.

Parameters
    allowedClientIds (CSV, required): the client ids that may be there, such as sts.amazonaws.com. An id that holds a
    comma cannot be named here.

Fix
    `aws iam remove-client-id-from-open-id-connect-provider --open-id-connect-provider-arn ARN --client-id ID`
"""

from msgspec import Struct

from auditor.model import OidcProvider, ResourceType, Source
from auditor.rule import Context, Evidence, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    allowedClientIds: tuple[str, ...]


def evaluate(provider: OidcProvider, context: Context[Parameters]) -> Verdict:
    """Judge one provider by its client ids."""
    allowed = context.parameters.allowedClientIds
    if all(client_id in allowed for client_id in provider.client_ids):
        return compliant(
            "Every client id is allowed", Evidence("client_ids", provider.client_ids.known_part, Source.OIDC_PROVIDERS)
        )
    others = [client_id for client_id in provider.client_ids.known_part if client_id not in allowed]
    return non_compliant(
        f"Client ids that are not allowed: {', '.join(others)}", Evidence("client_ids", others, Source.OIDC_PROVIDERS)
    )


RULE = Rule(
    id="iam-oidc-provider-client-id-list-check",
    source_identifier="IAM_OIDC_PROVIDER_CLIENT_ID_LIST_CHECK",
    resource_types=(ResourceType.OIDC_PROVIDER,),
    reads=frozenset({Source.OIDC_PROVIDERS}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-oidc-provider-client-id-list-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
