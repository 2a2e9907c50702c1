"""Controls are never more assured than what was evaluated: weaker settings, exceptions and stored reports."""

import dataclasses

import pytest
from html_reports import MFA, OWN_POLICIES, mixed, report_of, suppressed
from msgspec import to_builtins
from msgspec.structs import replace
from rule_parameters import configured
from test_frameworks import NONE, PASSWORD, control, decided, seen, told

from auditor.errors import SourceError
from auditor.judging.finding import Finding
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.report.build import with_frameworks
from auditor.report.frameworks import by_framework, extent
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.selection.frameworks import known, supported
from auditor.testing import NC, UNKNOWN, C, account, console_user

INLINE = "iam-no-inline-policy-check"
CLOUD_SHELL = (
    'policyArns is ["arn:aws:iam::aws:policy/AdministratorAccess"]; the control asks for AWSCloudShellFullAccess'
)
STRONG = to_builtins(configure(load_rules()[PASSWORD], {}).parameters)
USUAL: dict[str, dict[str, object]] = {
    "access-keys-rotated": {"maxAccessKeyAge": 90},
    "iam-customer-policy-blocked-kms-actions": {"blockedActionsPatterns": ["kms:Decrypt", "kms:ReEncryptFrom"]},
    "iam-inline-policy-blocked-kms-actions": {"blockedActionsPatterns": ["kms:ReEncryptFrom", "kms:Decrypt"]},
    PASSWORD: STRONG,
    "iam-policy-in-use": {"policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess"},
    "iam-user-unused-credentials-check": {"maxCredentialUsageAge": 90},
}
"""What AWS documents, its conformance packs and Security Hub give."""
SHORT = {
    "as much as is asked": (C, 14, C, True),
    "more than is asked": (C, 20, C, True),
    "less than is asked": (C, 13, UNKNOWN, False),
    "not checked": (C, None, UNKNOWN, False),
    "a looser bound that is broken": (NC, 8, NC, False),
    "another check that is broken": (NC, None, UNKNOWN, False),
    "no number": (C, True, UNKNOWN, False),
}


@pytest.mark.parametrize(("verdict", "length", "control_verdict", "complete"), SHORT.values(), ids=list(SHORT))
def test_a_rule_that_asks_for_less_than_the_control_does_not_make_it_compliant(
    verdict: ComplianceType, length: object, control_verdict: ComplianceType, complete: bool
) -> None:
    rule = told(PASSWORD, verdict, MinimumPasswordLength=length)
    assert decided("CIS-AWS-3.0", "1.8", rule) == (control_verdict, complete)


def test_what_falls_short_is_told() -> None:
    found = control("CIS-AWS-3.0", "1.8", told(PASSWORD, C, MinimumPasswordLength=8))
    assert found.rules[0].shortfalls == ("MinimumPasswordLength is 8; the control asks for at least 14",)
    found = control("CIS-AWS-3.0", "1.9", told(PASSWORD, C, PasswordReusePrevention=None))
    assert found.rules[0].shortfalls == ("PasswordReusePrevention is not set; the control asks for at least 24",)


def test_a_second_configuration_that_asks_enough_completes_the_control() -> None:
    loose, strict = (told(PASSWORD, C, name, MinimumPasswordLength=length) for name, length in (("a", 8), ("b", 14)))
    assert decided("CIS-AWS-3.0", "1.8", loose, strict) == (C, True)


def test_an_exception_is_not_the_frameworks_a_suppressed_finding_counts_and_is_told() -> None:
    found = seen(mixed(suppressed), "CIS-AWS-3.0")["1.15"]
    assert (found.compliance_type, found.set_aside, extent(found)) == (NC, True, ("suppressed findings",))
    assert (found.rules[0].compliance_type, found.rules[0].suppressed, found.rules[0].counts[NC]) == (C, 1, 0)
    usual = seen(mixed(), "CIS-AWS-3.0")["1.15"]
    assert (usual.compliance_type, usual.set_aside, extent(usual)) == (NC, False, ())


def test_a_suppressed_finding_that_is_in_order_takes_nothing_away() -> None:
    def aside(finding: Finding) -> Finding:
        return replace(finding, suppression={"reason": "Break-glass"}) if finding.resource_name == "alice" else finding

    users = [console_user(name, mfa=True) for name in ("alice", "bob")]
    found = seen(report_of(account(users=users), MFA, OWN_POLICIES, change=aside), "CIS-AWS-3.0")["1.10"]
    assert (found.compliance_type, found.rules[0].suppressed) == (C, 1)


def test_of_a_narrowed_report_nobody_knows_what_is_suppressed() -> None:
    report = mixed(suppressed)
    few = replace(report, findings=report.findings[:1])
    found = seen(few, "CIS-AWS-3.0")["1.15"]
    assert (found.compliance_type, found.set_aside, found.rules[0].suppressed) == (UNKNOWN, True, 1)


