"""Fixtures that many tests share."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_server import Front, aws_server, lead_to
from hypothesis import settings

from auditor.cli import main

settings.register_profile("fuzz", max_examples=5_000)  # for `make fuzz`; otherwise it is Hypothesis's 100


class Result(NamedTuple):
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs the command line in this process and gives its exit code and output."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def runner(*argv: object) -> Result:
        arguments: Sequence[str] = [str(argument) for argument in argv]
        capfd.readouterr()
        code = main(arguments)
        return Result(code, *capfd.readouterr())

    return runner


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Front]:
    """Serve an empty account over HTTP and lead the environment to it."""
    with aws_server() as (url, front):
        lead_to(url, monkeypatch, tmp_path)
        yield front
