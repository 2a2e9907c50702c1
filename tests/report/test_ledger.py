"""The ledger: what was read, what could be decided, and numbers that add up in every format."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from aws_server import Front, denied
from conftest import Run
from five_rules import FIVE, OPTIONS
from generated_accounts import accounts, less_known
from hypothesis import given, settings
from hypothesis import strategies as st
from live_account import filled
from msgspec.structs import replace

from auditor.account.credentials import ReportMarker
from auditor.account.kinds import ResourceType
from auditor.account.model import Account, Snapshot, User
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import Gap, Listing, with_gaps
from auditor.judging.parameters import configure
from auditor.judging.rule import MAX_ANNOTATION, Context, NoParameters, Rule, Severity, Verdict, compliant
from auditor.report.audit import audit
from auditor.report.ledger import Coverage, Reason, Totals, totals
from auditor.report.report import Report, dump_report
from auditor.testing import WITHHELD, account, console_user, group, password_policy, user
from auditor.writers import csv as csv_reporter
from auditor.writers import html, jsonl, table

RULES = FIVE
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
PEOPLE = [
    console_user("alice", mfa=True, groups=["A"]),
    user("bob", unknown=["credentials"]),
    user("carol", unknown=["credentials"]),
    console_user("dave", mfa=ReportMarker.NOT_APPLICABLE),
]
GROUPS, HAS_USERS, MFA = [group("A")], "iam-group-has-users-check", "mfa-enabled-for-iam-console-access"


def summarized(snapshot: Snapshot, **summary: int) -> Snapshot:
    return replace(snapshot, account=replace(snapshot.account, summary=summary))


SNAPSHOTS = {
    "complete": account(users=PEOPLE, groups=GROUPS, password=password_policy()),
    "empty": account(),
    "users partly read, and nobody counted": account(users=PEOPLE, groups=GROUPS, unknown=["users"]),
    "users partly read, and AWS counted": summarized(
        account(users=PEOPLE, groups=GROUPS, unknown=["users"]), Users=10, Groups=1
    ),
    "users partly read, and AWS counted as many": summarized(account(users=PEOPLE, unknown=["users"]), Users=4),
    "users partly read, one of them before the account in order": account(users=[user("+a")], unknown=["users"]),
    "users partly read, and AWS counted fewer": summarized(account(users=PEOPLE, unknown=["users"]), Users=3),
    "users not read at all": summarized(account(groups=GROUPS, unknown=["users", "groups"]), Users=10, Groups=1),
    "the summary unknown too": account(users=PEOPLE, unknown=["users", "summary"]),
    "everything unknown": account(unknown=["users", "groups", "password_policy", "summary"]),
}


def report_of(snapshot: Snapshot) -> Report:
    return audit(snapshot, RULES, as_of=NOW)


def coverages(report: Report) -> dict[str, Coverage]:
    return {result.config_rule_name: result.coverage for result in report.rules}


def test_reasons_are_counted_the_most_frequent_first() -> None:
    found = coverages(report_of(SNAPSHOTS["complete"]))[MFA]
    assert found == Coverage(
        resources=4,
        seen=4,
        unseen=0,
        judged=1,
        not_applicable=0,
        undecided=3,
        reasons=(
            Reason("The case withholds it; grant iam:Test", "iam:Test", 2),
            Reason("Undecided: the credential report says 'N/A' in mfa_active", None, 1),
        ),
    )


@pytest.mark.parametrize(
    ("name", "resources", "unseen"),
    [
        ("users partly read, and nobody counted", None, None),
        ("users partly read, and AWS counted", 10, 6),
        ("users partly read, and AWS counted as many", 4, 0),
        ("users partly read, and AWS counted fewer", None, None),
        ("the summary unknown too", None, None),
    ],
)
def test_what_was_not_seen_is_counted_where_aws_told_how_many_exist(
    name: str, resources: int | None, unseen: int | None
) -> None:
    found = coverages(report_of(SNAPSHOTS[name]))[MFA]
    assert (found.resources, found.seen, found.unseen) == (resources, 4, unseen)
    assert found.reasons[-1].resources == unseen
    assert found.reasons[-1].iam_action == "iam:Test"
    assert found.reasons[-1].message.startswith("Not every resource was seen")


def test_an_empty_list_leaves_nothing_to_judge() -> None:
    nothing = Coverage(resources=0, seen=0, unseen=0, judged=0, not_applicable=0, undecided=0, reasons=())
    assert coverages(report_of(account()))[HAS_USERS] == nothing


def both(resource: User | Account, _: Context[NoParameters]) -> Verdict:
    return compliant(f"{resource.name} is fine")


def test_a_rule_on_the_account_and_on_users_counts_each_once() -> None:
    rule = Rule(
        id="both",
        source_identifier="BOTH",
        resource_types=(ResourceType.ACCOUNT, ResourceType.USER),
        reads=frozenset(),
        severity=Severity.LOW,
        source_url="https://example.com",
        evaluate=both,
    )
    snapshot = summarized(account(users=PEOPLE, unknown=["users"]), Users=9)
    report = audit(snapshot, [configure(rule, {})], as_of=NOW)
    found = report.rules[0].coverage
    assert (found.resources, found.seen, found.unseen, found.judged) == (10, 5, 5, 5)


def test_every_action_that_would_show_more_resources_is_named() -> None:
    gaps = tuple(Gap(name, name, "AccessDenied", f"iam:List{name}", "x") for name in ("Users", "Groups"))
    rule = Rule(
        id="both",
        source_identifier="BOTH",
        resource_types=(ResourceType.USER, ResourceType.GROUP),
        reads=frozenset(),
        severity=Severity.LOW,
        source_url="https://example.com",
        evaluate=both,
    )
    unread = replace(account(gaps=gaps), users=Listing((), "Users"), groups=Listing((), "Groups"))
    (reason,) = audit(unread, [configure(rule, {})], as_of=NOW).rules[0].coverage.reasons
    assert (reason.iam_action, reason.resources) == ("iam:ListGroups, iam:ListUsers", None)


@pytest.mark.parametrize("spare", [0, 1])
def test_a_reason_of_any_length_keeps_its_action(spare: int) -> None:
    grant = "; grant iam:X"
    gap = Gap("long", "users", "AccessDenied", "iam:X", "m" * (MAX_ANNOTATION - len(grant) + spare))
    report = report_of(account(users=[with_gaps(user("a"), {"credentials": "long"})], gaps=(gap,)))
    (reason,) = coverages(report)[MFA].reasons
    assert (len(reason.message), reason.iam_action) == (MAX_ANNOTATION, "iam:X")


def test_one_account_before_all_users_in_order_is_no_resource_of_a_rule_on_users() -> None:
    report = report_of(SNAPSHOTS["users partly read, one of them before the account in order"])
    assert (coverages(report)[MFA].seen, coverages(report)[MFA].undecided) == (1, 0)


def numbers_of_table(report: Report) -> Totals:
    stream = io.StringIO()
    table.write(report, stream)
    text = " ".join(stream.getvalue().split())
    read = re.search(r"Sources: ([\d,]+) of ([\d,]+) read completely", text)
    told = re.search(
        r"Evaluations: ([\d,]+) = ([\d,]+) judged \+ ([\d,]+) not applicable \+ ([\d,]+) not decidable"
        r"(?:; ([\d,]+) not seen|(; at least, because the total is unknown))?",
        text,
    )
    assert read
    assert told
    complete, sources = map(number, read.groups())
    unseen = None if told[6] else number(told[5] or "0")
    evaluations, judged, not_applicable, undecided = map(number, told.groups()[:4])
    return Totals(sources, complete, evaluations, judged, not_applicable, undecided, unseen)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_page_says_how_findings_and_evaluations_add_up(name: str) -> None:
    report = report_of(SNAPSHOTS[name])
    stream = io.BytesIO()
    html.write(report, stream)
    told = re.search(r"<p>([\d,]+) of the ([\d,]+) findings (?:is|are) no evaluation", stream.getvalue().decode())
    of_account = [each for each in report.findings if each.resource_type is ResourceType.ACCOUNT]
    of_lists = [each for each in of_account if each.config_rule_name != "iam-password-policy"]
    assert ([*map(number, told.groups())] if told else [0]) == (
        [len(of_lists), len(report.findings)] if of_lists else [0]
    )


def number(text: str) -> int:
    return int(text.replace(",", ""))


class Cells(HTMLParser):
    """Gather the texts of the cells of tables of a class, row by row."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._kind, self._inside, self._cell = kind, False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._inside = self._kind in (dict(attrs).get("class") or "").split()
        elif self._inside and tag == "tr":
            self.rows.append([])
        elif self._inside and tag in ("td", "th"):
            self._cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._cell &= tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside and self._cell:
            self.rows[-1][-1] += data


