"""Files are written whole: reports, snapshots and texts are the old ones or the new ones, never half of one."""

import gzip
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from auditor.evidence.statement import SUFFIX as SIGNATURE_SUFFIX
from auditor.explaining.explanation import Explanation
from auditor.organization.report import OrganizationReport
from auditor.parity.parity import Parity
from auditor.report.comparison import Comparison
from auditor.report.forecast import Forecast
from auditor.report.report import Report
from auditor.signals import unfinished
from auditor.writers.diff.formats import DIFF_SUFFIXES as OTHER_SUFFIXES
from auditor.writers.diff.formats import writer_of as diff_writer_of
from auditor.writers.evidence.door import EvidencePack
from auditor.writers.explanation.formats import EXPLANATION_SUFFIXES
from auditor.writers.explanation.formats import writer_of as explanation_writer_of
from auditor.writers.forecast import write as write_one_forecast
from auditor.writers.formats import REPORT_SUFFIXES, format_of, writer_of
from auditor.writers.organization.formats import writer_of as organization_writer_of
from auditor.writers.organization.links import Link
from auditor.writers.parity.formats import PARITY_SUFFIXES
from auditor.writers.parity.formats import writer_of as parity_writer_of
from auditor.writers.paths import NEW_FILE, Named, check, check_folder, place_of, resolved, temporary_file, writing

Fill = Callable[[BinaryIO], Any]
"""Write a file's content to a stream."""
Sign = Callable[[Report, bytes, str], bytes]
"""Return the signature of a report, given its content in a format and the name of the file."""

_NOTHING_WRITTEN = "Nothing was written; what was there is as it was."
_SUFFIXES: Mapping[type, Sequence[str]] = {
    Report: REPORT_SUFFIXES,
    Explanation: EXPLANATION_SUFFIXES,
    Parity: PARITY_SUFFIXES,
    EvidencePack: (".zip",),
}


def write(
    report: Report | Comparison | Explanation | Parity | Forecast | EvidencePack | Struct,
    path: str | os.PathLike[str],
    *,
    region: str | None = None,
) -> Path:
    """Write a result to a file in the format of its suffix, whole or not at all; return the file.

    A result is a report, a comparison, an explanation, a parity report, a forecast, an evidence pack (.zip), or what a
    History says. The path may hold {account_id} and {captured_at:%Y%m%d}, as with -o, where one account and time is
    meant; braces that are part of the name are doubled. `region` is the AWS Region of Security Hub, for ASFF
    (.asff.jsonl); by default that of the environment. Only the owner can read a pack.
    Raises UsageError for an unknown format or placeholder, and OutputError where the file cannot be written.
    """
    name = os.fspath(path)
    check([name], _SUFFIXES.get(type(report), OTHER_SUFFIXES), place="write")
    if isinstance(report, Report):
        (file,) = write_reports(report, [name], region=region)
    elif isinstance(report, Comparison):
        (file,) = write_comparison(report, [name])
    elif isinstance(report, Explanation):
        (file,) = write_explanation(report, [name])
    elif isinstance(report, Parity):
        (file,) = write_parity(report, [name])
    elif isinstance(report, Forecast):
        file = resolved(name, report.account.id, report.captured_at)
        write_forecast(report, [file])
    elif isinstance(report, EvidencePack):
        file = path_of(report, name)
        write_pack({file: report.content})
    else:
        file = resolved(name, None, None)
        write_history(report, [file])
    return file


def write_reports(
    report: Report,
    paths: Sequence[str],
    *,
    sources: Sequence[str] = (),
    region: str | None = None,
    sign: Sign | None = None,
) -> list[Path]:
    """Write the report to every path, in the format of its suffix, and return the files.

    A file gets the permissions of the one that it replaces, otherwise those that the umask leaves. `sources` name
    the files that must stay, `region` is for ASFF; with `sign`, the signature of each file is written beside it.
    Raises UsageError where one file would be both, and OutputError; no file is replaced before all are ready.
    """
    files = [resolved(path, report.account.id, report.snapshot.captured_at) for path in paths]
    contents: dict[Path, Fill] = {file: partial(writer_of(format_of(file.name), region), report) for file in files}
    if sign is not None:
        contents = dict(_with_signatures(report, contents, sign))
    _write_whole(contents, sources, private=False)
    return list(contents)


def _with_signatures(report: Report, contents: Mapping[Path, Fill], sign: Sign) -> Iterator[tuple[Path, Fill]]:
    for file in contents.keys() & {signature_of(each) for each in contents}:
        raise Named(str(file)).usage_error("would be a report and the signature of another", "Choose another name.")
    for file, fill in contents.items():
        stream = BytesIO()
        fill(stream)
        content = stream.getvalue()
        yield file, partial(_copy, content)
        yield signature_of(file), partial(_copy, sign(report, content, file.name))


def signature_of(file: Path) -> Path:
    """Return the path of the signature of a file."""
    return file.with_name(f"{file.name}{SIGNATURE_SUFFIX}")


def write_comparison(comparison: Comparison, paths: Sequence[str], *, sources: Sequence[str] = ()) -> list[Path]:
    """Write the comparison to every path, as write_reports does; {captured_at} is that of the new report."""
    account_id, captured_at = comparison.account.id, comparison.new_report.captured_at
    files = [resolved(path, account_id, captured_at) for path in paths]
    contents: dict[Path, Fill] = {file: partial(diff_writer_of(file.suffix), comparison) for file in files}
    _write_whole(contents, sources, private=False)
    return list(contents)


