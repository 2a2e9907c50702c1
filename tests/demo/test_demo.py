"""The demo: the article's account in an embedded emulator, read by the live collector."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import five_rules
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rule_parameters import REQUIRED, configured

from auditor.account.model import Snapshot
from auditor.account.sources import BULK, SourceStatus
from auditor.collectors.live.collection import collect, connect
from auditor.demo.made_up import demo_account
from auditor.errors import AuditError
from auditor.judging.engine import Evaluation, evaluate
from auditor.judging.registry import load_rules
from auditor.testing import NC, C

ACCOUNT_RULES = {"iam-password-policy"}  # one finding an account: the article's policy meets it


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with demo_account() as options:
        yield collect(connect(options, ask_code=None), BULK, kind="demo", sleep=lambda _: None)


def test_two_demos_have_the_same_resources_so_that_they_can_be_compared(snapshot: Snapshot) -> None:
    with demo_account() as options:
        again = collect(connect(options, ask_code=None), BULK, kind="demo", sleep=lambda _: None)
    for one, other in ((snapshot.users, again.users), (snapshot.groups, again.groups), (snapshot.roles, again.roles)):
        assert [(each.name, each.id) for each in one] == [(each.name, each.id) for each in other]


@pytest.fixture(scope="module")
def evaluation(snapshot: Snapshot) -> Evaluation:
    return evaluate(snapshot, [configured(name) for name in load_rules()])


def test_every_rule_shows_both_verdicts(evaluation: Evaluation) -> None:
    for rule in five_rules.IDS:
        shown = {finding.compliance_type for finding in evaluation.findings if finding.config_rule_name == rule}
        assert shown == ({C} if rule in ACCOUNT_RULES else {C, NC}), rule


def test_rules_that_find_nothing_are_few(evaluation: Evaluation) -> None:
    asked = {finding.config_rule_name for finding in evaluation.findings} - set(REQUIRED)
    assert asked - set(offenders(evaluation)) == {
        "iam-external-access-analyzer-enabled",
        "iam-password-policy",
        "iam-password-policy-allows-user-change",
        "iam-policy-no-statements-with-admin-access",
        "iam-poweruser-self-service",
        "iam-prefer-aws-managed-policies",
        "iam-root-access-key-check",
        "iam-user-can-change-own-password",
        "root-account-hardware-mfa-enabled",
        "root-account-mfa-enabled",
    }


def test_an_old_key_and_a_password_that_nobody_uses_are_found(evaluation: Evaluation) -> None:
    found = offenders(evaluation)
    assert found["access-keys-rotated"] == ["ci-deploy"]
    assert found["iam-user-unused-credentials-check"] == ["contractor"]


def test_the_articles_three_traps_are_found(evaluation: Evaluation) -> None:
    found = offenders(evaluation)
    assert found["iam-mfa-deny-exempts-change-password"] == ["enable-mfa-device"]  # all is denied until MFA is used
    assert found["iam-first-signin-not-locked-out"] == ["userB"]
    assert found["iam-access-keys-usable-under-mfa-deny"] == ["userC"]
    assert found["iam-user-no-unexpiring-service-credentials"] == ["ci-deploy"]


def offenders(evaluation: Evaluation) -> dict[str, list[str]]:
    """Return the names of the non-compliant resources by rule."""
    found: dict[str, list[str]] = {}
    for finding in evaluation.findings:
        if finding.compliance_type is NC:
            found.setdefault(finding.config_rule_name, []).append(finding.resource_name)
    return found


def test_the_articles_user_is_in_order(evaluation: Evaluation) -> None:
    found = {
        finding.config_rule_name: finding.compliance_type
        for finding in evaluation.findings
        if finding.resource_name == "userA" and finding.config_rule_name in five_rules.IDS
    }
    assert found == {
        "iam-user-group-membership-check": C,
        "iam-user-no-policies-check": C,
        "mfa-enabled-for-iam-console-access": C,
    }


def test_the_account_is_set_up_as_in_the_article(snapshot: Snapshot) -> None:
    (developers,) = [group for group in snapshot.groups if group.name == "developers"]
    assert {policy.name for policy in developers.attached_policies} == {"PowerUserAccess", "enable-mfa-device"}
    (policy,) = [policy for policy in snapshot.policies if policy.name == "enable-mfa-device"]
    statements = json.loads(bytes(policy.versions[0].document))["Statement"]
    assert [statement["Effect"] for statement in statements] == ["Allow"] * 4 + ["Deny"]
    assert statements[2]["Resource"][1] == f"arn:aws:iam::{snapshot.account.id}:user/${{aws:username}}"
    (user,) = [user for user in snapshot.users if user.name == "userA"]
    assert list(user.group_names) == ["developers"]
    assert (user.path, user.credentials.access_key_1_active) == ("/", False)
    policy_of_passwords = snapshot.account.password_policy
    assert policy_of_passwords is not None
    assert (policy_of_passwords.max_password_age, policy_of_passwords.allow_users_to_change_password) == (90, True)


def test_everything_is_known(snapshot: Snapshot) -> None:
    assert snapshot.kind == "demo"
    assert {record.status for record in snapshot.sources} == {SourceStatus.COMPLETE}
    assert snapshot.account.root_credentials.mfa_active is True
    assert snapshot.report_generated_at is not None
    assert snapshot.captured_at is not None
    assert abs((snapshot.report_generated_at - snapshot.captured_at).total_seconds()) < 600


def test_the_environment_is_as_before_and_leads_nowhere_else_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    before = dict(os.environ)
    with demo_account() as options:
        assert "AWS_PROFILE" not in os.environ
        assert connect(options, ask_code=None).caller.profile is None
    assert dict(os.environ) == before


def test_the_environment_is_restored_after_an_error() -> None:
    before = dict(os.environ)
    with pytest.raises(KeyError), demo_account():
        raise KeyError
    assert dict(os.environ) == before


def test_without_moto_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    with pytest.raises(AuditError) as raised, demo_account():
        pass
    assert "'.[demo]'" in raised.value.hint


def installed_with(requirement: str, seen: set[str]) -> set[str]:
    """Return the names of the distributions that pip installs for a requirement, itself among them."""
    parsed = Requirement(requirement)
    name = canonicalize_name(parsed.name)
    for extra in ("", *parsed.extras):
        if f"{name}[{extra}]" not in seen:
            seen.add(f"{name}[{extra}]")
            for each in requires(name) or ():
                marker = Requirement(each).marker
                if marker is None or marker.evaluate({"extra": extra}):
                    installed_with(each, seen)
    return {each.partition("[")[0] for each in seen}


def test_the_demo_needs_no_more_than_its_extra_installs(tmp_path: Path) -> None:
    code = (
        "import json, sys; before = {*sys.modules}; from auditor.console.cli import main; "
        "code = main(['scan', '--demo', '-q', '-o', 'r.html', '--format', 'json']); "
        "names = {name.partition('.')[0] for name in {*sys.modules} - before}; "
        "print(json.dumps([code, sorted(names)]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True, text=True)
    exit_code, imported = json.loads(done.stderr.splitlines()[-1])
    assert exit_code == 0
    owners = packages_distributions()
    used = {canonicalize_name(owner) for name in imported for owner in owners.get(name, ())}
    assert "flask" in used
    assert used - installed_with("iam-audit[demo]", set()) <= {"typing-extensions"}  # msgspec uses it where it is
