"""Conformance packs: every form that AWS's packs are written in runs, and nobody takes a part for the whole."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Run
from msgspec.structs import replace

from auditor.account.kinds import ResourceType
from auditor.account.snapshot import dump
from auditor.judging.registry import load_rules
from auditor.report.reading import load_report
from auditor.selection.packs.pack import packs_of
from auditor.selection.packs.selection import configured
from auditor.selection.packs.shapes import pack_file
from auditor.testing import account, group, password_policy, user
from auditor.writers import html, table

PACKS = Path(__file__).parent / "packs"
ALICE = account(users=[user("alice", groups=["Admins"])], groups=[group("Admins")], password=password_policy())


class Form(NamedTuple):
    """What a pack must come to: the parameters by rule, and the reasons by rule that is out of scope."""

    judged: Mapping[str, Mapping[str, Any]]
    out_of_scope: Mapping[str, str] = {}
    switched_off: int = 0
    remediations: int = 0
    notes: Sequence[str] = ()
    options: Sequence[str] = ()


DEFAULTS = {
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "MinimumPasswordLength": 14,
    "PasswordReusePrevention": 24,
    "MaxPasswordAge": 90,
}
UNKNOWN = "concerns IAM, but this release does not know it: it is left out"
RESTRICTED = "is restricted to a tag or one resource by its Scope: it is left out"
KMS = {"blockedActionsPatterns": ["kms:Decrypt", "kms:ReEncryptFrom"], "excludeRoleByManagementAccount": False}
NO_GROUPS = {"groupNames": None}

FORMS = {
    "only-resources.yaml": Form({"no-policies-on-users": {}}, {"bucket-logging": "not-iam"}),
    "same-content-other-name.yml": Form({"no-policies-on-users": {}}, {"bucket-logging": "not-iam"}),
    "rule-twice-in-one-pack.yaml": Form(
        {"iam-password-policy": DEFAULTS, "iam-password-policy-2": {"MinimumPasswordLength": 20}}
    ),
    "literal-numbers-and-booleans.yaml": Form(
        {
            "PasswordStrengthOfPeople": {
                "RequireSymbols": True,
                "RequireNumbers": False,
                "RequireUppercaseCharacters": True,
                "MinimumPasswordLength": 14,
                "MaxPasswordAge": 90,
            }
        }
    ),
    "if-idiom-conditions-last.yaml": Form({"iam-password-policy": {"MinimumPasswordLength": 14}}),
    "empty-string-default.yaml": Form({"membership": NO_GROUPS}),
    "scope-lists.yaml": Form(
        {"membership": NO_GROUPS, "passwords": DEFAULTS},
        {"volumes": "not-iam", "groups-of-one-team": "narrow-scope"},
        notes=[f"groups-of-one-team (IAM_GROUP_HAS_USERS_CHECK, line 23) {RESTRICTED}"],
    ),
    "scope-that-leaves-types-out.yaml": Form(
        {"keys-of-users": KMS},
        notes=["keys-of-users judges no AWS::IAM::Group, AWS::IAM::Role: its Scope leaves that out"],
    ),
    "plain-booleans-and-comments-between.yaml": Form({"membership": NO_GROUPS}, switched_off=1),
    "unknown-key-controls.yaml": Form(
        {"groups-have-users": {}, "no-policies": {}},
        notes=["Controls (2 times, first on line 4) is no key of a resource and was not looked at"],
    ),
    "short-tags-and-crlf.yml": Form({"passwords": {"PasswordReusePrevention": 24}}),
    "no-newline-at-end-and-no-rule-name.yaml": Form({"Mfa": {}}),
    "identifier-and-name-by-ref.yaml": Form({"chosen-name": {"MinimumPasswordLength": 16}}),
    "blanks-after-commas.yaml": Form({"membership": {"groupNames": ["Admins", "Developers", "Auditors"]}}),
    "no-default-and-allowed-values.yaml": Form(
        {"passwords": {"MinimumPasswordLength": 30, "RequireSymbols": False}},
        {"buckets": "not-iam"},
        options=["--pack-parameter", "Length=30", "--pack-parameter", "Symbols=false"],
    ),
    "parameter-name-as-text.yaml": Form(
        {"membership": {"groupNames": ["GroupsParam"]}},
        notes=["line 9: groupNames is the text 'GroupsParam'; was {Ref: GroupsParam} meant?"],
    ),
    "custom-rules-and-remediation.yaml": Form(
        {"passwords": DEFAULTS}, {"of-our-lambda": "custom", "of-our-guard": "custom"}, remediations=1
    ),
    "conditions-of-every-kind.yaml": Form(
        {"strict": {"MinimumPasswordLength": 20}, "membership-2-${Level}": {"groupNames": ["Admins"]}}, switched_off=2
    ),
    "written-as-json.json": Form(
        {"passwords": {"MinimumPasswordLength": 12, "RequireSymbols": True, "MaxPasswordAge": 60}}
    ),
    "rule-that-aws-added-later.yaml": Form(
        {"groups-have-users": {}},
        {"of-the-future": "unknown-rule"},
        notes=[f"of-the-future (IAM_USER_OF_THE_FUTURE_CHECK, line 7) {UNKNOWN}"],
    ),
}


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump(ALICE))
    return path


def parameters_of(report: Any) -> dict[str, dict[str, Any]]:
    return {rule["config_rule_name"]: rule["parameters"] for rule in report["rules"]}


def test_every_pack_in_the_folder_is_a_case() -> None:
    assert {path.name for path in PACKS.iterdir()} == set(FORMS)


def test_the_odd_bytes_of_packs_are_still_in_the_files() -> None:
    assert (PACKS / "short-tags-and-crlf.yml").read_bytes().endswith(b"\r\n")
    assert not (PACKS / "no-newline-at-end-and-no-rule-name.yaml").read_bytes().endswith(b"\n")
    assert b"\n\t" in (PACKS / "written-as-json.json").read_bytes()


@pytest.mark.parametrize("name", FORMS)
def test_a_pack_runs_from_end_to_end(name: str, run: Run, snapshot: Path) -> None:
    form = FORMS[name]
    command = ("scan", "--snapshot", snapshot, "--conformance-pack", PACKS / name, *form.options)
    result = run(*command, "--format", "json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    absent = dict.fromkeys(DEFAULTS)
    expected = {
        rule: {**absent, **given} if set(given) & set(absent) else dict(given) for rule, given in form.judged.items()
    }
    assert parameters_of(report) == expected
    (pack,) = report["packs"]
    assert pack["name"] == Path(name).stem
    assert pack["rules"] == list(form.judged)
    assert {rule["config_rule_name"]: rule["reason"] for rule in pack["out_of_scope"]} == form.out_of_scope
    assert (pack["switched_off"], pack["remediations"]) == (form.switched_off, form.remediations)
    assert pack["notes"] == list(form.notes)
    assert all(f"Warning: pack {pack['name']}: {note}" in result.err for note in form.notes)


def write(folder: Path, name: str, *rules: tuple[str, str, str]) -> Path:
    """Write a pack of rules: ConfigRuleName, source identifier, InputParameters; and one of S3."""
    lines = ["Parameters: {Length: {Type: String, Default: '14'}}", "Resources:"]
    for number, (rule, identifier, given) in enumerate([*rules, ("s3", "S3_BUCKET_LOGGING_ENABLED", "{}")]):
        source = f"{{Owner: AWS, SourceIdentifier: {identifier}}}"
        inside = f"{{ConfigRuleName: {rule}, InputParameters: {given}, Source: {source}}}"
        lines.append(f"  Rule{number}: {{Type: 'AWS::Config::ConfigRule', Properties: {inside}}}")
    path = folder / name
    path.write_text("\n".join(lines))
    return path


PASSWORDS = ("passwords", "IAM_PASSWORD_POLICY", "{MinimumPasswordLength: !Ref Length}")
GROUPS = ("groups", "IAM_GROUP_HAS_USERS_CHECK", "{}")


class Scan(NamedTuple):
    code: int
    report: Any
    err: str


@pytest.fixture
def scan(run: Run, snapshot: Path) -> Any:
    """Return a function that scans with packs and options."""

    def scanned(packs: Sequence[Path], *options: str) -> Scan:
        given = [part for pack in packs for part in ("--conformance-pack", str(pack))]
        result = run("scan", "--snapshot", snapshot, "--format", "json", *given, *options)
        return Scan(result.code, json.loads(result.out) if result.out else None, result.err)

    return scanned


def test_a_name_is_kept_where_it_is_the_only_one_and_gets_the_packs_name_where_not(scan: Any, tmp_path: Path) -> None:
    one, two = write(tmp_path, "one.yaml", PASSWORDS, GROUPS), write(tmp_path, "two.yaml", PASSWORDS)
    report = scan([one, two], "--pack-parameter", "two:Length=20").report
    lengths = {name: given.get("MinimumPasswordLength") for name, given in parameters_of(report).items()}
    assert lengths == {"groups": None, "one/passwords": 14, "two/passwords": 20}
    assert [pack["rules"] for pack in report["packs"]] == [["one/passwords", "groups"], ["two/passwords"]]


def test_rules_given_beside_packs_keep_their_names(scan: Any, tmp_path: Path) -> None:
    pack = write(tmp_path, "one.yaml", ("iam-password-policy", "IAM_PASSWORD_POLICY", "{MaxPasswordAge: 30}"))
    report = scan([pack], "--rule", "iam-password-policy").report
    ages = {name: given["MaxPasswordAge"] for name, given in parameters_of(report).items()}
    assert ages == {"iam-password-policy": 90, "one/iam-password-policy": 30}


def test_a_parameter_without_a_packs_name_goes_to_every_pack_that_has_it(scan: Any, tmp_path: Path) -> None:
    packs = [write(tmp_path, "one.yaml", PASSWORDS), write(tmp_path, "two.yaml", PASSWORDS)]
    report = scan(packs, "--pack-parameter", "Length=20").report
    assert [given["MinimumPasswordLength"] for given in parameters_of(report).values()] == [20, 20]


def test_an_option_goes_before_what_the_pack_gives(scan: Any, tmp_path: Path) -> None:
    pack = write(tmp_path, "one.yaml", PASSWORDS)
    report = scan([pack], "--parameter", "iam-password-policy.MinimumPasswordLength=8").report
    assert parameters_of(report)["passwords"] == {**dict.fromkeys(DEFAULTS), "MinimumPasswordLength": 8}


@pytest.mark.parametrize("given", ["{}", "{MaxPasswordAge: ''}"])
def test_an_option_is_laid_over_the_defaults_where_the_pack_gives_nothing(
    scan: Any, tmp_path: Path, given: str
) -> None:
    pack = write(tmp_path, "one.yaml", ("passwords", "IAM_PASSWORD_POLICY", given))
    report = scan([pack], "--parameter", "iam-password-policy.MinimumPasswordLength=20", "--allow-incomplete").report
    assert parameters_of(report)["passwords"] == {**DEFAULTS, "MinimumPasswordLength": 20}


def test_an_excluded_rule_is_listed_as_out_of_scope(scan: Any, tmp_path: Path) -> None:
    report = scan([write(tmp_path, "one.yaml", PASSWORDS, GROUPS)], "--exclude-rule", "iam-password-policy").report
    assert list(parameters_of(report)) == ["groups"]
    reasons = {rule["config_rule_name"]: rule["reason"] for rule in report["packs"][0]["out_of_scope"]}
    assert reasons == {"passwords": "excluded", "s3": "not-iam"}


def test_the_scope_of_a_rule_narrows_what_it_judges(tmp_path: Path) -> None:
    rules = load_rules()
    wide = replace(
        rules["iam-group-has-users-check"],
        resource_types=(ResourceType.USER, ResourceType.GROUP),
        source_identifier="IAM_NO_INLINE_POLICY_CHECK",
    )
    path = write(tmp_path, "one.yaml", ("narrow", "IAM_NO_INLINE_POLICY_CHECK", "{}"))
    scope = "Scope: {ComplianceResourceTypes: ['AWS::IAM::User']}"
    path.write_text(path.read_text().replace("ConfigRuleName: n", f"{scope}, ConfigRuleName: n"))
    (narrow,) = configured(packs_of(pack_file(str(path)))[0], {wide.id: wide}, {})
    assert narrow.rule.resource_types == (ResourceType.USER,)


def test_a_control_is_not_complete_where_the_scope_leaves_types_out(run: Run, snapshot: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    pack = PACKS / "scope-that-leaves-types-out.yaml"
    run("scan", "--snapshot", snapshot, "--conformance-pack", pack, "-o", path, "--allow-incomplete")
    shown = " ".join(run("report", path, "--framework", "FSBP").out.split())
    assert "KMS.2 INSUFFICIENT_DATA Inline policies do not allow decryption with all partly evaluated keys" in shown
    assert "Its Scope leaves out AWS::IAM::Group, AWS::IAM::Role" in shown


def test_the_table_says_how_much_of_a_pack_was_judged(run: Run, snapshot: Path, tmp_path: Path) -> None:
    future = ("future", "IAM_FUTURE_CHECK", "{}")
    pack = write(tmp_path, "one.yaml", PASSWORDS, future)
    out = run("scan", "--snapshot", snapshot, "--conformance-pack", pack).out
    told = "Pack one: 1 of 3 rules judged, 2 out of scope (1 not about IAM; 1 about IAM, but unknown to this release)\n"
    assert " ".join(told.split()) in " ".join(out.split())


TOLD = {
    "conditions-of-every-kind.yaml": "2 of 2 rules judged, 0 out of scope; 2 switched off by conditions of the pack",
    "scope-that-leaves-types-out.yaml": "1 of 1 rules judged, 0 out of scope; 1 judged for some of the resource types",
    "custom-rules-and-remediation.yaml": "2 out of scope (2 custom (Lambda or Guard)); 1 remediation passed over",
}


@pytest.mark.parametrize("name", TOLD)
def test_what_else_of_a_pack_is_not_judged_is_told(name: str, run: Run, snapshot: Path) -> None:
    out = run("scan", "--snapshot", snapshot, "--conformance-pack", PACKS / name, "--quiet").out
    assert TOLD[name] in " ".join(out.split())


def test_the_html_report_lists_the_rules_that_were_not_judged(scan: Any, tmp_path: Path) -> None:
    hostile = ("'<b>name</b>'", "S3_BUCKET_LOGGING_PROHIBITED", "{}")
    report = scan([write(tmp_path, "one.yaml", PASSWORDS, hostile)]).report
    stream = io.BytesIO()
    html.write(load_report(json.dumps(report).encode(), "x"), stream)
    page = stream.getvalue().decode()
    assert '<section id="packs"' in page
    told = "Pack one: 1 of 3 rules judged, 2 out of scope (2 not about IAM)"
    assert f"<summary>{told}</summary>" in page
    summary = page.partition('<section class="summary"')[2].partition("</section>")[0]
    assert f"<strong>This is a part of the conformance pack.</strong> {told}" in summary  # beside the verdict
    assert "&lt;b&gt;name&lt;/b&gt;" in page
    assert "S3_BUCKET_LOGGING_PROHIBITED" in page


def test_the_csv_report_lists_the_rules_that_were_not_judged(run: Run, snapshot: Path, tmp_path: Path) -> None:
    pack = write(tmp_path, "one.yaml", PASSWORDS, ("'=1+1'", "IAM_FUTURE_CHECK", "{}"))
    run("scan", "--snapshot", snapshot, "--conformance-pack", pack, "-o", tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as stream:
        of_pack = [row for row in csv.DictReader(stream) if row["source"] == "one"]
    told = "Pack one: 1 of 3 rules judged, 2 out of scope (1 not about IAM; 1 about IAM, but unknown to this release)"
    note = f"'=1+1 (IAM_FUTURE_CHECK, line 4) {UNKNOWN}"
    assert [tuple(row[name] for name in ("record", "config_rule_name", "status", "annotation")) for row in of_pack] == [
        ("pack", "", "", told),
        ("out-of-scope", "'=1+1", "unknown-rule", "IAM_FUTURE_CHECK: about IAM, but unknown to this release"),
        ("out-of-scope", "s3", "not-iam", "S3_BUCKET_LOGGING_ENABLED: not about IAM"),
        ("warning", "", "pack", note),
    ]


def test_a_report_without_packs_shows_none(run: Run, snapshot: Path) -> None:
    command = ("scan", "--snapshot", snapshot, "--rule", "iam-password-policy", "--format", "json")
    report = json.loads(run(*command).out)
    assert report.pop("packs") == []
    stored = load_report(json.dumps(report).encode(), "of before there were packs")
    stream, text = io.BytesIO(), io.StringIO()
    html.write(stored, stream)
    table.write(stored, text)
    assert b'id="packs"' not in stream.getvalue()
    assert "Pack " not in text.getvalue()
