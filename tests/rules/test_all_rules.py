"""What holds for every built-in rule: its page, its parameters, what it reads, and its cases."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_catalogue import aws_catalogue
from rule_parameters import AWS_RULES, RULES, configured

from auditor.account.kinds import ResourceType, listed_kinds
from auditor.account.model import (
    Account,
    Group,
    OidcProvider,
    Policy,
    Role,
    SamlProvider,
    ServerCertificate,
    Snapshot,
    User,
)
from auditor.account.sources import VERIFYING, Source
from auditor.account.unknown import Listing, with_gaps
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.judging.registry import described, page, sections
from auditor.judging.rule import ComplianceType, Rule
from auditor.selection.frameworks import controls
from auditor.testing import WITHHELD, Case, account

JUDGED = (ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT)
HEADINGS = ("Why", "Parameters", "Fix")


@pytest.fixture(params=RULES.values(), ids=list(RULES))
def rule(request: pytest.FixtureRequest) -> Rule:
    """Return each built-in rule in turn."""
    found: Rule = request.param
    return found


@pytest.fixture(params=AWS_RULES.values(), ids=list(AWS_RULES))
def aws_rule(request: pytest.FixtureRequest) -> Rule:
    """Return each rule of AWS Config in turn."""
    found: Rule = request.param
    return found


def cases_of(rule: Rule) -> list[Case]:
    cases: list[Case] = import_module(f"test_{rule.id.replace('-', '_')}").CASES
    return cases


def test_the_id_is_the_name_of_the_file(rule: Rule) -> None:
    module = rule.evaluate.__module__
    assert module == f"rules.{rule.id.replace('-', '_')}"
    assert import_module(module).RULE is rule


def test_the_page_has_every_heading(rule: Rule) -> None:
    parts = sections(page(rule))
    assert parts[""].endswith(".")
    for heading in HEADINGS:
        assert parts[heading], heading
    assert [heading for heading in parts if heading.isupper()], "no compliance type is explained"
    assert set(parts) <= {"", *HEADINGS, *(kind.value for kind in ComplianceType)}


AWS_TYPES: dict[str, set[type]] = {
    "boolean": {msgspec.inspect.BoolType},
    "int": {msgspec.inspect.IntType},
    "CSV": {msgspec.inspect.VarTupleType},
    "String": {msgspec.inspect.StrType, msgspec.inspect.EnumType},
}
OWN_GRAMMAR = {"exceptionList"}
"""Parameters that AWS calls CSV but that have a grammar of their own, in which a comma may stand inside an item."""
PRINTED_ON_THE_PAGE = {
    "excludePermissionBoundaryPolicy": "false",
    "excludeRoleByManagementAccount": "false",
    "policyUsageType": "ANY",
}
"""Defaults of optional parameters that the rule's page states and the catalogue leaves out, or that are ours."""


def test_parameters_are_those_of_aws_catalogue(aws_rule: Rule) -> None:
    entry = aws_catalogue()[aws_rule.source_identifier]
    expected = {parameter["Name"]: parameter for parameter in entry.get("Parameters", [])}
    declared = {field.name: field for field in msgspec.inspect.type_info(aws_rule.parameters).fields}  # type: ignore[attr-defined]  # a Struct's
    assert set(declared) == set(expected)
    for name, parameter in expected.items():
        field = declared[name]
        assert field.required is not parameter["Optional"]
        assert default_of(field) == parameter.get("Default", PRINTED_ON_THE_PAGE.get(name)), name
        kinds = {msgspec.inspect.StrType} if name in OWN_GRAMMAR else AWS_TYPES[parameter["Type"]]
        assert type(kind_of(field.type)) in kinds, name


def default_of(field: msgspec.inspect.Field) -> object:
    """Return a parameter's default as AWS writes it: for a required one, the default that is printed all the same."""
    if field.required:
        return (field.type.extra or {})["printed_default"] if isinstance(field.type, msgspec.inspect.Metadata) else None
    return str(field.default).lower() if isinstance(field.default, bool | int) else field.default