def rows_of(report: Report, kind: str) -> list[list[str]]:
    stream = io.BytesIO()
    html.write(report, stream)
    cells = Cells(kind)
    cells.feed(stream.getvalue().decode())
    return [[cell.strip() for cell in row] for row in cells.rows[1:]]


def numbers_of_html(report: Report) -> Totals:
    statuses = [row[1] for row in rows_of(report, "sources") if row[1] != "not requested"]
    rules = [row[1:6] for row in rows_of(report, "coverage")]
    for row in rules:
        assert number(row[1]) == sum(map(number, row[2:5]))
        assert row[0] == "unknown" or number(row[0]) >= number(row[1])
    unknown = any(row[0] == "unknown" for row in rules)
    unseen = None if unknown else sum(number(row[0]) - number(row[1]) for row in rules)
    seen, judged, not_applicable, undecided = (sum(number(row[at]) for row in rules) for at in range(1, 5))
    return Totals(len(statuses), statuses.count("complete"), seen, judged, not_applicable, undecided, unseen)


def numbers_of_json(report: Report) -> Totals:
    return numbers_of_document(json.loads(dump_report(report)))


def numbers_of_jsonl(report: Report) -> Totals:
    stream = io.BytesIO()
    jsonl.write(report, stream)
    return numbers_of_document(json.loads(stream.getvalue().splitlines()[0]))


