"""Run the command line with `python -m auditor`."""

import os
import sys

# `python -m` looks into the working folder first; a folder `rules` there must not take the place of ours.
if sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - the path as the interpreter wrote it
    del sys.path[0]

from auditor.cli import main

sys.exit(main())
