"""Evidence packs, made of stored files."""

from auditor.console.keys import key_of
from auditor.console.messages import speaker
from auditor.console.requests import EvidenceMakeRequest
from auditor.errors import UsageError
from auditor.writers import files, paths, results
from auditor.writers.blocks import number
from auditor.writers.evidence.door import EvidencePack, make_evidence


def make(request: EvidenceMakeRequest) -> int:
    """Write a pack and return the exit code."""
    _check(request)
    key = None if request.sign is None else key_of(request.sign, "--sign")
    named = [each for each in (request.history, key and key.file) if each is not None]
    sources = [*request.reports, *request.snapshots, *request.timestamps, *named]
    paths.check([request.path], [".zip"], sources=sources)
    pack = make_evidence(
        request.reports,
        snapshots=request.snapshots,
        timestamps=request.timestamps,
        history=request.history,
        first=request.first,
        last=request.last,
        sample=request.sample,
        seed=request.seed or 0,
    )
    path = results.path_of(pack, request.path)
    written = {path: pack.content}
    if key is not None:
        from auditor.evidence import signing  # the extra `sign`

        signature = signing.signed(pack.content, path.name, pack.index, key.content, key.place)
        written[files.signature_of(path)] = signature
    files.write_pack(written, sources=sources)
    speaker(quiet=request.quiet)(f"{files.sentence(list(written))}: {_summary(pack)}")
    return 0


def _check(request: EvidenceMakeRequest) -> None:
    if request.history == "":
        raise UsageError("--history is empty", "Name the file; a variable may not be set.")
    if (request.sample is None) != (request.seed is None):
        given, missing = ("--sample", "--seed") if request.seed is None else ("--seed", "--sample")
        raise UsageError(f"{given} needs {missing}", "Give both: the same seed draws the same sample.")


def _summary(pack: EvidencePack) -> str:
    index = pack.index
    runs = sum(len(each.runs) for each in index.accounts)
    gaps = sum(gap.days for each in index.accounts for gap in each.gaps)
    missing = sum(len(each.not_enclosed) for each in index.accounts)
    stamps = len(index.timestamps)
    parts = [
        f"{number(runs, 'run', 'runs')} from {index.first} to {index.last}",
        f"{number(gaps, 'day', 'days')} without a run",
        number(len(index.files) - runs - stamps, "snapshot", "snapshots"),
    ]
    if stamps:
        parts.append(number(stamps, "time stamp", "time stamps"))
    if pack.left_out:
        parts.append(f"{number(pack.left_out, 'report', 'reports')} of other days left out")
    if missing:
        parts.append(f"no report of {number(missing, 'run', 'runs')} that the history has")
    return ", ".join(parts)
