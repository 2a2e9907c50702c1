"""Fixtures that many tests share."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from auditor.cli import main


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
