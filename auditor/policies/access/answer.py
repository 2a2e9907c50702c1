"""Answers: what was decided, by which statements, and what is unknown."""

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
"""What no answer rests on."""
_SHOWN = 3  # statements in a reason


class Decision(StrEnum):
    """Name what identity policies and boundary decide; UNDECIDED where what is known does not suffice."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit_deny"
    IMPLICIT_DENY = "implicit_deny"
    UNDECIDED = "undecided"


class PolicyKind(StrEnum):
    """Name the kind of a policy that decides."""

    INLINE = "inline policy"
    CUSTOMER_MANAGED = "customer-managed policy"
    AWS_MANAGED = "AWS-managed policy"
    BOUNDARY = "permissions boundary"
    PASSWORD_POLICY = "account password policy"


class Origin(Record, frozen=True):
    """Hold where statements come from: a policy, its ARN unless it is inline, and the group that brings it, or None."""

    policy: str
    policy_arn: str | None
    kind: PolicyKind
    group: str | None

    @property
    def text(self) -> str:
        """Return the origin as messages name it."""
        if self.kind is PolicyKind.PASSWORD_POLICY:
            return f"the {self.kind}"
        return f"the {self.kind} {self.policy}{f' of the group {self.group}' if self.group else ''}"


class DecidingStatement(Record, frozen=True):
    """Hold a statement that decides or, where that is undecided, might: its policy, number from 1, Sid and effect.

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
        """Return what answers sort their statements by."""
        return self.group or "", self.kind, self.policy, self.number or 0

    @property
    def text(self) -> str:
        """Return the statement as messages name it."""
        origin = Origin(self.policy, self.policy_arn, self.kind, self.group).text
        if self.number is None:
            return origin
        return f"statement {self.number}{f' ({self.sid})' if self.sid else ''} of {origin}"


class Answer(Record, frozen=True):
    """Hold the answer to one question, with the statements that decide and what is in doubt.

    `remark` explains what no statement does: root, actions that need no permission, a boundary that allows nothing.
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
        """Return whether it is allowed; raise UnknownFact where that is undecided."""
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
        """Return the doubt that says most: one with a gap, which says what to grant, if any has."""
        return min(self.doubts, key=lambda each: each.gap_id is None)

    @property
    def not_considered(self) -> str:
        """Return what the answer does not rest on."""
        return NOT_CONSIDERED

    def as_json(self) -> Mapping[str, Any]:
        """Return the answer as the command line's JSON has it."""
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
