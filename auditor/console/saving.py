"""Runs `iam-audit snapshot`: saves a snapshot of what the selected rules read."""

from auditor.account.snapshot import dump
from auditor.console import places
from auditor.console.messages import speaker, wants_progress
from auditor.console.requests import SnapshotRequest
from auditor.console.scanning import show_sources
from auditor.selection.plan import current, sources_wanted
from auditor.writers import files, paths
from auditor.writers.formats import SNAPSHOT_SUFFIXES


def save(request: SnapshotRequest) -> int:
    """Save a snapshot and return the exit code: 4 if something could not be read."""
    say = speaker(quiet=request.quiet)
    places.check(request.account)
    paths.check([request.path], SNAPSHOT_SUFFIXES)
    sources = sources_wanted(current(request.selection))
    snapshot = places.collect(request.account, sources, say, progress=wants_progress(quiet=request.quiet))
    if request.verbose:
        show_sources(snapshot, say)
    file = paths.resolved(request.path, snapshot.account.id, snapshot.captured_at)
    files.write_snapshot(dump(snapshot), file)
    unread = [source for source in snapshot.sources if source.lacking]
    for source in unread:
        say(f"Warning: {source.name} is {source.status}: {source.detail}")
    say(f"Wrote {file}. Exit code {4 if unread else 0}: {'incomplete' if unread else 'complete'}")
    return 4 if unread else 0
