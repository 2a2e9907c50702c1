"""Write the generated documentation, or with --check print which files are out of date.

Generated are the JSON Schemas of reports of all kinds, baselines and the configuration file, docs/rules.md,
docs/wings.svg, the parts of README.md and of pages in docs/ between markers, and the outputs of the commands in
docs/examples.
"""

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import split
from typing import Any

import msgspec
import practices
import wings

from auditor.account.sources import BULK
from auditor.collectors.live.collection import permissions_policy
from auditor.evidence.index import Index
from auditor.evidence.statement import ReportStatement, Statement
from auditor.evidence.verification import PackVerification
from auditor.explaining.explanation import Explanation
from auditor.history.aged import OpenFindings
from auditor.history.reported import ReportAges
from auditor.history.sample import Sample
from auditor.history.trend import Trend
from auditor.history.verification import Verification
from auditor.judging.catalogue import is_managed
from auditor.judging.parameters import needed
from auditor.judging.registry import load_rules, page, sections
from auditor.judging.rule import Rule
from auditor.organization.report import OrganizationReport
from auditor.parity.parity import Parity
from auditor.publish.publication import Publication
from auditor.report.baseline import Baseline
from auditor.report.comparison import Comparison
from auditor.report.forecast import Forecast
from auditor.report.report import Report
from auditor.selection.frameworks import controls
from auditor.selection.sets import sets_of
from auditor.selection.tables import Config

ROOT = Path(__file__).parent.parent
_PACK = "-ConfigPack"  # mappings by conformance packs are long; `scan --format json` has them
_RULES_HEAD = """# Rules

This page is generated from the rules. `iam-audit rules show NAME` prints the page of one rule. If an account has no
resource that a rule evaluates, the rule has one finding on the account, NOT_APPLICABLE. If it is unknown what there is,
that finding is INSUFFICIENT_DATA. Both are our decision; AWS Config shows no result then.

The sets (`--rules`): `default` runs if nothing is selected, and `core` is a part of it. `aws-config` holds all rules of
AWS Config. `practices` holds rules that AWS Config does not have; [Practices](practices.md) shows them at work. `all`
holds every rule. A rule that needs a value runs only if the value is given.
"""
MARKED = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

RUN = re.compile(r"(```sh\n(?P<command>iam-audit .*?)\n```\n\n<!-- generated: run -->\n).*?(<!-- end -->)", re.DOTALL)
"""A command and its output."""


def main(arguments: list[str]) -> int:
    """Write every generated file that is out of date; with --check, write nothing and return 1 if there is one."""
    stale = [(path, text) for path, text in generated() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)} {'is out of date: run `make docs`' if '--check' in arguments else 'written'}")
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
    return 1 if stale and "--check" in arguments else 0


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each generated file with the content that it should have."""
    yield ROOT / "auditor/report/report.schema.json", schema(Report, "JSON report of iam-audit")
    yield ROOT / "auditor/report/diff.schema.json", schema(Comparison, "JSON diff of iam-audit")
    yield (
        ROOT / "auditor/organization/report.schema.json",
        schema(OrganizationReport, "JSON report of iam-audit on an organization"),
    )
    yield (
        ROOT / "auditor/explaining/explanation.schema.json",
        schema(Explanation, "JSON explanation of iam-audit, of one user, group, role or policy"),
    )
    yield ROOT / "auditor/report/baseline.schema.json", schema(Baseline, "Baseline of iam-audit")
    yield ROOT / "auditor/parity/parity.schema.json", schema(Parity, "JSON parity report of iam-audit")
    yield (
        ROOT / "auditor/publish/publication.schema.json",
        schema(Publication, "JSON of `iam-audit publish security-hub`"),
    )
    yield ROOT / "auditor/evidence/index.schema.json", schema(Index, "Index of an evidence pack of iam-audit")
    yield (
        ROOT / "auditor/evidence/verification.schema.json",
        schema(PackVerification, "JSON of `iam-audit evidence verify`"),
    )
    yield ROOT / "auditor/evidence/statement.schema.json", schema(Statement, "Statement in the signature of a pack")
    yield (
        ROOT / "auditor/evidence/report-statement.schema.json",
        schema(ReportStatement, "Statement in the signature of a report"),
    )
    yield ROOT / "auditor/report/forecast.schema.json", schema(Forecast, "JSON forecast of iam-audit")
    for name, kind in (
        ("findings", OpenFindings),
        ("report", ReportAges),
        ("sample", Sample),
        ("trend", Trend),
        ("verification", Verification),
    ):
        yield ROOT / f"auditor/history/{name}.schema.json", schema(kind, f"JSON of `iam-audit history`: {name}")
    yield (
        ROOT / "auditor/selection/config.schema.json",
        schema(Config, "iam-audit.toml, the configuration file of iam-audit"),
    )
    yield ROOT / "docs/rules.md", rule_reference()
    yield ROOT / "docs/wings.svg", wings.picture()
    for name in ("README.md", "docs/architecture.md", "docs/explain.md", "docs/practices.md"):
        path = ROOT / name
        yield path, MARKED.sub(_filled, path.read_text("utf-8"))
    examples = ROOT / "docs/examples/README.md"
    yield (
        examples,
        RUN.sub(lambda found: f"{found[1]}{_output(found['command'])}{found[3]}", examples.read_text("utf-8")),
    )


def schema(described_type: Any, title: str) -> str:
    """Return the JSON Schema of a document."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **msgspec.json.schema(described_type),
    }
    return json.dumps(_alike(described), indent=2) + "\n"


