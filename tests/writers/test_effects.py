"""What a planned change introduces, resolves and leaves undetermined, as each format shows it."""

import csv
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import pytest
from conftest import Open
from judging_plans import report_of
from msgspec import structs

from auditor.change.cloudformation import reading
from auditor.judging.finding import Effect
from auditor.report.report import Report
from auditor.testing import account, group, user
from auditor.writers import markdown, table
from auditor.writers.formats import writer_of

TEMPLATE = """
Resources:
  Joins:
    Type: AWS::IAM::UserToGroupAddition
    Properties: {GroupName: ops, Users: [lone]}
  Rights:
    Type: AWS::IAM::UserPolicy
    Properties:
      UserName: ann
      PolicyName: own
      PolicyDocument: {Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "*"}}
  New:
    Type: AWS::IAM::User
    Properties: {UserName: new, Groups: [ops]}
"""
INLINE, MEMBER, MFA = "iam-no-inline-policy-check", "iam-user-group-membership-check", "iam-user-mfa-enabled"
CAUSE = "Rights: ann gets the policy own"
LINE = 6


@cache
def planned() -> Report:
    """Return the report of a template that gives ann a policy, puts lone into a group and creates a user."""
    over = account(users=[user("ann", groups=["ops"]), user("lone"), user("old")], groups=[group("ops")])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "iam.yaml"
        path.write_text(TEMPLATE, "utf-8")
        change = reading.opened("stacks/iam.yaml", reading.document_of(str(path)), {})
    return report_of([change], over, [INLINE, MEMBER, MFA])


def shown(form: str, report: Report | None = None) -> str:
    """Return a report in a format."""
    stream = io.BytesIO()
    writer_of(form, "eu-central-1")(report or planned(), stream)
    return stream.getvalue().decode()


def in_table(report: Report | None = None) -> str:
    stream = io.StringIO()
    table.write(report or planned(), stream)
    return stream.getvalue()


def test_the_report_has_one_of_each_effect() -> None:
    report = planned()
    assert report.planned is not None
    assert report.planned.counts == {
        Effect.INTRODUCED: 1,
        Effect.RESOLVED: 1,
        Effect.UNCHANGED: 4,
        Effect.UNDETERMINED: 1,
    }


@pytest.mark.parametrize("show", [in_table, lambda: shown("markdown"), lambda: shown("step-summary")])
def test_texts_say_first_what_the_change_does_then_where_why_and_how_to_mend_it(show: Callable[[], str]) -> None:
    text = " ".join(show().replace("`", "").split())
    told = [
        "1 introduced, 1 resolved, 4 unchanged, 1 undetermined",
        "Introduced by the change",
        f"{INLINE}, severity MEDIUM",
        "Inline policies: own",
        f"at stacks/iam.yaml:{LINE} Rights",
        f"because {CAUSE}",
        "Fix: Create a managed policy",
        "Resolved by the change",
        "because Joins: lone gets the group ops",
        "Undetermined: ",
        f"known only after deployment; rules: {MFA}",
        "Account",
    ]
    places = [text.index(each) for each in told]
    assert places == sorted(places)


def test_csv_has_the_effect_and_the_causes_and_rows_on_what_is_resolved() -> None:
    rows = list(csv.DictReader(io.StringIO(shown("csv").removeprefix("\ufeff"), newline="")))
    assert rows[0]["record"] == "planned-change"
    assert "1 introduced" in rows[0]["annotation"]
    (resolved,) = [row for row in rows if row["record"] == "resolved"]
    assert (resolved["resource_name"], resolved["config_rule_name"]) == ("lone", MEMBER)
    first = next(row for row in rows if row["record"] == "finding")
    assert (first["change"], first["causes"], first["location"]) == (
        "introduced",
        CAUSE,
        f"stacks/iam.yaml:{LINE} Rights",
    )


def test_json_lines_begin_with_what_is_introduced() -> None:
    head, first, *_ = map(json.loads, shown("jsonl").splitlines())
    assert head["planned"]["resolved"][0]["resource_name"] == "lone"
    assert (first["change"], first["causes"]) == ("introduced", [CAUSE])


