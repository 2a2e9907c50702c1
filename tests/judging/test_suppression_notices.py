"""What is told of suppressions, word for word: past, unused, not needed, too broad, and soon to end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from test_suppressions import MFA, TODAY, suppression

from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.suppressions import Limits, suppressed
from auditor.testing import account, console_user, password_policy

PASSWORD, OWN_NAME = "iam-password-policy", "our-passwords"
RULES = [
    configure(load_rules()[MFA], {}),
    configure(load_rules()[PASSWORD], {}, config_rule_name=OWN_NAME),
]
SNAPSHOT = account(
    users=[*(console_user(name, mfa=False) for name in ("alice", "bob")), console_user("carol", mfa=True)],
    password=password_policy(8),
)
ACCOUNT_ONLY = "; patterns never match the account; write its number"
NOTICES: Mapping[str, tuple[dict[str, Any], str | None]] = {
    "nothing, of one that is needed": ({}, None),
    "past": (
        {"until": TODAY - timedelta(days=1)},
        f"{MFA} on resource 'alice' (owner o, until 2026-11-23) has ended and no longer counts",
    ),
    "nothing there": ({"path": "/x/"}, f"{MFA} on path '/x/' (owner o, until 2026-12-24) matches no finding"),
    "a pattern, and no finding about the account": (
        {"resource": "nob*"},
        f"{MFA} on resource 'nob*' (owner o, until 2026-12-24) matches no finding",
    ),
    "a pattern for the account": (
        {"rule": OWN_NAME, "resource": "1*"},
        f"{OWN_NAME} on resource '1*' (owner o, until 2026-12-24) matches no finding{ACCOUNT_ONLY}",
    ),
    "a pattern for the account, by the id of a rule with its own name": (
        {"rule": PASSWORD, "resource": "[1]*"},
        f"{PASSWORD} on resource '[1]*' (owner o, until 2026-12-24) matches no finding{ACCOUNT_ONLY}",
    ),
    "another number": (
        {"rule": OWN_NAME, "resource": "1"},
        f"{OWN_NAME} on resource '1' (owner o, until 2026-12-24) matches no finding",
    ),
    "a tag, which the account has not": (
        {"rule": OWN_NAME, "tag": "a*"},
        f"{OWN_NAME} on tag 'a*' (owner o, until 2026-12-24) matches no finding",
    ),
    "in order": (
        {"resource": "carol"},
        f"{MFA} on resource 'carol' (owner o, until 2026-12-24) matches only compliant findings and is not needed",
    ),
    "broad": ({"resource": "*"}, f"{MFA} on resource '*' (owner o, until 2026-12-24) matches 3 findings, more than 2"),
    "today": ({"until": TODAY}, f"{MFA} on resource 'alice' (owner o, until 2026-11-24) ends today"),
    "tomorrow": (
        {"until": TODAY + timedelta(days=1)},
        f"{MFA} on resource 'alice' (owner o, until 2026-11-25) ends in 1 day",
    ),
    "in two days": (
        {"until": TODAY + timedelta(days=2)},
        f"{MFA} on resource 'alice' (owner o, until 2026-11-26) ends in 2 days",
    ),
}


@pytest.mark.parametrize(("fields", "words"), NOTICES.values(), ids=list(NOTICES))
def test_what_is_told_of_a_suppression(fields: dict[str, Any], words: str | None) -> None:
    ids = {each.config_rule_name: each.rule.id for each in RULES}
    given, limits = suppression(**fields), Limits(max_findings=2)
    _, notices = suppressed(evaluate(SNAPSHOT, RULES).findings, [given], SNAPSHOT, ids, limits, TODAY)
    expected = [] if words is None else [(given.rule, f"The suppression of {words}")]
    assert [(rule, notice.message) for rule, notice in notices] == expected
