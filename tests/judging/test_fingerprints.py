"""No two findings of one report share a fingerprint, whatever the rules judge and whatever is unknown."""

from typing import Any

from generated_accounts import accounts, less_known, parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from rule_parameters import RULES

from auditor.account.kinds import KINDS, ResourceType
from auditor.account.model import AccessAnalyzer, Snapshot
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.judging.rule import ConfiguredRule
from auditor.rule import Context, Rule, Severity, Verdict, compliant
from auditor.testing import account, group, listing, user

ANALYZER = AccessAnalyzer("a", "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a", "ACCOUNT", "ACTIVE")
RESOURCE_TYPES = st.lists(st.sampled_from([kind.resource_type for kind in KINDS]), unique=True, min_size=1)


def plug_in(*resource_types: ResourceType, regional: bool = False) -> Rule:
    def judge(_: Any, __: Context[Any]) -> Verdict:
        return compliant("fine")

    return Rule(
        id=f"plug-in-{len(resource_types)}-{regional}",
        source_identifier="PLUG_IN",
        resource_types=resource_types,
        reads=frozenset(),
        severity=Severity.LOW,
        source_url="https://example.com",
        evaluate=judge,
        regional=regional,
    )


def fingerprints(snapshot: Snapshot, *rules: ConfiguredRule) -> list[str]:
    return [finding.fingerprint for finding in evaluate(snapshot, rules).findings]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_two_findings_share_a_fingerprint(data: st.DataObject) -> None:
    whole = data.draw(accounts())
    snapshot = data.draw(st.sampled_from([whole, data.draw(less_known(whole))]))
    values = data.draw(parameters)
    rules = [configure(rule, values[rule.id]) for rule in RULES.values()]
    rules += [configure(plug_in(*data.draw(RESOURCE_TYPES), regional=regional), {}) for regional in (False, True)]
    found = fingerprints(snapshot, *rules)
    assert len(set(found)) == len(found)


def test_what_the_engine_concludes_of_a_list_is_no_verdict_on_the_account() -> None:
    rule = plug_in(ResourceType.ACCOUNT, ResourceType.USER, ResourceType.GROUP)
    snapshot = account(users=[user("alice")], groups=[group("A")], unknown=["users", "groups"])
    found = fingerprints(snapshot, configure(rule, {}))
    assert len(set(found)) == len(found) == 4


def test_a_regional_rule_names_the_region_which_is_part_of_the_fingerprint() -> None:
    rule = configure(plug_in(ResourceType.ACCESS_ANALYZER, regional=True), {})
    here = account(access_analyzers=listing([ANALYZER]), region="eu-west-1")
    (finding,) = evaluate(here, [rule]).findings
    assert (finding.region, finding.resource_name) == ("eu-west-1", "a")
    there = structs.replace(here, region="eu-north-1")
    assert fingerprints(here, rule) != fingerprints(there, rule)
