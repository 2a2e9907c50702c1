"""Files that somebody may not read: the message says whose they are, and how the command can read them."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import Run
from nights import MEMORY
from other_user import NOBODY, without_rights

COMMANDS = {
    "report": (3, ["report", "{}"]),
    "history": (3, ["history", "show", "--history", "{}"]),
    "configuration": (2, ["config", "show", "--config", "{}"]),
    "pack": (2, ["export", "conformance-pack", "--conformance-pack", "{}"]),
    "run of an organization": (3, ["organization", "report", "{}/.."]),
    "results of AWS Config": (3, ["parity", "--snapshot", "{}", "--config-results", "{}/.."]),
}


@pytest.fixture
def closed() -> Iterator[Path]:
    """Return a file in a folder that only its owner may enter."""
    with TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name, "closed")
        folder.mkdir()
        (folder / "run.json").write_text("{}")
        Path(name).chmod(0o755)
        folder.chmod(0o700 if os.geteuid() == 0 else 0)
        yield folder / "run.json"
        folder.chmod(0o700)


@pytest.mark.parametrize(("code", "command"), COMMANDS.values(), ids=COMMANDS)
def test_the_owner_of_what_may_not_be_read_is_named(run: Run, closed: Path, code: int, command: list[str]) -> None:
    arguments = [each.format(closed).replace("run.json/..", "") for each in command]
    run(*arguments)  # what it imports may be as closed to others
    with without_rights():
        result = run(*arguments)
    assert result.code == code
    assert "Permission denied" in result.err
    mode, owner = f"{closed.parent.stat().st_mode & 0o777:04o}", closed.parent.stat().st_uid
    assert str(closed.parent) in result.err.splitlines()[-1]
    assert f"mode {mode}" in result.err
    if os.geteuid() == owner == 0:
        assert f"belongs to user root (0), with mode {mode}, and this is user nobody ({NOBODY})" in result.err
        assert '--user "$(id -u):$(id -g)"' in result.err


def test_a_file_that_its_owner_may_not_read_is_told_as_the_own(run: Run, closed: Path) -> None:
    closed.parent.chmod(0o755)
    closed.chmod(0)
    if os.geteuid() == 0:
        os.chown(closed, NOBODY, NOBODY)
    with without_rights():
        result = run("report", closed)
    assert result.err.splitlines() == [
        f"iam-audit: {closed} cannot be read: Permission denied",
        f"  Change the permissions of {closed}: it is your own, with mode 0000.",
    ]
