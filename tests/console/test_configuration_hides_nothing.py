"""No configuration turns a finding invisible: each format shows it, or names the file and what it did to its rule."""

import csv
import json
import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from auditor.account.snapshot import dump
from auditor.console.cli import main
from auditor.testing import account, console_user, group, password_policy, role

Finding = tuple[str, str, str]
"""A rule's name, and the type and the name of a resource that does not comply with it."""
PEOPLE = ("bob", "carol", "dan")
SINFUL = dump(
    account(
        users=[console_user(name, mfa=False, attached=["A"]) for name in PEOPLE],
        groups=[group("bob"), group("B")],
        roles=[role("bob")],
        password=password_policy(length=8),
    )
)
KINDS = {
    "iam-user-no-policies-check": "AWS::IAM::User",
    "mfa-enabled-for-iam-console-access": "AWS::IAM::User",
    "iam-user-mfa-enabled": "AWS::IAM::User",
    "iam-group-has-users-check": "AWS::IAM::Group",
    "iam-password-policy": "AWS::::Account",
}
names = st.sampled_from(sorted(KINDS))


@st.composite
def suppressions(draw: st.DrawFn) -> str:
    rule, resource = draw(names), draw(st.sampled_from([*PEOPLE, "B", "*", "b*", "111122223333"]))
    lines = {"rule": rule, "resource": resource, "reason": "why", "owner": "who", "type": KINDS[rule]}
    return "\n".join(
        ["[[suppressions]]", *(f'{key} = "{value}"' for key, value in lines.items()), "until = 2026-12-01"]
    )


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """Build the text of a configuration file that selects, sets, suppresses and allows."""
    selection = draw(
        st.sampled_from(["", 'set = "core"', 'set = "CIS-AWS-3.0"', f"include = {json.dumps(sorted(KINDS)[:2])}"])
    )
    excluded = draw(st.lists(names, unique=True, max_size=3))
    length, severity = draw(st.sampled_from([None, 6, 8])), draw(st.sampled_from([None, "LOW", "CRITICAL"]))
    gate = draw(st.sampled_from(["", 'fail_on = "nothing"', "allow_incomplete = true", 'min_severity = "CRITICAL"']))
    rules = [
        *([f"[rules.iam-password-policy.parameters]\nMinimumPasswordLength = {length}"] if length else []),
        *([f'[rules.iam-user-mfa-enabled]\nseverity = "{severity}"'] if severity else []),
    ]
    head = [f"[selection]\n{selection}\nexclude = {json.dumps(excluded)}", f"[gate]\n{gate}"]
    return "\n".join([*head, *rules, *draw(st.lists(suppressions(), max_size=3))])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configuration=configurations())
def test_each_format_shows_a_finding_or_names_what_the_file_did_to_its_rule(configuration: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "s.json").write_bytes(SINFUL)
        (folder / "c.toml").write_text(configuration)
        assert scan(folder, "plain", "--no-config") == 0
        code = scan(folder, "configured", "--config", str(folder / "c.toml"))
        assume(code != 2)  # a file that leaves out every rule is refused
        assert code in (0, 4)
        sins = findings_of_json((folder / "plain.json").read_text())
        for form, findings_of in FORMATS.items():
            text = (folder / f"configured.{form}").read_text(encoding="utf-8-sig")
            assert "c.toml" in text
            hidden = sins - findings_of(text)
            event("something is hidden" if hidden else "nothing is hidden")
            unnamed = [finding for finding in hidden if not is_named(finding[0], text)]
            assert not unnamed, f"{form} shows neither {unnamed} nor what hides them"


def scan(folder: Path, name: str, *options: str) -> int:
    outputs = [f"-o{folder / name}.{form}" for form in FORMATS]
    return main(["scan", "-q", "--snapshot", str(folder / "s.json"), "--as-of=2026-11-24", *options, *outputs])


def findings_of_json(text: str) -> set[Finding]:
    return set(_failed(json.loads(text)["findings"]))


def findings_of_lines(text: str) -> set[Finding]:
    _, *findings = map(json.loads, text.splitlines())
    return set(_failed(findings))


def findings_of_csv(text: str) -> set[Finding]:
    return set(_failed(row for row in csv.DictReader(text.splitlines()) if row["record"] == "finding"))


def findings_of_page(text: str) -> set[Finding]:
    """Return the findings that travel packed in the page; see html.py."""
    (packed,) = re.findall('<script id="payload" type="text/plain">(.*?)</script>', text)
    columns = json.loads(zlib.decompress(b64decode(packed)))["findings"]
    resources = columns["resource"]["values"]
    kinds = _column(resources["type"])
    at = list(accumulate(columns["resource"]["steps"]))
    rows = zip(_column(columns["rule"]), _column(columns["compliance_type"]), at, strict=True)
    return {
        (rule, kinds[number], resources["name"][number])
        for rule, compliance_type, number in rows
        if compliance_type == "NON_COMPLIANT"
    }


def _column(packed: Mapping[str, Any]) -> list[Any]:
    return [packed["values"][number] for number in accumulate(packed["steps"])]


def _failed(findings: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for each in findings:
        if each["compliance_type"] == "NON_COMPLIANT":
            yield each["config_rule_name"], each["resource_type"], each["resource_name"]


FORMATS: Mapping[str, Callable[[str], set[Finding]]] = {
    "json": findings_of_json,
    "jsonl": findings_of_lines,
    "csv": findings_of_csv,
    "html": findings_of_page,
}


def is_named(rule: str, text: str) -> bool:
    """Return whether a report says that the file leaves out or sets a rule, or runs others instead."""
    said = re.search(r"Configuration [^:]*: [^\n\"<]*", text) or re.search(r'"configuration": ?\{[^}]*\}', text)
    assert said is not None
    used = said.group()
    return rule in used or "instead of the usual rules" in used or re.search(r'"selected": ?\["', used) is not None
