"""The house: who may import whom, what is imported late, and what a wheel holds."""

import ast
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from fresh_environment import FreshEnvironment

from auditor import __version__
from auditor.account.snapshot import dump
from auditor.testing import account, user

ROOT = Path(__file__).parent.parent
WINGS = [
    "errors",
    "documents",
    "templates",
    "account",
    "policies",
    "judging",
    "selection",
    "report",
    "explaining",
    "change",
    "history",
    "collectors",
    "parity",
    "evidence",
    "publish",
    "organization",
    "writers",
    "demo",
    "console",
]
"""The wings and the modules below them; each imports only from those before it."""
SIDE_BY_SIDE = [{"explaining", "change", "history", "collectors"}, {"parity", "evidence", "publish", "organization"}]
"""Wings of one rank, which do not import each other."""
BELOW = {"errors", "redaction", "signals", "documents"}
"""Modules that every wing may import."""
DOORS = {"rule", "model", "policy", "testing"}
"""The doors for rule authors: they open what stands behind them, and no wing needs them."""

LATE = {
    "boto3": ("auditor/collectors/live/session.py",),
    "botocore": (
        "auditor/collectors/live/asking_again.py",
        "auditor/collectors/live/refusals.py",
        "auditor/collectors/live/session.py",
    ),
    "distributed": ("auditor/organization/executors/dask.py",),
    "pyarrow": ("auditor/organization/parquet.py",),
    "rich": (
        "auditor/console/accounts_progress.py",
        "auditor/console/progress.py",
        "auditor/writers/explanation/text.py",
        "auditor/writers/organization/table.py",
        "auditor/writers/table.py",
    ),
    "cryptography": (
        "auditor/demo/emulator.py",
        "auditor/evidence/signing.py",
        "auditor/evidence/time_stamps.py",
    ),
    "asn1crypto": ("auditor/evidence/time_stamps.py",),
    "rfc3161_client": ("auditor/evidence/time_stamps.py",),
    "securesystemslib": ("auditor/evidence/signing.py",),
    "jinja2": ("auditor/writers/html.py",),
    "jmespath": ("auditor/writers/printing.py",),
    "moto": ("auditor/demo/emulator.py",),
    "tomlkit": ("auditor/console/pinning.py",),
    "yaml": (
        "auditor/templates/lenient.py",
        "auditor/templates/nodes.py",
        "auditor/writers/config_rules/cloudformation.py",
    ),
}


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layers_seen(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("auditor.")} & {*WINGS, *BELOW, *DOORS}


MODULES = sorted((ROOT / "auditor").rglob("*.py"))


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT / "auditor").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_wings_above(path: Path) -> None:
    wing = layer_of(path)
    if wing in ("__init__", "__main__") or wing in DOORS:
        return
    if wing in BELOW:
        assert layers_seen(path) <= BELOW
        return
    beside = next((rank for rank in SIDE_BY_SIDE if wing in rank), set()) - {wing}
    assert layers_seen(path) <= {*WINGS[: WINGS.index(wing) + 1], *BELOW} - beside


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.py")), ids=lambda path: path.name)
def test_rules_import_only_the_rule_api(path: Path) -> None:
    assert layers_seen(path) <= {"model", "policy", "rule"}


def test_nothing_imports_rules_by_statement() -> None:
    assert not [path for path in MODULES if any(name.partition(".")[0] == "rules" for name in imports(path))]


def test_heavy_libraries_are_imported_only_where_they_belong() -> None:
    for path in MODULES:
        for name in imports(path):
            allowed = LATE.get(name.partition(".")[0])
            assert allowed is None or str(path.relative_to(ROOT)) in allowed, f"{path} imports {name}"


def test_a_newcomer_finds_ten_modules_and_the_wings() -> None:
    here = {path.name for path in (ROOT / "auditor").iterdir() if path.name not in ("__pycache__", "py.typed")}
    modules = {name.removesuffix(".py") for name in here if name.endswith(".py")}
    assert modules == {*BELOW, *DOORS, "__init__", "__main__"}
    assert here - {f"{name}.py" for name in modules} <= set(WINGS)


