"""Signing keys: which access keys signed the calls of a run, and to which account AWS says that each belongs.

A credential process may return another account's keys in the middle of a run, and the first keys again at its end.
"""

import re
from contextlib import suppress
from threading import local
from typing import Any

from auditor.collectors.live.refusals import FAULTS

_KEY_ID = re.compile(r"Credential=(?P<key>[^/,\s]+)/")


class SigningKeys:
    """Watch the calls of clients; `sts` is the client that is used to find out whose keys they are."""

    def __init__(self, sts: Any) -> None:
        self._sts = sts
        self._accounts: dict[str, str] = {}
        self._used: set[str] = set()
        self._thread = local()
        sts.meta.events.register("before-send.sts", self._remember)

    def identity(self) -> dict[str, Any]:
        """Return AWS's response to GetCallerIdentity; raise what botocore does."""
        answer: dict[str, Any] = self._sts.get_caller_identity()
        self._accounts[self._thread.key] = answer["Account"]
        return answer

    def account_now(self) -> str:
        """Return the number of the account, read again from AWS; raise what botocore does."""
        return str(self.identity()["Account"])

    def watch(self, client: Any) -> None:
        """Watch the calls of a client, and read at once to which account each new signing key belongs."""
        client.meta.events.register("before-send", self._check)

    def others(self, account_id: str) -> set[str | None]:
        """Return the other accounts whose keys signed calls; None stands for an unknown account."""
        return {self._accounts.get(key) for key in self._used} - {account_id}

    def _remember(self, request: Any, **_: Any) -> None:
        self._thread.key = _key_of(request)

    def _check(self, request: Any, **_: Any) -> None:
        key = _key_of(request)
        self._used.add(key)
        if key not in self._accounts:
            with suppress(*FAULTS):  # then the account of the key stays unknown
                self.identity()


def _key_of(request: Any) -> str:
    """Return the id of the key that signed a request."""
    header = request.headers.get("Authorization", b"")
    match = _KEY_ID.search(header.decode() if isinstance(header, bytes) else header)
    return match["key"] if match else ""
