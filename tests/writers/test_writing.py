"""Writing: where files can be written, how whole they are, who may read them, and what is said when they cannot be."""

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import account, console_user, password_policy, user

SMALL = dump(account(users=[console_user("bob", mfa=False)], password=password_policy()))
LARGE = dump(account(users=[user(f"user-{number}") for number in range(200)], password=password_policy()))
LIMIT = 40960  # bytes; the report of LARGE is longer, and any HTML report


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a snapshot's path."""
    path = tmp_path / "s.json"
    path.write_bytes(SMALL)
    return path


PRIVATE_MOUNTS = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
IN_A_PLACE = """
import json, os, pathlib, resource, subprocess, sys
place, folder, limit, *arguments = sys.argv[1:]
if place == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
else:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={limit}", "none", folder], check=True)
os.chdir(folder)
for name in ("a.json", "b.html"):
    pathlib.Path(name).write_text("old")
if place == "read-only":
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
done = subprocess.run([sys.executable, "-B", "-m", "auditor", *arguments], capture_output=True, text=True)
files = {path.name: path.read_text() for path in pathlib.Path(".").iterdir()}
print(json.dumps([done.returncode, done.stderr, files]))
"""


def can_mount() -> bool:
    """Return whether a disk of our own can be had, in a namespace that ends with the process."""
    probe = [*PRIVATE_MOUNTS, "mount", "-t", "tmpfs", "none", "/tmp"]
    return (
        shutil.which("unshare") is not None and not subprocess.run(probe, capture_output=True, check=False).returncode
    )


MOUNTED = can_mount()


def in_place(place: str, folder: Path, *arguments: object) -> tuple[int, str, dict[str, str]]:
    """Run the command line in a folder where files cannot grow, on a small disk or on one that is read-only."""
    (folder / "disk").mkdir()
    (folder / "s.json").write_bytes(LARGE)
    program = [sys.executable, "-c", IN_A_PLACE, place, str(folder / "disk"), str(LIMIT), *map(str, arguments)]
    command = program if place == "limit" else [*PRIVATE_MOUNTS, *program]
    code, err, files = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return code, err, files


SCAN = ("scan", "-q", "--snapshot", "../s.json")
FULL = {
    "a report": ([*SCAN, "-o", "a.json"], "a.json"),
    "the second report": ([*SCAN, "--rule", "iam-password-policy", "-o", "a.json", "-o", "b.html"], "b.html"),
    "a snapshot": (["snapshot", "-q", "--exports", "../exports", "-o", "a.json"], "a.json"),
}


@pytest.mark.parametrize("place", ["limit", "tmpfs"] if MOUNTED else ["limit"])
@pytest.mark.parametrize(("arguments", "named"), FULL.values(), ids=list(FULL))
def test_a_full_disk_leaves_the_old_files(tmp_path: Path, place: str, arguments: Sequence[str], named: str) -> None:
    details = folder_of.details()
    details["UserDetailList"] += [folder_of.user(f"user-{number}") for number in range(400)]
    folder_of.write(tmp_path / "exports", {folder_of.DETAILS: details})
    code, err, files = in_place(place, tmp_path, *arguments)
    why = os.strerror(errno.EFBIG if place == "limit" else errno.ENOSPC)
    assert code == 3
    assert err == (
        f"iam-audit: -o {named} cannot be written: {why}\n  Nothing was written; what was there is as it was.\n"
    )
    assert files == {"a.json": "old", "b.html": "old"}


def test_a_disk_on_which_nothing_can_be_written_is_found_before_the_scan(tmp_path: Path, run: Run) -> None:
    nowhere = ("scan", "--snapshot", "nowhere.json", "-o")
    results = [run(*nowhere, "/proc/r.json")[::2]]  # root may write there, say its permissions
    if MOUNTED:
        results.append(in_place("read-only", tmp_path, *nowhere, "a.json")[:2])
    for code, err in results:
        assert code == 3
        assert "cannot be written: " in err
        assert "nowhere.json" not in err


