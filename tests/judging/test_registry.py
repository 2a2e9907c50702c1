"""The registry: finds rules, refuses what stands in their way, selects by name."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.errors import AuditError, UsageError
from auditor.judging import registry
from auditor.judging.registry import find, load_rules
from auditor.testing import account

PLUGIN = """
from auditor.model import ResourceType, Source
from auditor.rule import Rule, Severity, compliant
RULE = Rule(id="{id}", source_identifier="OUR_OWN", resource_types=(ResourceType.USER,),
            reads=frozenset({{Source.USERS}}), severity=Severity.LOW, source_url="https://example.com",
            evaluate=lambda user, context: compliant("fine"))
"""

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that puts a distribution with one plug-in rule on the path."""

    def installed(source: str, module: str = "our_rules", value: str = "our_rules:RULE") -> Path:
        (tmp_path / f"{module}.py").write_text(source)
        metadata = tmp_path / "our_plugin-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: our-plugin\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[iam_audit.rules]\nours = {value}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return tmp_path

    return installed


def test_every_module_of_the_folder_is_a_rule() -> None:
    folder = Path(registry.__file__).parents[2] / "rules"
    modules = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    assert list(load_rules()) == [module.replace("_", "-") for module in modules]


def test_a_plug_in_is_found(install: Install) -> None:
    install(PLUGIN.format(id="our-own"))
    assert "our-own" in load_rules()


def test_a_plug_in_in_an_egg_is_found(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = install(PLUGIN.format(id="our-own")) / "our_plugin-1.0.dist-info"
    egg = metadata.with_name("our_plugin-1.0.egg")
    egg.mkdir()
    (metadata / "METADATA").rename(metadata / "PKG-INFO")
    metadata.rename(egg / "EGG-INFO")
    monkeypatch.syspath_prepend(str(egg))
    assert "our-own" in load_rules()


def test_a_plug_in_in_an_archive_is_found(install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = install(PLUGIN.format(id="our-own"))
    archive = shutil.make_archive(str(tmp_path.parent / f"{tmp_path.name}-packed"), "zip", folder)
    monkeypatch.setattr(sys, "path", [archive, *(each for each in sys.path if each != str(folder))])
    assert "our-own" in load_rules()


def test_a_plug_in_that_a_finder_of_its_own_finds_is_found(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(PLUGIN.format(id="our-own"))

    class Finder(DistributionFinder):
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, _: object = None) -> Iterable[Distribution]:
            return [Distribution.at(hidden)]

    hidden = (folder / "our_plugin-1.0.dist-info").rename(folder.parent / f"{folder.name}-1.0.dist-info")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert "our-own" in load_rules()


def test_a_plug_in_may_name_a_module(install: Install) -> None:
    install(PLUGIN.format(id="our-own"), value="our_rules")
    assert "our-own" in load_rules()


@pytest.mark.parametrize(
    "source",
    [
        PLUGIN.format(id="iam-password-policy"),
        PLUGIN.format(id="our-own").replace("OUR_OWN", "IAM_PASSWORD_POLICY"),
        PLUGIN.format(id="IAM_PASSWORD_POLICY"),
    ],
    ids=["id", "source identifier", "one's id is the other's identifier"],
)
def test_two_rules_with_one_name_are_fatal_and_both_origins_named(install: Install, source: str) -> None:
    install(source)
    with pytest.raises(AuditError, match=r"from rules.iam_password_policy, one from our-plugin \(ours\)"):
        load_rules()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("RULE = 7", "holds no rule: our_rules.RULE is not a Rule"),
        ("", "holds no rule"),
        ("raise RuntimeError('no')", "plug-in ours of our-plugin cannot be loaded: RuntimeError: no"),
        ("import missing_module", "cannot be loaded: ModuleNotFoundError"),
        ("raise SystemExit(0)", "plug-in ours of our-plugin cannot be loaded: SystemExit: 0"),
    ],
)
def test_a_plug_in_that_is_no_rule_is_fatal(install: Install, source: str, message: str) -> None:
    install(source)
    with pytest.raises(AuditError, match=message):
        load_rules()


def test_a_plug_in_that_ends_the_program_elsewhere_is_a_fault_and_not_a_passed_audit(
    install: Install, run: Run, tmp_path: Path
) -> None:
    parameters = "class Ends(Struct, frozen=True):\n    def __post_init__(self):\n        raise SystemExit(0)\n"
    rule = PLUGIN.format(id="our-own").replace("evaluate=", "parameters=Ends, evaluate=")
    install(f"from msgspec import Struct\n{parameters}{rule}")
    snapshot = tmp_path / "snapshot.json"
    snapshot.write_bytes(dump(account()))
    result = run("scan", "--snapshot", snapshot, "--rule", "our-own")
    assert result.code == 3
    assert "this is a bug in iam-audit" in result.err


def test_another_distribution_named_rules_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/__init__.py").write_text("raise SystemExit('this must not run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "rules"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(AuditError, match=f"Python finds {tmp_path}") as raised:
        load_rules()
    assert "pipx" in raised.value.hint


def test_a_module_without_a_rule_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["rules.iam_password_policy"], "RULE", None)
    with pytest.raises(AuditError, match=r"rules\.iam_password_policy holds no rule"):
        load_rules()


@pytest.mark.parametrize("name", ["iam-password-policy", "IAM_PASSWORD_POLICY"])
def test_a_rule_is_found_by_name_and_identifier(name: str) -> None:
    assert find(load_rules(), name).id == "iam-password-policy"


@pytest.mark.parametrize("name", ["iam-pasword-policy", "IAM_PASSWORD_POLICYS", "Iam-Password-Policy"])
def test_an_unknown_rule_is_refused_with_the_nearest_name(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        find(load_rules(), name)
    assert raised.value.hint.lower().replace("_", "-").startswith("did you mean iam-password-policy")


def test_a_name_unlike_any_rule_points_at_the_list() -> None:
    with pytest.raises(UsageError) as raised:
        find(load_rules(), "zzz")
    assert "rules list" in raised.value.hint


def test_plug_ins_are_not_looked_up_when_nobody_declares_one() -> None:
    """In a process of its own: what Dask imports takes the standard library's finder away."""
    code = "import sys; sys.modules['importlib.metadata'] = None; from auditor.judging.registry import load_rules; "
    done = subprocess.run([sys.executable, "-c", f"{code}print(len(load_rules()))"], capture_output=True, check=True)
    assert int(done.stdout) == len([*(Path(registry.__file__).parents[2] / "rules").glob("[a-z]*.py")])
