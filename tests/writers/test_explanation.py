"""Explanations as text, JSON and HTML: each shows everything, keeps to its page, and hostile names do no harm."""

import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from browser import Opened
from explained_account import ARN, explained_account
from hostile import STORABLE, account_of
from outline import shared_names, skipped_levels
from playwright.sync_api import Browser
from rich.cells import cell_len
from test_hostile_output import COLOUR, TextOf, obeyed_or_unseen, strings

import auditor
from auditor.explaining import explanation as explanation_module
from auditor.explaining.explanation import Explanation
from auditor.report.report import Report
from auditor.testing import CAPTURED_AT, account, group, user
from auditor.writers.explanation import html, text
from auditor.writers.explanation import json as json_writer
from auditor.writers.explanation.sections import facts, judged, sections
from auditor.writers.visible import visible

SCHEMA = json.loads((Path(explanation_module.__file__).parent / "explanation.schema.json").read_text("utf-8"))
SNAPSHOT = explained_account()
REPORT = auditor.audit(SNAPSHOT, "all", as_of=CAPTURED_AT)
SUBJECTS = {"user": "alice", "group": "developers", "role": "Deploy", "policy": "limits"}


def suppressed(report: Report) -> Report:
    """Return the report with a suppression of what is said of policies of one's own."""
    aside = {"reason": "Moves to a group", "until": "2027-03-01"}
    return msgspec.structs.replace(
        report,
        findings=tuple(
            msgspec.structs.replace(each, suppression=aside)
            if each.config_rule_name == "iam-user-no-policies-check"
            else each
            for each in report.findings
        ),
    )


def explained(kind: str) -> Explanation:
    return auditor.explain(SNAPSHOT, SUBJECTS[kind], kind=kind, report=REPORT)


def in_text(found: Explanation) -> str:
    stream = io.StringIO()
    text.write(found, stream)
    return stream.getvalue()


def in_html(found: Explanation) -> str:
    stream = io.BytesIO()
    html.write(found, stream)
    return stream.getvalue().decode()


def in_json(found: Explanation) -> str:
    stream = io.BytesIO()
    json_writer.write(found, stream)
    return stream.getvalue().decode()


def cells(found: Explanation) -> set[str]:
    """Return every text that people are shown of a resource."""
    rows = [*facts(found), *(row for section in sections(found) for row in section.rows)]
    notes = [text for section in sections(found) for _, text in section.notes]
    verdicts = [each.finding.annotation for each in judged(found)]
    return {cell.text for row in rows for cell in row} | {*notes, *verdicts, found.not_considered}


