"""Checks that IAM Access Analyzer looks for external access in the Region.

Why
    An analyzer reports every bucket, role, key or queue that somebody outside the account may use. Without one, sharing
    by mistake shows only when it is used.

COMPLIANT
    The Region has an analyzer of external access for the account (type ACCOUNT) whose status is ACTIVE.
NON_COMPLIANT
    The Region has none. Analyzers of unused or internal access do not count; nor do those whose zone of trust is the
    organization, which for the account that administers them is our decision.
INSUFFICIENT_DATA
    No such analyzer is known, and the analyzers could not be read completely or the Region that they were read in is
    not known (exports of an account without analyzers do not name it; `--region` gives it).
NOT_APPLICABLE
    The partition is aws-cn or aws-us-gov, where AWS Config does not offer the rule; not to judge there is our
    decision.

Parameters
    None.

Fix
    `aws accessanalyzer create-analyzer --analyzer-name external-access --type ACCOUNT --region REGION`, in each Region
    that is used; one scan judges one Region.
"""

from auditor.model import Account, ResourceType, Source
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
    undecided,
)

_SOURCE = Source.ACCESS_ANALYZERS


def evaluate(account: Account, context: Context[NoParameters]) -> Verdict:
    """Judge the account by its analyzers in the Region of the snapshot."""
    region = context.snapshot.region
    analyzers = context.snapshot.access_analyzers
    for analyzer in analyzers:
        if analyzer.type == "ACCOUNT" and analyzer.status == "ACTIVE":
            place = region or "a Region that is not known"
            return compliant(
                f"{analyzer.name} analyzes external access in {place}",
                Evidence("access_analyzers", analyzer.arn, _SOURCE),
            )
    if region is None:
        raise undecided("the Region that analyzers were read in is not known; for exports --region gives it")
    others = ", ".join(f"{each.name} ({each.type}, {each.status})" for each in analyzers)
    return non_compliant(
        f"{region} has no active analyzer of type ACCOUNT{', only ' if others else ''}{others}",
        Evidence("access_analyzers", [each.arn for each in analyzers], _SOURCE),
    )


RULE = Rule(
    id="iam-external-access-analyzer-enabled",
    source_identifier="IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.ACCESS_ANALYZERS}),
    severity=Severity.HIGH,  # Security Hub IAM.28
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-external-access-analyzer-enabled.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    regional=True,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
