"""The choice of an executor, by its name and the number of its workers."""

import os

from auditor.errors import UsageError
from auditor.organization.executors.base import Executor
from auditor.organization.work import Work

THREADS = 32
"""How many accounts are read at the same time: reading is mostly waiting, and AWS throttles per account."""
_NOT_INSTALLED = "Dask is not installed"
_INSTALL = "Install iam-audit with the extra dask, here and on each worker."


def chosen(name: str, workers: int | None, dask: str | None, work: Work) -> Executor:
    """Return the executor `name` (threads or processes), or Dask's if `dask` is the address of its scheduler.

    Raises UsageError if Dask is requested and not installed.
    """
    if dask is not None:
        try:
            from auditor.organization.executors.dask import Dask
        except ModuleNotFoundError as error:
            raise UsageError(_NOT_INSTALLED, _INSTALL) from error
        return Dask(dask, work.storage, work.run, workers)
    if name == "threads":
        from auditor.organization.executors.threads import Threads

        return Threads(workers or THREADS)
    from auditor.organization.executors.processes import Processes

    return Processes(workers or os.cpu_count() or 1)