def test_sarif_leads_to_the_line_and_resolved_findings_are_no_results() -> None:
    run = json.loads(shown("sarif"))["runs"][0]
    first = run["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("stacks/iam.yaml", LINE)
    assert (first["properties"]["change"], first["properties"]["causes"]) == ("introduced", [CAUSE])
    assert CAUSE in first["message"]["text"]
    states = {each["properties"]["change"]: each["baselineState"] for each in run["results"]}
    assert states == {"introduced": "new", "undetermined": "new", "unchanged": "unchanged"}
    assert "lone" not in {each["properties"]["resource_name"] for each in run["results"] if each["ruleId"] == MEMBER}


def test_annotations_are_only_of_what_the_change_causes() -> None:
    lines = shown("github").splitlines()
    (error,) = [line for line in lines if line.startswith("::error ")]
    assert f",file=stacks/iam.yaml,line={LINE}::" in error
    assert "title=Introduced%3A NON_COMPLIANT MEDIUM" in error
    assert f"(introduced: {CAUSE}). Fix: Create a managed policy" in error
    assert "4 more NON_COMPLIANT" in lines[-1]
    assert "Resolved: iam-user-group-membership-check on lone" in lines[-1]


def test_junit_says_the_effect_in_the_message_and_the_causes_in_the_text() -> None:
    failures = ET.fromstring(shown("junit")).iter("failure")
    (failed,) = [each for each in failures if "introduced" in each.get("message", "")]
    assert f"(introduced: {CAUSE})" in failed.get("message", "")
    assert f"Place: stacks/iam.yaml:{LINE} Rights\nChange: introduced\nCause: {CAUSE}\n" in (failed.text or "")


def test_gitlab_has_place_and_cause_and_no_issue_for_what_is_resolved() -> None:
    issues = json.loads(shown("gitlab"))
    (issue,) = [each for each in issues if "introduced: " in each["description"]]
    assert issue["location"] == {"path": "stacks/iam.yaml", "lines": {"begin": LINE}}
    assert CAUSE in issue["description"]
    assert not [each for each in issues if "Resolved" in each["description"]]


def test_security_hub_and_ocsf_keep_what_is_planned_apart_from_what_is() -> None:
    asff = [each for line in shown("asff").splitlines() for each in json.loads(line)["Findings"]]
    assert asff[0]["ProductFields"]["iam-audit/change"] == "introduced"
    assert asff[0]["ProductFields"]["iam-audit/causes"] == CAUSE
    assert asff[0]["ProductFields"]["iam-audit/location"] == f"stacks/iam.yaml:{LINE} Rights"
    ocsf = json.loads(shown("ocsf"))
    assert (ocsf[0]["unmapped"]["change"], ocsf[0]["unmapped"]["causes"]) == ("introduced", [CAUSE])
    assert {each["Id"].split("/")[1] for each in asff} == {"planned-change"}
    assert {each["finding_info"]["uid"].split("/")[0] for each in ocsf} == {"planned-change"}
    assert all(each["Title"].startswith("Planned change: ") for each in asff)


def test_html_shows_the_change_first_and_lists_findings_by_it(opened: Open) -> None:
    page = opened(planned()).page
    text = page.locator("#planned").inner_text()
    assert (
        text.index("Introduced by the change") < text.index(f"because {CAUSE}") < text.index("Resolved by the change")
    )
    assert page.locator("main > section").first.get_attribute("id") == "planned"
    rows = page.locator(".finding")
    assert "introduced" in rows.first.inner_text()
    page.locator("#change").select_option("unchanged")
    assert rows.count() == len([each for each in planned().findings if each.change is Effect.UNCHANGED])
    assert "unchanged by the planned change" in page.locator("#status").inner_text()


def test_markdown_without_room_says_how_much_it_leaves_out() -> None:
    text = markdown.within(planned(), 1_500).decode()
    assert len(text.encode()) <= 1_500
    assert "Left out, because the text would be too long" in text
    assert "Planned change: 1 introduced" in text


def test_markdown_keeps_room_for_the_account_when_much_is_introduced() -> None:
    (introduced,) = [each for each in planned().findings if each.change is Effect.INTRODUCED]
    many = tuple(structs.replace(introduced, resource_name=f"ann-{number}") for number in range(300))
    text = markdown.within(structs.replace(planned(), findings=many), 6_000).decode()
    assert len(text.encode()) <= 6_000
    assert text.index("Introduced by the change") < text.index("## IAM audit after the change: NON_COMPLIANT")
    assert "| Rule | Severity |" in text
    assert "Left out" in text