def numbers_of_csv(report: Report) -> Totals:
    stream = io.BytesIO()
    csv_reporter.write(report, stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline="")))
    statuses = [row["status"] for row in rows if row["record"] == "source" and row["status"] != "not_requested"]
    rules = [row for row in rows if row["record"] == "rule"]
    for row in rules:
        assert int(row["seen"]) == sum(int(row[name]) for name in ("judged", "not_applicable", "undecided"))
        assert row["resources"] == row["unseen"] == "unknown" or (
            int(row["resources"]) == int(row["seen"]) + int(row["unseen"])
        )
    unknown = any(row["unseen"] == "unknown" for row in rules)
    unseen = None if unknown else sum(int(row["unseen"]) for row in rules)
    names = ("seen", "judged", "not_applicable", "undecided")
    seen, judged, not_applicable, undecided = (sum(int(row[name]) for row in rules) for name in names)
    return Totals(len(statuses), statuses.count("complete"), seen, judged, not_applicable, undecided, unseen)


def numbers_of_document(document: Any) -> Totals:
    sources = [each["status"] for each in document["snapshot"]["sources"] if each["status"] != "not_requested"]
    found = [msgspec.convert(rule["coverage"], Coverage) for rule in document["rules"]]
    for each in found:
        assert each.seen == each.judged + each.not_applicable + each.undecided
        assert each.resources is None or each.resources == each.seen + (each.unseen or 0)
        told = [reason.resources for reason in each.reasons]
        assert None in told or sum(filter(None, told)) == each.undecided + (each.unseen or 0)
    unseen = [each.unseen for each in found]
    fields = ("seen", "judged", "not_applicable", "undecided")
    seen, judged, not_applicable, undecided = (sum(getattr(each, field) for each in found) for field in fields)
    missing = None if None in unseen else sum(filter(None, unseen))
    return Totals(len(sources), sources.count("complete"), seen, judged, not_applicable, undecided, missing)


