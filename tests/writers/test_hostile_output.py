"""What hostile texts do to every format, and to standard error: nothing; they are shown as text."""

import io
import json
import re
from collections.abc import Callable, Container, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category

import pytest
from browser import READ_ALL
from conftest import Open, Run
from hostile import STORABLE, TEXTS, account_of, report_of
from html_reports import written
from rich.cells import cell_len

from auditor.account.snapshot import dump
from auditor.judging.rule import MAX_ANNOTATION
from auditor.report.reading import load_report
from auditor.report.report import Report
from auditor.writers import json as json_reporter
from auditor.writers import table
from auditor.writers.visible import visible

UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u180b\u2800\u3164\ufe00\ufe0e\uffa0\U000e0100-\U000e0108]")
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def obeyed_or_unseen(text: str) -> set[str]:
    """Return what no reader may be sent: all but seen characters, line feeds, and marks in moderation."""
    hidden = {character for character in text if category(character)[0] == "C" or UNSEEN.match(character)}
    hidden |= {character for character in text if category(character)[0] == "Z"} - {" "}
    return (hidden - {"\n"}) | set(re.findall("(?:\u0301\u0336\u0489){2}", text))


def in_table(report: Report) -> str:
    stream = io.StringIO()
    table.write(report, stream, every_finding=True)
    return stream.getvalue()


def in_json(report: Report) -> str:
    stream = io.BytesIO()
    json_reporter.write(report, stream)
    return stream.getvalue().decode()


def in_html(report: Report) -> str:
    return written(report).decode()


def strings(document: Any) -> Iterator[str]:
    """Yield every string of a JSON document, keys too."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from strings(value)
    elif isinstance(document, list):
        for item in document:
            yield from strings(item)
    elif isinstance(document, str):
        yield document


class TextOf(HTMLParser):
    """Gather the text of a document, as a browser without JavaScript shows it."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(document)

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def annotation(text: str) -> str:
    """Return the text as an annotation has it: cut to AWS's limit."""
    return text if len(text) <= MAX_ANNOTATION else f"{text[: MAX_ANNOTATION - 1]}…"


class Format(NamedTuple):
    """A format: how it is written, what it says to its reader, and how it spells a text."""

    written: Callable[[Report], str]
    told: Callable[[str], Container[str]]
    spelling: Callable[[str], str]


FORMATS = {
    "table": Format(in_table, str, lambda text: visible(annotation(text)).rstrip()),
    "json": Format(
        in_json,
        lambda text: set(strings(json.loads(text))),
        lambda text: text.replace("\ud800", r"\ud800").replace("\udfff", r"\udfff"),
    ),
    "html": Format(in_html, lambda document: "".join(TextOf(document).found), visible),
}


@pytest.fixture(params=FORMATS.values(), ids=list(FORMATS))
def shape(request: pytest.FixtureRequest) -> Format:
    """Return each format in turn."""
    found: Format = request.param
    return found


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(list(TEXTS.values()))


@pytest.fixture(scope="module")
def harmless() -> Report:
    """Return a report of the same shape without any harm in it."""
    return report_of([f"harmless-{number:02}" for number in range(len(TEXTS))])


def test_nothing_that_is_obeyed_or_unseen_is_written(shape: Format, report: Report) -> None:
    assert obeyed_or_unseen(shape.written(report)) == set()


