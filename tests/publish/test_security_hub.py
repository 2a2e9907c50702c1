"""Publishing into Security Hub, which moto keeps: nothing without --apply, and nothing is taken back without proof."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aws_server import Answer, Front, denied, error
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from conftest import Run
from moto.securityhub.models import securityhub_backends
from msgspec.structs import replace
from rule_parameters import configured

import auditor
from auditor.account.model import Snapshot, User
from auditor.collectors.live.session import LiveOptions, connect
from auditor.collectors.live.side_by_side import Deadline
from auditor.judging.finding import Effect
from auditor.judging.suppressions import Suppression
from auditor.publish.security_hub import import_findings
from auditor.report.audit import audit
from auditor.report.planned import PlannedSummary
from auditor.report.report import Report, dump_report
from auditor.testing import CAPTURED_AT, account, console_user, user
from auditor.writers import asff

OURS, REGION = "123456789012", "us-east-1"
MFA = configured("mfa-enabled-for-iam-console-access")
NO_POLICIES = configured("iam-user-no-policies-check")
REQUEST = ServiceModel(Loader().load_service_model("securityhub", "service-2")).shape_for("BatchImportFindingsRequest")
BOB, EVE = console_user("bob", mfa=False), console_user("eve", mfa=True)
SAFE_BOB, UNKNOWN_BOB = console_user("bob", mfa=True), user("bob", unknown=["credentials"])


pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def hub(aws: Front) -> Front:
    """Return the server with an empty Security Hub."""
    securityhub_backends[OURS][REGION].findings.clear()
    return aws


def stored() -> dict[str, dict[str, Any]]:
    """Return what Security Hub has, by the name of the resource; each finding is as botocore's model has it."""
    found = [each.as_dict() for each in securityhub_backends[OURS][REGION].findings]
    assert not found or ParamValidator().validate({"Findings": found}, REQUEST).generate_report() == ""
    return {name_of(each): each for each in found}


def name_of(finding: Mapping[str, Any]) -> str:
    name: str = finding["Resources"][0].get("Details", {}).get("Other", {}).get("resource_name", finding["Id"])
    return name


def state(name: str) -> tuple[str, str]:
    found = stored()[name]
    return found["Compliance"]["Status"], found["RecordState"]


def snapshot(*people: User, days: int = 0, **fields: Any) -> Snapshot:
    """Return the account some days later."""
    moved = [replace(each, arn=f"arn:aws:iam::{OURS}:user/{each.name}") for each in people]
    later = account(id=OURS, users=moved, **fields)
    return replace(later, captured_at=CAPTURED_AT + timedelta(days=days))


def report(held: Snapshot, *rules: Any, **options: Any) -> Report:
    return audit(held, list(rules) or [MFA], as_of=held.captured_at, **options)


def publish(run: Run, folder: Path, made: Report, *options: object) -> Any:
    file = folder / "r.json"
    file.write_bytes(dump_report(made))
    return run("publish", "security-hub", file, "--region", REGION, *options)


def applied(run: Run, folder: Path, *made: Report) -> Any:
    """Publish reports one after the other; return what the last run gave."""
    return [publish(run, folder, each, "--apply") for each in made][-1]


def test_nothing_is_imported_without_apply(run: Run, hub: Front, tmp_path: Path) -> None:
    done = publish(run, tmp_path, report(snapshot(BOB, EVE)))
    assert (done.code, stored()) == (0, {}), done.err
    assert "Findings that would be imported (--apply does it): 2 new, 0 updated" in done.out
    assert "securityhub:BatchImportFindings" not in hub.actions


def test_findings_are_imported_and_then_updated(run: Run, tmp_path: Path) -> None:
    first = publish(run, tmp_path, report(snapshot(BOB, EVE)), "--apply")
    assert (first.code, state("bob"), state("eve")) == (0, ("FAILED", "ACTIVE"), ("PASSED", "ACTIVE"))
    assert "AWS took 2 of 2 findings" in first.out
    made = stored()["bob"]["CreatedAt"]
    again = publish(run, tmp_path, report(snapshot(BOB, EVE, days=1)), "--apply")
    assert "0 new, 2 updated, 0 resolved" in again.out
    assert stored()["bob"]["CreatedAt"] == made
    assert stored()["bob"]["ProductArn"] == f"arn:aws:securityhub:{REGION}:{OURS}:product/{OURS}/default"


