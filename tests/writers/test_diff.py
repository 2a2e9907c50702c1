"""The diff in each format: the same facts, bounded, and nothing that an account's names could do to its reader."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from five_rules import FIVE
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace
from rule_parameters import configured
from two_reports import anew, report_of

import auditor
from auditor.account.model import User
from auditor.report.baseline import baseline_of
from auditor.report.comparison import LISTS, Comparison
from auditor.testing import account, console_user, credentials, group, password_policy, user
from auditor.writers.diff import markdown
from auditor.writers.diff.formats import writer_of
from auditor.writers.visible import visible

SCHEMAS = Path(auditor.__file__).parent / "report"
MFA = configured("mfa-enabled-for-iam-console-access")
HOSTILE = [
    "a|b",
    "back\\|slash",
    "`code`",
    "``` fence",
    "*bold* _it_ ~~gone~~",
    "<script>alert(1)</script>",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "@octocat",
    "https://evil.example",
    "#12",
    "line\nbreak",
    "\x1b[2Jcleared",
    "\u202egnp.exe",
    "</td></table><h1>",
    "::error::boom",
    " ",
    "trailing\\",
]


def written(comparison: Comparison, suffix: str) -> str:
    stream = io.BytesIO()
    writer_of(suffix)(comparison, stream)
    return stream.getvalue().decode()


def hostile_people() -> list[User]:
    """Return a user of each hostile name."""
    arn = "arn:aws:iam::111122223333:user/"
    return [replace(BOB, name=name, id=f"I{at}", arn=f"{arn}{at}") for at, name in enumerate(HOSTILE)]


def compared(old: list[Any], new: list[Any], rules: Any = (MFA,)) -> Comparison:
    reports = (
        report_of(account(users=people, groups=[group("A")], password=password_policy()), list(rules))
        for people in (old, new)
    )
    return auditor.compare(*reports)


BOB, EVE, DAN, FAY = (console_user(name, mfa=False, groups=["A"]) for name in ("bob", "eve", "dan", "fay"))
UNKNOWN_DAN = user("dan", groups=["A"], unknown=["credentials"])
MIXED = compared([BOB, DAN, FAY], [BOB, anew(EVE), UNKNOWN_DAN])
TEXT = """\
Account 111122223333, aws
Old: captured 2026-11-24T03:00:00Z, snapshot {old}, 3 NON_COMPLIANT, 0 INSUFFICIENT_DATA
New: captured 2026-11-24T03:00:00Z, snapshot {new}, 2 NON_COMPLIANT, 1 INSUFFICIENT_DATA

New (1): NON_COMPLIANT now, and not before
  mfa-enabled-for-iam-console-access, severity MEDIUM
    eve (AWS::IAM::User): {said}

Not seen (1): NON_COMPLIANT before; the new report does not prove otherwise
  mfa-enabled-for-iam-console-access, severity MEDIUM
    dan (AWS::IAM::User): the finding has INSUFFICIENT_DATA now; before: {said}

Resolved (1): NON_COMPLIANT before, and proven not to be now
  mfa-enabled-for-iam-console-access, severity MEDIUM
    fay (AWS::IAM::User): {said}

Appeared (1): resources that the old report did not have
    eve (AWS::IAM::User): AIDA657665NEW

Vanished (1): resources that the new report does not have
    fay (AWS::IAM::User): AIDA666179

