"""Checks that the account's password policy for IAM users meets the given requirements.

Why
    The default policy asks for eight characters and lets passwords live for ever. A custom policy is the only way to
    ask for more, for every console user at once.

COMPLIANT
    The account has a custom password policy, and it is at least as strict as each parameter asks.
NON_COMPLIANT
    The account is on AWS's default policy, whatever the parameters; or the custom policy falls short of one of them.
INSUFFICIENT_DATA
    The password policy, or a property of it that is asked for, could not be read, and nothing falls short that was.

Parameters
    RequireUppercaseCharacters, RequireLowercaseCharacters, RequireSymbols, RequireNumbers (boolean, default true):
    only `true` in lower case asks for the property; `false` means that it is not asked for.
    MinimumPasswordLength (int, default 14): at least this many characters, 6 to 128.
    PasswordReusePrevention (int, default 24): at least this many passwords remembered, 1 to 24.
    MaxPasswordAge (int, default 90): passwords expire after at most this many days, 1 to 1095.

    Values from options are laid over these defaults; an empty value drops a check. A conformance pack that gives some
    parameters checks only those, which is our decision; without any the defaults hold.

Fix
    `aws iam update-account-password-policy` with all options at once: what is left out falls back to its default.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct

from auditor.model import Account, PasswordPolicy, ResourceType, Source
from auditor.rule import Context, Evidence, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant, proofs

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
    asked = {name: value for name in _FIELDS if (value := getattr(context.parameters, name))}
    failed = proofs(*(partial(_shortfall, policy, name, wanted) for name, wanted in asked.items()))
    evidence = proofs(*(partial(_fact, policy, name) for name in asked))
    if failed:
        return non_compliant(f"The password policy falls short: {', '.join(failed)}", *evidence)
    return compliant(f"Checked {', '.join(asked) or 'nothing: every parameter is off'}", *evidence)


def _shortfall(policy: PasswordPolicy, name: str, wanted: Any) -> str | None:
    value = _fact(policy, name).value
    return None if _is_enough(name, value, wanted) else f"{name} {_said(value)}"


def _fact(policy: PasswordPolicy, name: str) -> Evidence:
    field = _FIELDS[name]
    never = name == "MaxPasswordAge" and not policy.expire_passwords
    return Evidence(f"password_policy.{field}", None if never else getattr(policy, field), Source.PASSWORD_POLICY)


def _is_enough(name: str, value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    return 1 <= value <= wanted if name == "MaxPasswordAge" else bool(value >= wanted)


def _said(value: object) -> str:
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
