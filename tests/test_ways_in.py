"""The ways in: the action's steps played by bash, the hook for pre-commit on files, and what the image is built of."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from conftest import Run

from auditor.console.commands.pre_commit import command as hook

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs/examples"
ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
INSTALL, AUDIT = ACTION["runs"]["steps"]
HOSTILE = "$(touch hacked); `touch hacked` \"'; touch hacked\n--demo"


class Step(NamedTuple):
    """What a step of the action gave: its exit code, what it printed, its outputs and its summary."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str


class Runner:
    """Play steps of the action as a runner does: expressions become variables, and bash runs the script."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder, folder / "iam-audit/bin"
        self.programs.mkdir(parents=True)
        for name, command in (("iam-audit", f"{sys.executable} -m auditor"), ("python", sys.executable)):
            self.program(self.programs / name, f'exec {command} "$@"')

    def program(self, path: Path, text: str) -> None:
        """Write a program."""
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def play(self, step: Any, **inputs: str) -> Step:
        """Run a step with inputs, those that are left out at their defaults."""
        script, output, summary = (self.folder / name for name in ("step.sh", "output", "summary"))
        script.write_text(step["run"])
        output.touch()
        summary.touch()
        given = {name: each.get("default", "") for name, each in ACTION["inputs"].items()} | inputs
        variables = {name: self._filled(text, given) for name, text in step["env"].items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        places = {"RUNNER_TEMP": str(self.folder), "GITHUB_ACTION_PATH": str(ROOT)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder,
            env={**os.environ, **variables, **files, **places},
            capture_output=True,
            check=False,
            text=True,
        )
        lines = [line.partition("=") for line in output.read_text("utf-8").splitlines()]
        outputs = {name: value for name, _, value in lines}
        return Step(done.returncode, done.stdout, done.stderr, outputs, summary.read_text("utf-8"))

    @staticmethod
    def _filled(text: str, inputs: Mapping[str, str]) -> str:
        found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", text)
        assert found is not None, text
        return inputs[found[1]]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def example(name: str) -> str:
    return str(EXAMPLES / name)


def test_no_script_of_the_action_holds_an_expression() -> None:
    assert [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []
    assert {step["shell"] for step in ACTION["runs"]["steps"]} == {"bash"}


def test_every_input_of_the_action_is_used_and_every_output_is_written() -> None:
    used = re.findall(r"inputs\.([\w-]+)", yaml.safe_dump(ACTION["runs"]))
    assert sorted(set(used)) == sorted(ACTION["inputs"])
    for name, each in ACTION["outputs"].items():
        assert each["value"] == f"${{{{ steps.audit.outputs.{name} }}}}"
        assert f'echo "{name}=' in AUDIT["run"]


def test_the_action_installs_itself_and_nothing_by_name(runner: Runner) -> None:
    recorder, said = runner.folder / "recorder", runner.folder / "said"
    runner.program(recorder, f'echo "$@" >> {said}')
    runner.program(runner.programs / "python", f'echo "$@" >> {said}')
    assert runner.play(INSTALL, python=str(recorder)).code == 0
    made, installed = said.read_text("utf-8").splitlines()
    assert made == f"-m venv {runner.folder}/iam-audit"
    assert installed.startswith("-m pip install")
    assert installed.endswith(f" {ROOT}")


def test_a_change_that_introduces_findings_fails_the_action_and_is_summed_up(runner: Runner) -> None:
    step = runner.play(AUDIT, snapshot=example("account.json"), cloudformation=f"{example('shortcut.yaml')}\n")
    assert (step.code, step.outputs["exit-code"], step.outputs["introduced"]) == (1, "1", "4")
    assert step.outputs["complete"] == "false"
    assert "## Planned change: 4 introduced" in step.summary
    assert "::error title=Introduced%3A NON_COMPLIANT" in step.out
    assert "contractor" not in step.out
    reports = {path.name for path in Path(step.outputs["reports"]).iterdir()}
    assert reports == {"iam.json", "iam.html", "iam.sarif", "iam.junit.xml", "iam.md", "iam.summary.md"}


def test_a_change_that_introduces_nothing_passes(runner: Runner) -> None:
    files = {"snapshot": example("account.json"), "cloudformation": example("user.yaml")}
    step = runner.play(AUDIT, **files, **{"allow-incomplete": "true"})
    assert (step.code, step.outputs["introduced"]) == (0, "0")


def test_plans_and_templates_are_lines_of_an_input(runner: Runner) -> None:
    plan, template = example("developers/plan.json"), example("user.yaml")
    parameters = {"stack-parameters": "UserName=somebody\r\n\nFirstPassword=x=y\n"}
    step = runner.play(AUDIT, **{"terraform-plan": f"\n{plan}\n"}, cloudformation=template, **parameters)
    assert step.code == 4
    assert "somebody" in (Path(step.outputs["reports"]) / "iam.json").read_text("utf-8")


def test_without_a_change_the_account_is_audited_whole(runner: Runner) -> None:
    step = runner.play(AUDIT, snapshot=example("account.json"), only="")
    assert (step.code, step.outputs["introduced"], step.outputs["complete"]) == (1, "", "true")
    assert "## IAM audit: NON_COMPLIANT" in step.summary


@pytest.mark.parametrize("empty", ["", "\n", "\r\n\n"])
def test_a_gate_on_a_change_without_a_file_is_an_error(runner: Runner, empty: str) -> None:
    step = runner.play(AUDIT, snapshot=example("account.json"), **{"terraform-plan": empty, "fail-on": "nothing"})
    assert (step.code, step.outputs) == (2, {})
    assert "::error title=iam-audit::terraform-plan and cloudformation name no file" in step.out


@pytest.mark.parametrize("name", [name for name in ACTION["inputs"] if name not in ("python", "working-directory")])
def test_a_hostile_input_stays_a_value(runner: Runner, name: str) -> None:
    files = {"snapshot": example("account.json"), "cloudformation": example("user.yaml")}
    step = runner.play(AUDIT, **{**files, name: HOSTILE})
    assert not [*runner.folder.rglob("hacked")]
    assert step.code in (2, 3)
    assert "unexpected" not in step.err
    assert "wrote no report" in step.summary or step.outputs == {}


def test_a_run_without_a_report_says_so_and_keeps_its_exit_code(runner: Runner) -> None:
    step = runner.play(AUDIT, snapshot="missing.json", only="")
    assert (step.code, step.outputs["exit-code"], step.outputs["complete"]) == (3, "3", "")
    assert "wrote no report: exit code 3" in step.summary


def hooks() -> Any:
    return yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_the_hook_calls_a_command_that_there_is() -> None:
    (declared,) = hooks()
    assert declared["entry"] == f"iam-audit {hook.name}"
    assert {"id", "name", "entry", "language", "files"} <= set(declared)
    named = ("stacks/user.yaml", "user.yml", "user.json", "user.template")
    assert all(re.search(declared["files"], name) for name in named)


def test_the_hook_fails_for_a_template_and_passes_over_what_is_none(run: Run, tmp_path: Path) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text("services: {web: {image: nginx}}\nResources: [1, 2\n")
    bucket = tmp_path / "bucket.json"
    bucket.write_text('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}')
    passes = run("pre-commit", compose, bucket)
    assert (passes.code, passes.out, passes.err) == (0, "", "")
    assert run("pre-commit").code == 0
    assert run("pre-commit", EXAMPLES / "user.yaml").code == 0
    stops = run("pre-commit", compose, EXAMPLES / "shortcut.yaml", EXAMPLES / "user.yaml")
    assert stops.code == 1
    assert "iam-user-no-policies-check" in stops.out


def test_the_hook_takes_the_selection_of_rules(run: Run) -> None:
    kept = ("--rule", "iam-group-has-users-check")
    assert run("pre-commit", *kept, EXAMPLES / "shortcut.yaml").code == 0


def test_a_template_that_cannot_be_read_fails_the_hook(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("Resources:\n  U: {Type: AWS::IAM::User\n")
    result = run("pre-commit", broken)
    assert result.code == 3
    assert "broken.yaml, line 3" in result.err


def test_the_hook_judges_every_file_before_it_fails(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("Resources:\n  U: {Type: AWS::IAM::User\n")
    result = run("pre-commit", tmp_path / "one.yaml", tmp_path / "two.yaml", EXAMPLES / "shortcut.yaml")
    assert result.code == 3
    assert "one.yaml, line 3" in result.err
    assert "two.yaml, line 3" in result.err
    assert "iam-user-no-policies-check" in result.out


def test_the_hook_shows_no_exit_code_that_is_not_its_own(run: Run, tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text("Resources: {U: {Type: AWS::IAM::SomethingNew}}")
    result = run("pre-commit", unknown)
    assert result.code == 0
    assert "Passed, undecided without the account: nothing was decided" in result.err
    assert "Exit code 4" not in result.err


def test_the_image_is_built_of_what_the_wheel_needs_and_runs_as_nobody() -> None:
    patterns = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    sent = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    assert "*" in patterns
    assert sorted(sent) == ["LICENSE", "README.md", "auditor", "pyproject.toml", "rules"]
    instructions = (ROOT / "Dockerfile").read_text("utf-8").split("\nFROM ")[-1]
    assert "USER 10001:10001" in instructions
    assert 'ENTRYPOINT ["iam-audit"]' in instructions


def test_what_docker_run_reads_is_read_as_its_owner() -> None:
    places = [ROOT / "Dockerfile", ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    lines = [line for place in places for line in place.read_text("utf-8").splitlines() if "docker run" in line]
    assert lines
    for line in lines:
        assert '--user "$(id -u):$(id -g)"' in line, line