NON_COMPLIANT findings: 1 new, 1 unchanged, 1 resolved, 0 suppressed, 1 not seen. Resources: 1 appeared, 1 vanished.
"""
SAID = "The user has a console password and no MFA"


def test_the_text_says_all_of_it() -> None:
    old, new = (each.snapshot_sha256[:12] for each in (MIXED.old_report, MIXED.new_report))
    assert written(MIXED, ".txt") == TEXT.format(old=old, new=new, said=SAID)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_who_was_deleted_and_created_again_is_marked(suffix: str) -> None:
    text = written(compared([BOB, EVE], [anew(BOB), EVE]), suffix).replace("\\", "")  # Markdown's escapes
    assert f"{SAID} (deleted and created again)" in text
    assert f"{BOB.id}NEW, created again; {BOB.id} before" in text
    assert "1 appeared, 1 vanished, 1 of these deleted and created again under the same name" in text
    assert "again" not in written(compared([BOB], [BOB, anew(EVE)]), suffix)


def test_what_differs_beside_the_findings_comes_before_every_finding() -> None:
    found = compared([BOB], [BOB, EVE])
    unlike = auditor.compare(
        report_of(account(users=[BOB], groups=[group("A")]), FIVE),
        report_of(account(users=[BOB, EVE], groups=[]), [MFA]),
    )
    for suffix in (".txt", ".md", ".html"):
        text = written(unlike, suffix)
        place = text.index("Rule iam-password-policy is only in the old report")
        assert place < text.index("console password")
        assert "differ apart from their findings" in text[:place]
        assert "differ apart from their findings" not in written(found, suffix)


def test_rules_that_failed_are_said_in_every_format() -> None:
    failed = replace(MIXED, failed_rules=("some-rule",))
    for suffix in (".txt", ".md", ".html"):
        assert "Rule some-rule failed; its verdicts are missing" in written(failed, suffix)


def test_the_json_diff_obeys_its_schema_and_has_every_list() -> None:
    document = json.loads(written(MIXED, ".json"))
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / "diff.schema.json").read_text())).validate(document)
    assert {name: len(document[name]) for name in LISTS} == {name: len(getattr(MIXED, name)) for name in LISTS}
    assert document["not_seen"][0]["reason"] == "undecided"


def test_a_baseline_obeys_its_schema() -> None:
    known = baseline_of(report_of(account(users=[BOB], groups=[group("A")]), FIVE))
    schema = json.loads((SCHEMAS / "baseline.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(known.to_json()))


def test_no_format_shows_what_a_terminal_would_obey() -> None:
    found = compared([], hostile_people())
    for suffix in (".txt", ".json", ".md", ".html"):
        text = written(found, suffix)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
        assert "\\u202e" in text


def cells(text: str) -> list[list[str]]:
    """Return the cells of all rows of the tables in a Markdown document; fail for markup in them."""
    found: list[list[str]] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and found and token.level > 2 and token.children is not None:
            kinds = {child.type for child in token.children}
            assert kinds <= {"code_inline", "text"}, token.content
            found[-1].append("".join(child.content for child in token.children))
    return found


def test_names_are_no_markup_in_markdown() -> None:
    found = compared([], hostile_people())
    rows = cells(written(found, ".md"))
    named = [row[2] for row in rows if row and row[0] == MFA.config_rule_name]
    expected = [visible(name).replace("|", "\\x7c") if "\\" in name else visible(name) for name in sorted(HOSTILE)]
    assert sorted(named) == sorted(expected)
    assert {len(row) for row in rows} <= {3, 5}


@given(text=st.text(max_size=40))
def test_any_text_is_one_code_span_in_a_table(text: str) -> None:
    (_, row) = cells(f"| a |\n| --- |\n| {markdown.code(text)} |\n")
    shown = visible(text)
    assert row == [shown.replace("|", "\\x7c") if "\\" in shown else shown] or not shown.strip()


def test_markdown_is_bounded_and_says_how_much_is_left_out() -> None:
    many = [console_user(f"user-{number:05}", mfa=False, groups=["A"]) for number in range(2_000)]
    found = compared([], many)
    text = written(found, ".md")
    assert len(text) <= markdown.MAX_CHARACTERS
    assert len(text) > markdown.MAX_CHARACTERS - 4_000
    shown = text.count("| `mfa-enabled-for-iam-console-access` |")
    assert f"And {2_000 - shown:,} more; the JSON diff has them all." in text
    assert "## Appeared (2,000)" in text
    assert "And 2,000 more; the JSON diff has them all." in text


def test_markdown_that_fits_leaves_nothing_out() -> None:
    assert " more; " not in written(compared([], [BOB, EVE]), ".md")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_page_runs_nothing_and_leads_nowhere() -> None:
    page = _Page()
    page.feed(written(compared([], hostile_people()), ".html"))
    assert not {"script", "img", "iframe", "form"} & set(page.tags)
    assert all(link.startswith("#part-") for link in page.links)
    assert page.tags.count("tr") == 2 * (len(HOSTILE) + 1)


def test_the_page_shows_a_thousand_rows_of_a_section_and_says_so() -> None:
    many = [console_user(f"user-{number:05}", mfa=False, groups=["A"]) for number in range(1_001)]
    text = written(compared([], many), ".html")
    assert "New (1,001)" in text
    assert "The first 1,000 are shown; the JSON diff holds all of them." in text
    assert text.count("<tr>") == 2 * 1_001
    exact = written(compared([], many[:1_000]), ".html")
    assert "are shown; the JSON" not in exact


def test_the_same_comparison_gives_the_same_bytes() -> None:
    for suffix in (".txt", ".json", ".md", ".html"):
        assert written(MIXED, suffix) == written(MIXED, suffix)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_nothing_new_says_so_with_counts(suffix: str) -> None:
    text = written(compared([BOB], [BOB]), suffix)
    assert "NON_COMPLIANT findings: 0 new, 1 unchanged, 0 resolved, 0 suppressed, 0 not seen." in text


def test_changed_evidence_names_the_facts() -> None:
    keys = configured("access-keys-rotated")
    old, new = (
        user(
            "bob",
            groups=["A"],
            credentials=credentials(access_key_1_active=True, access_key_1_last_rotated=f"{year}-01-01T00:00:00Z"),
        )
        for year in (2024, 2023)
    )
    text = written(compared([old], [new], [keys]), ".txt")
    assert "Changed (1): NON_COMPLIANT in both, with other evidence" in text
    assert 'access_key_1_last_rotated: "2024-01-01T00:00:00Z" before, "2023-01-01T00:00:00Z" now' in text