@pytest.mark.parametrize("kind", SUBJECTS)
def test_text_and_html_show_every_fact(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    found = explained(kind)
    page = "".join(TextOf(in_html(found)).found)
    shown = in_text(found)
    assert {each for each in cells(found) if each not in page} == set()
    assert {each for each in cells(found) if each not in shown} == set()


@pytest.mark.parametrize("kind", SUBJECTS)
def test_json_is_as_the_schema_says(kind: str) -> None:
    document = json.loads(in_json(explained(kind)))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (document["format"], document["version"]) == ("iam-audit-explanation", 1)
    assert [each for each in SUBJECTS if document[each] is not None] == [kind]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_text_keeps_to_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for kind in SUBJECTS:
        assert max(map(cell_len, in_text(explained(kind)).splitlines())) <= columns


def test_a_device_that_no_input_lists_is_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = in_text(auditor.explain(explained_account(devices=[]), "alice"))
    assert "Virtual MFA devices    none; MFA is active by the credential report, so a hardware or FIDO device" in shown
    unknown = in_text(auditor.explain(explained_account(unknown=["virtual_mfa_devices"], devices=[]), "alice"))
    assert "Virtual MFA devices    unknown: The case withholds it; grant iam:Test" in unknown


def test_ages_are_told_only_where_the_time_is_known() -> None:
    found = in_html(auditor.explain(explained_account(captured_at=None, report_generated_at=None), "alice"))
    assert "By a credential report of unknown time." in found
    assert "--captured-at sets it for --exports; else read again" in found
    assert " ago)" not in found


def test_of_many_names_the_first_are_shown_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    crowd = account(users=[user(f"user{number:03}", groups=["all"]) for number in range(150)], groups=[group("all")])
    found = auditor.explain(crowd, "all")
    for shown in (in_text(found), "".join(TextOf(in_html(found)).found)):
        assert "user098, user099 and 50 more, which the JSON lists" in shown
    assert len(json.loads(in_json(found))["group"]["members"]["items"]) == 150


def test_a_suppression_and_its_reason_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = auditor.explain(SNAPSHOT, "alice", report=suppressed(REPORT))
    for shown in (in_text(found), "".join(TextOf(in_html(found)).found)):
        assert "Suppressed: reason Moves to a group; until 2027-03-01" in shown
        assert "suppressed" in shown


@pytest.mark.parametrize("kind", SUBJECTS)
def test_landmarks_and_headings_lead_through_the_page(kind: str) -> None:
    page = in_html(explained(kind))
    assert (shared_names(page), skipped_levels(page)) == ([], [])


def test_what_to_do_is_beside_what_is_open() -> None:
    page = in_html(explained("user"))
    assert "aws iam delete-access-key" in page  # the fix of access-keys-rotated
    assert "aws iam enable-mfa-device" not in page  # of a rule that found nothing


def harmful() -> list[tuple[str, Explanation]]:
    snapshot = account_of(list(STORABLE.values()))
    report = auditor.audit(snapshot, "all", as_of=CAPTURED_AT)
    found = []
    for name, kind in zip(STORABLE.values(), list(SUBJECTS) * len(STORABLE), strict=False):
        named = f"{ARN}:policy/{name}/{name}" if kind == "policy" else name  # a policy of AWS has the same name
        found.append((name, auditor.explain(snapshot, named, kind=kind, report=report)))
    return found


@pytest.fixture(scope="module")
def hostile() -> list[tuple[str, Explanation]]:
    """Return explanations of hostile names, in turn of a user, a group, a role and a policy."""
    return harmful()


class Tags(HTMLParser):
    """Gather the elements of a page, with the names of their attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, *(name for name, _ in attrs)))


def test_hostile_names_are_text_in_html(hostile: list[tuple[str, Explanation]]) -> None:
    harmless = {each for kind in SUBJECTS for each in Tags(in_html(explained(kind))).found}
    harmless |= {("td", "colspan"), ("p", "class"), ("div", "class"), ("span", "class"), ("strong",), ("h4",)}
    for name, found in hostile:
        page = in_html(found)
        assert Tags(page).found <= harmless, name
        assert visible(name) in "".join(TextOf(page).found), name
        assert obeyed_or_unseen(page) == set(), name


def test_hostile_names_are_text_in_a_terminal(
    hostile: list[tuple[str, Explanation]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for columns in ("80", "4000"):
        monkeypatch.setenv("COLUMNS", columns)
        for name, found in hostile:
            shown = in_text(found)
            assert obeyed_or_unseen(COLOUR.sub("", shown)) == set(), name
            assert columns == "80" or visible(name).rstrip() in COLOUR.sub("", shown), name


def test_hostile_names_are_stored_as_they_are(hostile: list[tuple[str, Explanation]]) -> None:
    for name, found in hostile:
        document: Any = json.loads(in_json(found))
        assert name in set(strings(document))
        assert obeyed_or_unseen(in_json(found)) == set(), name


def test_in_a_browser_the_page_runs_nothing_and_fits(
    browser: Browser, hostile: list[tuple[str, Explanation]], tmp_path: Path
) -> None:
    wanted = {STORABLE[name] for name in ("script", "path")}
    pages = [("plain", explained("user")), *(each for each in hostile if each[0] in wanted)]
    for name, found in pages:
        file = tmp_path / "explanation.html"
        file.write_text(in_html(found), "utf-8")
        shown = Opened(browser, file)
        assert shown.page.evaluate("window.ran") is None, name
        assert (shown.requests, shown.complaints) == ([shown.url], []), name
        for width in (1200, 360):
            shown.page.set_viewport_size({"width": width, "height": 800})
            assert shown.page.evaluate("document.documentElement.scrollWidth") <= width, name
        shown.page.close()


def test_the_evidence_is_in_the_print(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "explanation.html"
    file.write_text(in_html(explained("user")), "utf-8")
    shown = Opened(browser, file, viewport={"width": 1200, "height": 800})
    evidence = shown.page.locator(".evidence").first
    assert not evidence.is_visible()
    shown.page.emulate_media(media="print")
    assert evidence.is_visible()
    shown.page.close()


def test_a_file_is_written_by_its_suffix(tmp_path: Path) -> None:
    for suffix in ("html", "json"):
        auditor.write(explained("user"), tmp_path / f"alice.{suffix}")
    assert (tmp_path / "alice.json").read_text() == in_json(explained("user"))
    with pytest.raises(auditor.AuditError, match="unknown format"):
        auditor.write(explained("user"), tmp_path / "alice.csv")
