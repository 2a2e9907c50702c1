"""Green means green: what the command line lets pass, an undisturbed account would have passed too.

Through the whole pipeline: a saved snapshot that knows less, a selection by options, file or pack, suppressions in
the file, the gate, and the controls of a framework.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from generated_accounts import CHOICES, accounts, less_known
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rule_parameters import REQUIRED, RULES

from auditor.account.checks import contradictions
from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.console.cli import main
from auditor.judging.engine import evaluate
from auditor.judging.finding import Finding
from auditor.judging.rule import OPEN
from auditor.selection.config import load
from auditor.selection.options import Choice
from auditor.selection.plan import planned
from auditor.testing import ACCOUNT_ID, listing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()
FRAMEWORKS = ("CIS-AWS-3.0", "FSBP", "NIST-800-53-r5")

Selected = Mapping[str, Mapping[str, str]]
"""Parameters by rule id."""


Aside = tuple[str, str, str, date]
"""A suppression: rule, kind of pattern, pattern, last day."""
ACCOUNTS_HOLD = {ResourceType.ACCOUNT, ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE, ResourceType.POLICY}
JUDGING = sorted(rule.id for rule in RULES.values() if ACCOUNTS_HOLD & set(rule.resource_types))
PRINTED = {
    "access-keys-rotated": {"maxAccessKeyAge": "90"},
    "iam-user-unused-credentials-check": {"maxCredentialUsageAge": "90"},
}
"""What a pack must give, although AWS prints a default."""

selections = st.dictionaries(st.sampled_from(JUDGING), st.integers(0, 1), min_size=1, max_size=2).map(
    lambda chosen: {
        rule_id: [REQUIRED.get(rule_id, {}), *CHOICES.get(rule_id, [])][: number + 1][-1]
        for rule_id, number in chosen.items()
    }
)
patterns = st.one_of(
    st.tuples(
        st.just("resource"),
        st.sampled_from(["*", "a*", "alice", "?ob", "carol", "Admins", "[DO]*", "R", "P", ACCOUNT_ID, "1*"]),
    ),
    st.tuples(st.just("path"), st.sampled_from(["/", "/*", "/eng/"])),
    st.tuples(st.just("tag"), st.sampled_from(["team", "team=a", "x"])),
)
ends = st.sampled_from([-1, 0, 30]).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def suppressions(draw: st.DrawFn, rules: Sequence[str]) -> Sequence[Aside]:
    drawn = st.tuples(st.sampled_from(rules), patterns, ends)
    return [(rule, *pattern, end) for rule, pattern, end in draw(st.lists(drawn, max_size=8))]


@st.composite
def tagged(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    people = [replace(each, tags=draw(st.sampled_from([{}, {"team": "a"}]))) for each in snapshot.users.known_part]
    return replace(snapshot, users=listing(people))


def choice_of(way: str, selected: Selected, aside: Sequence[Aside], folder: Path) -> Choice:
    """Select rules in one of the ways that there are; suppressions are always in the file."""
    lines = [
        f"[[suppressions]]\nrule = {json.dumps(rule)}\n{kind} = {json.dumps(pattern)}\n"
        f'{of_type}reason = "r"\nowner = "o"\nuntil = {end}\n'
        for rule, kind, pattern, end in aside
        for of_type in _types(rule)
    ]
    pack = folder / "pack.yaml"
    if way == "file":
        lines += [f"[rules.{rule}]\nparameters = {{ {_inline(values)} }}\n" for rule, values in selected.items()]
        lines += [f"[selection]\ninclude = {json.dumps(list(selected))}\n"]
    elif way == "pack":
        resources = {f"R{number}": _resource(*each) for number, each in enumerate(selected.items())}
        pack.write_text(json.dumps({"Resources": resources}))
    file = folder / "audit.toml"
    file.write_text("\n".join(lines))
    return Choice(
        config=str(file),
        packs=[str(pack)] if way == "pack" else (),
        include=list(selected) if way == "option" else (),
        parameters=[f"{rule}.{name}={value}" for rule, of in selected.items() for name, value in of.items()]
        if way == "option"
        else (),
    )


def _types(rule: str) -> list[str]:
    """Return the lines for which a suppression is written once each: a rule that judges several types needs one."""
    types = RULES[rule].resource_types
    return [f"type = {json.dumps(each)}\n" for each in (*types, "AWS::::Account")] if len(types) > 1 else [""]


def _inline(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items())


def _resource(rule_id: str, values: Mapping[str, str]) -> Any:
    source = {"Owner": "AWS", "SourceIdentifier": RULES[rule_id].source_identifier}
    given = {**PRINTED.get(rule_id, {}), **values}
    return {
        "Type": "AWS::Config::ConfigRule",
        "Properties": {"ConfigRuleName": f"our-{rule_id}", "Source": source, "InputParameters": given},
    }


def options_of(choice: Choice) -> Iterator[str]:
    yield from ("--config", choice.config or "")
    for option, values in (
        ("--conformance-pack", choice.packs),
        ("--rule", choice.include),
        ("--parameter", choice.parameters),
    ):
        for value in values:
            yield from (option, value)


def set_aside(finding: Finding, whole: Snapshot, rule_id: str, aside: Sequence[Aside]) -> bool:
    """Return whether somebody wrote down that this finding may be, or that not every resource of its rule is seen."""
    tags = next((each.tags for each in whole.users.known_part if each.arn == finding.resource_arn), {})
    of_rule = [(kind, pattern) for rule, kind, pattern, end in aside if rule == rule_id and end >= TODAY]
    if finding.resource_type is ResourceType.ACCOUNT or ("resource", ACCOUNT_ID) in of_rule:
        return ("resource", ACCOUNT_ID) in of_rule
    meant = {"resource": [finding.resource_name], "path": ["/"]}
    tagged = [*tags, *(f"{key}={value}" for key, value in tags.items())]
    return any(
        pattern in tagged if kind == "tag" else any(fnmatchcase(text, pattern) for text in meant[kind])
        for kind, pattern in of_rule
    )


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), way=st.sampled_from(["option", "file", "pack"]), selected=selections)
def test_what_passes_the_gate_or_meets_a_control_would_have_done_so_if_everything_were_known(
    data: st.DataObject, way: str, selected: Selected
) -> None:
    whole = data.draw(tagged(data.draw(accounts())))
    less = data.draw(less_known(whole)) if data.draw(st.booleans()) else whole
    aside = data.draw(suppressions(list(selected)))
    assume(not list(contradictions(less)))
    with TemporaryDirectory() as folder:
        choice = choice_of(way, selected, aside, Path(folder))
        saved, report = Path(folder, "snapshot.json"), Path(folder, "report.json")
        saved.write_bytes(dump(less))
        asked = [word for name in FRAMEWORKS for word in ("--framework", name)]
        options = ["-q", "--fail-on", "noncompliant", "--as-of", f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "-o", str(report)]
        options += ["--format", "json"]  # the table that is printed otherwise takes most of the time
        code = main(["scan", "--snapshot", str(saved), *options, *asked, *options_of(choice)])
        rules = planned(choice, load(choice.config, TODAY)).rules
        told = json.loads(report.read_text())
    assert {each.rule.id for each in rules} == set(selected)
    assert code in (0, 1, 4)
    ids = {each.config_rule_name: each.rule.id for each in rules}
    left = [each for each in evaluate(whole, rules).findings if each.compliance_type in OPEN]
    event(f"exit code {code}, {'findings' if left else 'no findings'}")
    if code == 0:
        assert [each for each in left if not set_aside(each, whole, ids[each.config_rule_name], aside)] == []
    open_rules = {each.config_rule_name for each in left}
    met = [each for of in told["frameworks"] for each in of["controls"] if each["compliance_type"] == "COMPLIANT"]
    event(f"{'some' if met else 'no'} control is met")
    for control in met:
        assert not open_rules & {rule["config_rule_name"] for rule in control["rules"]}