def test_what_is_in_order_now_is_resolved(run: Run, tmp_path: Path) -> None:
    done = applied(run, tmp_path, report(snapshot(BOB)), report(snapshot(SAFE_BOB, days=1)))
    assert (done.code, state("bob")) == (0, ("PASSED", "ACTIVE"))
    assert "1 resolved" in done.out


def test_a_resource_that_is_gone_is_archived_where_the_list_is_complete(run: Run, tmp_path: Path) -> None:
    done = applied(run, tmp_path, report(snapshot(BOB, EVE)), report(snapshot(EVE, days=1)))
    assert (done.code, state("bob")) == (0, ("FAILED", "ARCHIVED"))
    assert "1 archived because the report proves them gone" in done.out


UNPROVEN: dict[str, tuple[Report, str]] = {
    "the credential report was denied": (
        report(snapshot(UNKNOWN_BOB, EVE, days=1)),
        "the finding has INSUFFICIENT_DATA now",
    ),
    "the list of users was denied": (
        report(snapshot(EVE, days=1, unknown=["users"])),
        "what the rule reads was not read completely (users)",
    ),
    "the rule did not run": (report(snapshot(EVE, days=1), NO_POLICIES), "the rule did not run"),
}


@pytest.mark.parametrize("case", UNPROVEN.values(), ids=UNPROVEN)
def test_what_was_not_read_takes_nothing_back(case: Any, run: Run, tmp_path: Path) -> None:
    later, why = case
    done = applied(run, tmp_path, report(snapshot(BOB, EVE)), later)
    assert (done.code, state("bob")) == (4, ("FAILED", "ACTIVE"))
    assert why in done.out
    assert "stay as they are" in done.err


def test_a_suppressed_finding_is_archived_and_no_fix(run: Run, tmp_path: Path) -> None:
    aside = Suppression(rule=MFA.rule.id, resource="bob", reason="r", owner="o", until=date(2027, 1, 1))
    done = applied(run, tmp_path, report(snapshot(BOB)), report(snapshot(BOB, days=1), suppressions=[aside]))
    assert (done.code, state("bob")) == (0, ("FAILED", "ARCHIVED"))
    assert "0 resolved, 1 suppressed" in done.out


def test_what_was_unknown_is_archived_once_the_rule_has_read_everything(run: Run, tmp_path: Path) -> None:
    unread = report(snapshot(EVE, unknown=["users"]))
    done = applied(run, tmp_path, unread, report(snapshot(EVE, days=1)))
    assert done.code == 0
    assert {each["RecordState"] for name, each in stored().items() if name != "eve"} == {"ARCHIVED"}


def test_findings_of_others_are_left_alone(run: Run, tmp_path: Path) -> None:
    applied(run, tmp_path, report(snapshot(BOB)))
    bob = stored()["bob"]
    others = [
        {**bob, "Id": "theirs/1", "GeneratorId": "theirs"},
        {**bob, "Id": "iam-audit/2", "ProductArn": bob["ProductArn"].replace(REGION, "eu-west-1")},
    ]
    securityhub_backends[OURS][REGION].batch_import_findings(others)
    applied(run, tmp_path, report(snapshot(EVE, days=1)))
    states = {each.id: each.data["RecordState"] for each in securityhub_backends[OURS][REGION].findings}
    assert (states[bob["Id"]], states["theirs/1"], states["iam-audit/2"]) == ("ARCHIVED", "ACTIVE", "ACTIVE")


def test_an_older_report_does_not_turn_findings_back(run: Run, tmp_path: Path) -> None:
    done = applied(run, tmp_path, report(snapshot(SAFE_BOB, days=1)), report(snapshot(BOB)))
    assert (done.code, state("bob")) == (3, ("PASSED", "ACTIVE"))
    assert "findings of a later snapshot" in done.err


def test_a_report_without_a_time_may_be_an_older_one(run: Run, tmp_path: Path) -> None:
    undated = audit(replace(snapshot(BOB), captured_at=None), [MFA], as_of=CAPTURED_AT)
    done = applied(run, tmp_path, report(snapshot(SAFE_BOB, days=1)), undated)
    assert (done.code, state("bob")) == (3, ("PASSED", "ACTIVE"))
    assert "does not say when the account was captured" in done.err
    assert "--captured-at" in done.err


