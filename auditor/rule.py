"""The door for rule authors: what a rule is, what it is given, and what it answers."""

from auditor.account.unknown import UnknownFact, undecided
from auditor.judging.root import Told, access_key_told, credentials_told, mfa_told, source_words
from auditor.judging.rule import (
    MAX_ANNOTATION,
    ComplianceType,
    Context,
    Evidence,
    NoParameters,
    Rule,
    Severity,
    Verdict,
    compliant,
    decided,
    no_further_credentials,
    non_compliant,
    not_applicable,
    proofs,
    reported_time,
    written,
)
from auditor.judging.tags import RequiredTags, tagged

__all__ = [
    "MAX_ANNOTATION",
    "ComplianceType",
    "Context",
    "Evidence",
    "NoParameters",
    "RequiredTags",
    "Rule",
    "Severity",
    "Told",
    "UnknownFact",
    "Verdict",
    "access_key_told",
    "compliant",
    "credentials_told",
    "decided",
    "mfa_told",
    "no_further_credentials",
    "non_compliant",
    "not_applicable",
    "proofs",
    "reported_time",
    "source_words",
    "tagged",
    "undecided",
    "written",
]
