"""Checks that the account's password policy for IAM users meets the given requirements.

Why
    The default policy asks for eight characters and lets passwords live for ever. A custom policy is the only way to
    ask for more, for every console user at once.

COMPLIANT
    The account has a custom password policy, and it is at least as strict as each parameter asks.
NON_COMPLIANT
    The account is on AWS's default policy, whatever the parameters; or the custom policy falls short of one of them.
INSUFFICIENT_DATA
    The password policy could not be read.

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

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model import Account, PasswordPolicy, ResourceType, Source
from auditor.rule import Context, Evidence, Rule, Severity, Verdict, compliant, non_compliant


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
    checks = list(_checks(policy, context.parameters))
    evidence = [Evidence(f"password_policy.{field}", value, Source.PASSWORD_POLICY) for _, field, value, _ in checks]
    failed = [f"{name} {_said(value)}" for name, _, value, passed in checks if not passed]
    if failed:
        return non_compliant(f"The password policy falls short: {', '.join(failed)}", *evidence)
    checked = ", ".join(name for name, *_ in checks) or "nothing: every parameter is off"
    return compliant(f"Checked {checked}", *evidence)


def _checks(policy: PasswordPolicy, wanted: Parameters) -> Iterator[tuple[str, str, object, bool]]:
    """Give the parameter, the policy's field, its value and whether it is strict enough, for each check that is on."""
    for name, field in (
        ("RequireUppercaseCharacters", "require_uppercase_characters"),
        ("RequireLowercaseCharacters", "require_lowercase_characters"),
        ("RequireSymbols", "require_symbols"),
        ("RequireNumbers", "require_numbers"),
    ):
        if getattr(wanted, name):
            required = getattr(policy, field)
            yield name, field, required, required
    if wanted.MinimumPasswordLength is not None:
        length = policy.minimum_password_length
        yield "MinimumPasswordLength", "minimum_password_length", length, length >= wanted.MinimumPasswordLength
    if wanted.PasswordReusePrevention is not None:
        reuse = policy.password_reuse_prevention
        enough = reuse is not None and reuse >= wanted.PasswordReusePrevention
        yield "PasswordReusePrevention", "password_reuse_prevention", reuse, enough
    if wanted.MaxPasswordAge is not None:
        age = policy.max_password_age if policy.expire_passwords else None
        yield "MaxPasswordAge", "max_password_age", age, age is not None and 1 <= age <= wanted.MaxPasswordAge


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
    parameters=Parameters,
)
