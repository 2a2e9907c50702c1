"""The explanation: what is known about one resource; the fields are those of the JSON explanation."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.account.model import Verified
from auditor.account.sources import Time
from auditor.explaining.facts import Fact, Listed, unknown_in
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType
from auditor.policies.access.answer import NOT_CONSIDERED, DecidingStatement, Decision, PolicyKind
from auditor.policies.access.sessions import Session
from auditor.policies.at_large import AtLarge
from auditor.policies.statements import Effect
from auditor.report.configuration import ConfigurationSummary
from auditor.report.report import AccountHeader, ReportWarning, SnapshotHeader, Tool, encoded

ON_DEMAND = frozenset({"contents", "reset_required", "description"})
"""Facts that are read only if a verdict or an answer depends on them; only there do they count as unknown."""


class HeldPolicy(Struct, frozen=True):
    """Hold a policy of an identity, its ARN (null for an inline policy), and the group that has it, or null.

    `contents` is a summary of what its document allows.
    """

    name: str
    arn: str | None
    kind: PolicyKind
    group: str | None
    contents: Fact[AtLarge]


class AccessKey(Struct, frozen=True):
    """Hold one of the two access keys that a user may have, by its number in the credential report."""

    number: int
    active: Fact[bool]
    last_rotated: Fact[datetime]
    last_used: Fact[datetime]
    last_used_region: Fact[str]
    last_used_service: Fact[str]


class SigningCertificate(Struct, frozen=True):
    """Hold one of the two signing certificates that a user may have."""

    number: int
    active: Fact[bool]
    last_rotated: Fact[datetime]


class Credentials(Struct, frozen=True):
    """Hold a user's credentials from the credential report; times are null for never and for not set.

    `other_keys` is unknown if the credential report mentions keys that it does not describe, otherwise null.
    """

    password_enabled: Fact[bool]
    password_last_used: Fact[datetime]
    password_last_changed: Fact[datetime]
    password_next_rotation: Fact[datetime]
    mfa_active: Fact[bool]
    access_keys: tuple[AccessKey, ...]
    signing_certificates: tuple[SigningCertificate, ...]
    other_keys: Fact[str]


class Device(Struct, frozen=True):
    """Hold a virtual MFA device; hardware and FIDO devices are not in any input."""

    serial_number: str
    enabled_at: Time | None


class SessionAnswer(Struct, frozen=True):
    """Hold the decision on a question in a session, the reason, and the deciding statements."""

    session: Session
    decision: Decision
    reason: str
    statements: tuple[DecidingStatement, ...]


class Question(Struct, frozen=True):
    """Hold whether a user may perform an action on a resource (null if unknown), in each session."""

    action: str
    resource: str | None
    answers: tuple[SessionAnswer, ...]


class OfUser(Struct, frozen=True):
    """Hold what is known about a user, apart from its names.

    `boundary` is the ARN of the permissions boundary. `credentials` are as of the time of the credential report,
    `verified` has facts that were read again from AWS. `reset_required` is whether a new password must be set at the
    next sign-in. `questions` are about the user's own password and MFA device.
    """

    groups: Listed[str]
    policies: Listed[HeldPolicy]
    boundary: Fact[str]
    boundary_contents: Fact[AtLarge] | None
    credentials: Fact[Credentials]
    verified: Verified | None
    reset_required: Fact[bool]
    mfa_devices: Listed[Device]
    questions: tuple[Question, ...]


class OfGroup(Struct, frozen=True):
    """Hold what is known about a group, apart from its names."""

    members: Listed[str]
    policies: Listed[HeldPolicy]


class Trust(Struct, frozen=True):
    """Hold a statement of a trust policy; principals are "KIND: NAME", `all_but` means all principals except these."""

    effect: Effect
    principals: tuple[str, ...]
    all_but: bool
    actions: tuple[str, ...]
    condition_keys: tuple[str, ...]


class OfRole(Struct, frozen=True):
    """Hold what is known about a role, apart from its names; `last_used` is null if not used in AWS's last 400 days."""

    trust: Listed[Trust]
    policies: Listed[HeldPolicy]
    boundary: Fact[str]
    boundary_contents: Fact[AtLarge] | None
    last_used: Fact[datetime]
    instance_profiles: Listed[str]


