"""The public module for rule authors: rules, their context, verdicts and evidence."""

from auditor.account.unknown import UnknownFact, undecided
from auditor.judging.access import decided_by
from auditor.judging.devices import Device, mfa_device
from auditor.judging.root import RootFact, root_access_key, root_credentials, root_mfa
from auditor.judging.rule import (
    MAX_ANNOTATION,
    ComplianceType,
    Context,
    Evidence,
    EvidenceGap,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    both,
    compliant,
    non_compliant,
    not_applicable,
    proofs,
    reported,
    time_text,
)
from auditor.judging.self_service import (
    CHANGE_PASSWORD,
    READ_PASSWORD_POLICY,
    mfa_management,
    never_applying,
    password_change,
)
from auditor.judging.tags import RequiredTags, tagged

__all__ = [
    "CHANGE_PASSWORD",
    "MAX_ANNOTATION",
    "READ_PASSWORD_POLICY",
    "ComplianceType",
    "Context",
    "Device",
    "Evidence",
    "EvidenceGap",
    "NoParameters",
    "RequiredTags",
    "RootFact",
    "Rule",
    "RuleOrigin",
    "Severity",
    "UnknownFact",
    "Verdict",
    "both",
    "compliant",
    "decided_by",
    "mfa_device",
    "mfa_management",
    "never_applying",
    "non_compliant",
    "not_applicable",
    "password_change",
    "proofs",
    "reported",
    "root_access_key",
    "root_credentials",
    "root_mfa",
    "tagged",
    "time_text",
    "undecided",
]