def test_every_text_is_told(shape: Format, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    told = shape.told(shape.written(report))
    assert [name for name, text in TEXTS.items() if shape.spelling(text) not in told] == []


def test_the_table_keeps_to_80_columns(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = in_table(report).splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert obeyed_or_unseen("".join(lines)) == set()


def test_in_colour_the_table_has_no_codes_but_its_own(
    report: Report, harmless: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = in_table(report)
    assert set(COLOUR.findall(coloured)) == set(COLOUR.findall(in_table(harmless))) != set()
    assert obeyed_or_unseen(COLOUR.sub("", coloured)) == set()


def test_a_stored_report_reads_back_as_it_was() -> None:
    report = report_of(list(STORABLE.values()))
    stored = in_json(report)
    assert load_report(stored.encode(), "report.json") == report
    assert in_json(load_report(stored.encode(), "report.json")) == stored


def test_a_lone_surrogate_is_stored_spelt_out(report: Report) -> None:
    stored = load_report(in_json(report).encode(), "report.json")
    (found,) = (finding for finding in stored.findings if finding.config_rule_name == r"x\ud800y\udfff")
    assert found.annotation == r"x\ud800y\udfff"
    assert found.fingerprint in {finding.fingerprint for finding in report.findings}
    assert len(stored.findings) == len(report.findings)


STRUCTURE = """() => {
    const told = (node) => `${node.nodeName}[${node.getAttributeNames()}].${node.getAttribute("class")}`;
    document.querySelectorAll(".spelt").forEach((node) => node.remove());
    return [...document.querySelectorAll("body *")].map((node) => `${told(node.parentNode)} ${told(node)}`).sort();
}"""
"""Gives each element with its parent and attributes, sorted: rows stand in the order of what they hold."""
SEARCH = """([texts]) => texts.map((text) => {
    const box = document.getElementById("search");
    box.value = text;
    box.dispatchEvent(new Event("input"));
    return [...document.querySelectorAll(".finding .name")].map((name) => name.textContent);
})"""


def test_in_a_browser_nothing_runs_is_asked_for_or_added(opened: Open, report: Report, harmless: Report) -> None:
    hostile, tame = (opened(each, fragment="#size=250") for each in (report, harmless))
    for shown in (hostile, tame):
        assert len(shown.page.evaluate(READ_ALL)) == len(report.findings)
    assert hostile.page.evaluate("window.ran") is None
    assert hostile.requests == [hostile.url]
    assert hostile.complaints == []
    assert hostile.page.evaluate(STRUCTURE) == tame.page.evaluate(STRUCTURE)


def test_in_a_browser_every_text_is_shown_and_found(opened: Open, report: Report) -> None:
    shown = opened(report, fragment="#size=250")
    told = shown.page.evaluate(READ_ALL)
    fingerprints = [finding["facts"]["Fingerprint"] for finding in told]
    assert sorted(fingerprints) == sorted(finding.fingerprint for finding in report.findings)
    spelt = {name: visible(text) for name, text in TEXTS.items()}
    rules = {name: visible(report.shown_names[text]) for name, text in TEXTS.items()}
    plug_ins = {finding["rule"]: finding for finding in told if finding["rule"] in rules.values()}
    assert set(plug_ins) == set(rules.values())
    for name, text in TEXTS.items():
        finding = plug_ins[rules[name]]
        assert finding["annotation"] == visible(annotation(text))
        assert finding["suppression"]["reason"] == spelt[name]
        assert finding["facts"]["Region"] == spelt[name]
        ((path, _, source),) = finding["evidence"]
        assert (path, source) == (spelt[name], spelt[name])
    for typed in (spelt, TEXTS):
        results = shown.page.evaluate(SEARCH, [list(typed.values())])
        lost = {name for name, found in zip(TEXTS, results, strict=True) if spelt[name] not in found}
        assert lost <= {name for name, text in typed.items() if set(text) & {"\n", "\r"}}  # an input takes no line ends


def test_without_javascript_nothing_is_asked_for_or_added(opened: Open, report: Report, harmless: Report) -> None:
    hostile, tame = (opened(each, ready=False, java_script_enabled=False) for each in (report, harmless))
    assert (hostile.requests, hostile.complaints) == ([hostile.url], [])
    assert hostile.page.evaluate(STRUCTURE) == tame.page.evaluate(STRUCTURE)


def test_standard_error_tells_of_sources_and_warnings_as_text(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    file.write_bytes(dump(account_of(list(STORABLE.values()))))
    result = run("scan", "-v", "--snapshot", file, "--format", "json")
    assert (result.code, obeyed_or_unseen(result.err), obeyed_or_unseen(result.out)) == (4, set(), set())
    assert [
        name for name, text in STORABLE.items() if f"Warning: {visible(text)}: {visible(text)}" not in result.err
    ] == []


def argument(text: str) -> str:
    """Return the text as an argument can hold it: without zero bytes, and with surrogates that stand for bytes."""
    return text.replace("\0", "").replace("\ud800", "\udcd8").replace("\udfff", "\udcff")


DOORS: dict[str, Callable[[str], list[str]]] = {
    "a rule": lambda text: ["scan", "--snapshot", "-", "--rule", text],
    "a parameter": lambda text: ["scan", "--snapshot", "-", "--parameter", f"iam-password-policy.{text}=1"],
    "a parameter's value": lambda text: ["scan", "--parameter", f"iam-password-policy.MaxPasswordAge={text}"],
    "a snapshot": lambda text: ["scan", "--snapshot", f"no-such-folder/{text}"],
    "a folder of exports": lambda text: ["scan", "--exports", f"no-such-folder/{text}"],
    "an output": lambda text: ["scan", "--snapshot", "-", "-o", f"no-such-folder/{text}.json"],
    "a format": lambda text: ["scan", "--format", text],
    "a query": lambda text: ["scan", "--snapshot", "-", "--query", f"[{text}"],
    "a stored report": lambda text: ["report", f"no-such-folder/{text}"],
    "a rule's page": lambda text: ["rules", "show", "--", text],
    "a command": lambda text: [f"no-such-command {text}"],
}


@pytest.mark.parametrize("door", DOORS.values(), ids=list(DOORS))
def test_errors_repeat_hostile_words_as_text(run: Run, door: Callable[[str], list[str]]) -> None:
    for name, text in TEXTS.items():
        result = run(*door(argument(text)))
        assert result.code in (2, 3), name
        assert "Traceback" not in result.err, name
        assert (obeyed_or_unseen(result.err), result.out) == (set(), ""), name


def test_a_query_prints_hostile_words_as_text(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    file.write_bytes(dump(account_of(list(STORABLE.values()))))
    result = run("scan", "-q", "--snapshot", file, "--query", "findings[].resource_name")
    assert obeyed_or_unseen(result.out) == set()
    assert set(json.loads(result.out)) >= set(STORABLE.values())
