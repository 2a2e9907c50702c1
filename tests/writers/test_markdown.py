"""Markdown: short enough for where it goes, the worst first, and nothing in it but our own markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import hostile
import pytest
from conftest import Run
from hostile import PIPELINE_TEXTS, TEXTS
from html_reports import MFA, report_of
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pipeline_reports import clean, every_kind, failing, hostile_report, printed, rendered, ruleless, undecided, written

from auditor.account.model import Notice
from auditor.report.report import Report
from auditor.testing import account, console_user
from auditor.writers.markdown import code, within
from auditor.writers.visible import visible

COMMENT, SUMMARY = 65_536, 1_048_576  # what GitHub takes: characters, bytes


class Shown(HTMLParser):
    """Gather what a host of code makes of Markdown: its elements in order, the codes, the links, and the other text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.codes: list[str] = []
        self.links: list[str] = []
        self.prose = ""
        self._within: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(text))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._within.append(tag)
        if tag == "code":
            self.codes.append("")
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        assert self._within.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self._within:
            self.codes[-1] += data
        else:
            self.prose += data


def test_a_small_report_is_shown_whole(run: Run, tmp_path: Path) -> None:
    assert rendered(run, every_kind(), tmp_path, "r.md") == (Path(__file__).parent / "comment.md").read_text("utf-8")


def test_an_incomplete_audit_is_called_that_first(run: Run, tmp_path: Path) -> None:
    lines = rendered(run, undecided(), tmp_path, "r.md").splitlines()
    assert lines[1] == "## IAM audit: INSUFFICIENT_DATA, incomplete"
    assert lines[3].startswith("**Incomplete: 1 finding has INSUFFICIENT_DATA.**")
    assert any(line.startswith("- `carol` (AWS::IAM::User): ") for line in lines)


def test_a_run_without_rules_is_called_incomplete(run: Run, tmp_path: Path) -> None:
    text = rendered(run, ruleless(), tmp_path, "r.md")
    assert "## IAM audit: NOT_APPLICABLE, incomplete" in text
    assert "**Nothing was decided: " in text


def test_a_clean_audit_says_that_nothing_was_found(run: Run, tmp_path: Path) -> None:
    text = rendered(run, clean(), tmp_path, "r.md")
    assert "## IAM audit: COMPLIANT\n" in text
    assert "No finding is NON_COMPLIANT or has INSUFFICIENT_DATA." in text
    assert "ncomplete" not in text


@pytest.mark.usefixtures("folder")
def test_a_narrowed_report_says_so_and_not_that_nothing_was_found(run: Run) -> None:
    text = run("scan", "--snapshot", "s.json", "--rule", MFA, "--format", "markdown", "--resource", "nobody").out
    assert "Narrowed by severity or resource: 0 of 1 findings are listed" in text
    assert "No finding is" not in text


@pytest.mark.parametrize(("name", "limit"), [("r.md", COMMENT), ("r.summary.md", SUMMARY)])
@pytest.mark.parametrize("count", [1, 700, 800, 10_000, 20_000])
def test_a_report_of_any_size_fits_and_what_is_left_out_is_counted(
    run: Run, tmp_path: Path, name: str, limit: int, count: int
) -> None:
    text = rendered(run, failing(count, unknown=3), tmp_path, name)
    assert len(text.encode()) < limit
    listed = len(re.findall("^- `(?:user|what)[0-9]+`", text, re.MULTILINE))
    parts = [f"{count - listed:,} NON_COMPLIANT"] if listed < count else []
    parts += ["3 INSUFFICIENT_DATA"] if listed < count else []
    assert (f"Left out, because the text would be too long: {', '.join(parts)}." in text) is (listed < count)
    assert listed in (count + 3, *range(count))
    assert text.rstrip().endswith("by iam-audit `0.1.0`.")


def test_a_comment_is_filled(run: Run, tmp_path: Path) -> None:
    text = rendered(run, failing(5_000), tmp_path, "r.md")
    assert COMMENT - 2_000 < len(text) < COMMENT


def test_many_rules_and_warnings_leave_room_for_findings(tmp_path: Path) -> None:
    report = failing(3)
    rules = [replace(report.rules[0], config_rule_name=f"{'w' * 250}{number}") for number in range(500)]
    notices = tuple(Notice("code", "n" * 500, f"{number} {'m' * 500}") for number in range(500))
    noisy = report_of(account(users=[console_user("bob", mfa=False)], notices=notices), MFA)
    text = written(replace(noisy, rules=(*noisy.rules, *rules)), tmp_path, "r.md")
    assert len(text.encode()) < COMMENT
    assert "- and 481 more remarks and warnings, in the JSON and HTML reports" in text
    assert re.search("\n[0-9]+ more rules are in the JSON and HTML reports.", text)
    assert "\n- `bob` (AWS::IAM::User): " in text


def test_hostile_texts_make_no_markup(tmp_path: Path) -> None:
    every = [*TEXTS.values(), *PIPELINE_TEXTS.values()]
    tame = hostile.report_of([f"tame-{number:03}" for number in range(len(every))])
    text = written(hostile_report(), tmp_path, "r.summary.md")
    shown, expected = Shown(text), Shown(written(tame, tmp_path, "t.summary.md"))
    assert sorted(shown.elements) == sorted(expected.elements)
    assert [link for link in shown.links if not link.startswith("https://docs.aws.amazon.com/config/")] == []
    assert not set("@#`<>[]|~!") & set(shown.prose)
    assert all(character.isprintable() or character == "\n" for character in text)
    told = set(shown.codes)
    for each in every:
        assert visible(each)[:290] in {found[:290] for found in told} or not visible(each).strip(), each


@given(st.text(st.sampled_from("`|\\ ab<@*_[]()!#\n~:/.-&;w"), max_size=40))
def test_a_code_span_shows_its_text_and_nothing_else(text: str) -> None:
    shown = Shown(f"before {code(text)} after {code(text)} end")
    told = visible(text).strip(" ") if visible(text).strip() else None
    if told is None:
        assert shown.elements == ["p"]
    else:
        assert shown.elements == ["p", "code", "code"]
        assert [each.strip(" ").replace(r"\x60", "`") for each in shown.codes] == [told, told]


@given(st.text(st.sampled_from("|\\`a <@"), max_size=20))
def test_a_cell_of_the_table_holds_any_name(name: str) -> None:
    report = clean()
    named: Report = replace(report, rules=tuple(replace(rule, config_rule_name=f"x{name}") for rule in report.rules))
    shown = Shown(within(named, COMMENT).decode())
    assert shown.elements.count("td") == 8
    assert shown.prose.count("COMPLIANT") >= 1


def test_markdown_goes_to_standard_output_too(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    assert printed(run, report, tmp_path, "markdown").out == rendered(run, report, tmp_path, "r.md")
    assert printed(run, report, tmp_path, "step-summary").out == rendered(run, report, tmp_path, "r.summary.md")


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    text = run("scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "markdown").out
    assert "- `Configuration iam-audit.toml: allows unknown facts`" in text
