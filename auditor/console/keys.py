"""Keys that options name: a file, or an environment variable that holds the key itself as `env:NAME`.

No message holds what could be a key: neither a variable's content, nor what was given where only a name can be.
"""

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from auditor import documents
from auditor.errors import SourceError, UsageError
from auditor.writers.files import Sign, signature_of

_VARIABLE = "env:"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")  # no key is as short: 32 bytes in Base64 have 43 characters
_LIKE_A_KEY = re.compile(r"\$?[A-Za-z0-9+/=_-]{40,}")  # Base64 or hexadecimal digits; a file that ends in .pem is none
_HINT = "Set it to the key in PEM, with its lines, or name a file; a file of such a name is ./env:NAME."


class Key(NamedTuple):
    """Hold a key in PEM, and the place that it is from, for messages; `file` is None for a variable."""

    content: bytes
    place: str
    file: str | None


def key_of(value: str, option: str) -> Key:
    """Return the key that the value of an option names.

    Raises UsageError for no name and for a variable without a key, SourceError for a file that cannot be read.
    """
    if not value:
        raise UsageError(f"{option} is empty", "Name the file, or a variable as env:NAME; one may not be set.")
    if "-----BEGIN" in value or "\n" in value:
        problem = f"{option} is given a key itself, which other users of this machine can see"
        raise UsageError(problem, "Put it into an environment variable, and give env:NAME.")
    if not value.startswith(_VARIABLE):
        return Key(_file(value, option), value, value)
    name = value.removeprefix(_VARIABLE)
    if not _NAME.fullmatch(name):
        hint = "Give the name alone, such as env:SIGNING_KEY, without the sign $."
        raise UsageError(f"{option}: what follows env: is no name of an environment variable", hint)
    content = os.environ.get(name, "").strip()
    if not content:
        state = "is not set" if name not in os.environ else "is empty"
        raise UsageError(f"{option}: the environment variable {name} {state}", _HINT)
    return Key(content.encode("utf-8", "replace") + b"\n", f"the environment variable {name}", None)


def _file(path: str, option: str) -> bytes:
    """Return the content of a file; a path to none may be a key without its PEM lines, and is not shown then."""
    try:
        return documents.read(path, path)
    except SourceError:
        if _LIKE_A_KEY.fullmatch(path) is None:
            raise
        hint = "It is not shown, because it may be a key. Name a file, or a variable as env:NAME."
        raise UsageError(f"{option} names no file that can be read", hint) from None


class Signing(NamedTuple):
    """Hold what signs the reports that a command writes: nothing without --sign.

    `files` are those of the signatures, `sources` the file of the key.
    """

    sign: Sign | None = None
    files: Sequence[str] = ()
    sources: Sequence[str] = ()


def signing_of(sign: str | None, paths: Sequence[str]) -> Signing:
    """Return what signs the files of -o with the key that --sign names; raise AuditError for what is no such key."""
    if sign is None:
        return Signing()
    key = key_of(sign, "--sign")
    if not paths:
        raise UsageError("--sign signs files, and none is written", "Name a file with -o, such as -o report.json.")
    from auditor.evidence import signing  # the extra `sign`

    by_key = partial(signing.signed_report, signing.private_key(key.content, key.place))
    return Signing(by_key, [str(signature_of(Path(each))) for each in paths], [key.file] if key.file else [])
