"""Checks that a policy that denies everything without MFA exempts what a user needs to change the password.

Why
    A user without MFA who has to change the password at the next sign-in, or whose password expired, needs
    iam:ChangePassword and iam:GetAccountPasswordPolicy before MFA can be set up. A policy that denies these until MFA
    is used locks such a user out, and neither AllowUsersToChangePassword nor IAMUserChangePassword helps: a deny wins.

COMPLIANT
    Statements of the policy deny at the console without MFA and not with MFA, and none of them covers
    iam:ChangePassword or iam:GetAccountPasswordPolicy.
NON_COMPLIANT
    Such a statement covers iam:ChangePassword, or iam:GetAccountPasswordPolicy alone: AWS documents both together. The
    verdict is about the default version; that unattached policies are judged too is our decision.
NOT_APPLICABLE
    No statement of the policy denies until MFA is used.
INSUFFICIENT_DATA
    The document could not be read, or a condition leaves open whether a statement denies until MFA is used and covers
    one of the two actions.

Parameters
    None.

Fix
    Add iam:ChangePassword and iam:GetAccountPasswordPolicy to the NotAction of the statement, and grant them: `aws iam
    create-policy-version --policy-arn ARN --policy-document file://policy.json --set-as-default`. AWS
    advises otherwise to force no password reset, and to grant rights only after the user has set up MFA.
"""

from auditor.model import Policy, ResourceType, Source
from auditor.policy import denials_without_mfa
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
    not_applicable,
)

_NEEDED = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")


def evaluate(policy: Policy, context: Context[NoParameters]) -> Verdict:
    """Judge one policy by the statements of its default version."""
    denials = denials_without_mfa(policy, _NEEDED)
    if not denials:
        return not_applicable("No statement of the policy denies until MFA is used")
    fact = Evidence("versions", [each.number for each in denials], Source.POLICIES)
    covering = [each for each in denials if each.covered]
    if not covering:
        return compliant(f"{denials[0].text} denies until MFA is used, and spares the change of the password", fact)
    actions = " and ".join(sorted({action for each in covering for action in each.covered}))
    text = f"{covering[0].text} denies {actions} until MFA is used"
    return non_compliant(f"{text}: who must first change the password is locked out. Exempt both there", fact)


RULE = Rule(
    id="iam-mfa-deny-exempts-change-password",
    source_identifier="IAM_MFA_DENY_EXEMPTS_CHANGE_PASSWORD",
    resource_types=(ResourceType.POLICY,),
    reads=frozenset({Source.POLICIES}),
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
