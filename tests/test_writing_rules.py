"""The guide for authors of rules, by its text alone: its plug-in installs, judges, and passes mypy and its tests."""

import json
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import msgspec
from fresh_environment import FreshEnvironment

from auditor import model
from auditor.account.kinds import KINDS
from auditor.account.snapshot import dump
from auditor.account.sources import Source
from auditor.judging.rule import Rule
from auditor.testing import Case, account, user

PAGE = (Path(__file__).parents[1] / "docs/writing-rules.md").read_text("utf-8")
FILES = dict(re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
"""The content of every block that follows a line with the path of a file."""
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
NEEDS_NETWORK = """\
python3 -m venv .venv
. .venv/bin/activate
python -m pip install "../iam-audit[demo]" pytest mypy
"""
"""The one block that cannot be run: the test makes this environment from wheels instead."""


def test_the_plug_in_works(wheel: Path, tmp_path: Path) -> None:
    """Run the page's commands over its files: one test, since its environment takes seconds to make.

    That mypy accepts the imports shows that the wheel holds auditor/py.typed.
    """
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    folder = tmp_path / "our-rules"
    fresh = FreshEnvironment(tmp_path / "venv", wheel)
    first, *offline = COMMANDS
    assert first == NEEDS_NETWORK
    shown = ""
    for block in offline:
        done = fresh.run("bash", "-exc", block, cwd=folder)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        shown += done.stdout
    assert "Success: no issues found in 5 source files" in shown
    check_installed(fresh, folder)
    check_verdicts(fresh, folder)


def check_installed(fresh: FreshEnvironment, folder: Path) -> None:
    where = fresh.run("python", "-c", "import auditor; print(auditor.__file__)", cwd=folder).stdout
    assert Path(where.strip()).is_relative_to(fresh.site)
    assert (fresh.site / "our_rules/user_has_owner.py").exists()
    listed = json.loads(fresh.run("iam-audit", "rules", "list", "--format", "json", cwd=folder).stdout)
    ours = {each["id"]: each["summary"] for each in listed if each["id"].startswith("our-")}
    assert ours == {
        "our-administrator-has-mfa": "Checks that an IAM user with the policy AdministratorAccess has MFA.",
        "our-user-has-owner": "Checks that an IAM user has an owner tag.",
    }


def check_verdicts(fresh: FreshEnvironment, folder: Path) -> None:
    users = [user("alice", tags={"Owner": "web"}), user("bob"), user("carol", unknown=["tags"])]
    (folder / "three.json").write_bytes(dump(account(users=users)))
    command = ("scan", "--snapshot", "three.json", "--rule", "our-user-has-owner", "--format", "json")
    findings = json.loads(fresh.run("iam-audit", *command, cwd=folder).stdout)["findings"]
    assert {each["resource_name"]: each["compliance_type"] for each in findings} == {
        "alice": "COMPLIANT",
        "bob": "NON_COMPLIANT",
        "carol": "INSUFFICIENT_DATA",
    }


def test_the_tree_shows_the_files_of_the_page() -> None:
    (tree,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    shown: set[str] = set()
    folders: list[str] = []
    for indent, name in re.findall(r"^([│├└─ ]*)([\w./-]+)$", tree, re.MULTILINE):
        folders[len(indent) // 4 :] = [name]
        if not name.endswith("/"):
            shown.add("".join(folders))
    assert shown == set(FILES)


def test_the_page_imports_what_the_doors_export() -> None:
    imported = re.findall(r"^from (auditor\.\w+) import (?:\(([^)]*)\)|(.*))$", "".join(FILES.values()), re.MULTILINE)
    assert {door for door, *_ in imported} == {"auditor.model", "auditor.rule", "auditor.testing"}
    for door, *names in imported:
        assert set(re.findall(r"\w+", " ".join(names))) <= set(import_module(door).__all__)


def executed(text: str) -> ModuleType:
    module = ModuleType("executed")
    exec(text, vars(module))
    return module


def test_the_cases_find_what_the_page_calls_wrong() -> None:
    right, wrong = re.findall(r"^(?:Right|Wrong):.*?^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    path = "our-rules/our_rules/administrator_has_mfa.py"
    assert right in FILES[path]
    module = executed(FILES[path].replace(right, wrong))
    tests = FILES["our-rules/tests/test_administrator_has_mfa.py"].replace("from our_rules.", "# ")
    failed = [str(case) for case in executed(tests).CASES if not passes(case, module.RULE)]
    assert failed == ["policies that could not be read"]


def passes(case: Case, rule: Rule) -> bool:
    try:
        case.check(rule)
    except AssertionError:
        return False
    return True


def test_the_page_describes_every_kind_of_resource() -> None:
    described = re.findall(r"^\| `ResourceType\.(\w+)` \| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert [(name, listing.strip("`"), source.strip("`")) for name, _, listing, source in described] == [
        (kind.resource_type.name, kind.listing or "", f"Source.{kind.source.name}" if kind.source else "")
        for kind in KINDS
    ]
    assert {record for _, record, *_ in described} <= set(model.__all__)


def test_the_page_describes_every_field_that_a_rule_must_have() -> None:
    (table,) = re.findall(r"^\| field \| meaning \|\n(.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)
    described = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    required = {field.name for field in msgspec.structs.fields(Rule) if field.required}
    assert described - {"parameters"} == required


def test_the_page_names_sources_that_exist() -> None:
    assert set(re.findall(r"`Source\.(\w+)`", PAGE)) <= set(Source.__members__)
