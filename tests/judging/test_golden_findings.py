"""The words and the evidence of findings: what the rules of the first release say of three small accounts, in full.

`python tests/judging/test_golden_findings.py` writes golden_findings.json anew, to be read before it is kept.
"""

import json
from pathlib import Path
from typing import Any

from auditor.account.credentials import ReportMarker
from auditor.account.model import Snapshot, Verified
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.testing import CAPTURED_AT, account, console_user, credentials, group, password_policy, user

GOLDEN = Path(__file__).with_name("golden_findings.json")
GROUP_RULE, PASSWORD = "iam-group-has-users-check", "iam-password-policy"
MEMBERSHIP, OWN_POLICIES = "iam-user-group-membership-check", "iam-user-no-policies-check"
MFA = "mfa-enabled-for-iam-console-access"
CHECKS = load_rules()[PASSWORD].parameters.__struct_fields__
ASKED = Verified(CAPTURED_AT, password_enabled=True, mfa_active=True)
PEOPLE = [
    user("in-order", groups=["Admins"]),
    user("on-its-own", inline=["p", "q"], attached=["ReadOnlyAccess"]),
    console_user("mfa", mfa=True, groups=["Admins"]),
    console_user("no-mfa", mfa=False, groups=["Admins"]),
    console_user("corrected", mfa=False, groups=["Admins"], verified=ASKED),
    console_user("undecided", mfa=ReportMarker.NOT_APPLICABLE, groups=["Admins"]),
    user("unknown", groups=["Admins"], unknown=["credentials"]),
    user("odd", groups=["Admins"], credentials=credentials(password_enabled=ReportMarker.NOT_SUPPORTED)),
]
ACCOUNTS: dict[str, tuple[Snapshot, dict[str, dict[str, object]]]] = {
    "a mixed account": (
        account(users=PEOPLE, groups=[group("Admins"), group("Empty")], password=password_policy()),
        {MEMBERSHIP: {"groupNames": "Admins, Ghost"}, PASSWORD: {"MaxPasswordAge": "30"}},
    ),
    "an account of which nothing is known": (account(unknown=["users", "groups", "password_policy"]), {}),
    "an empty account": (account(), {PASSWORD: {"RequireSymbols": "yes"}}),
    "an account in order": (account(users=[user("a", groups=["A"])], password=password_policy()), {}),
    "a strict account": (
        account(
            users=[user("a", groups=["A"])], password=password_policy(length=8, symbols=False, reuse=None, age=None)
        ),
        {},
    ),
    "a rule of which every check is off": (account(password=password_policy()), {PASSWORD: dict.fromkeys(CHECKS, "")}),
}


def said(snapshot: Snapshot, parameters: dict[str, dict[str, object]]) -> dict[str, Any]:
    """Return what the five rules say: finding by finding, and the notices."""
    rules = load_rules()
    names = (GROUP_RULE, PASSWORD, MEMBERSHIP, OWN_POLICIES, MFA)
    evaluation = evaluate(snapshot, [configure(rules[name], parameters.get(name, {})) for name in names])
    return {
        "findings": [
            [
                found.config_rule_name,
                found.resource_name,
                found.compliance_type,
                found.annotation,
                *(f"{fact.path} = {json.dumps(fact.value)} ({fact.source})" for fact in found.evidence),
            ]
            for found in evaluation.findings
        ],
        "notices": [[about.config_rule_name, about.notice.code, about.notice.message] for about in evaluation.notices],
    }


def everything_said() -> str:
    return json.dumps({name: said(*given) for name, given in ACCOUNTS.items()}, indent=1) + "\n"


def test_the_rules_say_what_they_said() -> None:
    assert json.loads(everything_said()) == json.loads(GOLDEN.read_text(encoding="utf-8"))


if __name__ == "__main__":
    GOLDEN.write_text(everything_said(), encoding="utf-8")
