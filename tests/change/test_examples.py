"""docs/examples: what the page says of its commands is so, its files hold nothing private, and its plan can be made."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from shlex import split

import pytest
from conftest import Run
from test_real_plan import compared

from auditor.demo.emulator import emulator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
BLOCK = re.compile(r"```sh\n(iam-audit .*?)\n```\n\n<!-- generated: run -->\n```\n(.*?)\n```", re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return each command of the page with the last line of its output."""
    found = BLOCK.findall((EXAMPLES / "README.md").read_text("utf-8"))
    return [(command, output.splitlines()[-1]) for command, output in found]


@pytest.mark.parametrize(("command", "last"), commands())
def test_a_command_of_the_page_ends_as_the_page_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, last: str
) -> None:
    monkeypatch.chdir(ROOT)
    result = run(*split(command)[1:])
    assert last == result.err.strip().splitlines()[-1]
    assert result.code == int(last.split(":", maxsplit=1)[0].removeprefix("Exit code "))


def test_the_page_has_changes_that_pass_and_changes_that_are_stopped() -> None:
    assert {last.split(":")[0] for _, last in commands()} == {"Exit code 0", "Exit code 1", "Exit code 4"}


def test_the_demo_takes_a_planned_change(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    gate = ("--fail-on", "noncompliant", "--only", "introduced")
    result = run("scan", "--demo", "--cloudformation", "docs/examples/shortcut.yaml", *gate)
    assert (result.code, "the change introduces 4 findings" in result.err) == (1, True)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.json")), ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_a_file_holds_no_path_of_a_machine_and_no_secret(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r'"(?:/[a-z]+){2,}|127\.0\.0\.1|localhost|secret|passwd|"password"|private_key', text) == []


@pytest.mark.skipif(
    shutil.which("terraform") is None or "TF_PLUGINS" not in os.environ,
    reason="needs Terraform, and TF_PLUGINS with the provider of AWS",
)
def test_terraform_makes_the_same_plan_again(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "developers/main.tf", tmp_path)
    with emulator() as url:
        made_up = {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", "TF_IN_AUTOMATION": "1"}
        made_up |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

        def terraform(*arguments: str) -> str:
            command = ["terraform", *arguments]
            environment = {**os.environ, **made_up}
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True, text=True)
            return done.stdout

        terraform("init", f"-plugin-dir={os.environ['TF_PLUGINS']}")
        terraform("plan", "-out", "tfplan")
        again = json.loads(terraform("show", "-json", "tfplan"))
    assert compared(again) == compared(json.loads((EXAMPLES / "developers/plan.json").read_text("utf-8")))
