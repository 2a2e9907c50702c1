"""The public module for reading policies in rules: their statements, what they allow, and who they are attached to."""

from auditor.policies.access.answer import Answer, DecidingStatement, Decision, PolicyKind
from auditor.policies.access.holdings import is_aws_managed
from auditor.policies.access.keys import KeyGuards, key_guards
from auditor.policies.access.mfa import denials_without_mfa
from auditor.policies.access.sessions import Session
from auditor.policies.decoding import UnreadableDocumentError
from auditor.policies.entities import (
    boundary_only,
    default_statements,
    inline_statements,
    not_arns,
    source_of,
    trusts,
    trusts_only,
    trusts_somebody,
)
from auditor.policies.kms import KeyAccess, accesses, not_actions
from auditor.policies.likeness import default_meaning, meaning
from auditor.policies.patterns import covers, every_action, everything, overlap, without_variables
from auditor.policies.statements import Effect, Statement, statements, trust_statements

__all__ = [
    "Answer",
    "DecidingStatement",
    "Decision",
    "Effect",
    "KeyAccess",
    "KeyGuards",
    "PolicyKind",
    "Session",
    "Statement",
    "UnreadableDocumentError",
    "accesses",
    "boundary_only",
    "covers",
    "default_meaning",
    "default_statements",
    "denials_without_mfa",
    "every_action",
    "everything",
    "inline_statements",
    "is_aws_managed",
    "key_guards",
    "meaning",
    "not_actions",
    "not_arns",
    "overlap",
    "source_of",
    "statements",
    "trust_statements",
    "trusts",
    "trusts_only",
    "trusts_somebody",
    "without_variables",
]
