"""Help and completion: every command tells what it does within 80 columns, and a shell can complete what has a name."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from commands import command_of
from conftest import Run

from auditor.console.cli import iam_audit
from auditor.judging.registry import load_rules

WITHOUT_EXAMPLE = {
    "",
    "rules",
    "config",
    "evidence",
    "history",
    "organization",
    "publish",
    "rules list",
    "frameworks",
}  # there is one way only to call these


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = sorted(commands(iam_audit))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_fits_80_columns_and_shows_how_it_is_used(
    run: Run, command: tuple[str, ...]
) -> None:
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(" ".join(["Usage: iam-audit", *command]))
    assert max(map(len, out.splitlines())) <= 80
    assert not [line for line in out.splitlines()[1:] if line.endswith("...")]  # a summary that was cut
    assert ("Example" in out) is (" ".join(command) not in WITHOUT_EXAMPLE)


def headed(help_text: str) -> dict[str, list[str]]:
    """Return the options of a help by the heading that they stand under."""
    parts = re.split(r"^(\w[\w ]+):$", help_text, flags=re.MULTILINE)
    options = [re.findall(r"^  (?:-\w, )?(--[\w-]+)", part, re.MULTILINE) for part in parts[2::2]]
    return dict(zip(parts[1::2], options, strict=True))


def test_the_many_options_of_a_scan_stand_under_headings(run: Run) -> None:
    found = headed(run("scan", "--help").out)
    assert [heading for heading, options in found.items() if options] == [
        *("Account", "AWS credentials", "Planned change", "Rules and settings", "Output", "Exit code", "Other options")
    ]
    listed = [option for options in found.values() for option in options]
    assert sorted(listed) == sorted({option.opts[-1] for option in command_of("scan").params} | {"--help"})
    assert max(map(len, found.values())) <= 8


def test_few_options_stand_under_one_heading(run: Run) -> None:
    assert headed(run("rules", "list", "--help").out)["Options"] == ["--format", "--help"]


def test_the_help_shows_where_to_begin_and_each_command_once_under_what_it_is_for(run: Run) -> None:
    out = run("--help").out
    assert "Commands:" not in out
    assert "  iam-audit scan --demo" in out
    listed = re.findall(r"^  ([a-z][a-z-]+)  +[A-Z]", out, re.MULTILINE)
    assert sorted(listed) == sorted(iam_audit.list_commands(click.Context(iam_audit)))


MISTAKES = {
    "a command": (["scna"], "No such command 'scna'. Did you mean scan?"),
    "a command below another": (["rules", "lst"], "No such command 'lst'. Did you mean list?"),
    "a command like none": (["zzz"], "No such command 'zzz'.\n"),
    "a set": (["scan", "--rules", "cores"], "'cores' is not a set of rules. Sets are core, default, aws-config,"),
    "a framework as set": (["scan", "--rules", "cis-aws-9"], "Did you mean CIS-AWS-7.0?"),
    "a set like none": (["scan", "--rules", "zzz"], "`iam-audit frameworks` lists the frameworks."),
    "a format of files": (["scan", "--format", "html"], "HTML is written to a file: use -o FILE.html instead"),
    "a format": (["scan", "--format", "yaml"], "'yaml' is not one of table, json, jsonl,"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_misspelt_name_is_an_error_that_shows_the_nearest(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("command", [(), ("rules",), ("config",)], ids=["no command", "rules", "config"])
def test_without_a_command_the_help_is_told_as_text(run: Run, command: tuple[str, ...]) -> None:
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert err == run(*command, "--help").out


RULES = "\n".join(f"plain,{name}" for name in load_rules() if name.startswith("root-"))
COMPLETED = {
    "a command": ("sna", "plain,snapshot"),
    "a rule": ("scan --rule iam-saml", "plain,iam-saml-provider-tagged"),
    "a profile": ("scan --profile aud", "plain,audit"),
    "a rule to leave out": ("export terraform --exclude-rule root-", RULES),
    "a rule to show": ("rules show root-", RULES),
    "a parameter": ("scan --parameter access-", "plain,access-keys-rotated.maxAccessKeyAge="),
    "a framework in any case": ("report r.json --framework cis-aws-3", "plain,CIS-AWS-3.0"),
    "a file": ("scan --config ./x", "file,./x"),
    "a file to write": ("scan -o x", "file,x"),
    "a stored report": ("report mon", "file,mon"),
    "a pack": ("scan --conformance-pack x", "file,x"),
}


@pytest.mark.parametrize(("words", "completions"), COMPLETED.values(), ids=list(COMPLETED))
def test_a_shell_completes(words: str, completions: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile audit]\nregion = us-east-1\n[profile other]\n")
    asked = {"COMP_WORDS": f"iam-audit {words}", "COMP_CWORD": str(len(words.split()))}
    environment = {**os.environ, **asked, "_IAM_AUDIT_COMPLETE": "bash_complete"}
    environment["AWS_CONFIG_FILE"] = str(tmp_path / "config")
    code = "import sys; from auditor.console.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment)
    assert (done.stdout.decode(), done.stderr) == (f"{completions}\n", b"")