def kind_of(declared: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if isinstance(declared, msgspec.inspect.Metadata):
        return kind_of(declared.type)
    if isinstance(declared, msgspec.inspect.UnionType):
        (kind,) = (kind for kind in declared.types if not isinstance(kind, msgspec.inspect.NoneType))
        return kind
    return declared


def test_resource_types_are_those_of_aws_catalogue(aws_rule: Rule) -> None:
    entry = aws_catalogue()[aws_rule.source_identifier]
    if "Resource Types" in entry:
        assert set(aws_rule.resource_types) == set(entry["Resource Types"].split(", "))
    else:
        assert aws_rule.resource_types == (ResourceType.ACCOUNT,)


def test_the_page_names_every_parameter(rule: Rule) -> None:
    text = sections(page(rule))["Parameters"]
    for name in rule.parameters.__struct_fields__:
        assert name in text


def test_a_case_gives_each_compliance_type_that_the_page_explains(rule: Rule) -> None:
    given = {str(kind) for case in cases_of(rule) for kind in case.expected.values()}
    explained = {heading for heading in sections(page(rule)) if heading.isupper()}
    assert explained <= given


def test_what_a_rule_reads_is_what_it_declares(rule: Rule) -> None:
    read = {source for source in Source if any(reading(case, rule, source) for case in cases_of(rule))}
    assert read == rule.reads


def test_nothing_is_compliant_that_rests_on_a_withheld_source(rule: Rule) -> None:
    for source in rule.reads:
        for case in cases_of(rule):
            if depends(case, rule, source):
                assert lost(case, rule, source) <= {ComplianceType.INSUFFICIENT_DATA}, f"{case} without {source}"


RECORDS = (Account, Group, OidcProvider, Policy, Role, SamlProvider, ServerCertificate, Snapshot, User)
FACTS = {"members", *(field for record in RECORDS for field in record.__struct_fields__)}
"""What evidence may point at; a group's members are what its users' records tell."""


def test_evidence_points_at_a_fact_of_a_source_that_the_rule_reads(rule: Rule) -> None:
    read = rule.reads | (VERIFYING if rule.verifiable else frozenset())
    for case in cases_of(rule):
        asked = configure(rule, case.parameters, origin=case.origin)
        judged = [each for each in evaluate(case.snapshot, [asked]).findings if each.compliance_type in JUDGED]
        for evidence in (each for finding in judged for each in finding.evidence):
            assert re.split(r"[.\[]", evidence.path)[0] in FACTS, evidence.path
            assert evidence.source in read


def depends(case: Case, rule: Rule, source: Source) -> bool:
    return bool(lost(case, rule, source))


def reading(case: Case, rule: Rule, source: Source) -> bool:
    """Return whether a verdict, or what it says, depends on a source."""
    before, after = said(case.snapshot, case, rule), said(withheld(case.snapshot, source), case, rule)
    return any(before[name] != after.get(name) for name in before)


def said(snapshot: Snapshot, case: Case, rule: Rule) -> dict[str, tuple[ComplianceType, str]]:
    asked = configure(rule, case.parameters, origin=case.origin)
    found = evaluate(snapshot, [asked]).findings
    return {each.resource_name: (each.compliance_type, each.annotation) for each in found}


def lost(case: Case, rule: Rule, source: Source) -> set[ComplianceType]:
    """Return the verdicts that stand where others stood before the source was withheld."""
    before, after = verdicts(case.snapshot, case, rule), verdicts(withheld(case.snapshot, source), case, rule)
    return {after.get(name, ComplianceType.INSUFFICIENT_DATA) for name in before if after.get(name) != before[name]}


def verdicts(snapshot: Snapshot, case: Case, rule: Rule) -> dict[str, ComplianceType]:
    asked = configure(rule, case.parameters, origin=case.origin)
    return {found.resource_name: found.compliance_type for found in evaluate(snapshot, [asked]).findings}


LISTS = {source: listing for _, listing, source in listed_kinds() if source is not Source.USERS}
ACCOUNT_FACTS = {
    Source.PASSWORD_POLICY: ("password_policy",),
    Source.ACCOUNT_SUMMARY: ("summary",),
    Source.ORGANIZATION: ("management_account_id",),
    Source.CREDENTIAL_REPORT: ("root_credentials",),
}
DETAILS = {
    Source.USERS: ("users", ("group_names", "inline_policies", "attached_policies", "permissions_boundary", "tags")),
    Source.GROUPS: ("groups", ("inline_policies", "attached_policies")),
    Source.POLICIES: ("policies", ("versions",)),
    Source.CREDENTIAL_REPORT: ("users", ("credentials",)),
    Source.POLICY_DESCRIPTIONS: ("policies", ("description",)),
}


def withheld(snapshot: Snapshot, source: Source) -> Snapshot:
    """Return the snapshot without what the source tells: its list is not complete, its facts are unknown."""
    changed: dict[str, Any] = {}
    if source in LISTS:
        field = LISTS[source]
        changed[field] = Listing(getattr(snapshot, field).known_part, WITHHELD)
    if source in DETAILS:
        field, details = DETAILS[source]
        whole = getattr(snapshot, field)
        known = tuple(with_gaps(each, dict.fromkeys(details, WITHHELD)) for each in whole.known_part)
        listed = source is not Source.USERS and source not in LISTS
        changed[field] = Listing(known, whole.gap if listed else WITHHELD)
    if source in ACCOUNT_FACTS:
        changed["account"] = with_gaps(snapshot.account, dict.fromkeys(ACCOUNT_FACTS[source], WITHHELD))
    if source is Source.PASSWORD_RESETS:
        changed["login_profiles"] = tuple(
            with_gaps(each, {"password_reset_required": WITHHELD}) for each in snapshot.login_profiles
        )
    if source is Source.SERVICE_CREDENTIALS and snapshot.service_credentials is not None:
        changed["service_credentials"] = Listing(snapshot.service_credentials.known_part, WITHHELD)
    if source is Source.AWS_MANAGED_POLICIES:
        changed["aws_managed_policies"] = tuple(
            with_gaps(each, {"version_id": WITHHELD, "document": WITHHELD}) for each in snapshot.aws_managed_policies
        )
    return msgspec.structs.replace(snapshot, **changed)


def test_an_empty_account_yields_one_finding(rule: Rule) -> None:
    assert len(evaluate(account(), [configured(rule.id)]).findings) == 1


def test_rules_conclude_nothing_from_the_known_part_of_a_list(rule: Rule) -> None:
    """`known` may stand in evidence only; the tests of monotone knowledge hold that nothing is concluded from it."""
    source = Path(import_module(rule.evaluate.__module__).__file__ or "").read_text(encoding="utf-8")
    for line in source.splitlines():
        if ".known_part" in line:
            assert "if " not in line.split(".known_part", maxsplit=1)[0]


def test_every_rule_is_described_for_programs(rule: Rule) -> None:
    assert json.loads(msgspec.json.encode(described(rule)))["id"] == rule.id


def test_control_mappings_are_of_rules_that_exist() -> None:
    assert set(AWS_RULES) <= set(controls()) <= set(RULES)
