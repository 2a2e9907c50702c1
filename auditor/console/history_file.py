"""Finds the history file of a command: the one of --history, or the one in the configuration file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from auditor.errors import UsageError
from auditor.selection import config
from auditor.selection.config import Loaded
from auditor.selection.options import RunOptions
from auditor.selection.run_settings import RunSettings, run_settings


class Naming(Protocol):
    """Describe a request that may name a history and a configuration file."""

    @property
    def history(self) -> str | None:
        """Return the file of the history."""

    @property
    def config(self) -> str | None:
        """Return the configuration file."""

    @property
    def no_config(self) -> bool:
        """Return whether no configuration file is read."""


def named(request: Naming) -> tuple[str, RunSettings]:
    """Return the path of the history and the settings of the configuration file; raise UsageError if none is named."""
    loaded = config.load(request.config, datetime.now(UTC).date(), ignored=request.no_config)
    settings = run_settings(RunOptions(history=request.history), loaded)
    if settings.history_path is None:
        hint = 'Give --history FILE, or write `[history]` and `file = "iam-history.db"` into iam-audit.toml.'
        raise UsageError("no history is named", hint)
    if request.config is None:
        check_folder(settings, loaded)
    return settings.history_path, settings


def check_folder(settings: RunSettings, loaded: Loaded) -> None:
    """Raise UsageError if a configuration file found without --config names a history outside its folder."""
    path = settings.history_path
    if path is None or loaded.path is None or not settings.history.origin.file or "\0" in path:
        return
    if not Path(path).resolve().is_relative_to(loaded.path.parent.resolve()):
        problem = f"is outside the folder of {loaded.path}, which was read only because it is here"
        hint = "Name the file with --config, or give --history."
        raise UsageError(problem, hint, subject=f"history.file {path}")
