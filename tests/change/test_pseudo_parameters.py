"""Pseudo parameters in templates: what the account, the Region and the partition decide, and what they leave open."""

from pathlib import Path
from typing import Any

import pytest
from judging_plans import answers, report_of

from auditor.account.model import Snapshot
from auditor.change.cloudformation import reading
from auditor.report.report import Report
from auditor.selection.named import configured_rules
from auditor.testing import account, group, user

IN_GROUP, HAS_USERS, BLOCKED = (
    "iam-user-group-membership-check",
    "iam-group-has-users-check",
    "iam-policy-blacklisted-check",
)
KMS, ANALYZER = "iam-customer-policy-blocked-kms-actions", "iam-external-access-analyzer-enabled"
NC, C, UNDECIDED = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA"
OVER = account(users=[user("ann")], groups=[group("us-east-1"), group("ops")])
REGION = "AWS::Region"


def report(folder: Path, template: str, over: Snapshot | None = None, *, rules: Any = "all", **given: str) -> Report:
    path = folder / "template.yaml"
    path.write_text(template, "utf-8")
    named = {name.replace("_", "::"): value for name, value in given.items()}
    return report_of([reading.opened(str(path), reading.document_of(str(path)), named)], over, rules)


def mapped(mapping: str, key: str, *, default: str = "") -> str:
    """Return a template of a user X whose groups are looked up in a mapping of one key each."""
    entries = ", ".join(
        f"{each}: {{Groups: {groups}}}" for each, groups in (part.split("=") for part in mapping.split())
    )
    found = f"!FindInMap [M, {key}, Groups{f', {{DefaultValue: {default}}}' if default else ''}]"
    return (
        f"Mappings: {{M: {{{entries}}}}}\nResources: {{X: {{Type: AWS::IAM::User, Properties: {{Groups: {found}}}}}}}"
    )


OF_REGION, OF_ACCOUNT, OF_PARTITION = "!Ref 'AWS::Region'", "!Ref 'AWS::AccountId'", "!Ref 'AWS::Partition'"
FIRST_IN_REGION = f"!Select [0, !Split ['-', {OF_REGION}]]"
MAPPED = [
    ("the account that is read", "'111122223333'=[ops] '999999999999'=[]", OF_ACCOUNT, "", C, UNDECIDED),
    ("another account", "'999999999999'=[ops]", OF_ACCOUNT, "", UNDECIDED, C),
    ("another account, with a default", "'999999999999'=[ops]", OF_ACCOUNT, "[]", NC, UNDECIDED),
    ("the partition", "aws=[ops] aws-cn=[]", OF_PARTITION, "", C, UNDECIDED),
    ("any Region", "us-east-1=[ops] eu-west-1=[ops]", OF_REGION, "", C, C),
    ("no group in any Region", "us-east-1=[] eu-west-1=[]", OF_REGION, "", NC, NC),
    ("one of two Regions", "us-east-1=[ops] eu-west-1=[]", OF_REGION, "", UNDECIDED, UNDECIDED),
    ("any Region, but for the default", "us-east-1=[ops] eu-west-1=[ops]", OF_REGION, "[]", UNDECIDED, UNDECIDED),
    ("any Region and the default", "us-east-1=[ops]", OF_REGION, "[ops]", C, C),
    ("a part of the Region", "us=[ops] eu=[]", FIRST_IN_REGION, "", UNDECIDED, UNDECIDED),
]


@pytest.mark.parametrize(
    ("name", "mapping", "key", "default", "over", "alone"), MAPPED, ids=[name for name, *_ in MAPPED]
)
def test_a_key_of_a_mapping(
    tmp_path: Path, name: str, mapping: str, key: str, default: str, over: str, alone: str
) -> None:
    template = mapped(mapping, key, default=default)
    assert answers(report(tmp_path, template, OVER))[IN_GROUP, "X"][0] == over, name
    assert answers(report(tmp_path, template))[IN_GROUP, "X"][0] == alone, name


def test_a_key_that_is_the_region_of_the_stack(tmp_path: Path) -> None:
    template = mapped("us-east-1=[ops] eu-west-1=[]", OF_REGION)
    for region, expected in {"us-east-1": C, "eu-west-1": NC, "us-west-2": UNDECIDED}.items():
        assert answers(report(tmp_path, template, OVER, AWS_Region=region))[IN_GROUP, "X"][0] == expected


def test_a_name_with_the_region_is_not_that_of_the_account_which_is_read(tmp_path: Path) -> None:
    template = (
        "Resources: {A: {Type: AWS::IAM::UserToGroupAddition, "
        "Properties: {GroupName: !Sub '${AWS::Region}', Users: [ann]}}}"
    )
    assert answers(report(tmp_path, template, OVER))[HAS_USERS, "us-east-1"][0] == UNDECIDED
    assert answers(report(tmp_path, template, OVER, AWS_Region="us-east-1"))[HAS_USERS, "us-east-1"][0] == C
    assert answers(report(tmp_path, template, OVER, AWS_Region="eu-west-1"))[HAS_USERS, "us-east-1"][0] == NC


def test_no_verdict_on_a_document_rests_on_which_region_it_names(tmp_path: Path) -> None:
    keys = "!Sub 'arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/*'"
    statement = f"{{Effect: Allow, Action: 'kms:Decrypt', Resource: {keys}}}"
    template = (
        "Resources: {P: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: p, "
        f"PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}}}}}}}"
    )
    rules = configured_rules([KMS], {KMS: {"blockedActionsPatterns": "kms:Decrypt"}})
    known = report(tmp_path, template, OVER, rules=rules, AWS_Region="eu-west-1")
    open_region = report(tmp_path, template, OVER, rules=rules)
    assert answers(open_region)[KMS, "p"] == answers(known)[KMS, "p"]
    assert answers(known)[KMS, "p"][0] in (C, NC)


def test_an_analyzer_counts_in_the_region_that_is_audited(tmp_path: Path) -> None:
    template = "Resources: {A: {Type: AWS::AccessAnalyzer::Analyzer, Properties: {Type: ACCOUNT}}}"
    found = [
        answers(report(tmp_path, template, OVER, **given))[ANALYZER, "111122223333"][0]
        for given in ({}, {"AWS_Region": "us-east-1"}, {"AWS_Region": "eu-west-1"})
    ]
    assert found == [UNDECIDED, C, NC]
