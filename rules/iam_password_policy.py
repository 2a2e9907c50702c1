"""Checks that the account's password policy for IAM users meets the given requirements.

Why
    The default policy requires eight characters, and passwords never expire. A custom policy is the only way to
    require more, for every console user at once.

COMPLIANT
    The account has a custom password policy, and it is at least as strict as each parameter requires.
NON_COMPLIANT
    The account is on AWS's default policy, whatever the parameters; or the custom policy falls short of one of them.
NOT_APPLICABLE
    The account has a custom password policy, and every check is switched off, which is our decision: there is nothing
    to check.
INSUFFICIENT_DATA
    The password policy, or a required property of it, could not be read, or a parameter is neither `true` nor `false`,
    and everything that was read is strict enough.

Parameters
    RequireUppercaseCharacters, RequireLowercaseCharacters, RequireSymbols, RequireNumbers (boolean, default true):
    `true` in lower case requires the property; `false` does not. With `True`, `TRUE`, `1` and the like the check is
    undecided: AWS documents that they count as false, and its users report correct policies that were NON_COMPLIANT
    until they wrote `true`.
    MinimumPasswordLength (int, default 14): at least this many characters, 6 to 128.
    PasswordReusePrevention (int, default 24): at least this many passwords remembered, 1 to 24.
    MaxPasswordAge (int, default 90): passwords expire after at most this many days, 1 to 1095.

    A value from an option or the configuration file replaces the default of its parameter; an empty one drops the
    check. A conformance pack that gives some parameters checks only those, which is our decision; without any the
    defaults hold.

Fix
    `aws iam update-account-password-policy` with all options at once: what is left out falls back to its default.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct

from auditor.model import Account, PasswordPolicy, ResourceType, Source
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    proofs,
)

_FIELDS: Mapping[str, str] = {
    "RequireUppercaseCharacters": "require_uppercase_characters",
    "RequireLowercaseCharacters": "require_lowercase_characters",
    "RequireSymbols": "require_symbols",
    "RequireNumbers": "require_numbers",
    "MinimumPasswordLength": "minimum_password_length",
    "PasswordReusePrevention": "password_reuse_prevention",
    "MaxPasswordAge": "max_password_age",
}


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling, in the ranges of UpdateAccountPasswordPolicy; None drops a check."""

    RequireUppercaseCharacters: bool | None = True
    RequireLowercaseCharacters: bool | None = True
    RequireSymbols: bool | None = True
    RequireNumbers: bool | None = True
    MinimumPasswordLength: Annotated[int, Meta(ge=6, le=128)] | None = 14
    PasswordReusePrevention: Annotated[int, Meta(ge=1, le=24)] | None = 24
    MaxPasswordAge: Annotated[int, Meta(ge=1, le=1095)] | None = 90  # days


def evaluate(account: Account, context: Context[Parameters]) -> Verdict:
    """Judge the account by its password policy."""
    policy = account.password_policy
    if policy is None:
        return non_compliant(
            "The account is on the default password policy",
            Evidence("password_policy", None, Source.PASSWORD_POLICY),
        )
    parameters = context.parameters
    failed = proofs(*(partial(_shortfall, policy, parameters, name) for name in _FIELDS))
    if failed:
        facts = proofs(*(partial(_fact_if_required, policy, parameters, name) for name in _FIELDS))
        return non_compliant(f"The password policy falls short: {', '.join(failed)}", *facts)
    required = [name for name in _FIELDS if getattr(parameters, name)]
    if not required:
        return not_applicable("There is nothing to check: every parameter is off")
    return compliant(f"Checked {', '.join(required)}", *(_fact(policy, name) for name in required))


def _shortfall(policy: PasswordPolicy, parameters: Parameters, name: str) -> str | None:
    fact = _fact_if_required(policy, parameters, name)
    if fact is None or _is_enough(name, fact.value, getattr(parameters, name)):
        return None
    return f"{name} {_text(fact.value)}"


def _fact_if_required(policy: PasswordPolicy, parameters: Parameters, name: str) -> Evidence | None:
    return _fact(policy, name) if getattr(parameters, name) else None


def _fact(policy: PasswordPolicy, name: str) -> Evidence:
    field = _FIELDS[name]
    never = name == "MaxPasswordAge" and not policy.expire_passwords
    return Evidence(f"password_policy.{field}", None if never else getattr(policy, field), Source.PASSWORD_POLICY)


def _is_enough(name: str, value: Any, required: Any) -> bool:
    if value is None:
        return False
    return 1 <= value <= required if name == "MaxPasswordAge" else bool(value >= required)


def _text(value: object) -> str:
    return "is not set" if value is None else f"is {str(value).lower()}"


RULE = Rule(
    id="iam-password-policy",
    source_identifier="IAM_PASSWORD_POLICY",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.PASSWORD_POLICY}),
    severity=Severity.MEDIUM,  # Security Hub IAM.7
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-password-policy.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
)