def test_a_folder_without_permission_is_found_before_the_scan(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir(mode=0o555)
    arguments = ["scan", "--snapshot", "nowhere.json", "-o"]
    code = (  # a first run imports what it needs: as nobody, Python may not find its own modules
        f"import contextlib, os, sys; from auditor.console.cli import main; main([*{arguments}, 'missing/r.json'])\n"
        "with contextlib.suppress(PermissionError): os.geteuid() or os.seteuid(65534)\nsys.exit(main())"
    )
    command = [sys.executable, "-c", code, *arguments, str(tmp_path / "r/r.json")]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 3
    assert f"iam-audit: -o {tmp_path}/r/r.json cannot be written: Permission denied\n" in done.stderr
    assert "nowhere.json" not in done.stderr


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder full of odd places."""
    folder = tmp_path / "places"
    (folder / "folder.json").mkdir(parents=True)
    (folder / "file").write_text("")
    os.mkfifo(folder / "pipe.json")
    (folder / "pipe-link.json").symlink_to("pipe.json")
    (folder / "device.json").symlink_to("/dev/full")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "dangling.json").symlink_to("nowhere/r.json")
    monkeypatch.chdir(folder)
    return folder


BAD_PLACES = {
    "a folder": ("folder.json", "-o folder.json cannot be written: it is a folder"),
    "a pipe": ("pipe.json", "-o pipe.json cannot be written: it is a device, pipe or socket"),
    "a link to a pipe": ("pipe-link.json", "-o pipe-link.json cannot be written: it is a device, pipe or socket"),
    "a link to a device": ("device.json", "-o device.json cannot be written: it is a device, pipe or socket"),
    "a link to itself": ("loop.json", "-o loop.json cannot be written: Too many levels of symbolic links"),
    "a link into no folder": ("dangling.json", "places/nowhere does not exist"),
    "a folder that is not there": ("missing/r.json", "/places/missing does not exist"),
    "a folder that is a file": ("file/r.json", "-o file/r.json cannot be written: Not a directory"),
    "a name that is too long": (f"{'x' * 251}.json", ".json cannot be written: File name too long"),
    "a missing folder, a name to be filled": ("missing/{account_id}.json", "the folder missing does not exist"),
    "control characters": (
        "a\x1b[2J\nb/r.json",
        "/places/a\\x1b[2J\\x0ab does not exist",
    ),
}


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(("path", "message"), BAD_PLACES.values(), ids=list(BAD_PLACES))
def test_a_place_for_no_file_is_refused_before_the_scan(run: Run, path: str, message: str) -> None:
    result = run("scan", "--snapshot", "nowhere.json", "-o", path)
    assert (result.code, result.out) == (3, "")
    first, hint = result.err.splitlines()
    assert message in first
    assert hint in ("  Make it first.", "  Choose another place.", "  Choose another place, or change its permissions.")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_path_with_nul_is_bad_usage(run: Run) -> None:
    result = run("scan", "--snapshot", "nowhere.json", "-o", "a\0b.json")
    assert (result.code, result.err.splitlines()[0]) == (
        2,
        "iam-audit: -o a\\x00b.json holds the character NUL, which no path can",
    )


@pytest.mark.usefixtures("places")
def test_a_folder_that_only_the_account_names_is_missed_before_anything_is_written(run: Run, saved: Path) -> None:
    result = run("scan", "--snapshot", saved, "-o", "r.json", "-o", "{account_id}/r.json")
    assert result.code == 3
    assert result.err.startswith("iam-audit: -o 111122223333/r.json cannot be written: the folder ")
    assert result.err.endswith("/places/111122223333 does not exist\n  Make it first.\n")
    assert not Path("r.json").exists()


GOOD_PLACES = {
    "the longest name": f"{'x' * 250}.json",
    "control characters": "a\x1b[2J\nb.json",
    "a name that is not UTF-8": os.fsdecode(b"\xff.json"),
    "braces": "{{a}}.json",
    "blanks and quotes": " 'a\" .json",
    "an option's look": "./-o.json",
}


@pytest.mark.parametrize("name", GOOD_PLACES.values(), ids=list(GOOD_PLACES))
@pytest.mark.usefixtures("places")
def test_any_name_that_the_system_takes_is_written(run: Run, saved: Path, name: str) -> None:
    before = names(Path())
    result = run("scan", "--snapshot", saved, "-o", name)
    assert result.code == 0
    assert result.err.isprintable() or result.err[:-1].isprintable()
    (new,) = names(Path()) - before
    assert new == Path(name.replace("{{", "{").replace("}}", "}")).name
    assert json.loads(Path(new).read_bytes())["version"] == 1


def test_a_report_may_be_rendered_over_itself(run: Run, saved: Path, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    run("scan", "--snapshot", saved, "-o", report)
    before = report.read_bytes()
    assert run("report", report, "-o", report).code == 0
    assert report.read_bytes() == before


@pytest.mark.parametrize("path", ["111122223333.json", "link.json", "./111122223333.json", "{account_id}.json"])
def test_the_snapshot_that_is_read_is_not_overwritten(run: Run, tmp_path: Path, monkeypatch: Any, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("111122223333.json").write_bytes(SMALL)
    Path("link.json").symlink_to("111122223333.json")
    result = run("scan", "--snapshot", "111122223333.json", "-o", path)
    assert result.code == 2
    assert "is a file that is read\n  Choose another name: it would be lost.\n" in result.err
    assert Path("111122223333.json").read_bytes() == SMALL


@pytest.fixture
def restored_umask() -> Iterator[None]:
    """Put the umask back afterwards."""
    before = os.umask(0o022)
    yield
    os.umask(before)


MODES = {
    "a new snapshot": ("snapshot", "s.json", None, 0o022, 0o600),
    "a new packed snapshot under no umask": ("snapshot", "s.json.gz", None, 0o000, 0o600),
    "a snapshot over an open file": ("snapshot", "s.json", 0o644, 0o022, 0o600),
    "a snapshot under a umask that takes everything": ("snapshot", "s.json", None, 0o777, 0o600),
    "a new report": ("report", "r.json", None, 0o022, 0o644),
    "a new report under a narrow umask": ("report", "r.html", None, 0o077, 0o600),
    "a report over a closed file": ("report", "r.json", 0o600, 0o022, 0o600),
    "a report over an open file": ("report", "r.json", 0o664, 0o077, 0o664),
    "a report over a program": ("report", "r.json", 0o4755, 0o022, 0o755),
}


@pytest.mark.usefixtures("restored_umask")
@pytest.mark.parametrize(("kind", "name", "before", "umask", "after"), MODES.values(), ids=list(MODES))
def test_who_may_read_a_file(
    run: Run, saved: Path, tmp_path: Path, kind: str, name: str, before: int | None, umask: int, after: int
) -> None:
    target = tmp_path / "out" / name
    target.parent.mkdir()
    if before is not None:
        target.write_text("old")
        target.chmod(before)
    exports = folder_of.write(tmp_path / "exports")
    source = ["scan", "--snapshot", saved] if kind == "report" else ["snapshot", "--exports", exports]
    os.umask(umask)
    assert run(*source, "-q", "-o", target).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == after


def test_a_file_is_never_more_open_than_it_ends(run: Run, saved: Path, tmp_path: Path, monkeypatch: Any) -> None:
    modes: list[int] = []
    synchronise = os.fsync

    def watched(descriptor: int) -> None:
        modes.append(os.fstat(descriptor).st_mode)
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    (tmp_path / "r.json").write_text("old")
    (tmp_path / "r.json").chmod(0o600)
    assert run("scan", "--snapshot", saved, "-o", tmp_path / "r.json").code == 0
    file, folder = modes
    assert stat.S_IMODE(file) == 0o600
    assert stat.S_ISDIR(folder)  # the new name is kept as well


@pytest.mark.usefixtures("restored_umask")
def test_a_file_system_without_permissions_will_do(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    exports = folder_of.write(tmp_path / "exports")
    monkeypatch.setattr(os, "chmod", refused)
    os.umask(0)
    assert run("snapshot", "-q", "--exports", exports, "-o", tmp_path / "s.json").code == 0
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o600


def test_a_file_system_that_synchronises_no_folders_will_do(
    run: Run, saved: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    synchronise = os.fsync

    def refused(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", refused)
    assert run("scan", "--snapshot", saved, "-o", tmp_path / "r.json").code == 0


def test_a_rename_that_fails_is_told_with_what_was_written_before(
    run: Run, saved: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    targets = ("a.json", "b.html", "c.json")
    for name in targets:
        (tmp_path / name).write_text("old")
    replace = os.replace

    def refused(source: Any, target: Any) -> None:
        if Path(target).name == "b.html":
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.chdir(tmp_path)
    result = run("scan", "--snapshot", saved, *[argument for name in targets for argument in ("-o", name)])
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        "iam-audit: -o b.html cannot be written: Operation not permitted\n"
        "  Written: a.json. Not written, and as before: b.html, c.json.\n"
    )
    assert json.loads((tmp_path / "a.json").read_bytes())["version"] == 1
    assert [(tmp_path / name).read_text() for name in targets[1:]] == ["old", "old"]
    assert names(tmp_path) == {*targets, "s.json"}


def test_two_runs_on_one_file_leave_a_whole_report_at_any_time(saved: Path, tmp_path: Path) -> None:
    target, times = tmp_path / "r.json", ("2026-11-24T05:00:00Z", "2026-11-25T05:00:00Z")
    target.write_text("old")
    code = "import sys; from auditor.console.cli import main; sys.exit(max(main(sys.argv[1:]) for _ in range(20)))"
    scan = [sys.executable, "-c", code, "scan", "-q", "--format", "json", "--snapshot", str(saved), "-o", str(target)]
    runs = [subprocess.Popen([*scan, "--as-of", time], stdout=subprocess.DEVNULL) for time in times]
    seen = set()
    while any(process.poll() is None for process in runs):
        seen.add(target.read_bytes())
    assert [process.returncode for process in runs] == [0, 0]
    seen.discard(b"old")
    assert {json.loads(report)["evaluated_at"] for report in seen} <= set(times)
    assert len(seen) <= len(times)
    assert names(tmp_path) == {"r.json", "s.json"}


CLOSED = {
    "standard output": (">&-", 3),
    "standard error": ("2>&-", 3),
    "standard error, of which nothing is asked": ("-q 2>&-", 0),
    "standard input": ("<&-", 0),
    "everything": ("-q >&- 2>&- <&-", 3),
}


@pytest.mark.parametrize(("closed", "code"), CLOSED.values(), ids=list(CLOSED))
def test_closed_streams_are_no_fault_and_no_report_is_opened_in_their_place(
    saved: Path, tmp_path: Path, closed: str, code: int
) -> None:
    target = tmp_path / "r.json"
    scan = f"{sys.executable} -m auditor scan --format json --snapshot {saved} -o {target} {closed}"
    done = subprocess.run(["sh", "-c", scan], capture_output=True, check=False, text=True)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert json.loads(target.read_bytes())["version"] == 1


def test_a_fault_that_cannot_be_told_still_has_its_code(saved: Path) -> None:
    code = "import sys; from auditor.console import cli, scanning; scanning.run = None; sys.exit(cli.main())"
    command = [sys.executable, "-c", code, "scan", "--snapshot", str(saved)]
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run(command, stderr=full, check=False).returncode == 3


@pytest.mark.parametrize("arguments", [["scan", "--\x1b[2J\nx"], ["\x1b[2J\nx"], ["report", "a", "\x1b[2J\nx"]])
def test_bad_usage_shows_control_characters_and_does_not_obey_them(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert "\x1b" not in result.err
    assert result.err.splitlines()[-1].startswith("Error: ")


def test_a_fault_shows_control_characters_and_does_not_obey_them(
    run: Run, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ValueError("\x1b[2J")

    monkeypatch.setattr("auditor.report.audit.evaluate", fault)
    err = run("scan", "--snapshot", saved).err
    assert "ValueError: \\x1b[2J\n" in err
    assert "\x1b" not in err
