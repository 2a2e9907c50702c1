"""Terraform itself, if it and AWS's provider are on the machine: no test downloads them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def plugins() -> Path | None:
    """Return the folder for `terraform init -plugin-dir`, None if AWS's provider is not on this machine."""
    if given := os.environ.get("TF_PLUGIN_DIR"):
        return Path(given)
    roots = [Path(root) for root in ("/opt", "/usr/local", "/usr/share")] + [Path.home() / ".terraform.d"]
    provider = "registry.terraform.io/hashicorp/aws"
    found = (folder for root in roots for depth in ("", "*/", "*/*/") for folder in root.glob(f"{depth}{provider}"))
    return next((folder.parents[2] for folder in found), None)


def terraform_of(folder: Path, *arguments: str, given: str | None = None) -> str:
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    done = subprocess.run(
        ["terraform", *arguments], cwd=folder, env=environment, input=given, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


NEEDS_TERRAFORM = pytest.mark.skipif(
    shutil.which("terraform") is None or plugins() is None,
    reason="terraform, or a folder registry.terraform.io with AWS's provider (TF_PLUGIN_DIR), is not on this machine",
)