def write_organization(report: OrganizationReport, path: str, link: Link, *, sources: Sequence[str] = ()) -> Path:
    """Write the report of an organization to a path, as write_reports does; {account_id} is the management account's.

    `link` returns the address of an account's own page, as seen from the file.
    """
    file = resolved(path, report.organization.management_account_id, report.run.began_at)
    _write_whole({file: partial(organization_writer_of(file.suffix, link), report)}, sources, private=False)
    return file


def write_explanation(explanation: Explanation, paths: Sequence[str], *, sources: Sequence[str] = ()) -> list[Path]:
    """Write the explanation to every path, as write_reports does."""
    account_id, captured_at = explanation.account.id, explanation.snapshot.captured_at
    files = [resolved(path, account_id, captured_at) for path in paths]
    contents: dict[Path, Fill] = {file: partial(explanation_writer_of(file.suffix), explanation) for file in files}
    _write_whole(contents, sources, private=False)
    return list(contents)


def write_parity(parity: Parity, paths: Sequence[str], *, sources: Sequence[str] = ()) -> list[Path]:
    """Write the parity report to every path, as write_reports does."""
    files = [resolved(path, parity.account.id, parity.captured_at) for path in paths]
    contents: dict[Path, Fill] = {file: partial(parity_writer_of(file.suffix), parity) for file in files}
    _write_whole(contents, sources, private=False)
    return list(contents)


def write_history(
    result: Any, paths: Sequence[Path], *, sources: Sequence[str] = (), report: Report | None = None
) -> None:
    """Write what a history says to every path, as write_reports does; `report` is the one that it is about."""
    from auditor.writers.history import formats as history_formats  # sqlite3, which other commands do not need

    contents: dict[Path, Fill] = {
        path: partial(history_formats.write, result, path.suffix, report=report) for path in paths
    }
    _write_whole(contents, sources, private=False)


def write_forecast(forecast: Forecast, paths: Sequence[Path], *, sources: Sequence[str] = ()) -> None:
    """Write the forecast to every path, as write_reports does."""
    contents: dict[Path, Fill] = {path: partial(write_one_forecast, forecast, path.suffix) for path in paths}
    _write_whole(contents, sources, private=False)


def sentence(files: Sequence[Path]) -> str:
    """Return the text that says which files were written."""
    return f"Wrote {', '.join(map(str, files))}"


def write_snapshot(document: bytes, path: Path) -> None:
    """Write a snapshot, readable by its owner only; raise OutputError if that fails."""
    content = gzip.compress(document, mtime=0) if path.suffix == ".gz" else document
    _write_whole({path: lambda stream: stream.write(content)}, private=True)


def path_of(pack: EvidencePack, path: str) -> Path:
    """Return the file of an evidence pack; {account_id} is for packs of one account, {captured_at} its last run's."""
    accounts = pack.index.accounts
    return resolved(path, accounts[0].account if len(accounts) == 1 else None, accounts[-1].runs[-1].captured_at)


def write_pack(contents: Mapping[Path, bytes], *, sources: Sequence[str] = ()) -> None:
    """Write an evidence pack and its signature, readable by their owner only; raise OutputError if that fails."""
    fills: dict[Path, Fill] = {path: partial(_copy, content) for path, content in contents.items()}
    _write_whole(fills, sources, private=True)


def _copy(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def write_text(text: str, path: Path) -> None:
    """Write a text file; raise OutputError if that fails."""
    _write_whole({path: lambda stream: stream.write(text.encode())}, private=False)


def _write_whole(contents: Mapping[Path, Fill], sources: Sequence[str] = (), *, private: bool) -> None:
    """Write a file beside each target, then rename them all: the old file or the new one, never half of one."""
    ready: dict[Path, tuple[Path, Path]] = {}
    with ExitStack() as temporaries:
        for path, fill in contents.items():
            named = Named(str(path))
            with writing(named, _NOTHING_WRITTEN):
                place = place_of(named, sources)
                check_folder(named, place.parent)
                temporary = temporary_file(place.parent)
                temporaries.enter_context(unfinished(temporary))
                _write_beside(place, temporary, fill, private=private)
                ready[path] = temporary, place
        for number, (path, (temporary, place)) in enumerate(ready.items()):
            with writing(Named(str(path)), _outcome(list(ready), number)):
                temporary.replace(place)
            _keep_name(place.parent)


def _outcome(paths: Sequence[Path], count: int) -> str:
    """Return which files were written, the first `count`, and which were not."""
    if not count:
        return _NOTHING_WRITTEN
    written, others = (", ".join(map(str, part)) for part in (paths[:count], paths[count:]))
    return f"Written: {written}. Not written, and as before: {others}."


def _write_beside(place: Path, temporary: Path, fill: Fill, *, private: bool) -> None:
    mode = 0o600 if private else _mode(place)
    descriptor = os.open(temporary, NEW_FILE, 0o666 if mode is None else 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        if mode is not None:
            with suppress(PermissionError):  # a file system without permissions
                temporary.chmod(mode)
        fill(stream)
        stream.flush()
        os.fsync(descriptor)


def _mode(place: Path) -> int | None:
    """Return the permissions of the file that is to be replaced, if there is one."""
    return stat.S_IMODE(place.stat().st_mode) & 0o777 if place.exists() else None


def _keep_name(folder: Path) -> None:
    """Make the new name survive a power cut, on systems where a folder can be opened for that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