class PolicyStatement(Struct, frozen=True):
    """Hold a statement of a document as written, and its number from 1; `conditions` are OPERATOR KEY = VALUES."""

    number: int
    sid: str | None
    effect: Effect
    actions: tuple[str, ...]
    all_actions_but: bool
    resources: tuple[str, ...]
    all_resources_but: bool
    conditions: tuple[str, ...]


class HoldingGroup(Struct, frozen=True):
    """Hold a group to which a policy is attached, with its members."""

    name: str
    members: Listed[str]


class OfPolicy(Struct, frozen=True):
    """Hold what is known about a managed policy, apart from its names, and who has it.

    Counts, versions and times of AWS-managed policies are not in any input, and null.
    """

    kind: PolicyKind
    default_version: Fact[str]
    versions: Listed[str] | None
    attachment_count: Fact[int] | None
    boundary_usage_count: Fact[int] | None
    updated_at: Fact[datetime] | None
    description: Fact[str] | None
    at_large: Fact[AtLarge]
    statements: tuple[PolicyStatement, ...]
    users: Listed[str]
    groups: Listed[HoldingGroup]
    roles: Listed[str]
    boundary_of_users: Listed[str]
    boundary_of_roles: Listed[str]


class Explanation(Struct, frozen=True, kw_only=True):
    """Hold everything that is known about a resource; the fields are those of the JSON, with the number `version`.

    One of `user`, `group`, `role` and `policy` is set, according to the type. All are null if `unseen` says that a list
    is incomplete and the resource is not in it: then it may or may not exist. `findings` are those of the rules that
    ran on it, `warnings` are other remarks about it.
    """

    format: Literal["iam-audit-explanation"] = "iam-audit-explanation"
    version: Literal[1] = 1
    tool: Tool
    evaluated_at: Time
    account: AccountHeader
    snapshot: SnapshotHeader
    configuration: ConfigurationSummary | None
    name: str
    resource_type: ResourceType | None
    arn: Fact[str]
    id: Fact[str]
    path: Fact[str]
    created_at: Fact[datetime]
    tags: Fact[dict[str, str]] | None
    unseen: str | None = None
    user: OfUser | None = None
    group: OfGroup | None = None
    role: OfRole | None = None
    policy: OfPolicy | None = None
    rules: dict[str, str]
    """The source identifiers of the rules that ran on resources of this type, by name."""
    findings: tuple[Finding, ...]
    warnings: tuple[ReportWarning, ...]
    not_considered: str = NOT_CONSIDERED

    def to_json(self) -> str:
        """Return the JSON explanation on one line."""
        return encoded(self).decode()


def shortfall(explanation: Explanation) -> str | None:
    """Return what is unknown about a resource, as text; None if everything is known.

    Facts that are read on demand count only if a verdict or an answer depends on them.
    """
    return explanation.unseen or "; ".join(_lacking(explanation)) or None


def _lacking(explanation: Explanation) -> Iterator[str]:
    facts = sum(1 for _ in unknown_in(explanation, but=ON_DEMAND))
    questions = explanation.user.questions if explanation.user else ()
    answers = sum(each.decision is Decision.UNDECIDED for question in questions for each in question.answers)
    undecided = sum(
        each.compliance_type is ComplianceType.INSUFFICIENT_DATA and each.suppression is None
        for each in explanation.findings
    )
    if facts:
        yield f"{facts:,} {'fact is' if facts == 1 else 'facts are'} unknown"
    if answers:
        yield f"{answers:,} {'answer is' if answers == 1 else 'answers are'} undecided"
    if undecided:
        yield f"{undecided:,} {'finding has' if undecided == 1 else 'findings have'} INSUFFICIENT_DATA"