def _alike(part: Any) -> Any:
    """Return a part of a schema in a form that does not depend on the release of msgspec.

    Some releases keep the indentation in descriptions, and some add propertyNames.
    """
    if isinstance(part, dict):
        cleaned = {name: _alike(value) for name, value in part.items() if name != "propertyNames"}
        text = part.get("description")
        return cleaned | ({"description": inspect.cleandoc(text)} if isinstance(text, str) else {})
    return [_alike(value) for value in part] if isinstance(part, list) else part


def rule_reference() -> str:
    """Return the reference of all rules with their pages."""
    rules = load_rules().values()
    return "\n".join([_RULES_HEAD, _contents(rules), *map(_reference, rules)])


def _contents(rules: Iterable[Rule]) -> str:
    rows = ["| rule | severity | set | needs |", "| --- | --- | --- | --- |"]
    rows += [
        f"| [{rule.id}](#{rule.id}) | {rule.severity.capitalize()} | {sets_of(rule)[0]} | {', '.join(needed(rule))} |"
        for rule in rules
    ]
    return "\n".join(rows) + "\n"


def _reference(rule: Rule) -> str:
    lines = [f"## {rule.id}\n", f"{sections(page(rule))['']}\n"]
    origin = "AWS Config" if is_managed(rule) else "Not in AWS Config"
    lines.append(f"{origin}: [{rule.source_identifier}]({rule.source_url}). Severity: {rule.severity.capitalize()}.")
    lines.append(f"Judges: {', '.join(rule.resource_types)}. Reads: {', '.join(sorted(rule.reads))}.\n")
    lines += [
        f"**{heading}.** {_flowing(text)}\n".replace(" \n", "\n")
        for heading, text in sections(page(rule)).items()
        if heading
    ]
    frameworks = {name: ids for name, ids in controls().get(rule.id, {}).items() if not name.endswith(_PACK)}
    if frameworks:
        text = "; ".join(f"{name}: {', '.join(ids)}" for name, ids in frameworks.items())
        lines.append(f"**Controls.** {text}\n")
    return "\n".join(lines)


def _flowing(text: str) -> str:
    """Return a section in paragraphs, each on one line; lines that begin a parameter become a list."""
    paragraphs = [re.split(r"\n(?=\w+(?:, \w+)* \()", paragraph) for paragraph in text.split("\n\n")]
    return "\n\n".join(_paragraph([entry.replace("\n", " ") for entry in entries]) for entries in paragraphs)


def _paragraph(entries: list[str]) -> str:
    return entries[0] if len(entries) == 1 else "\n\n" + "\n".join(f"- {entry}" for entry in entries)


def _filled(match: re.Match[str]) -> str:
    return f"{match[1]}{PARTS[match['name']]()}{match[3]}"


def _rules_table() -> str:
    rows = ["| rule | what it checks | severity |", "| --- | --- | --- |"]
    rows += [
        f"| [{rule.id}](docs/rules.md#{rule.id}) | {sections(page(rule))['']} | {rule.severity.capitalize()} |"
        for rule in load_rules().values()
    ]
    return "\n".join(rows) + "\n"


def _permissions() -> str:
    text = json.dumps(permissions_policy(BULK), indent=2)
    return f"```json\n{text}\n```\n"


def _output(command: str) -> str:
    """Return the output of a scan of a planned change: the part of the table about the change, and the last line."""
    arguments = [sys.executable, "-m", "auditor", *split(command)[1:]]
    done = subprocess.run(  # noqa: S603  # the commands are those of our page
        arguments, cwd=ROOT, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=False
    )
    change = re.split(r"\n(?:Account|Sources:) ", done.stdout)[0]
    return f"```\n{change.strip()}\n\n{done.stderr.strip().splitlines()[-1]}\n```\n"


PARTS = {"rules": _rules_table, "permissions": _permissions, "wings": wings.table, **practices.PARTS}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
