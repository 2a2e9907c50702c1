"""The parity report in each format: the same facts, and nothing that an account's names could do to its reader."""

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import Opened
from config_results import REGION, details, result, rule, rules, write
from msgspec.structs import replace
from playwright.sync_api import Browser

import auditor
from auditor.account.model import User
from auditor.parity.parity import Cause, Counts, Parity
from auditor.testing import CAPTURED_AT, account, user
from auditor.writers.parity.formats import writer_of

HOSTILE = [
    "<script>alert(1)</script>",
    "\x1b[2Jcleared",
    "\u202egnp.exe",
    "line\nbreak",
    "</td></table><h1>",
    "::error::x",
]
AT = CAPTURED_AT.isoformat()


def parity(folder: Path, people: list[User], name: str = "no-policies", *, told: str = "NON_COMPLIANT") -> Parity:
    """Return the comparison of users, of all of whom AWS Config says the same, the last one excepted."""
    verdicts = [told] * (len(people) - 1) + ["COMPLIANT"]
    found = details(*(result(name, each.id, said, at=AT) for each, said in zip(people, verdicts, strict=True)))
    described = rules(rule(name, "IAM_USER_NO_POLICIES_CHECK"), rule("new", "IAM_NEW"), rule("s3", "S3_BUCKET_X"))
    results = auditor.read_config_results(write(folder / "config", {"rules.json": described, "d.json": found}))
    return auditor.compare_with_config(account(users=people, region=REGION), results)


def written(found: Parity, suffix: str) -> str:
    stream = io.BytesIO()
    writer_of(suffix)(found, stream)
    return stream.getvalue().decode()


TEXT = """\
Account 111122223333, aws
Snapshot {digest}, captured 2026-11-24T03:00:00Z, credential report of 2026-11-24T01:00:00Z
Judged with AWS Config's parameters; an evaluation within 1 h of the snapshot counts as of the same state

rule          agree  differ  not comparable
no-policies       1       2               0  2 real
new               -       -               -  Not compared: this release does not know the rule

Real (2): no other cause explains it: one of the two is wrong
  no-policies in us-east-1
    AWS Config NON_COMPLIANT, iam-audit COMPLIANT: evaluated at the time of the snapshot; it counts as of the same state
      bob (AWS::IAM::User), dan (AWS::IAM::User)

Incomplete: 1 rule was not compared
Rules of AWS Config that are not about IAM, or custom: 1

Verdicts: 1 agree, 2 differ (2 real), 0 not comparable.
"""


def test_the_text_says_all_of_it(tmp_path: Path) -> None:
    found = parity(tmp_path, [user("bob"), user("dan"), user("eve")])
    assert written(found, ".txt") == TEXT.format(digest=found.snapshot_sha256[:12])


def test_the_text_names_a_few_of_many(tmp_path: Path) -> None:
    found = parity(tmp_path, [user(f"u{number:02}") for number in range(31)])
    assert "u09 (AWS::IAM::User), and 20 more" in written(found, ".txt")


def test_what_another_time_explains_comes_with_what_to_do(tmp_path: Path) -> None:
    older = replace(parity(tmp_path, [user("bob"), user("eve")]), summary=Counts(1, 0, dict.fromkeys(Cause, 1)))
    for suffix in (".txt", ".html"):
        assert "start-config-rules-evaluation" in written(older, suffix)
        assert "start-config-rules-evaluation" not in written(parity(tmp_path, [user("bob")]), suffix)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def hostile(folder: Path) -> Parity:
    people = [user(f"x{at}", id=f"I{at}") for at in range(len(HOSTILE))]
    found = details(*(result("p", each, "NON_COMPLIANT", at=AT, kind="AWS::IAM::User") for each in [*HOSTILE, "I0"]))
    identifier = "IAM_USER_NO_POLICIES_CHECK"
    described = rules(*(rule(name, identifier, region=name) for name in HOSTILE), rule("p", identifier))
    results = auditor.read_config_results(write(folder / "config", {"rules.json": described, "d.json": found}))
    return auditor.compare_with_config(account(users=people, region=REGION), results)


def test_no_format_shows_what_a_terminal_would_obey(tmp_path: Path) -> None:
    found = hostile(tmp_path)
    for suffix in (".txt", ".json", ".html"):
        text = written(found, suffix)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text), suffix
        assert "\\u202e" in text


def test_the_page_runs_nothing_and_leads_nowhere(tmp_path: Path) -> None:
    page = _Page()
    page.feed(written(hostile(tmp_path), ".html"))
    assert not {"script", "img", "iframe", "form"} & set(page.tags)
    assert all(link.startswith(("#part-", "#rules")) for link in page.links)
    assert page.tags.count("h1") == 1


def test_the_page_shows_a_thousand_rows_of_a_section_and_says_so(tmp_path: Path) -> None:
    found = parity(tmp_path, [user(f"u{number:04}") for number in range(1_002)])
    text = written(found, ".html")
    assert "Real (1,001)" in text
    assert "The first 1,000 are shown; the JSON report holds all of them." in text


def test_a_program_writes_the_page(tmp_path: Path) -> None:
    found = parity(tmp_path, [user("bob"), user("eve")])
    assert auditor.write(found, tmp_path / "{account_id}.html") == tmp_path / "111122223333.html"
    assert (tmp_path / "111122223333.html").read_text("utf-8") == written(found, ".html")


@pytest.fixture
def page_of_many(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Return the page of a comparison in which AWS Config says the same of three users."""
    file = tmp_path / "p.html"
    file.write_text(written(parity(tmp_path, [user(f"u{number}") for number in range(4)]), ".html"), "utf-8")
    opened = Opened(browser, file, color_scheme="dark", java_script_enabled=False)
    yield opened
    opened.page.close()


def test_resources_of_which_the_same_is_said_stand_together(page_of_many: Opened) -> None:
    rows = page_of_many.page.locator("#part-1 ~ table tbody tr").all_inner_texts()
    assert len(rows) == 2
    assert "3 resources, named below" in rows[0]
    assert rows[1].strip() == "u0, u1, u2"


def test_the_page_asks_for_nothing_and_prints_in_black_on_white(page_of_many: Opened) -> None:
    assert (page_of_many.requests, page_of_many.complaints) == ([page_of_many.url], [])
    page = page_of_many.page
    page.emulate_media(media="print", color_scheme="dark")
    colour = page.locator("td").first.evaluate("(cell) => getComputedStyle(cell).color")
    assert all(int(each) < 64 for each in re.findall(r"\d+", colour))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert page.locator("nav").is_hidden()


def test_commands_to_run_stand_out(tmp_path: Path) -> None:
    older = replace(parity(tmp_path, [user("bob"), user("eve")]), summary=Counts(1, 0, dict.fromkeys(Cause, 1)))
    assert "<code>aws configservice start-config-rules-evaluation</code>" in written(older, ".html")


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits_the_window(width: int, browser: Browser, tmp_path: Path) -> None:
    people = [user(f"a-user-with-a-name-that-is-as-long-as-names-may-be-{number}") for number in range(3)]
    name = "iam-user-no-policies-check-conformance-pack-abcdefghijk"
    file = tmp_path / "p.html"
    file.write_text(written(parity(tmp_path, people, name), ".html"), "utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
