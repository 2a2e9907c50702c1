"""AWS Config's results read from AWS itself: of one account and Region, page by page, within a time limit.

https://docs.aws.amazon.com/config/latest/APIReference/API_Operations.html
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import structs

from auditor.collectors.live.asking_again import holding
from auditor.collectors.live.pages import Sleep, pages
from auditor.collectors.live.refusals import FAULTS, OvertimeError, error_code
from auditor.collectors.live.session import DEFAULT_TIMEOUT_S, Connection
from auditor.collectors.live.side_by_side import Deadline
from auditor.errors import SourceError
from auditor.judging.catalogue import concerns_iam
from auditor.parity.answers import Answer, RuleAnswer
from auditor.parity.results import Batch, ConfigResults, Named, Place, results_of

PAGE_SIZE = 100  # AWS's maximum of GetComplianceDetailsByConfigRule
LONGEST_NAME = 64
"""Characters: GetComplianceDetailsByConfigRule takes no longer name, although a rule may have 128."""
_QUERY = (
    "SELECT accountId, awsRegion, configuration.targetResourceId, configuration.targetResourceType, "
    "configuration.complianceType, configuration.configRuleList "
    "WHERE resourceType = 'AWS::Config::ResourceCompliance'"
)
_GRANT = "Grant {action}; `iam-audit permissions --parity` prints all that is needed."


def collect_config_results(
    connection: Connection,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    timer: Callable[[], float] = time.monotonic,
    sleep: Sleep = time.sleep,
) -> ConfigResults:
    """Return what AWS Config says in the connection's account and Region of the rules about IAM.

    What AWS refuses of a single rule is missing in the result, with the reason. Raises SourceError where the rules
    themselves cannot be read.
    """
    reading = _Reading(connection, Deadline(timer, timeout_s), sleep)
    place = Place(connection.caller.account_id, connection.region)
    rules = reading.rules()
    answers: list[tuple[str, Answer]] = [("DescribeConfigRules", Answer(config_rules=tuple(rules)))]
    answers += reading.around()
    unread: dict[Named, str] = {}
    long_names: list[str] = []
    for name in (each.config_rule_name for each in rules if _is_wanted(each)):
        if len(name) > LONGEST_NAME:
            long_names.append(name)
            continue
        found, why = reading.details(name)
        answers += [(name, each) for each in found]
        if why is not None:
            unread[name, place] = why
    found, why = reading.query() if long_names else ([], None)
    answers += [("SelectResourceConfig", each) for each in found]
    unread |= {(name, place): why for name in long_names if why is not None}
    results = results_of([Batch(answers, place)])
    names = {name for name, _ in unread}
    cut = {each for each in results.listed if each[0] in names}
    return structs.replace(results, unread=unread, cut=results.cut | cut)


def _is_wanted(rule: RuleAnswer) -> bool:
    return (
        rule.source.owner == "AWS"
        and concerns_iam(rule.source.source_identifier)
        and rule.rule_evaluation_visibility != "INTERNAL"
    )


class _Reading:
    """Read from AWS Config, page by page."""

    def __init__(self, connection: Connection, deadline: Deadline, sleep: Sleep) -> None:
        self._config = connection.client("config")
        self._deadline = deadline
        self._sleep = sleep

    def rules(self) -> list[RuleAnswer]:
        """Return every rule; raise SourceError where they cannot all be read."""
        try:
            return [
                rule for page in self._pages("describe_config_rules", "ConfigRules") for rule in page.config_rules or ()
            ]
        except FAULTS as error:
            problem = f"the rules of AWS Config could not be read: {_said(error, 'config:DescribeConfigRules')}"
            raise SourceError(problem, _GRANT.format(action="config:DescribeConfigRules")) from error

    def around(self) -> Iterator[tuple[str, Answer]]:
        """Yield how rules ran and what is recorded, as far as it can be read; only explanations rest on it."""
        for method, key in (
            ("describe_config_rule_evaluation_status", "ConfigRulesEvaluationStatus"),
            ("describe_configuration_recorders", "ConfigurationRecorders"),
            ("describe_configuration_recorder_status", "ConfigurationRecordersStatus"),
        ):
            found, _ = self._as_far_as_read(method, key, {})
            yield from ((method, each) for each in found)

    def details(self, name: str) -> tuple[list[Answer], str | None]:
        """Return the pages of a rule's results, and why further ones are missing, if they are."""
        given = {"ConfigRuleName": name, "Limit": PAGE_SIZE}
        return self._as_far_as_read("get_compliance_details_by_config_rule", "EvaluationResults", given)

    def query(self) -> tuple[list[Answer], str | None]:
        """Return what a query says of all resources, for rules whose names are too long for their own call."""
        return self._as_far_as_read("select_resource_config", "Results", {"Expression": _QUERY, "Limit": PAGE_SIZE})

    def _as_far_as_read(self, method: str, key: str, given: Mapping[str, Any]) -> tuple[list[Answer], str | None]:
        found: list[Answer] = []
        try:
            for page in self._pages(method, key, given):
                found.append(structs.replace(page, next_token=None))  # noqa: PERF401 - the pages before a fault stay
        except FAULTS as error:
            return found, _said(error, f"config:{''.join(each.title() for each in method.split('_'))}")
        return found, None

    def _pages(self, method: str, key: str, given: Mapping[str, Any] | None = None) -> Iterator[Answer]:
        ask = holding(partial(getattr(self._config, method), **(given or {})), key)
        return pages(ask, Answer, self._deadline, self._sleep, place="NextToken", next_place=_next)


def _next(page: Answer) -> str | None:
    return page.next_token or None


def _said(error: Exception, action: str) -> str:
    """Return why a call failed, with the action to grant where it was denied."""
    if isinstance(error, OvertimeError):
        return f"the time was over ({error.timeout_s:g} s)"
    code = error_code(error)
    return f"{code}; grant {action}" if "Denied" in code or "Unauthorized" in code else f"AWS answered {code}"
