"""Rules that AWS Config does not offer in a partition: NOT_APPLICABLE there, and nothing else is said of them."""

import re

import pytest
from aws_catalogue import aws_catalogue
from rule_parameters import AWS_RULES, RULES, configured

from auditor.account.kinds import ResourceType
from auditor.judging.engine import evaluate
from auditor.judging.registry import described, page, sections
from auditor.judging.rule import ComplianceType, Rule
from auditor.report.ledger import Coverage, coverage
from auditor.testing import ACCOUNT_ID, account, oidc_provider

REGIONS = {
    "aws-cn": {"China (Beijing)", "China (Ningxia)"},
    "aws-us-gov": {"AWS GovCloud (US-East)", "AWS GovCloud (US-West)"},
}
"""The Regions of the partitions beside `aws` that AWS's list of rules speaks of."""
RESTRICTED = {rule_id: rule for rule_id, rule in RULES.items() if rule.not_offered_in}


@pytest.fixture(params=AWS_RULES.values(), ids=list(AWS_RULES))
def rule(request: pytest.FixtureRequest) -> Rule:
    found: Rule = request.param
    return found


def not_offered_in(regions: str) -> set[str]:
    """Return the partitions of which a rule is offered in no Region, by the words of AWS's list."""
    named = {partition: {each for each in those if each in regions} for partition, those in REGIONS.items()}
    if regions.startswith("Only available in"):
        return {partition for partition, those in named.items() if not those}
    assert regions.startswith("All supported AWS regions")
    return {partition for partition, those in named.items() if those == REGIONS[partition]}


def test_rules_are_offered_where_aws_catalogue_says(rule: Rule) -> None:
    assert rule.not_offered_in == not_offered_in(aws_catalogue()[rule.source_identifier]["AWS Region"])
    assert described(rule)["not_offered_in"] == sorted(rule.not_offered_in)


@pytest.mark.parametrize("rule_id", RESTRICTED)
@pytest.mark.parametrize("partition", REGIONS)
def test_where_aws_does_not_offer_a_rule_it_is_not_applicable_and_nothing_else(rule_id: str, partition: str) -> None:
    snapshot = account(partition=partition, unknown=["summary", "root_credentials", "oidc_providers", "saml_providers"])
    found = evaluate(snapshot, [configured(rule_id)]).findings
    if partition not in RESTRICTED[rule_id].not_offered_in:
        assert not [each for each in found if "does not offer" in each.annotation]
        return
    (finding,) = found
    assert (finding.resource_type, finding.resource_name) == (ResourceType.ACCOUNT, ACCOUNT_ID)
    assert finding.compliance_type is ComplianceType.NOT_APPLICABLE
    assert finding.annotation == f"AWS Config does not offer this rule in partition {partition}"


@pytest.mark.parametrize("rule_id", RESTRICTED)
def test_the_page_says_where_a_rule_is_not_offered_and_that_this_is_our_decision(rule_id: str) -> None:
    text = re.sub(r"\s+", " ", sections(page(RESTRICTED[rule_id]))["NOT_APPLICABLE"])
    said = re.search(r"[Tt]he partition is (.+?), where AWS Config does not offer the rule; .* is our decision\.", text)
    assert said is not None
    assert set(said[1].split(" or ")) == RESTRICTED[rule_id].not_offered_in


@pytest.mark.parametrize("partition", ["aws", "aws-iso", "aws-eusc"])
def test_partitions_that_the_catalogue_does_not_speak_of_are_judged(partition: str) -> None:
    snapshot = account(partition=partition, oidc_providers=[oidc_provider("it")])
    (finding,) = evaluate(snapshot, [configured("iam-oidc-provider-tagged")]).findings
    assert finding.compliance_type is ComplianceType.NON_COMPLIANT


def covered(rule_id: str) -> Coverage:
    snapshot = account(partition="aws-cn", oidc_providers=[oidc_provider("it")], unknown=["oidc_providers"])
    return coverage(snapshot, RULES[rule_id], evaluate(snapshot, [configured(rule_id)]).findings)


def test_the_ledger_misses_no_resources_of_a_rule_that_is_not_offered() -> None:
    told = covered("iam-oidc-provider-tagged")
    assert (told.resources, told.seen, told.unseen, told.reasons) == (0, 0, 0, ())


def test_the_ledger_counts_an_account_that_a_rule_does_not_apply_to() -> None:
    told = covered("root-account-mfa-enabled")
    assert (told.resources, told.seen, told.unseen, told.not_applicable) == (1, 1, 0, 1)
