"""Run the command line: `iam-audit` starts here, and so does `python -m auditor`."""

import os
import sys

if __name__ == "__main__" and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - the path as the interpreter wrote it
    # `python -m` looks into the working folder first; a folder `rules` there must not take the place of ours.
    del sys.path[0]

from auditor import signals


def main() -> int:
    """Run the program and give its exit code."""
    with signals.caught():
        from auditor import cli  # 55 ms, in which a signal should not end in a traceback either

        return cli.main()


if __name__ == "__main__":
    sys.exit(main())
