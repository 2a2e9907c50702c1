"""A fresh virtual environment with iam-audit's wheel, made and used without network."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
OFFLINE = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as the value of build isolation, so 0 turns it off
    "PIP_NO_INDEX": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}


def built_wheel(folder: Path) -> Path:
    """Build a wheel of this checkout and return its path."""
    code = f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    return folder / done.stdout.split()[-1]


class FreshEnvironment:
    """A virtual environment in which pip installed a wheel; dependencies come from the running environment."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder, with_pip=False)  # pip is also the running environment's: installing it takes longest
        self._programs = folder / "bin"
        (self.site,) = folder.glob("lib/python*/site-packages")
        (self.site / "lent.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
        pip = self._programs / "pip"
        pip.write_text('#!/bin/sh\nexec python -m pip "$@"\n')
        pip.chmod(0o755)
        install = ("install", "-q", "--no-deps", "--ignore-installed", wheel)  # also if the running environment has it
        self.run("python", "-m", "pip", *install, cwd=folder).check_returncode()

    def run(self, program: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program with the environment active, as a shell has it after `. .venv/bin/activate`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        path = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        command = [program if program == "bash" else str(self._programs / program), *map(str, arguments)]
        environment = {**inherited, **OFFLINE, "PATH": path}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, text=True)
