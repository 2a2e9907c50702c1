"""The index of suppressions finds what asking each suppression finds."""

from datetime import date
from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from auditor.account.kinds import ResourceType
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, Severity
from auditor.judging.suppressions import Limits, Suppression, suppressed
from auditor.testing import account

NAMES = st.text("ab-:]1", min_size=1, max_size=9)
PATTERNS = st.text("ab-:*?[]!1", min_size=1, max_size=9)


def finding(name: str, path: str) -> Finding:
    arn = f"arn:aws:iam::111122223333:user{path}{name}"
    kind, of = ComplianceType.NON_COMPLIANT, ResourceType.USER
    return Finding("f", "rule", kind, of, None, name, arn, None, None, "", (), None, Severity.LOW)


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["/", "/a:b/", "/team/"])), min_size=1, max_size=5),
    st.lists(PATTERNS | NAMES | st.just("arn:*user/*a*"), min_size=1, max_size=8),
)
def test_what_is_found_by_the_index_is_what_each_pattern_matches(
    resources: list[tuple[str, str]], patterns: list[str]
) -> None:
    findings = [finding(name, path) for name, path in resources]
    until, today = date(2026, 12, 31), date(2026, 11, 24)
    asked = [Suppression(rule="rule", resource=each, reason=each, owner="o", until=until) for each in patterns]
    marked, _ = suppressed(findings, asked, account(), {"rule": "rule"}, Limits(), today)
    for each in marked:
        texts = (each.resource_name, each.resource_arn or "")
        expected = [
            pattern
            for pattern in patterns
            if fnmatchcase(texts[0], pattern) or (":" in pattern and fnmatchcase(texts[1], pattern)) or pattern in texts
        ]
        assert (each.suppression or {}).get("reason") == (expected[0] if expected else None)
