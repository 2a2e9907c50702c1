"""Valid and invalid configuration files."""

from datetime import date
from pathlib import Path

TODAY = date(2026, 11, 24)


PASSWORD = "iam-password-policy"


FULL = """\
[selection]
set = "aws-config"
exclude = ["iam-user-no-policies-check"]

[rules.iam-password-policy]
severity = "HIGH"
[rules.iam-password-policy.parameters]
MinimumPasswordLength = 16
RequireSymbols = true
MaxPasswordAge = "60"

[rules.iam-user-group-membership-check.parameters]
groupNames = ["Admins", "Developers"]

[output]
files = ["out/{account_id}.json"]
format = "json"

[gate]
fail_on = "noncompliant"
allow_incomplete = true
max_report_age = 4.5

[[suppressions]]
rule = "iam-user-no-policies-check"
resource = "break-glass"
reason = "Used when single sign-on is down"
owner = "platform"
ticket = "SEC-7"
until = 2027-05-01
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "iam-audit.toml"
    file.write_text(text, encoding="utf-8")
    return file


WRONG = {
    "an unknown table": ("[selektion]\n", "Object contains unknown field `selektion`"),
    "an unknown key": ("[gate]\nfail = 1\n", "Object contains unknown field `fail` - at `gate`"),
    "a wrong type": ("[gate]\nallow_incomplete = 'yes'\n", "Expected `bool`, got `str` - at `gate.allow_incomplete`"),
    "an unknown set": ("[selection]\nset = 'some'\n", "Invalid enum value 'some' - at `selection.set`"),
    "an unknown severity": (f"[rules.{PASSWORD}]\nseverity = 'high'\n", "Invalid enum value 'high'"),
    "a parameter that is a table": (
        f"[rules.{PASSWORD}.parameters]\nx = {{}}\n",
        f"at `rules.{PASSWORD}.parameters.x`",
    ),
    "no TOML": ("selection = [\n", "is not valid TOML: Invalid value (at end of document)"),
    "a key twice": ("[gate]\nfail_on = 'noncompliant'\nfail_on = 'noncompliant'\n", "(at line 3, column"),
    "a number that is none": ("[gate]\nmax_report_age = nan\n", "gate.max_report_age"),
    "a negative age": ("[gate]\nmax_report_age = -1.0\n", "gate.max_report_age"),
    "nested too deeply": ("x = " + "[" * 5000, "iam-audit.toml"),
    "a suppression without reason": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nuntil=2027-01-01\n",
        "Object missing required field `reason` - at `suppressions[0]`",
    ),
    "a suppression without end": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\n",
        "Object missing required field `until` - at `suppressions[0]`",
    ),
    "a suppression without resource": (
        "[[suppressions]]\nrule='x'\nowner='z'\nreason='r'\nuntil=2027-01-01\n",
        "suppressions[0] (x): give one of `resource`, `path` and `tag`",
    ),
    "a suppression that ends too late": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\nuntil=2028-01-01\n",
        "suppressions[0] (x): `until` is 2028-01-01, more than 365 days ahead",
    ),
    "an end that is a text": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\nuntil='soon'\n",
        "suppressions[0].until",
    ),
    "a set and rules of one's own": (
        f"[selection]\nset = 'core'\ninclude = ['{PASSWORD}']\n",
        "both `set` and `include`",
    ),
    "rules of one's own, but none": ("[selection]\ninclude = []\n", "at `selection.include`"),
    "a rule's settings that are no table": (f"rules.{PASSWORD} = 1\n", f"at `rules.{PASSWORD}`"),
    "an unknown key of a rule": (f"[rules.{PASSWORD}]\nseverty = 'HIGH'\n", f"`severty` - at `rules.{PASSWORD}`"),
    "an item with a comma, which would be two": (
        "[rules.iam-user-group-membership-check.parameters]\ngroupNames = ['a', 'b,c']\n",
        "at `rules.iam-user-group-membership-check.parameters.groupNames[1]`",
    ),
    "a pack's parameter that is a list": (
        "[[conformance_packs]]\nfile = 'x.yaml'\nparameters = { Age = ['1'] }\n",
        "at `conformance_packs[0].parameters.Age`",
    ),
    "no days ahead": ("[suppression_limits]\nmax_days = 0\n", "at `suppression_limits.max_days`"),
    "more days ahead than there are": (
        "[suppression_limits]\nmax_days = 99999999999999999999\n",
        "at `suppression_limits.max_days`",
    ),
    "a limit of no findings": ("[suppression_limits]\nmax_findings = 0\n", "at `suppression_limits.max_findings`"),
    "an end with a time": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\nuntil=2027-01-01T00:00:00Z\n",
        "Expected `date`, got `datetime` - at `suppressions[0].until`",
    ),
}