FORMATS: dict[str, Callable[[Report], Totals]] = {
    "table": numbers_of_table,
    "json": numbers_of_json,
    "html": numbers_of_html,
    "jsonl": numbers_of_jsonl,
    "csv": numbers_of_csv,
}


@pytest.mark.parametrize("name", SNAPSHOTS)
@pytest.mark.parametrize("numbers", FORMATS.values(), ids=list(FORMATS))
def test_in_every_format_the_denominators_add_up_to_the_resources_that_exist(
    numbers: Callable[[Report], Totals], name: str
) -> None:
    report = report_of(SNAPSHOTS[name])
    told = numbers(report)
    assert told == totals(report.snapshot.sources, (result.coverage for result in report.rules))
    assert told.evaluations == told.judged + told.not_applicable + told.undecided


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_is_unknown_the_numbers_add_up(data: st.DataObject) -> None:
    snapshot = data.draw(less_known(data.draw(accounts())))
    report = report_of(snapshot)
    assert numbers_of_json(report) == totals(report.snapshot.sources, (result.coverage for result in report.rules))
    existing: dict[str, Listing[Any]] = {"iam-group-has-users-check": snapshot.groups, MFA: snapshot.users}
    for rule, listing_of in existing.items():
        assert coverages(report)[rule].seen == len(listing_of.known_part)


def test_the_table_names_what_to_grant_in_two_lines(run: Run, aws: Front) -> None:
    filled(aws)
    aws.fixed["GetAccountPasswordPolicy"] = denied("iam:GetAccountPasswordPolicy")
    lines = run("scan", *OPTIONS).out.splitlines()
    told = " ".join(lines[1:5])
    assert "Sources: 6 of 7 read completely; password-policy failed (grant iam:GetAccountPasswordPolicy)" in told
    assert "Evaluations: 9 = 8 judged + 0 not applicable + 1 not decidable" in told


def test_each_source_says_which_action_would_fill_its_gap(aws: Front, run: Run) -> None:
    filled(aws)
    aws.fixed["GetAccountAuthorizationDetails"] = denied("iam:GetAccountAuthorizationDetails")
    sources = json.loads(run("scan", "-q", "--query", "snapshot.sources").out)
    told = {source["name"]: (source["status"], source["iam_actions"]) for source in sources}
    assert told["users"] == told["groups"] == ("failed", ["iam:GetAccountAuthorizationDetails"])
    assert told["password-policy"] == ("complete", [])
    assert all(source["read_at"] for source in sources if source["status"] != "not_requested")


def test_the_age_of_the_report_stands_in_the_head_of_the_json_report() -> None:
    header = json.loads(dump_report(report_of(account())))["snapshot"]
    assert (header["report_generated_at"], header["report_age_s"]) == ("2026-11-24T01:00:00Z", 7200)


def test_a_source_that_nobody_asked_for_is_no_part_of_the_denominator() -> None:
    records = [replace(source, status=SourceStatus.NOT_REQUESTED) for source in account().sources]
    assert totals(records, ()) == Totals(0, 0, 0, 0, 0, 0, 0)


def test_the_panel_shows_the_most_frequent_reasons_and_says_that_there_are_more() -> None:
    gaps = tuple(Gap(f"gap-{at}", Source.CREDENTIAL_REPORT, "Odd", None, f"Odd thing {at}") for at in range(7))
    people = [
        with_gaps(user(f"user-{at}-{copy}"), {"credentials": f"gap-{at}"}) for at in range(7) for copy in range(7 - at)
    ]
    withheld = Gap(WITHHELD, "test", "AccessDenied", "iam:Test", "x")
    report = report_of(account(users=people, gaps=(withheld, *gaps)))
    (row,) = [row for row in rows_of(report, "coverage") if row[0] == MFA]
    assert re.findall(r"(\d): Odd thing (\d)", row[6]) == [("7", "0"), ("6", "1"), ("5", "2"), ("4", "3"), ("3", "4")]
    assert "And 2 more reasons, at the findings." in row[6]
