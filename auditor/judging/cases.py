"""Cases: what a rule is expected to say of a snapshot, by the short names of the verdicts.

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
"""The verdicts by the short names that tables of cases use."""


class Case(Struct, frozen=True):
    """State what a rule says of a snapshot: compliance type by resource name, and words that warnings must hold.

    An account's finding goes by the account number, `ACCOUNT_ID`.
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
        """Evaluate the rule and raise AssertionError where it says anything else; return the evaluation."""
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
