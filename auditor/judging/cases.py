"""Test cases for rules: a snapshot, and the verdicts that a rule is expected to return on it.

A case states only what matters to it:

    CASES = [
        Case("a group with a member", account(groups=[group("Admins")], users=[user("alice", groups=["Admins"])]),
             {"Admins": C}),
    ]

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_case(case): case.check(RULE)
"""

from collections.abc import Mapping

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.judging.engine import Evaluation, evaluate
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.rule import ComplianceType, Rule

C = ComplianceType.COMPLIANT
NC = ComplianceType.NON_COMPLIANT
NA = ComplianceType.NOT_APPLICABLE
UNKNOWN = ComplianceType.INSUFFICIENT_DATA
"""Short names of the compliance types, for tables of cases."""


class Case(Struct, frozen=True):
    """Hold a test case: a snapshot, the expected compliance type by resource name, and the text of a warning or None.

    The name of the account itself is its number, `ACCOUNT_ID`.
    """

    name: str
    snapshot: Snapshot
    expected: Mapping[str, ComplianceType]
    parameters: Mapping[str, object] = {}
    origin: GivenBy = GivenBy.OPTION
    warning: str | None = None

    def __str__(self) -> str:
        return self.name

    def check(self, rule: Rule) -> Evaluation:
        """Evaluate the rule and return the evaluation; raise AssertionError if the result is not the expected one."""
        configured = configure(rule, self.parameters, origin=self.origin)
        evaluation = evaluate(self.snapshot, [configured])
        found = {finding.resource_name: finding.compliance_type for finding in evaluation.findings}
        messages = [about.notice.message for about in evaluation.notices]
        if len(found) != len(evaluation.findings):
            raise AssertionError(f"{self.name}: a resource has two findings")
        if found != dict(self.expected):
            raise AssertionError(f"{self.name}: expected {dict(self.expected)}, found {found}")
        if self.warning is None and messages:
            raise AssertionError(f"{self.name}: unexpected warnings {messages}")
        if self.warning is not None and sum(self.warning in message for message in messages) != 1:
            raise AssertionError(f"{self.name}: expected one warning with {self.warning!r}, found {messages}")
        return evaluation
