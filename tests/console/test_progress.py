"""The progress display: each source's line while it is read, on a terminal."""

import io

import pytest

from auditor.account.sources import Source
from auditor.collectors.live.collection import ProgressEvent
from auditor.console import progress


def test_sources_are_shown_with_what_was_read_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the stream for a terminal
    stream = io.StringIO()
    with progress.show(stream) as take:
        take(ProgressEvent(Source.CREDENTIAL_REPORT, 0, 0, done=False))
        take(ProgressEvent(Source.USERS, 5000, 5, done=False))
        take(ProgressEvent(Source.GROUPS, 0, 1, done=True))
    shown = stream.getvalue()
    assert "credential-report" in shown
    assert "waiting" in shown
    assert "5,000" in shown
    assert "password-policy" not in shown
