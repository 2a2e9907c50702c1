"""The report of an organization in each format: the same facts, sums that add up, and an incomplete run never clean."""

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hostile import STORABLE
from markdown_it import MarkdownIt
from organizations import BEGAN_AT, CLEAN, Size, grown, hostile, judged, manifest, run_of, to_page, written
from rich.cells import cell_len
from test_hostile_output import obeyed_or_unseen

import auditor
from auditor.judging.rule import OPEN, ComplianceType
from auditor.organization.records import AUDITABLE, Account, Receipt, State
from auditor.organization.report import OrganizationReport, OrganizationSummary
from auditor.organization.summing import summed_up
from auditor.organization.wording import denominator
from auditor.writers.organization import table
from auditor.writers.organization.formats import ORGANIZATION_SUFFIXES
from auditor.writers.organization.links import checked
from auditor.writers.visible import visible

SCHEMA = Path(auditor.__file__).parent / "organization/report.schema.json"
EVERY_STATE = dict.fromkeys(State, 1.0)
FORMATS = (*ORGANIZATION_SUFFIXES, "table")


@pytest.fixture(autouse=True)
def _piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="module")
def report() -> OrganizationReport:
    """Return a report in which every state occurs."""
    found = grown(Size(accounts=150, units=20, causes=40), {**EVERY_STATE, State.AUDITED: 5})
    assert all(found.summary.states.values())
    return found


def text_of(report: OrganizationReport, form: str, *, every_account: bool = False) -> str:
    if form != "table":
        return written(report, form, to_page).decode()
    stream = io.StringIO()
    table.write(report, stream, every_account=every_account)
    return stream.getvalue()


