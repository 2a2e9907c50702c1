"""Checks that every customer-managed IAM policy has a description.

Why
    A description says what a policy is for. It can be set only when the policy is created, and not added later.

COMPLIANT
    The policy has a description.
NON_COMPLIANT
    The description is missing, empty, or made of blanks only; the latter is our decision. AWS-managed policies are
    not judged, since AWS Config records only customer-managed ones.
INSUFFICIENT_DATA
    The description is unknown. Only GetPolicy returns it, at one call for each policy; so the rule is not in the
    default set. `--rule`, `--rules aws-config` and conformance packs run it.
NOT_APPLICABLE
    The account has no customer-managed policies. Or the partition is aws-cn or aws-us-gov, where AWS Config does not
    offer the rule; not to judge there is our decision.

Parameters
    None.

Fix
    A description cannot be changed. Create the policy again with `aws iam create-policy --description TEXT`, attach
    the new one wherever the old one was attached, and delete that.
"""

from auditor.model import Policy, ResourceType, Source
from auditor.rule import Context, Evidence, NoParameters, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


def evaluate(policy: Policy, context: Context[NoParameters]) -> Verdict:
    """Judge one customer-managed policy by its description."""
    description = policy.description
    evidence = Evidence("description", description, Source.POLICY_DESCRIPTIONS)
    if description is None or not description.strip():
        return non_compliant("The policy has no description", evidence)
    return compliant("The policy has a description", evidence)


RULE = Rule(
    id="iam-policy-description",
    source_identifier="IAM_POLICY_DESCRIPTION",
    resource_types=(ResourceType.POLICY,),
    reads=frozenset({Source.POLICIES, Source.POLICY_DESCRIPTIONS}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-policy-description.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
