"""What the three `*-tagged` rules say, and which parameters they refuse."""

from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import Rule
from auditor.testing import NC, C, Case, account, oidc_provider, saml_provider, server_certificate

TAGS = {"aws:owner": "AWS", "Team": "b", "Owner": "a"}
SNAPSHOTS = {
    "iam-oidc-provider-tagged": lambda tags: account(oidc_providers=[oidc_provider("it", tags=tags)]),
    "iam-saml-provider-tagged": lambda tags: account(saml_providers=[saml_provider("it", tags=tags)]),
    "iam-server-certificate-tagged": lambda tags: account(server_certificates=[server_certificate("it", tags=tags)]),
}


@pytest.fixture(params=SNAPSHOTS)
def rule(request: pytest.FixtureRequest) -> Rule:
    return load_rules()[request.param]


def said(rule: Rule, tags: dict[str, str], expected: Any, required: str = "") -> tuple[str, Any]:
    case = Case("", SNAPSHOTS[rule.id](tags), {"it": expected}, {"requiredKeyTags": required})
    (finding,) = case.check(rule).findings
    (fact,) = finding.evidence
    assert fact.path == "tags"
    assert fact.source in rule.reads
    return finding.annotation, fact.value


def test_the_finding_names_the_tags_or_what_is_missing(rule: Rule) -> None:
    assert said(rule, TAGS, C) == ("The resource is tagged: Owner, Team", ["Owner", "Team"])
    assert said(rule, {}, NC) == ("The resource has no tags", [])
    assert said(rule, TAGS, NC, "Owner,Cost,Stage") == ("The resource has no tag Cost, Stage", ["Owner", "Team"])


@pytest.mark.parametrize("keys", ["aws:owner", "Owner, aws:cloudformation:stack-name"])
def test_a_key_that_only_aws_can_set_is_refused(rule: Rule, keys: str) -> None:
    with pytest.raises(UsageError, match=rf"{rule.id}\.requiredKeyTags is 'aws:"):
        configure(rule, {"requiredKeyTags": keys})


def test_the_name_that_security_hub_gives_the_parameter_is_refused_with_the_right_one(rule: Rule) -> None:
    with pytest.raises(UsageError, match="requiredTagKeys") as raised:
        configure(rule, {"requiredTagKeys": "Owner"})
    assert "requiredKeyTags" in raised.value.hint


def test_a_parameter_that_names_nothing_is_refused(rule: Rule) -> None:
    with pytest.raises(UsageError, match="names nothing"):
        configure(rule, {"requiredKeyTags": " , "})