class Shown(HTMLParser):
    """The text of a page as a browser without JavaScript shows it."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.text, self._tag = "", ""
        self.feed(document)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self._tag = tag

    def handle_endtag(self, _tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        self.text += "" if self._tag in ("style", "script", "title") else data


def shown(report: OrganizationReport, form: str) -> str:
    """Return what a reader sees, with what is JSON in words."""
    text = text_of(report, form)
    return Shown(text).text if form == ".html" else text


def of_states(**states: int) -> OrganizationSummary:
    found = {state: states.get(state.value, 0) for state in State}
    active = sum(found[state] for state in AUDITABLE)
    counts = dict.fromkeys(ComplianceType, 0)
    return OrganizationSummary(active, found[State.AUDITED], found, ComplianceType.COMPLIANT, counts, {}, 0, None)


def rows_of_csv(report: OrganizationReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(report, ".csv").removeprefix("\ufeff"))))


def test_the_denominator_stands_in_plain_words() -> None:
    summary = of_states(audited=9_871, partial=61, denied=40, lost=28, suspended=112)
    expected = "9,871 of 10,000 active accounts audited; 61 partial, 40 denied, 28 lost; 112 suspended, left out"
    assert denominator(summary) == expected
    assert denominator(of_states(audited=1)) == "1 of 1 active account audited"
    assert denominator(of_states(closed=2)) == "0 of 0 active accounts audited; 2 closed, left out"


def test_the_denominator_names_every_state(report: OrganizationReport) -> None:
    line = denominator(report.summary)
    numbers = [int(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", line)]
    assert sum(numbers) - report.summary.active == len(report.accounts)


@pytest.mark.parametrize("form", [".html", ".md", "table"])
def test_the_denominator_comes_first(report: OrganizationReport, form: str) -> None:
    before, _, _ = shown(report, form).partition(denominator(report.summary))
    heading, *others = [line for line in map(str.strip, before.splitlines()) if line] or [""]
    assert heading in ("", "IAM audit of organization o-a1b2c3d4e5") or heading.startswith(("# IAM", "Skip to"))
    assert not re.search(r"Findings|Verdict\b", "".join(others))


def test_states_add_up_to_all_accounts_in_every_format(report: OrganizationReport) -> None:
    expected = {state.value: count for state, count in report.summary.states.items()}
    assert sum(expected.values()) == len(report.accounts) == 150
    document = json.loads(text_of(report, ".json"))
    assert document["summary"]["states"] == expected
    assert Counter(account["state"] for account in document["accounts"]) == expected
    lines = [json.loads(line) for line in text_of(report, ".jsonl").splitlines()]
    assert lines[0]["summary"]["states"] == expected
    assert Counter(line["state"] for line in lines if line["record"] == "account") == expected
    assert Counter(row["state"] for row in rows_of_csv(report)) == expected
    legend = re.findall(r'href="#state=(\w+)">([\d,]+)</a></dd>', text_of(report, ".html"))
    assert {state: int(count) for state, count in legend} == expected
    listed = re.findall(r"^  \S+ .*? (\w+|timed out|not asked) +(?:[\d,k?]+ +){4}[\d,k?]+$", text_of_all(report), re.M)
    assert Counter(state.replace(" ", "_") for state in listed) == expected


def text_of_all(report: OrganizationReport) -> str:
    text = text_of(report, "table", every_account=True)
    return text[text.index("Accounts, the worst first") :]


def test_json_is_by_its_schema_and_reads_back(report: OrganizationReport) -> None:
    text = text_of(report, ".json")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(json.loads(text))
    assert msgspec.json.decode(text, type=OrganizationReport) == report
    for account in json.loads(text)["accounts"]:
        assert {"id", "name", "ou", "state", "error", "counts"} <= account.keys()


def test_json_lines_hold_what_json_holds(report: OrganizationReport) -> None:
    document = json.loads(text_of(report, ".json"))
    head, *lines = (json.loads(line) for line in text_of(report, ".jsonl").splitlines())
    accounts, causes = document.pop("accounts"), document.pop("causes")
    assert head == {"record": "report", **document}
    assert lines == [{"record": "account", **each} for each in accounts] + [
        {"record": "cause", **each} for each in causes
    ]


def test_csv_has_a_line_for_each_account(report: OrganizationReport) -> None:
    rows = rows_of_csv(report)
    assert [row["account_id"] for row in rows] == [account.id for account in report.accounts]
    for row, account in zip(rows, report.accounts, strict=True):
        assert row["error_code"] == (account.error.code if account.error and account.error.code else "")
        assert row["NON_COMPLIANT"] == (str(account.counts[OPEN[0]]) if account.judged else "")
    for kind in ComplianceType:
        assert sum(int(row[kind] or 0) for row in rows) == report.summary.counts[kind]


def test_csv_has_no_zero_where_something_is_not_known(report: OrganizationReport) -> None:
    for row, account in zip(rows_of_csv(report), report.accounts, strict=True):
        for rule in report.rules:
            failing, undecided = account.rules.get(rule.config_rule_name, (0, 0))
            unknown = not account.judged or (undecided and not failing)
            assert row[rule.config_rule_name] == ("" if unknown else str(failing))


def test_rules_are_counted_alike(report: OrganizationReport) -> None:
    """The number of accounts in which a rule is NON_COMPLIANT, and of its findings."""
    page, markdown, text = (text_of(report, form) for form in (".html", ".md", "table"))
    rows = rows_of_csv(report)
    for rule in report.rules:
        name, accounts, findings = rule.config_rule_name, rule.accounts[OPEN[0]], rule.counts[OPEN[0]]
        assert sum(int(row[name] or 0) > 0 for row in rows) == accounts
        if not accounts:
            continue
        assert f'href="#rule={name}&amp;sort=rule">{accounts:,}</a>' in page
        assert re.search(rf"\| `{name}` \| \w+ \| {accounts:,} \| [\d,]+ \| {findings:,} \|", markdown)
        assert re.search(rf"^  {name} +{accounts:,} +[\d,]+ +{findings:,}$", text, re.M)


@pytest.mark.parametrize("form", [".html", ".md", "table"])
def test_accounts_that_were_not_audited_are_named_with_what_to_grant(report: OrganizationReport, form: str) -> None:
    text = shown(report, form)
    for state in (State.DENIED, State.TIMED_OUT, State.LOST, State.FAILED):
        code = next(each.error.code for each in report.accounts if each.state is state and each.error)
        assert code is not None
        assert code in text
    for needed in ("sts:AssumeRole", "iam:GenerateCredentialReport", "Deploy the role iam-audit in account ACCOUNT_ID"):
        assert needed in text
    lost = next(account for account in report.accounts if account.state is State.LOST)
    assert str(lost.id) in text


@pytest.mark.parametrize("form", [".html", ".md", "table"])
@pytest.mark.parametrize("state", [each for each in AUDITABLE if each is not State.AUDITED])
def test_an_incomplete_run_never_looks_clean(form: str, state: State) -> None:
    report = run_of(State.AUDITED, state)
    text = shown(report, form).replace("\n", " ")
    assert report.summary.compliance_type == "INSUFFICIENT_DATA"
    assert "Incomplete: 1 active account is not or not fully audited" in text
    assert f"1 of 2 active accounts audited; 1 {state.text}" in text
    assert "INSUFFICIENT_DATA, incomplete" in text or "INSUFFICIENT_DATA incomplete" in text
    assert report.accounts[1].counts == dict.fromkeys(ComplianceType, 0)
    assert rows_of_csv(report)[1]["COMPLIANT"] == rows_of_csv(report)[1]["iam-password-policy"] == ""


@pytest.mark.parametrize("form", [".html", ".md", "table"])
@pytest.mark.parametrize("states", [(), (State.DENIED, State.LOST), (State.SUSPENDED,)])
def test_a_run_that_audited_nothing_says_so(form: str, states: tuple[State, ...]) -> None:
    report = run_of(*states)
    assert report.summary.compliance_type == "INSUFFICIENT_DATA"
    assert "Nothing was audited" in shown(report, form)


@pytest.mark.parametrize("form", [".html", ".md", "table"])
def test_accounts_that_are_left_out_make_no_run_incomplete(form: str) -> None:
    report = run_of(State.AUDITED, State.SUSPENDED, State.NOT_ASKED)
    assert report.summary.compliance_type == "COMPLIANT"
    text = shown(report, form)
    assert "1 of 1 active account audited; 1 suspended, 1 not asked, left out" in text
    assert "ncomplete" not in text.replace("What is not listed", "")


def test_why_an_account_is_left_out_is_told() -> None:
    left_out = Account(id="000000000009", state=State.NOT_ASKED, detail="--exclude leaves it out")
    report = summed_up(manifest([left_out]), lambda _key: None, lambda _key: ())
    assert rows_of_csv(report)[0]["error_message"] == "'--exclude leaves it out"
    assert "--exclude leaves it out" in shown(report, ".html")
    assert json.loads(text_of(report, ".json"))["accounts"][0]["error"]["message"] == "--exclude leaves it out"


def test_a_crashed_rule_is_a_warning_in_every_format() -> None:
    report = run_of(State.AUDITED)
    (account,) = report.accounts
    receipt = judged(
        Receipt(
            key="1", account_id=account.id, state=State.PARTIAL, rule_failed=True, began_at=BEGAN_AT, ended_at=BEGAN_AT
        ),
        [CLEAN],
    )
    report = summed_up(manifest([Account(id=account.id)]), lambda _key: receipt, lambda _key: ())
    for form in (".html", ".md", "table", ".json", ".jsonl"):
        assert f"A rule crashed, so that its verdicts are missing, in 1 of the accounts: {account.id}" in text_of(
            report, form
        )


def test_markdown_fits_into_a_comment() -> None:
    text = written(grown(Size(accounts=900, units=200, causes=300)), ".md")
    assert len(text) <= 65_000
    for title in (
        "Rules (26)",
        "Organizational units (",
        "The same cause in many accounts (",
        "Accounts, the worst first (900)",
    ):
        assert f"## {title}".encode() in text
    assert b"more; the JSON report has them all" in text


def test_the_table_is_bounded_and_says_where_the_rest_is(report: OrganizationReport) -> None:
    text = text_of(report, "table")
    assert "and 125 more; the CSV and HTML reports list every account" in text
    assert len(text.splitlines()) < 150
    assert len(text_of(report, "table", every_account=True).splitlines()) > 200


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_keeps_to_the_width(report: OrganizationReport, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = text_of(report, "table", every_account=True).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any(line.endswith(" Undecided") for line in lines)


def test_piped_the_table_breaks_no_line(report: OrganizationReport) -> None:
    lines = text_of(report, "table", every_account=True).splitlines()
    assert denominator(report.summary) in lines
    assert all(any(account.name in line for line in lines) for account in report.accounts)


def test_what_happened_to_many_is_said_once() -> None:
    report = grown(Size(accounts=60, units=4, causes=0), {State.AUDITED: 1, State.DENIED: 1})
    denied = sum(account.error is not None and account.error.code == "AccessDenied" for account in report.accounts)
    assert denied > 10
    assert text_of(report, "table").count("is not authorized to perform") == 1
    assert f"denied, {denied} accounts: AccessDenied: " in text_of(report, "table")


@pytest.fixture(scope="module")
def harm() -> OrganizationReport:
    return hostile(list(STORABLE.values()))


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_that_is_obeyed_or_unseen_is_written(harm: OrganizationReport, form: str) -> None:
    text = text_of(harm, form, every_account=True)
    assert obeyed_or_unseen(text.replace("\r\n", "\n").removeprefix("\ufeff")) == set()


def test_hostile_names_are_told(harm: OrganizationReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    page, text = shown(harm, ".html"), text_of(harm, "table", every_account=True)
    for name, hostile_text in STORABLE.items():
        assert visible(hostile_text) in page, name
        assert visible(hostile_text).rstrip() in text, name


def test_no_spreadsheet_runs_a_cell(harm: OrganizationReport) -> None:
    text = text_of(harm, ".csv").removeprefix("\ufeff")
    for row in csv.reader(io.StringIO(text)):
        assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_names_are_no_markup_in_markdown(harm: OrganizationReport) -> None:
    allowed = {"code_inline", "text", "strong_open", "strong_close", "softbreak"}
    kinds: set[str] = set()
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text_of(harm, ".md")):
        kinds |= {child.type for child in token.children or ()}
        assert token.type != "html_block"
    assert kinds <= allowed


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//example.com/x", "/etc/passwd", "account=1/report.html", "./a b", ""],
)
def test_only_addresses_of_files_become_links(address: str) -> None:
    assert checked(address) is None


def test_an_account_links_to_its_page_only_where_it_has_a_report(report: OrganizationReport) -> None:
    for account in report.accounts:
        expected = f"./account={account.id}/report.html" if account.report else None
        assert checked(to_page(account)) == expected
    assert "./account=" not in written(report, ".html").decode()