def test_no_function_is_long() -> None:
    for path in [*MODULES, *(ROOT / "rules").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 50, f"{path}: {node.name} has {length} lines"


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_door_exports_what_it_opens(door: str) -> None:
    tree = ast.parse((ROOT / f"auditor/{door}.py").read_text(encoding="utf-8"))
    opened = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(import_module(f"auditor.{door}").__all__) == opened


def test_every_public_name_is_documented() -> None:
    for path in [*MODULES, *(ROOT / "rules").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path
        assert path.read_text(encoding="utf-8").count("\n") <= 400, f"{path} is too long"


def modules_after(code: str) -> set[str]:
    script = f"import sys, json\n{code}\njson.dump(sorted(sys.modules), sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


HEAVY = {"boto3", "botocore", "rich", "jinja2", "jmespath", "moto", "importlib.metadata", "dateutil", "yaml", "sqlite3"}


def test_an_offline_scan_to_json_imports_nothing_heavy(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump(account(users=[user("alice")])))
    code = (
        f"from auditor.console.cli import main; main(['scan', '--snapshot', {str(path)!r}, '-q', '--format', 'json'])"
    )
    assert not modules_after(code) & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["rules", "list"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert not modules_after(f"from auditor.console.cli import main; main({arguments!r})") & HEAVY


def test_a_wheel_holds_two_packages_and_their_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"auditor", "rules", f"iam_audit-{__version__}.dist-info"}
    for needed in (
        "auditor/py.typed",
        "auditor/report/controls.json",
        "auditor/report/frameworks.json",
        "auditor/report/report.schema.json",
        "auditor/explaining/explanation.schema.json",
        "auditor/writers/report.html.jinja",
        "auditor/writers/explanation/explanation.css",
        "auditor/writers/explanation/explanation.html.jinja",
        "rules/iam_password_policy.py",
    ):
        assert needed in names


def test_a_source_distribution_holds_exactly_what_a_checkout_needs(tmp_path: Path) -> None:
    code = f"import hatchling.build as b; b.build_sdist({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    files = {
        ".dockerignore",
        ".gitignore",
        ".pre-commit-hooks.yaml",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Dockerfile",
        "LICENSE",
        "Makefile",
        "PKG-INFO",
        "README.md",
        "SECURITY.md",
        "action.yml",
    }
    folders = {"auditor", "docs", "reports", "rules", "tests"}
    assert {name.partition("/")[0] for name in names} == {*files, "pyproject.toml", *folders}
    assert "reports/README.md" in names  # `make demo` writes into that folder


def test_a_wheel_works_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    fresh = FreshEnvironment(tmp_path / "venv", wheel)
    snapshot = tmp_path / "snapshot.json"
    snapshot.write_bytes(dump(account(users=[user("alice")])))
    done = fresh.run("iam-audit", "scan", "--snapshot", snapshot, "-o", "r.html", "-o", "r.json", cwd=tmp_path)
    assert "Exit code 0" in done.stderr, done.stderr
    assert "iam-password-policy" in done.stdout
    where = fresh.run("python", "-c", "import auditor, rules; print(auditor.__file__, rules.__file__)", cwd=tmp_path)
    assert where.stdout.count(str(fresh.site)) == 2


def test_an_editable_install_finds_both_packages_side_by_side(tmp_path: Path) -> None:
    code = "import auditor, importlib.util as u; print(auditor.__file__, u.find_spec('rules').origin)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True, text=True)
    assert done.stdout.split() == [str(ROOT / "auditor/__init__.py"), str(ROOT / "rules/__init__.py")]


def test_a_folder_named_rules_where_one_works_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/__init__.py").write_text("raise SystemExit('this must not run')")
    command = [sys.executable, "-m", "auditor", "rules", "list"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True)
    assert "iam-password-policy" in done.stdout


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, check=True, text=True)
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"^make (\w+) +\S.+\.$", done.stdout, re.MULTILINE) == phony.split()


def test_the_picture_shows_every_wing_above_what_it_imports() -> None:
    drawn = ET.parse(ROOT / "docs/wings.svg").getroot()
    heights = {text.text: int(text.attrib["y"]) for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    for path in MODULES:
        wing = layer_of(path)
        if wing in WINGS and wing not in BELOW:
            for imported in layers_seen(path) & {*WINGS} - BELOW - {wing}:
                assert heights[wing] < heights[imported], f"{path} imports {imported}"


def test_every_test_that_the_documentation_names_exists() -> None:
    named = set(
        re.findall(r"`(test_\w+\.py)::(test_\w+)(?:\[([^]]*)\])?`", (ROOT / "docs/trust.md").read_text("utf-8"))
    )
    assert len(named) > 50
    for file, function, case in named:
        (path,) = (ROOT / "tests").rglob(file)
        text = path.read_text("utf-8")
        assert f"def {function}(" in text, f"{file}::{function}"
        assert f'"{case}"' in text or not case, f"{file}::{function}[{case}]"
