"""Cases of iam-password-policy. A policy is written: length, upper, lower, symbols, numbers, reuse, age."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.account.model import PasswordPolicy
from auditor.account.unknown import with_gaps
from auditor.errors import UsageError
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, password_policy
from rules.iam_password_policy import RULE

DEFAULTS = {
    "RequireUppercaseCharacters": "true",
    "RequireLowercaseCharacters": "true",
    "RequireSymbols": "true",
    "RequireNumbers": "true",
    "MinimumPasswordLength": "14",
    "PasswordReusePrevention": "24",
    "MaxPasswordAge": "90",
}
LENIENT = {
    **dict.fromkeys(list(DEFAULTS)[:4], "false"),
    "MinimumPasswordLength": "6",
    "PasswordReusePrevention": "1",
    "MaxPasswordAge": "1095",
}
PCI = {
    "RequireUppercaseCharacters": "false",
    "RequireLowercaseCharacters": "true",
    "RequireSymbols": "false",
    "RequireNumbers": "true",
    "MinimumPasswordLength": "7",
    "PasswordReusePrevention": "4",
    "MaxPasswordAge": "90",
}
T, F = True, False


def policy(
    length: int, upper: bool, lower: bool, symbols: bool, numbers: bool, reuse: int | None, age: int | None
) -> PasswordPolicy:
    """Return a password policy in the order of the table."""
    return password_policy(length, upper=upper, lower=lower, symbols=symbols, numbers=numbers, reuse=reuse, age=age)


def judged(
    name: str,
    parameters: Mapping[str, object],
    custom: PasswordPolicy | None,
    expected: ComplianceType,
    *,
    pack: bool = False,
    warning: str | None = None,
) -> Case:
    """Return the case of an account's policy; None is AWS's default policy."""
    origin = GivenBy.PACK if pack else GivenBy.OPTION
    return Case(name, account(password=custom), {ACCOUNT_ID: expected}, parameters, origin, warning)


STRONG = policy(14, T, T, T, T, 24, 90)
NO_SYMBOLS = policy(14, T, T, F, T, 24, 90)
SHORT = policy(13, T, T, T, T, 24, 90)
NOTHING = {**dict.fromkeys(list(DEFAULTS)[:4], "false"), **dict.fromkeys(list(DEFAULTS)[4:], "")}
DOUBT = "AWS documents that only 'true' in lower case is true"

CASES = [
    judged("the default policy", {}, None, NC),
    judged("the default policy against lenient parameters", LENIENT, None, NC),
    judged("exactly as strict as asked", DEFAULTS, STRONG, C),
    judged("stricter than asked", DEFAULTS, policy(16, T, T, T, T, 24, 60), C),
    judged("one character short", DEFAULTS, policy(13, T, T, T, T, 24, 90), NC),
    judged("no upper case", DEFAULTS, policy(14, F, T, T, T, 24, 90), NC),
    judged("no lower case", DEFAULTS, policy(14, T, F, T, T, 24, 90), NC),
    judged("no symbols", DEFAULTS, NO_SYMBOLS, NC),
    judged("no numbers", DEFAULTS, policy(14, T, T, T, F, 24, 90), NC),
    judged("one remembered password short", DEFAULTS, policy(14, T, T, T, T, 23, 90), NC),
    judged("no remembered passwords", DEFAULTS, policy(14, T, T, T, T, None, 90), NC),
    judged("one day too long", DEFAULTS, policy(14, T, T, T, T, 24, 91), NC),
    judged("passwords that never expire", DEFAULTS, policy(14, T, T, T, T, 24, None), NC),
    judged("an age of zero is no expiry", DEFAULTS, policy(14, T, T, T, T, 24, 0), NC),
    judged("an age of zero while passwords expire", DEFAULTS, replace(STRONG, max_password_age=0), NC),
    judged("an age while passwords do not expire", DEFAULTS, replace(STRONG, expire_passwords=False), NC),
    judged("AWS's defaults without parameters, met", {}, STRONG, C),
    judged("AWS's defaults without parameters, not met", {}, policy(8, T, T, T, T, None, None), NC),
    judged(
        "a pack that gives two parameters checks two",
        {"MinimumPasswordLength": "14", "PasswordReusePrevention": "24"},
        policy(14, F, F, F, F, 24, None),
        C,
        pack=True,
    ),
    judged(
        "options that give two parameters keep the other defaults",
        {"MinimumPasswordLength": "14", "PasswordReusePrevention": "24"},
        policy(14, F, F, F, F, 24, None),
        NC,
    ),
    judged(
        "a pack that gives one parameter checks one",
        {"RequireSymbols": "true"},
        policy(6, F, F, T, F, None, None),
        C,
        pack=True,
    ),
    judged(
        "an option that gives one parameter keeps the other defaults",
        {"RequireSymbols": "true"},
        policy(6, F, F, T, F, None, None),
        NC,
    ),
    judged("a pack without parameters checks AWS's defaults", {}, policy(8, T, T, T, T, 24, 90), NC, pack=True),
    judged(
        "a pack's blank value is not given", {"RequireSymbols": "", "RequireNumbers": "true"}, NO_SYMBOLS, C, pack=True
    ),
    judged("a blank option drops a check", {"RequireSymbols": ""}, NO_SYMBOLS, C),
    judged("True in doubt", {"RequireSymbols": "True"}, NO_SYMBOLS, UNKNOWN, warning=DOUBT),
    judged("TRUE in doubt", {"RequireSymbols": "TRUE"}, NO_SYMBOLS, UNKNOWN, warning=DOUBT),
    judged("yes in doubt", {"RequireSymbols": "yes"}, NO_SYMBOLS, UNKNOWN, warning=DOUBT),
    judged("1 in doubt", {"RequireSymbols": "1"}, NO_SYMBOLS, UNKNOWN, warning=DOUBT),
    judged("true between blanks in doubt", {"RequireSymbols": " true "}, NO_SYMBOLS, UNKNOWN, warning=DOUBT),
    judged("TRUE in doubt, and a policy with symbols", {"RequireSymbols": "TRUE"}, STRONG, UNKNOWN, warning=DOUBT),
    judged("TRUE in a pack", {"RequireSymbols": "TRUE"}, STRONG, UNKNOWN, pack=True, warning=DOUBT),
    judged("TRUE, and a policy that is short", {"RequireSymbols": "TRUE"}, SHORT, NC, warning=DOUBT),
    judged("TRUE, and the default policy", {"RequireSymbols": "TRUE"}, None, NC, warning=DOUBT),
    judged("False is false in any reading", {"RequireSymbols": "False"}, NO_SYMBOLS, C, warning="counts as false"),
    judged("0 is false in any reading", {"RequireSymbols": "0"}, NO_SYMBOLS, C, warning="counts as false"),
    judged("every check switched off", NOTHING, STRONG, NA),
    judged("every check switched off, and no more than AWS asks", NOTHING, policy(6, F, F, F, F, None, None), NA),
    judged("every check switched off in a pack", dict.fromkeys(list(DEFAULTS)[:4], "false"), STRONG, NA, pack=True),
    judged("every check switched off, and the default policy", NOTHING, None, NC),
    judged("one check is left", {**NOTHING, "MaxPasswordAge": "90"}, STRONG, C),
    judged(
        "TRUE, and every other check switched off",
        {**NOTHING, "RequireSymbols": "TRUE"},
        STRONG,
        UNKNOWN,
        warning=DOUBT,
    ),
    judged("a true of YAML is true", {"RequireSymbols": True}, NO_SYMBOLS, NC),
    judged("false asks for nothing, and a stricter policy passes", {"RequireNumbers": "false"}, STRONG, C),
    judged("an age below the limit", {"MaxPasswordAge": "365"}, STRONG, C),
    judged("an age above the limit", {"MaxPasswordAge": "90"}, policy(14, T, T, T, T, 24, 365), NC),
    judged("spaces around a number", {"MinimumPasswordLength": " 14 "}, STRONG, C),
    judged("a number of YAML", {"MinimumPasswordLength": 14}, STRONG, C),
    judged("the values of AWS's PCI DSS 3.2.1 pack", PCI, policy(8, F, T, F, T, 4, 90), C, pack=True),
    Case("the policy could not be read", account(unknown=["password_policy"]), {ACCOUNT_ID: UNKNOWN}),
    Case(
        "a property that is checked could not be read",
        account(password=with_gaps(STRONG, {"require_symbols": WITHHELD})),
        {ACCOUNT_ID: UNKNOWN},
    ),
    Case(
        "a property could not be read, and another one falls short",
        account(password=with_gaps(policy(13, T, T, T, T, 24, 90), {"require_symbols": WITHHELD})),
        {ACCOUNT_ID: NC},
    ),
    Case(
        "whether passwords expire could not be read",
        account(password=with_gaps(STRONG, {"expire_passwords": WITHHELD})),
        {ACCOUNT_ID: UNKNOWN},
    ),
    Case(
        "a property that is not checked could not be read",
        account(password=with_gaps(STRONG, {"require_symbols": WITHHELD})),
        {ACCOUNT_ID: C},
        {"RequireSymbols": "false"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MinimumPasswordLength", "abc"),
        ("MinimumPasswordLength", "0"),
        ("MinimumPasswordLength", "5"),
        ("MinimumPasswordLength", "129"),
        ("MinimumPasswordLength", "-14"),
        ("MinimumPasswordLength", "14.0"),
        ("MinimumPasswordLength", "9" * 5000),
        ("PasswordReusePrevention", "0"),
        ("PasswordReusePrevention", "25"),
        ("MaxPasswordAge", "0"),
        ("MaxPasswordAge", "1096"),
    ],
)
def test_a_number_out_of_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"iam-password-policy.{name}"):
        configure(RULE, {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MinimumPasswordLength", "6"),
        ("MinimumPasswordLength", "128"),
        ("PasswordReusePrevention", "1"),
        ("PasswordReusePrevention", "24"),
        ("MaxPasswordAge", "1"),
        ("MaxPasswordAge", "1095"),
    ],
)
def test_the_ends_of_a_range_are_accepted(name: str, value: str) -> None:
    parameters: Any = configure(RULE, {name: value}).parameters
    assert getattr(parameters, name) == int(value)


def test_a_name_in_another_spelling_is_refused() -> None:
    with pytest.raises(UsageError, match="MinimumpasswordLength"):
        configure(RULE, {"MinimumpasswordLength": "14"})


def test_all_seven_shortcomings_fit_the_annotation() -> None:
    worst = policy(6, F, F, F, F, None, None)
    (finding,) = judged("", {}, worst, NC).check(RULE).findings
    for name in DEFAULTS:
        assert name in finding.annotation
    assert not finding.annotation.endswith("…")


def test_the_annotation_names_what_was_checked() -> None:
    (finding,) = judged("", {"RequireSymbols": "true"}, STRONG, C, pack=True).check(RULE).findings
    assert finding.annotation == "Checked RequireSymbols"


def test_passwords_that_live_for_one_day_expire() -> None:
    Case("", account(password=password_policy(age=1)), {ACCOUNT_ID: C}).check(RULE)


def test_the_finding_says_which_value_is_in_doubt() -> None:
    (finding,) = judged("", {"RequireSymbols": "TRUE"}, STRONG, UNKNOWN, pack=True, warning=DOUBT).check(RULE).findings
    assert finding.annotation == "Undecided: RequireSymbols is 'TRUE'; write 'true' or 'false' in lower case"
