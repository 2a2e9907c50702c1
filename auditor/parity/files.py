"""AWS Config's answers in a folder, as the AWS CLI wrote them; each Region may have a folder of its own within it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from auditor import documents
from auditor.collectors.cli_output.contents import contents
from auditor.errors import SourceError
from auditor.parity.answers import Answer
from auditor.parity.results import Batch, ConfigResults, described, results_of, rule_named_by

SUFFIXES = (".json", ".json.gz")
_HINT = "Write it again: `aws configservice ... --output json > FILE.json`."
_RULES_FIRST = "Write its rules there: `aws configservice describe-config-rules --output json > config-rules.json`."


def read_config_results(folder: str | os.PathLike[str]) -> ConfigResults:
    """Return the answers of AWS Config in a folder and in the folders within it; what each file is, it says itself.

    Files that are no answers of AWS Config are passed over, and named in the result. Raises SourceError for a folder or
    file that cannot be read, for an error of the AWS CLI in place of an answer, and where no rule is described.
    """
    path = Path(folder)
    if not path.is_dir():
        raise SourceError(f"{path} is not a folder", "Name the folder with the answers of AWS Config.")
    passed_over: list[str] = []
    batches = [_batch(each, passed_over) for each in (path, *sorted(each for each in path.iterdir() if each.is_dir()))]
    _check_refused(batches)
    if not any(answer.config_rules is not None for batch in batches for _, answer in batch.answers):
        raise SourceError(f"{path} holds no answer of describe-config-rules", _RULES_FIRST)
    return results_of(batches, passed_over)


def _check_refused(batches: Sequence[Batch]) -> None:
    """Raise SourceError for a file without an answer that is named for no rule: nobody knows what is missing."""
    names = described(batches)
    for batch in batches:
        for file, said in batch.refused:
            if rule_named_by(file, names) is None:
                raise SourceError(f"{file} holds no answer of AWS: {said}", _HINT)


def files_of(folder: str) -> Iterator[Path]:
    """Yield the files of a folder that may hold answers, and those of the folders within it."""
    for pattern in ("*", "*/*"):
        yield from sorted(each for each in Path(folder).glob(pattern) if each.name.endswith(SUFFIXES))


def _batch(folder: Path, passed_over: list[str]) -> Batch:
    answers: list[tuple[str, Answer]] = []
    refused: list[tuple[str, str]] = []
    for file in sorted(each for each in folder.iterdir() if each.is_file() and each.name.endswith(SUFFIXES)):
        answer = _answer(file)
        if answer is None:
            passed_over.append(str(file))
        elif isinstance(answer, str):
            refused.append((str(file), answer))
        else:
            answers.append((file.name, answer))
    return Batch(answers, refused=refused)


def _answer(file: Path) -> Answer | str | None:
    """Return the answer in a file, None for a document of something else, a text for what was said instead."""
    place = str(file)
    content = documents.in_utf_8(documents.unpacked(documents.read(place, place), place), place)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"{place} is not text in UTF-8: {error.reason} at byte {error.start:,}", _HINT) from error
    found = contents(text)
    if found.document is None:
        return f"the AWS CLI said {found.error.message!r}" if found.error and found.error.message else "it is empty"
    try:
        answer = msgspec.json.decode(found.document, type=Answer)
        documents.check_keys(found.document)
    except documents.FAULTS as error:
        if not found.document.startswith("{"):
            return None
        raise SourceError(f"{place} cannot be read: {documents.reason(error)}", _HINT) from error
    return answer if answer.is_of_config else None
