"""Fixtures that many tests share."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aws_server import Front, aws_server, lead_to
from browser import Opened, chromium
from fresh_environment import built_wheel
from html_reports import written
from hypothesis import settings
from playwright.sync_api import Browser, expect

from auditor.account.snapshot import dump
from auditor.console.cli import main
from auditor.report.report import Report
from auditor.testing import account, console_user, group, password_policy

settings.register_profile("suite", deadline=None)  # how long an example takes depends on what else the machine does
settings.register_profile("fuzz", settings.get_profile("suite"), max_examples=5_000)  # for `make fuzz`
settings.load_profile("suite")  # --hypothesis-profile goes before


class Result(NamedTuple):
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]
Open = Callable[..., Opened]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command line in this process and gives its exit code and output."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def runner(*argv: object) -> Result:
        arguments: Sequence[str] = [str(argument) for argument in argv]
        capfd.readouterr()
        code = main(arguments)
        return Result(code, *capfd.readouterr())

    return runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a snapshot in it."""
    monkeypatch.chdir(tmp_path)
    sinful = account(users=[console_user("bob", mfa=False)], groups=[group("A")], password=password_policy())
    (tmp_path / "s.json").write_bytes(dump(sinful))
    return tmp_path


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Front]:
    """Serve an empty account over HTTP and lead the environment to it."""
    with aws_server() as (url, front):
        lead_to(url, monkeypatch, tmp_path)
        yield front


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the one wheel of all tests of a process, without network."""
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the one browser of all tests of a process."""
    with chromium() as launched:
        yield launched


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Return a function that writes a report, opens it from disk and waits for its list."""
    pages: list[Opened] = []

    def show(report: Report, *, ready: bool = True, **options: Any) -> Opened:
        file = tmp_path / "report.html"
        file.write_bytes(written(report))
        pages.append(Opened(browser, file, **options))
        if ready:
            expect(pages[-1].page.locator("html")).to_have_attribute("data-ready", "true")
        return pages[-1]

    yield show
    for shown in pages:
        shown.page.close()
