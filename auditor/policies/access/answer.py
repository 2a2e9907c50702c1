"""Answers: the decision, the statements that decide, and what is unknown."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from auditor.account.unknown import Record
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt
from auditor.policies.statements import Effect

NOT_CONSIDERED = (
    "Not considered: service control policies (SCPs), resource control policies (RCPs), session policies, "
    "and resource-based policies"
)
"""The policies that no answer takes into account."""
_SHOWN = 3  # statements in a reason


class Decision(StrEnum):
    """List what identity policies and permissions boundary can decide; UNDECIDED if too much is unknown."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit_deny"
    IMPLICIT_DENY = "implicit_deny"
    UNDECIDED = "undecided"


class PolicyKind(StrEnum):
    """List the kinds of policies that can decide."""

    INLINE = "inline policy"
    CUSTOMER_MANAGED = "customer-managed policy"
    AWS_MANAGED = "AWS-managed policy"
    BOUNDARY = "permissions boundary"
    PASSWORD_POLICY = "account password policy"


class Origin(Record, frozen=True):
    """Hold where a statement comes from: a policy, its ARN (None if inline), and the group that has it, or None."""

    policy: str
    policy_arn: str | None
    kind: PolicyKind
    group: str | None

    @property
    def text(self) -> str:
        """Return the origin as text for messages."""
        if self.kind is PolicyKind.PASSWORD_POLICY:
            return f"the {self.kind}"
        return f"the {self.kind} {self.policy}{f' of the group {self.group}' if self.group else ''}"


class DecidingStatement(Record, frozen=True):
    """Hold a statement that decides or, if the answer is undecided, might: its policy, number from 1, Sid and effect.

    `number` and `sid` are None for the account password policy, which lets users change their own password.
    """

    policy: str
    policy_arn: str | None
    kind: PolicyKind
    group: str | None
    number: int | None
    sid: str | None
    effect: Effect

    @property
    def order(self) -> tuple[str, str, str, int]:
        """Return the key by which answers sort their statements."""
        return self.group or "", self.kind, self.policy, self.number or 0

    @property
    def text(self) -> str:
        """Return the statement as text for messages."""
        origin = Origin(self.policy, self.policy_arn, self.kind, self.group).text
        if self.number is None:
            return origin
        return f"statement {self.number}{f' ({self.sid})' if self.sid else ''} of {origin}"


class Answer(Record, frozen=True):
    """Hold the answer to one question, with the statements that decide and the doubts.

    `remark` explains a decision that no statement explains: root, actions that need no permission, a permissions
    boundary that does not allow the action.
    """

    user: str
    action: str
    resource: str
    session: Session
    decision: Decision
    statements: tuple[DecidingStatement, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    remark: str = ""

    @property
    def allows(self) -> bool:
        """Return whether it is allowed; raise UnknownFact if that is undecided."""
        if self.decision is Decision.UNDECIDED:
            raise self.doubt.unknown
        return self.decision is Decision.ALLOW

    @property
    def reason(self) -> str:
        """Return why this was decided, as one sentence without a full stop."""
        if self.decision is Decision.UNDECIDED:
            return f"Undecided: {self.doubt.reason}"
        if self.remark:
            return self.remark
        if self.decision is Decision.IMPLICIT_DENY:
            return "No policy allows it"
        text = ", ".join(each.text for each in self.statements[:_SHOWN])
        more = len(self.statements) - _SHOWN
        verb = "allow" if self.decision is Decision.ALLOW else "deny"
        ending = verb if more > 0 or len(self.statements) > 1 else "allows" if verb == "allow" else "denies"
        return f"{text[0].upper()}{text[1:]}{f' and {more} more' if more > 0 else ''} {ending} it"

    @property
    def doubt(self) -> Doubt:
        """Return the most helpful doubt: one with a gap, which names the action to grant, if there is one."""
        return min(self.doubts, key=lambda each: each.gap_id is None)

    @property
    def not_considered(self) -> str:
        """Return which policies the answer does not take into account."""
        return NOT_CONSIDERED

    def as_json(self) -> Mapping[str, Any]:
        """Return the answer as the command line writes it in JSON."""
        return {
            "user": self.user,
            "action": self.action,
            "resource": self.resource,
            "session": self.session,
            "decision": self.decision,
            "reason": self.reason,
            "statements": self.statements,
            "not_considered": self.not_considered,
        }