def test_a_control_of_a_rule_that_left_resources_out_is_never_compliant() -> None:
    rules = [told(name, C) for name in supported("CIS-AWS-1.4")["1.15"] if name != INLINE]
    whole, broken = told(INLINE, C), told(INLINE, NC)
    assert control("CIS-AWS-1.4", "1.15", *rules, whole).compliance_type is C
    left_out = ("AWS::IAM::Group", "AWS::IAM::Role")
    found = control("CIS-AWS-1.4", "1.15", *rules, dataclasses.replace(whole, left_out=left_out))
    assert (found.compliance_type, found.complete) == (UNKNOWN, False)
    (words,) = (each.shortfalls for each in found.rules if each.config_rule_name == INLINE)
    assert words == ("Its Scope leaves out AWS::IAM::Group, AWS::IAM::Role",)
    found = control("CIS-AWS-1.4", "1.15", *rules, dataclasses.replace(broken, left_out=left_out))
    assert found.compliance_type is NC


WEAKER: dict[str, tuple[str, str, str, dict[str, object]]] = {
    "PCI asks for keys that are rotated": ("PCI-DSS-4.0.1", "8.3.9", "access-keys-rotated", {"maxAccessKeyAge": 1000}),
    "NIST asks for credentials in use": (
        *("NIST-800-53-r5", "AC-2(3)", "iam-user-unused-credentials-check"),
        {"maxCredentialUsageAge": 365},
    ),
    "a pack's framework asks for long passwords": (
        *("PCI-DSS-4.0-ConfigPack", "8.3.6", PASSWORD),
        {**STRONG, "MinimumPasswordLength": 6},
    ),
    "Security Hub asks for symbols": ("FSBP", "IAM.7", PASSWORD, {**STRONG, "RequireSymbols": False}),
    "Security Hub asks which KMS actions": (
        *("FSBP", "KMS.2", "iam-inline-policy-blocked-kms-actions"),
        {"blockedActionsPatterns": ["kms:CreateKey"]},
    ),
    "Security Hub knows no exceptions": (
        *("SecurityHub", "IAM.27", "iam-policy-blacklisted-check"),
        {"policyArns": ["arn:aws:iam::aws:policy/AWSCloudShellFullAccess"], "exceptionList": "users:[alice]"},
    ),
}


@pytest.mark.parametrize(("framework", "control_id", "rule", "values"), WEAKER.values(), ids=list(WEAKER))
def test_weaker_parameters_never_make_a_control_compliant(
    framework: str, control_id: str, rule: str, values: dict[str, object]
) -> None:
    others = [each for each in supported(framework)[control_id] if each != rule]
    strict = [told(each, C, None, **USUAL.get(each, {})) for each in others]
    found = control(framework, control_id, *strict, told(rule, C, None, **values))
    assert (found.compliance_type, found.complete) == (UNKNOWN, False)


@pytest.mark.parametrize("name", known())
def test_with_aws_own_values_no_rule_falls_short_but_where_a_framework_asks_for_more(name: str) -> None:
    values = {rule_id: to_builtins(configured(rule_id).parameters) | USUAL.get(rule_id, {}) for rule_id in load_rules()}
    rules = [told(rule_id, C, None, **values[rule_id]) for rule_id in load_rules()]
    short = {
        words
        for each in by_framework([name], rules, (), "aws")[0].controls
        for rule in each.rules
        for words in rule.shortfalls
    }
    assert short <= {"maxCredentialUsageAge is 90; the control asks for at most 45"} | {CLOUD_SHELL}


def test_a_control_that_only_the_exceptions_of_a_rule_leave_whole_is_broken_where_the_rule_is() -> None:
    values = {"policyArns": ["arn:aws:iam::aws:policy/AWSCloudShellFullAccess"], "exceptionList": "users:[alice]"}
    assert decided("SecurityHub", "IAM.27", told("iam-policy-blacklisted-check", NC, None, **values)) == (NC, False)


def stored(report: Report, **changes: object) -> bytes:
    """Return a report by CIS 3.0 in whose control 1.10 these fields say something else."""
    (framework,) = with_frameworks(report, ["CIS-AWS-3.0"]).frameworks
    controls = tuple(replace(each, **changes) if each.id == "1.10" else each for each in framework.controls)
    return dump_report(replace(report, frameworks=(replace(framework, controls=controls),)))


LIES: dict[str, dict[str, object]] = {
    "a verdict that a rule contradicts": {"compliance_type": C},
    "complete without a rule": {"compliance_type": C, "rules": ()},
    "complete though a rule did not run": {"not_evaluated": (MFA,)},
    "complete though it can be met in part only": {"partial": "One Region"},
    "not complete, but compliant": {"compliance_type": C, "complete": False, "rules": ()},
}


@pytest.mark.parametrize("changes", LIES.values(), ids=list(LIES))
def test_a_stored_report_whose_controls_its_rules_contradict_is_refused(changes: dict[str, object]) -> None:
    assert load_report(stored(mixed()), "x")
    with pytest.raises(SourceError, match=r"a control of CIS-AWS-3\.0 does not agree with the rules"):
        load_report(stored(mixed(), **changes), "x")


def test_a_stored_report_whose_controls_count_otherwise_than_its_rules_is_refused() -> None:
    (found,) = (seen(mixed(), "CIS-AWS-3.0")["1.10"].rules,)
    rule = replace(found[0], compliance_type=C, counts={**NONE, C: 4})
    with pytest.raises(SourceError, match="does not agree"):
        load_report(stored(mixed(), rules=(rule,), compliance_type=C), "x")
