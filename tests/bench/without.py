"""Run the command line without something that spares time, for the benchmark to show what that is worth.

`python without.py gc ARGUMENT...` leaves the garbage collector with Python's own settings, and
`python without.py plugin-search ARGUMENT...` imports importlib.metadata even where nothing names a plug-in. Otherwise
both are what `python -m auditor ARGUMENT...` is.
"""

import gc
import runpy
import sys

from auditor.judging import registry

WITHOUT = {
    "gc": ((gc, "set_threshold"), (gc, "freeze")),
    "plugin-search": ((registry, "_may_have_plugins"),),
}

for module, name in WITHOUT[sys.argv.pop(1)]:
    setattr(module, name, lambda *_: True)
runpy.run_module("auditor", run_name="__main__", alter_sys=True)
