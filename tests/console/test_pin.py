"""Pinning: the selected rules are written into the file, which keeps the rest and runs the same rules by itself."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from config_files import FULL, PASSWORD, written
from conftest import Run
from msgspec.structs import replace

from auditor.judging.registry import load_rules
from auditor.judging.rule import Rule
from auditor.selection.layers import Layer
from auditor.selection.merging import merged
from auditor.selection.plan import SourcedRule, selected
from auditor.selection.sets import CORE, RuleSet
from auditor.selection.settings import from_file

PACK = """\
Resources:
  Passwords:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: ours
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
"""
LIST = "".join(f'    "{name}",\n' for name in sorted(CORE))
INCLUDE = f"include = [\n{LIST}]\n"
MFA = "mfa-enabled-for-iam-console-access"


def rules_shown(run: Run) -> list[str]:
    return [line for line in run("config", "show").out.splitlines() if line.startswith("rules.")]


def test_pin_writes_the_selection_and_keeps_the_rest_of_the_file(run: Run, folder: Path) -> None:
    file = written(folder, f"# ours\n{FULL}")
    before = rules_shown(run)
    assert run("config", "pin").code == 0
    text = file.read_text()
    assert text.startswith("# ours\n")
    pinned = tomllib.loads(text)
    assert set(pinned["selection"]) == {"include"}
    assert {key: value for key, value in pinned.items() if key != "selection"} == {
        key: value for key, value in tomllib.loads(FULL).items() if key != "selection"
    }
    assert rules_shown(run) == before


FORMS = {
    "no file": (None, f"[selection]\n{INCLUDE}"),
    "an empty file": ("", f"[selection]\n{INCLUDE}"),
    "a table between others": (
        '[output]\nfiles = []\n# which\n[selection]\n# a\nset = "core" # b\n# c\n\n# d\n[gate]\n',
        f"[output]\nfiles = []\n# which\n[selection]\n# a\n{INCLUDE}# c\n\n# d\n\n[gate]\n",
    ),
    "a table on one line": (
        'selection = {set = "core"} # a\n[gate]\n',
        f"selection = {{{INCLUDE[:-1]}}} # a\n[gate]\n",
    ),
    "keys with dots": (
        'gate.fail_on = "noncompliant" # a\nselection.set = "core"\nselection.exclude = []\noutput.files = []\n',
        f'gate.fail_on = "noncompliant" # a\noutput.files = []\n\n[selection]\n{INCLUDE}',
    ),
    "one key with dots": (
        'selection.set = "core"\noutput.files = []\n',
        f"output.files = []\n\n[selection]\n{INCLUDE}",
    ),
    "a list on one line": (
        f'[selection]\ninclude = ["{PASSWORD}", "iam-policy-description"] # a\n',
        f'[selection]\ninclude = [\n    "{PASSWORD}",\n' + LIST.replace(f'    "{PASSWORD}",\n', "") + "] # a\n",
    ),
    "a list with comments": (
        f'[selection]\ninclude = [\n  "{PASSWORD}", # why\n  "iam-policy-description", # not now\n]\n',
        f'[selection]\ninclude = [\n  "{PASSWORD}", # why\n' + LIST.replace(f'    "{PASSWORD}",\n', "") + "]\n",
    ),
    "identifiers": (
        '[selection]\ninclude = [\n    "IAM_PASSWORD_POLICY", # why\n]\n',
        "[selection]\ninclude = [\n"
        '    "IAM_PASSWORD_POLICY", # why\n' + LIST.replace(f'    "{PASSWORD}",\n', "") + "]\n",
    ),
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CR LF"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize(("text", "pinned"), FORMS.values(), ids=list(FORMS))
def test_a_file_in_any_form_is_pinned_and_stays_as_it_is_once_pinned(
    run: Run, folder: Path, text: str | None, pinned: str, mark: bytes, ends: str
) -> None:
    file = folder / "iam-audit.toml"
    if text is not None:
        file.write_bytes(mark + text.replace("\n", ends).encode())
    result = run("config", "pin", "--rules", "core")
    assert (result.code, result.out, result.err) == (0, "", "Pinned 5 rules in iam-audit.toml\n")
    kept_ends = ends if text and "\n" in text else "\n"
    content = (mark if text is not None else b"") + pinned.replace("\n", kept_ends).encode()
    assert file.read_bytes() == content
    assert run("config", "pin").code == 0
    assert file.read_bytes() == content


def test_a_file_that_is_pinned_already_is_not_written_again(run: Run, folder: Path) -> None:
    file = written(folder, f'[selection]\ninclude = ["{MFA}", "{PASSWORD}"]\n')
    before = file.stat()
    assert run("config", "pin").code == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


OWN_PACK = '[[conformance_packs]]\nfile = "pack.yaml"\n'
NOT_THE_SAME = {
    "a parameter": ("", ["--parameter", f"{PASSWORD}.MinimumPasswordLength=20"]),
    "a value that is needed": (
        *("", ["--rule", "iam-policy-in-use", "--parameter", "iam-policy-in-use.policyARN=arn:aws:iam::aws:policy/X"]),
    ),
    "a pack": ("", ["--rule", MFA, "--conformance-pack", "pack.yaml"]),
    "rules beside the file's pack": (OWN_PACK, ["--rules", "core"]),
    "an exclusion from the file's pack": (f'[selection]\nset = "core"\n{OWN_PACK}', ["--exclude-rule", PASSWORD]),
}


@pytest.mark.parametrize(("text", "options"), NOT_THE_SAME.values(), ids=list(NOT_THE_SAME))
def test_what_the_file_alone_would_not_do_is_refused(run: Run, folder: Path, text: str, options: list[str]) -> None:
    (folder / "pack.yaml").write_text(PACK)
    file = written(folder, text)
    result = run("config", "pin", *options)
    assert (result.code, result.out) == (2, "")
    assert "iam-audit.toml would not run the same rules by itself" in result.err
    assert file.read_text() == text


def test_an_exclusion_from_the_files_pack_stays(run: Run, folder: Path) -> None:
    (folder / "pack.yaml").write_text(PACK)
    file = written(folder, f'[selection]\nset = "core"\nexclude = ["{PASSWORD}"]\n{OWN_PACK}')
    assert run("config", "pin").code == 0
    pinned = tomllib.loads(file.read_text())["selection"]
    assert set(pinned["include"]) == CORE - {PASSWORD}
    assert pinned["exclude"] == [PASSWORD]
    assert "rules.ours" not in run("config", "show").out


def test_what_cannot_be_read_is_not_pinned(run: Run, folder: Path) -> None:
    file = written(folder, "[selektion]\n")
    result = run("config", "pin")
    assert result.code == 2
    assert "unknown field `selektion`" in result.err
    assert file.read_text() == "[selektion]\n"


def selected_of(rules: Mapping[str, Rule], *layers: Layer) -> list[SourcedRule]:
    return selected(rules, merged(layers, rules))


def test_a_pinned_selection_stays_when_a_new_rule_comes() -> None:
    rules, file = load_rules(), from_file("c.toml")
    new = replace(rules[PASSWORD], id="iam-new", source_identifier="IAM_NEW")
    more = {**rules, new.id: new}
    for layers in [], [Layer(origin=file, rule_set=RuleSet.AWS_CONFIG)]:
        assert {each.configured.rule.id for each in selected_of(more, *layers)} >= {"iam-new"}
    pinned = Layer(origin=file, include=[PASSWORD, MFA])
    assert selected_of(more, pinned) == selected_of(rules, pinned)
