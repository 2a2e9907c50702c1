"""Run the command line: `iam-audit` starts here, and so does `python -m auditor`."""

import gc
import os
import sys

if __name__ == "__main__" and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - the path as the interpreter wrote it
    # `python -m` looks into the working folder first; a folder `rules` there must not take the place of ours.
    del sys.path[0]

from auditor import signals

_SELDOM = 200_000  # objects made between two looks for garbage; there are a dozen of each finding


def main() -> int:
    """Run the program and return its exit code.

    What a run holds it holds to its end, so garbage is looked for seldom, and at the end not at all: that takes a tenth
    of the time of a scan.
    """
    gc.set_threshold(_SELDOM)
    with signals.caught():
        from auditor.console import cli  # 55 ms, in which a signal should not end in a traceback either

        try:
            return cli.main()
        finally:
            gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
