"""An action that is denied makes verdicts unknown and never others, for each action that the collector needs."""

from collections.abc import Iterator, Mapping

import five_rules
import pytest
from aws_server import Front, aws_server, denied, lead_to
from live_account import EVERYTHING, collected, filled, forget_report, verdicts

from auditor.collectors.live.collection import permissions_policy
from auditor.judging.rule import ComplianceType
from auditor.testing import UNKNOWN, C

Account = tuple[Front, Mapping[tuple[str, str], ComplianceType]]
"""The front of a filled account, and the verdicts on it while nothing is denied."""


@pytest.fixture(scope="module")
def filled_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with pytest.MonkeyPatch.context() as patch, aws_server() as (url, front):
        lead_to(url, patch, tmp_path_factory.mktemp("aws"))
        filled(front)
        yield front, verdicts(collected())


STILL_DECIDED = {
    "iam:GetAccountAuthorizationDetails": {"iam-password-policy", "mfa-enabled-for-iam-console-access"},
    "iam:GetAccountPasswordPolicy": {
        "iam-group-has-users-check",
        "iam-user-group-membership-check",
        "iam-user-no-policies-check",
        "mfa-enabled-for-iam-console-access",
    },
    "iam:GenerateCredentialReport": {
        "iam-group-has-users-check",
        "iam-user-group-membership-check",
        "iam-user-no-policies-check",
        "iam-password-policy",
    },
}
STILL_DECIDED["iam:GetCredentialReport"] = STILL_DECIDED["iam:GenerateCredentialReport"]


@pytest.mark.parametrize("explicit", [False, True], ids=["not allowed", "explicit deny"])
@pytest.mark.parametrize("action", permissions_policy(EVERYTHING)["Statement"][0]["Action"])
def test_a_denied_action_makes_verdicts_only_insufficient(filled_account: Account, action: str, explicit: bool) -> None:
    aws, whole = filled_account
    forget_report()
    aws.fixed = {action.partition(":")[2]: denied(action, explicit=explicit)}
    snapshot = collected()
    named = [gap for gap in snapshot.gaps if gap.iam_action == action]
    assert bool(named) is (action != "iam:ListAccountAliases")
    assert all(("--mfa-serial" in gap.message) is explicit for gap in named)
    found = verdicts(snapshot)
    changed = {verdict for key, verdict in found.items() if whole.get(key) is not verdict}
    assert changed <= {UNKNOWN}
    for rule, _ in whole.keys() - found.keys():
        assert found[rule, "123456789012"] is UNKNOWN
    compliant = {rule for (rule, _), verdict in found.items() if verdict is C and rule in five_rules.IDS}
    assert compliant == STILL_DECIDED.get(action, set(five_rules.IDS))