OF_PEOPLE: Mapping[str, Any] = {
    "Note": {"Text": "known", "UpdatedBy": "eve", "UpdatedAt": "2026-11-24T04:00:00Z"},
    "Workflow": {"Status": "NOTIFIED"},
    "UserDefinedFields": {"ticket": "SEC-1"},
    "VerificationState": "TRUE_POSITIVE",
    "Confidence": 50,
    "Criticality": 90,
    "Severity": {"Label": "CRITICAL"},
    "Types": ["TTPs/Initial Access"],
    "RelatedFindings": [{"ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty", "Id": "1"}],
}
"""What people set on a finding with BatchUpdateFindings."""


def test_what_people_set_on_a_finding_stays(run: Run, tmp_path: Path) -> None:
    applied(run, tmp_path, report(snapshot(BOB, EVE, console_user("dan", mfa=False))))
    for each in securityhub_backends[OURS][REGION].findings:
        each.data.update(OF_PEOPLE)
    done = applied(run, tmp_path, report(snapshot(SAFE_BOB, EVE, days=1)))
    assert "1 updated, 1 resolved, 0 suppressed, 1 archived" in done.out
    for kept in stored().values():
        assert {name: kept[name] for name in OF_PEOPLE} == OF_PEOPLE
    assert stored()["bob"]["FindingProviderFields"]["Severity"]["Label"] == "INFORMATIONAL"


def test_an_update_is_later_than_what_is_there_whatever_the_clock_says(run: Run, tmp_path: Path) -> None:
    applied(run, tmp_path, report(snapshot(BOB)))
    (bob,) = securityhub_backends[OURS][REGION].findings
    bob.data["UpdatedAt"] = "2099-01-01T00:00:00.250Z"
    applied(run, tmp_path, report(snapshot(SAFE_BOB, days=1)))
    assert stored()["bob"]["UpdatedAt"] == "2099-01-01T00:00:01Z"


def test_a_report_of_another_account_is_refused(run: Run, tmp_path: Path) -> None:
    done = publish(run, tmp_path, report(account(users=[BOB])), "--apply")
    assert (done.code, stored()) == (2, {})
    assert "the report is of account 111122223333, but the credentials are of 123456789012" in done.err


def planned(made: Report) -> Report:
    """Return a report as one that judges a planned change."""
    counts = dict.fromkeys(Effect, 0)
    return replace(made, planned=PlannedSummary((), alone=False, touches_iam=True, counts=counts, resolved=(), lost=()))


def test_a_report_of_a_planned_change_is_refused(run: Run, tmp_path: Path) -> None:
    done = publish(run, tmp_path, planned(report(snapshot(BOB))), "--apply")
    assert (done.code, "judges a planned change" in done.err) == (2, True)


def test_findings_of_a_planned_change_are_left_alone(run: Run, tmp_path: Path) -> None:
    imported = list(asff.findings_of(planned(report(snapshot(BOB, days=5))), region=REGION))
    securityhub_backends[OURS][REGION].batch_import_findings(imported)
    done = applied(run, tmp_path, report(snapshot(EVE, days=1)))
    assert (done.code, state("bob")) == (0, ("FAILED", "ACTIVE")), done.err


def many(count: int) -> Report:
    return report(snapshot(*(console_user(f"u{number:04}", mfa=False) for number in range(count))))


def test_findings_go_in_batches_of_a_hundred(run: Run, hub: Front, tmp_path: Path) -> None:
    done = publish(run, tmp_path, many(250), "--apply")
    assert (done.code, len(stored()), hub.actions.count("securityhub:BatchImportFindings")) == (0, 250, 3)
    again = publish(run, tmp_path, many(250))
    assert "0 new, 250 updated" in again.out


def taken(imported: int, *failed: Mapping[str, str]) -> Answer:
    content = {"FailedCount": len(failed), "SuccessCount": imported, "FailedFindings": list(failed)}
    return Answer(200, json.dumps(content), headers=(("Content-Type", "application/json"),))


