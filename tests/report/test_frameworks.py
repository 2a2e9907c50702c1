"""Frameworks: control by control, in natural order, and never more assured than what was evaluated."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aws_catalogue import aws_catalogue
from conftest import Run
from html_reports import MFA, OWN_POLICIES, mixed, report_of, suppressed
from msgspec.structs import replace

from auditor.account.snapshot import dump
from auditor.errors import UsageError
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.report.build import with_frameworks
from auditor.report.frameworks import ControlResult, by_framework, extent, tally
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.selection.frameworks import (
    Requirement,
    controls,
    find,
    known,
    lacking,
    listed,
    natural,
    supported,
    uncovered,
)
from auditor.testing import NA, NC, UNKNOWN, C, account, console_user, password_policy
from auditor.writers import csv, html, table

SCHEMA = json.loads((Path(__file__).parents[2] / "auditor/report/report.schema.json").read_text())
PASSWORD = "iam-password-policy"
INLINE, CUSTOMER = "iam-inline-policy-blocked-kms-actions", "iam-customer-policy-blocked-kms-actions"
NONE = dict.fromkeys(ComplianceType, 0)
SHARED = ("NIST-800-53-r5", "IA-2(1)")
"""A control that several rules without parameters support."""


@dataclass(frozen=True)
class Told:
    """What a report tells of a rule."""

    config_rule_name: str
    compliance_type: ComplianceType
    source_identifier: str
    parameters: dict[str, Any] = field(default_factory=dict)
    counts: dict[ComplianceType, int] = field(default_factory=NONE.copy)
    left_out: tuple[str, ...] = ()
    suppressed: int = 0


def told(rule_id: str, verdict: ComplianceType, name: str | None = None, **parameters: object) -> Told:
    return Told(name or rule_id, verdict, load_rules()[rule_id].source_identifier, parameters)


def control(framework: str, control_id: str, *rules: Told, partition: str = "aws") -> ControlResult:
    (result,) = by_framework([framework], rules, (), partition)
    (found,) = (each for each in result.controls if each.id == control_id)
    return found


def decided(framework: str, control_id: str, *rules: Told, partition: str = "aws") -> tuple[ComplianceType, bool]:
    found = control(framework, control_id, *rules, partition=partition)
    return found.compliance_type, found.complete


ORDERED = {
    "numbers as numbers": ["1.2", "1.9", "1.10", "2.1", "2.1.1", "2.2", "10.1"],
    "letters, then numbers": ["8.3.10.1", "8.3.11", "A3.4.1", "IAM.2", "IAM.10", "KMS.1"],
    "enhancements after their control": ["AC-2", "AC-2(1)", "AC-2(3)", "AC-2(3)(a)", "AC-2(12)", "AC-2(j)", "AC-3"],
}


@pytest.mark.parametrize("ids", ORDERED.values(), ids=list(ORDERED))
def test_controls_are_ordered_as_people_do(ids: list[str]) -> None:
    assert sorted(set(ids), key=natural) == ids


@pytest.mark.parametrize("name", known())
def test_a_framework_gives_its_controls_in_order_with_their_rules(name: str) -> None:
    (result,) = by_framework([name], (), (), "aws")
    ids = [each.id for each in result.controls]
    assert ids == sorted(ids, key=natural)
    assert {each.id: each.not_evaluated for each in result.controls} == {
        each: tuple(sorted(rule for rule, mapped in controls().items() if each in mapped.get(name, ()))) for each in ids
    }
    assert ids
    assert "Other controls of this framework are not listed here" in result.note


ALIASES = {
    "CIS-AWS-3.0": ["CIS-AWS-3.0", "cis 3.0", "cis_aws_3.0", "CIS AWS Foundations Benchmark v3.0"],
    "CIS-AWS-4.0.1": ["cis-4.0.1", "CIS v4.0.1"],
    "SecurityHub": ["securityhub", "Security Hub", "aws-security-hub"],
    "FSBP": ["fsbp"],
    "NIST-800-53-r5": ["nist 800-53 r5", "NIST.800-53.r5"],
    "NIST-800-53-r5-ConfigPack": ["nist-800-53-r5-config-pack"],
    "PCI-DSS-4.0.1": ["pci 4.0.1", "PCI DSS v4.0.1"],
}


@pytest.mark.parametrize(("alias", "name"), [(alias, name) for name, each in ALIASES.items() for alias in each])
def test_a_framework_answers_to_its_name_however_it_is_written(alias: str, name: str) -> None:
    assert find(alias) == name


def test_every_framework_answers_to_its_own_name() -> None:
    assert [find(name) for name in known()] == list(known())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("cis 4.0", "Did you mean CIS-AWS-4.0.1?"),
        ("fsbq", "Did you mean FSBP?"),
        ("nist 800-53", "Did you mean NIST-800-53-r5 or NIST-800-53-r4-ConfigPack or NIST-800-53-r5-ConfigPack?"),
        ("hipaa", "`iam-audit frameworks` lists them."),
        ("", "`iam-audit frameworks` lists them."),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        find(name)
    assert raised.value.message == f"--framework {name}: there is no such framework"
    assert raised.value.hint == hint


def test_the_frameworks_are_those_of_the_mapping() -> None:
    assert set(known()) == {name for mapped in controls().values() for name in mapped}


def test_what_a_control_asks_is_of_parameters_that_aws_knows() -> None:
    catalogue = aws_catalogue()
    for name in known():
        for control_id, each in listed(name).items():
            for rule_id, asks in each.asks.items():
                parameters = catalogue[rule_id.upper().replace("-", "_")]["Parameters"]
                assert asks.keys() <= {parameter["Name"] for parameter in parameters}
                assert rule_id not in load_rules() or rule_id in supported(name)[control_id]


@pytest.mark.parametrize("name", [name for name in known() if name.startswith(("CIS", "Sec", "FSBP"))])
def test_every_control_of_cis_and_security_hub_has_a_title(name: str) -> None:
    assert all(each.title for each in by_framework([name], (), (), "aws")[0].controls)


@pytest.mark.parametrize("other", ComplianceType)
@pytest.mark.parametrize("one", ComplianceType)
def test_the_verdict_of_a_control_is_the_worst_of_its_rules(one: ComplianceType, other: ComplianceType) -> None:
    first, *others = supported(SHARED[0])[SHARED[1]]
    assert others
    rules = [told(first, one), *(told(rule_id, other) for rule_id in others)]
    assert decided(*SHARED, *rules) == (min(one, other, key=list(ComplianceType).index), True)


@pytest.mark.parametrize(("verdict", "control_verdict"), [(NC, NC), (UNKNOWN, UNKNOWN), (C, UNKNOWN), (NA, UNKNOWN)])
def test_a_control_of_which_a_rule_did_not_run_is_never_compliant(
    verdict: ComplianceType, control_verdict: ComplianceType
) -> None:
    left_out, *others = supported(SHARED[0])[SHARED[1]]
    found = control(*SHARED, *(told(rule_id, verdict) for rule_id in others))
    assert (found.compliance_type, found.complete, extent(found)) == (control_verdict, False, ("partly evaluated",))
    assert found.not_evaluated == (left_out,)
    assert [rule.config_rule_name for rule in found.rules] == others


def test_a_control_of_which_no_rule_ran_is_not_evaluated() -> None:
    found = control(*SHARED)
    assert (found.compliance_type, found.complete, extent(found), found.rules) == (
        UNKNOWN,
        False,
        ("not evaluated",),
        (),
    )


def test_a_rule_that_is_configured_twice_counts_twice() -> None:
    rules = [told(MFA, C, "pack-mfa"), told(MFA, NC, "own-mfa")]
    found = control("CIS-AWS-3.0", "1.10", *rules)
    assert (found.compliance_type, found.complete) == (NC, True)
    assert [rule.config_rule_name for rule in found.rules] == ["pack-mfa", "own-mfa"]


def test_a_rule_of_another_framework_changes_nothing() -> None:
    assert decided("CIS-AWS-3.0", "1.10", told(MFA, C), told(OWN_POLICIES, NC)) == (C, True)


@pytest.mark.parametrize(("control_id", "rule_id"), [("KMS.1", CUSTOMER), ("KMS.2", INLINE)])
def test_security_hub_asks_for_both_actions_that_decrypt(control_id: str, rule_id: str) -> None:
    assert decided("FSBP", control_id, told(rule_id, C, blockedActionsPatterns=["kms:Decrypt"])) == (UNKNOWN, False)


SUPPORT = "arn:aws-cn:iam::aws:policy/AWSSupportAccess"
ASKS = {
    "at most": (Requirement(at_most=90), 90, None),
    "above": (Requirement(at_most=45), 90, "at most 45"),
    "on": (Requirement(on=True), True, None),
    "off": (Requirement(on=True), False, "true"),
    "a text in place of true": (Requirement(on=True), "true", "true"),
    "the policy": (Requirement(policy="AWSSupportAccess"), SUPPORT, None),
    "the policy in another partition": (
        Requirement(policy="AWSSupportAccess"),
        SUPPORT.replace("aws-cn", "aws"),
        SUPPORT,
    ),
    "the policy in several partitions": (
        Requirement(policy="AWSSupportAccess"),
        [SUPPORT.replace("aws-cn", "aws"), SUPPORT],
        None,
    ),
    "the policy among others": (Requirement(policy="AWSSupportAccess"), ["x", SUPPORT], None),
    "a policy of one's own with that name": (
        Requirement(policy="AWSSupportAccess"),
        "arn:aws:iam::111122223333:policy/AWSSupportAccess",
        SUPPORT,
    ),
    "a policy under a path": (
        Requirement(policy="AWSSupportAccess"),
        "arn:aws:iam::aws:policy/x/AWSSupportAccess",
        SUPPORT,
    ),
    "other policies": (Requirement(policy="AWSSupportAccess"), ("x",), "AWSSupportAccess"),
    "no list": (Requirement(policy="AWSSupportAccess"), 5, "AWSSupportAccess"),
    "all actions, in any case": (Requirement(actions=("kms:Decrypt", "kms:X")), ["KMS:decrypt", "kms:x", "y"], None),
    "an action missing": (Requirement(actions=("kms:Decrypt", "kms:X")), ["kms:Decrypt"], "kms:Decrypt, kms:X"),
    "no exceptions": (Requirement(off=True), None, None),
    "exceptions": (Requirement(off=True), "users:[a]", "none"),
    "an exclusion": (Requirement(off=True), True, "false"),
    "no exclusion": (Requirement(off=True), False, None),
    "nothing": (Requirement(actions=("kms:Decrypt",)), None, "kms:Decrypt"),
}


@pytest.mark.parametrize(("ask", "value", "missing"), ASKS.values(), ids=list(ASKS))
def test_a_control_asks_of_a_parameter(ask: Requirement, value: object, missing: str | None) -> None:
    assert lacking(ask, value, "aws-cn") == missing


ADMIN, SHELL = (f"arn:aws:iam::aws:policy/{name}" for name in ("AdministratorAccess", "AWSCloudShellFullAccess"))
STATEMENTS, ATTACHED = "iam-policy-no-statements-with-admin-access", "iam-policy-blacklisted-check"
ADMINISTRATION = {
    "1.2": "1.22", "1.4": "1.16", "1.5": "1.16", "2.0": "1.16", "3.0": "1.16",
    "4.0.1": "1.16", "5.0": "1.15", "6.0": "2.15", "7.0": "2.14",
}  # fmt: skip


@pytest.mark.parametrize(("version", "control_id"), ADMINISTRATION.items())
def test_cis_asks_for_administration_by_every_attached_policy(version: str, control_id: str) -> None:
    own = told(STATEMENTS, C)
    attached, clean = told(ATTACHED, NC, policyArns=[ADMIN]), told(ATTACHED, C, policyArns=[ADMIN])
    name = f"CIS-AWS-{version}"
    assert decided(name, control_id, own, attached) == (NC, True)
    assert decided(name, control_id, own, clean) == (C, True)
    assert decided(name, control_id, own) == (UNKNOWN, False)
    assert decided(name, control_id, own, told(ATTACHED, C, policyArns=[SHELL])) == (UNKNOWN, False)


def test_a_policy_of_another_partition_meets_no_control() -> None:
    chinese = told(ATTACHED, C, policyArns=[SHELL.replace("aws", "aws-cn", 1)])
    assert decided("CIS-AWS-3.0", "1.22", chinese) == (UNKNOWN, False)
    assert decided("CIS-AWS-3.0", "1.22", chinese, partition="aws-cn") == (C, True)


ANALYZER = "iam-external-access-analyzer-enabled"
REGIONS = {"1.4": "1.20", "1.5": "1.20", "2.0": "1.20", "3.0": "1.20", "4.0.1": "1.20", "5.0": "1.19", "6.0": "2.19"}


@pytest.mark.parametrize(("version", "control_id"), [*REGIONS.items(), ("7.0", "2.18")])
@pytest.mark.parametrize(("verdict", "control_verdict"), [(C, UNKNOWN), (NA, UNKNOWN), (UNKNOWN, UNKNOWN), (NC, NC)])
def test_one_region_can_break_a_control_on_all_regions_and_never_meets_it(
    version: str, control_id: str, verdict: ComplianceType, control_verdict: ComplianceType
) -> None:
    found = control(f"CIS-AWS-{version}", control_id, told(ANALYZER, verdict))
    assert (found.compliance_type, found.complete, extent(found)) == (control_verdict, False, ("partly evaluated",))
    assert found.partial == "The rule judges one Region, and the control asks for all"


def test_security_hub_asks_for_an_analyzer_in_each_region_by_itself() -> None:
    found = control("SecurityHub", "IAM.28", told(ANALYZER, C))
    assert (found.compliance_type, found.complete, found.partial) == (C, True, None)


def test_that_a_control_is_met_in_part_only_is_shown() -> None:
    report = with_frameworks(report_of(account(), ANALYZER), ["CIS-AWS-3.0"])
    stream, cells = io.StringIO(), io.BytesIO()
    table.write(report, stream)
    csv.write(report, cells)
    assert "In part only: The rule judges one Region" in " ".join(stream.getvalue().split())
    assert b"CIS-AWS-3.0: 1.20 (in part only)" in cells.getvalue()
    assert b"In part only: The rule judges one Region, and the control asks for all." in written_html(report)


def test_a_configuration_that_says_nothing_is_not_shown_beside_one_that_asks_for_enough() -> None:
    rules = [told(ATTACHED, NC, "a", policyArns=[ADMIN]), told(ATTACHED, C, "b", policyArns=[SHELL])]
    found = control("CIS-AWS-3.0", "1.22", *rules)
    assert (found.compliance_type, [each.config_rule_name for each in found.rules]) == (C, ["b"])


def written_html(report: Report) -> bytes:
    stream = io.BytesIO()
    html.write(report, stream)
    return stream.getvalue()


INSTANCES = {"1.4": "1.18", "1.5": "1.18", "2.0": "1.18", "3.0": "1.18", "4.0.1": "1.18", "5.0": "1.17", "6.0": "2.17"}


@pytest.mark.parametrize(("version", "control_id"), [*INSTANCES.items(), ("7.0", "2.16"), ("7.0", "2.21")])
def test_what_no_rule_covers_is_listed(version: str, control_id: str) -> None:
    assert control_id in {each.id for each in uncovered(f"CIS-AWS-{version}")}


@pytest.mark.parametrize("name", [name for name in known() if name.startswith("CIS")])
def test_no_version_claims_security_hub_that_it_does_not_list(name: str) -> None:
    is_listed = name.removeprefix("CIS-AWS-") in ("1.2", "1.4", "3.0", "5.0")
    assert ("AWS Security Hub does not list this version" not in known()[name].source) is is_listed


def seen(report: Report, name: str) -> dict[str, ControlResult]:
    (framework,) = with_frameworks(report, [name]).frameworks
    return {each.id: each for each in framework.controls}


def test_controls_that_no_rule_supports_are_named() -> None:
    named = {each.id: each.title for each in uncovered("CIS-AWS-3.0")}
    assert named["1.7"] == "Root is not used for daily work"
    assert {"1.1", "1.11", "1.13", "1.21"} <= set(named)
    assert not set(named) & set(supported("CIS-AWS-3.0"))
    assert {"IAM.23", "IAM.24", "IAM.25"} <= {each.id for each in uncovered("SecurityHub")}


def test_where_the_controls_are_not_known_for_certain_none_is_called_uncovered() -> None:
    assert uncovered("NIST-800-53-r5") == ()


ONE_BY_ONE = "14 controls with rules: 2 NON_COMPLIANT, 10 INSUFFICIENT_DATA, 2 COMPLIANT"
TALLIES = {
    "all": (14, 7, f"{ONE_BY_ONE}; of 1 the verdict is that of suppressed findings; 7 that no rule covers"),
    "one": (1, 0, "1 control with rules: 1 INSUFFICIENT_DATA"),
    "none but what no rule covers": (0, 2, "no rules; 2 that no rule covers"),
}


@pytest.mark.parametrize(("number", "others", "words"), TALLIES.values(), ids=list(TALLIES))
def test_the_controls_of_a_framework_are_counted_in_words(number: int, others: int, words: str) -> None:
    (whole,) = with_frameworks(mixed(suppressed), ["CIS-AWS-3.0"]).frameworks
    assert (len(whole.controls), len(whole.uncovered)) == (14, 7)
    part = replace(whole, controls=whole.controls[:number], uncovered=whole.uncovered[:others])
    assert tally(part) == words


def test_a_report_with_frameworks_obeys_its_schema_and_reads_back() -> None:
    document = dump_report(with_frameworks(mixed(suppressed), list(known())))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(document))
    assert dump_report(load_report(document, "x")) == document


def test_a_report_that_was_stored_without_frameworks_is_still_read() -> None:
    document = json.loads(dump_report(mixed()))
    assert document.pop("frameworks") == []
    assert load_report(json.dumps(document).encode(), "x").frameworks == ()


def test_the_table_shows_control_by_control_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    snapshot = account(users=[console_user("bob", mfa=False)], password=password_policy())
    rules = [
        configure(load_rules()[name], {"MinimumPasswordLength": "8"} if name == PASSWORD else {})
        for name in (PASSWORD, MFA)
    ]
    report = with_frameworks(audit(snapshot, rules), ["CIS-AWS-3.0"])
    stream = io.StringIO()
    table.write(report, stream)
    text = " ".join(stream.getvalue().partition("CIS-AWS-3.0")[2].split())
    assert "1.8 INSUFFICIENT_DATA Passwords have at least 14 characters" in text
    assert "partly evaluated - iam-password-policy: 1 COMPLIANT" in text
    assert "MinimumPasswordLength is 8; the control asks for at least 14" in text
    assert f"1.10 NON_COMPLIANT Console users have MFA - {MFA}: 1 NON_COMPLIANT" in text
    assert "1.15 INSUFFICIENT_DATA Users get rights through groups only" in text
    assert f"not evaluated - {OWN_POLICIES}: not evaluated" in text
    assert "No rule covers: 1.1 Contact details of the account are current; 1.2 " in text
    assert "Other controls of this framework are not listed here." in text
    assert max(map(len, stream.getvalue().splitlines())) <= 80


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump(account(users=[console_user("bob", mfa=False)])))
    return path


def names_in(run: Run, *arguments: object) -> list[str]:
    names: list[str] = json.loads(run(*arguments, "-q", "--query", "frameworks[].name").out)
    return names


def test_frameworks_are_chosen_by_option_each_once(run: Run, saved: Path) -> None:
    scan = ["scan", "--snapshot", saved, "--rule", MFA]
    assert names_in(run, *scan) == []
    assert names_in(run, *scan, "--framework", "fsbp", "--framework", "cis 3.0", "--framework", "FSBP") == [
        "FSBP",
        "CIS-AWS-3.0",
    ]


def test_an_unknown_framework_is_bad_usage_before_anything_is_read(run: Run, tmp_path: Path) -> None:
    for command in (["scan", "--snapshot"], ["report"]):
        result = run(*command, tmp_path / "nowhere.json", "--framework", "cis 9")
        assert (result.code, result.out) == (2, "")
        assert "--framework cis 9: there is no such framework\n  " in result.err


def test_a_stored_report_is_shown_by_other_frameworks(run: Run, saved: Path, tmp_path: Path) -> None:
    stored, again = tmp_path / "r.json", tmp_path / "again.json"
    run("scan", "--snapshot", saved, "--rule", MFA, "--framework", "FSBP", "-o", stored)
    for options, names in ([], ["FSBP"]), (["--framework", "pci 4.0.1"], ["PCI-DSS-4.0.1"]):
        assert run("report", stored, *options, "-o", again).code == 0
        assert [each["name"] for each in json.loads(again.read_text())["frameworks"]] == names


def test_the_frameworks_are_listed_with_the_number_of_their_controls(run: Run) -> None:
    lines = run("frameworks").out.splitlines()
    expected = f"{len(supported('CIS-AWS-7.0'))} {len(uncovered('CIS-AWS-7.0'))} CIS AWS Foundations Benchmark 7.0"
    shown = [" ".join(line.split()) for line in lines]
    assert f"CIS-AWS-7.0 {expected}" in shown
    assert f"NIST-800-171-r2 {len(supported('NIST-800-171-r2'))} unknown NIST SP 800-171 revision 2" in shown
    assert [line.split()[0] for line in lines[1 : len(known()) + 1]] == list(known())


def test_rules_without_findings_are_told_as_such() -> None:
    empty = report_of(account(), MFA)
    assert seen(empty, "CIS-AWS-3.0")["1.10"].compliance_type is NA