def test_findings_that_a_batch_does_not_take_are_named(run: Run, hub: Front, tmp_path: Path) -> None:
    refused = {"Id": "iam-audit/x", "ErrorCode": "InvalidInput", "ErrorMessage": "too large"}
    hub.script("BatchImportFindings", taken(99, refused))
    done = publish(run, tmp_path, many(150), "--apply")
    assert done.code == 3
    assert "Not taken: iam-audit/x: InvalidInput: too large" in done.out
    assert "AWS took 149 of 150 findings; publish the report again" in done.err


def test_the_time_limit_ends_the_import_too() -> None:
    batches = asff.batches(asff.findings_of(many(250), region=REGION))
    times = iter([0.0, 1.0])
    deadline = Deadline(lambda: next(times, 9.0), 5)
    sent = import_findings(connect(LiveOptions(region=REGION), ask_code=None), batches, deadline)
    assert (sent.imported, sent.unsent) == (100, 150)
    assert (sent.stopped or "").startswith("the time was over (5 s, --timeout)")


def test_throttling_is_waited_for_and_then_told(run: Run, hub: Front, tmp_path: Path) -> None:
    slow = error("Throttling", status=429)
    hub.script("BatchImportFindings", slow, slow)
    assert publish(run, tmp_path, many(150), "--apply").code == 0
    hub.fixed["BatchImportFindings"] = slow
    done = publish(run, tmp_path, many(150), "--apply")
    assert done.code == 3
    assert "Stopped with 150 findings not sent: AWS answered ThrottlingException" in done.out


REFUSALS: Sequence[tuple[str, Answer, str]] = (
    ("GetFindings", denied("securityhub:GetFindings"), "Grant securityhub:GetFindings"),
    ("GetFindings", error("InvalidAccessException", status=401), "Enable Security Hub in us-east-1"),
    ("BatchImportFindings", denied("securityhub:BatchImportFindings"), "Grant securityhub:BatchImportFindings"),
)


@pytest.mark.parametrize(("action", "answer", "remedy"), REFUSALS, ids=["reading", "disabled", "importing"])
def test_a_refusal_says_what_to_do(
    action: str, answer: Answer, remedy: str, run: Run, hub: Front, tmp_path: Path
) -> None:
    hub.fixed[action] = answer
    done = publish(run, tmp_path, report(snapshot(BOB)), "--apply")
    assert (done.code, stored()) == (3, {})
    assert remedy in done.err + done.out


def in_json(done: Any) -> dict[str, Any]:
    """Return what a run printed as JSON, which is as its schema says."""
    found: dict[str, Any] = json.loads(done.out)
    schema = Path(auditor.__file__).parent / "publish/publication.schema.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(found)
    return found


def test_json_has_all_of_it(run: Run, hub: Front, tmp_path: Path) -> None:
    found = in_json(publish(run, tmp_path, report(snapshot(BOB, EVE)), "--format", "json"))
    assert (found["format"], found["applied"], found["counts"]["new"]) == ("iam-audit-publication", False, 2)
    applied(run, tmp_path, report(snapshot(BOB, EVE)))
    hub.script("BatchImportFindings", taken(0, {"Id": "iam-audit/x", "ErrorCode": "E", "ErrorMessage": "m"}))
    denied_now = report(snapshot(UNKNOWN_BOB, EVE, days=1))
    later = in_json(publish(run, tmp_path, denied_now, "--apply", "--format", "json"))
    assert later["captured_at"] == "2026-11-25T03:00:00Z"
    assert [each["resource_name"] for each in later["held"]] == ["bob"]
    assert later["sent"]["failed"] == [{"id": "iam-audit/x", "error_code": "E", "message": "m"}]


def test_permissions_name_what_publishing_and_parity_call(run: Run) -> None:
    plain, more = (json.loads(run("permissions", *options).out) for options in ((), ("--publish", "--parity")))
    added = {*more["Statement"][0]["Action"]} - {*plain["Statement"][0]["Action"]}
    assert {"securityhub:GetFindings", "securityhub:BatchImportFindings"} < added
    assert {each.partition(":")[0] for each in added} == {"securityhub", "config"}


def test_the_help_speaks_of_security_hub(run: Run) -> None:
    text = " ".join(run("publish", "security-hub", "--help").out.split())
    assert "AWS Region of the Security Hub." in text
    assert "--exports" not in text
