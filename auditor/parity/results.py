"""AWS Config's results as a comparison needs them: which rules are deployed where, what they said, and how they ran."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from msgspec import Struct, structs

from auditor import documents
from auditor.errors import SourceError
from auditor.judging.rule import ComplianceType
from auditor.parity.answers import Answer, Moment, RecordingGroup, ResultAnswer, RuleAnswer, ScopeAnswer, Selected

_ARN_FIELDS = 6
_DELETED = "DELETING"
"""The state of a rule that is about to be gone; one whose results alone are deleted stays (DELETING_RESULTS)."""
_KINDS = {kind.value: kind for kind in ComplianceType if kind is not ComplianceType.INSUFFICIENT_DATA}
_IAM_OF_OLD = frozenset({"AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"})
"""The types that includeGlobalResourceTypes switches:
https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html"""


class Place(Struct, frozen=True, order=True):
    """Name the account and the Region of an answer; None where nothing tells."""

    account: str | None = None
    region: str | None = None

    def may_be(self, other: "Place") -> bool:
        """Return whether two places can be one."""
        return all(
            None in pair or pair[0] == pair[1] for pair in ((self.account, other.account), (self.region, other.region))
        )


class Form(StrEnum):
    """Name the calls that return results; all but the first leave out what is NOT_APPLICABLE."""

    RULE = "rule"
    AGGREGATOR = "aggregator"
    PACK = "conformance-pack"
    QUERY = "query"


class Deployed(Struct, frozen=True):
    """Hold a rule as it is deployed in one Region; `fault` says why its parameters cannot be read."""

    name: str
    place: Place
    owner: str
    source_identifier: str
    parameters: Mapping[str, object]
    fault: str | None
    scope: ScopeAnswer
    created_by: str
    internal: bool
    frequency: str


class Evaluation(Struct, frozen=True):
    """Hold what a rule says of one resource, and when (UTC); `at` is None where the answer has no time."""

    rule: str
    place: Place
    resource_type: str
    resource_id: str
    compliance_type: ComplianceType
    at: datetime | None
    annotation: str
    form: Form


class Ran(Struct, frozen=True):
    """Hold how a rule ran: when it last succeeded (UTC), and AWS's error where it failed since."""

    rule: str
    place: Place
    succeeded_at: datetime | None
    error: str | None


class Recorder(Struct, frozen=True):
    """Hold whether a recorder is running, and what it records; each None where that is not known."""

    place: Place
    running: bool | None
    group: RecordingGroup | None

    def lacks(self, resource_type: str) -> bool:
        """Return whether the recorder is known not to record a resource type now."""
        if self.running is False:
            return True
        group = self.group
        if group is None or resource_type == "AWS::::Account":
            return False
        by = group.recording_strategy.use_only if group.recording_strategy else ""
        if by == "EXCLUSION_BY_RESOURCE_TYPES" and group.exclusion_by_resource_types:
            return resource_type in group.exclusion_by_resource_types.resource_types
        if group.all_supported:
            return resource_type in _IAM_OF_OLD and not group.include_global_resource_types
        return resource_type not in group.resource_types


Named = tuple[str, Place]
"""A rule's name, and where it is."""
_Listing = tuple[str | None, ...]
"""What all pages of one call have in common."""


class ConfigResults(Struct, frozen=True, kw_only=True):
    """Hold what AWS Config says, of one or several Regions.

    `listed` are the rules whose results are there, be they empty; `cut` those of which further pages are missing.
    `rules_cut` says that further pages of rules are missing. `unknown_types` names by rule a compliance type that
    cannot be compared.
    `unread` says by rule why its results could not be read. `passed_over` names files that are no answer of AWS Config.
    `described` are the names of all rules, also of those that AWS Config is deleting.
    """

    rules: tuple[Deployed, ...]
    evaluations: tuple[Evaluation, ...]
    ran: tuple[Ran, ...] = ()
    recorders: tuple[Recorder, ...] = ()
    listed: frozenset[Named] = frozenset()
    cut: frozenset[Named] = frozenset()
    rules_cut: bool = False
    unknown_types: Mapping[Named, str] = {}
    unread: Mapping[Named, str] = {}
    passed_over: tuple[str, ...] = ()
    described: frozenset[str] = frozenset()


NOWHERE = Place()
"""A place of which nothing is known."""


class Batch(Struct, frozen=True):
    """Hold the answers of one folder or Region, each with the name of its file.

    `refused` are the files that hold no answer, each with what was said instead.
    """

    answers: Sequence[tuple[str, Answer]]
    place: Place = NOWHERE
    refused: Sequence[tuple[str, str]] = ()


def results_of(batches: Sequence[Batch], passed_over: Sequence[str] = ()) -> ConfigResults:
    """Return the results in several batches; a batch that holds rules is of the Region that these name."""
    placed = [structs.replace(each, place=_place(each)) for each in batches]
    evaluations = tuple(each for batch in placed for each in _evaluations(batch))
    names = described(placed)
    return ConfigResults(
        rules=tuple(rule for batch in placed for rule in _rules(batch)),
        evaluations=evaluations,
        ran=tuple(each for batch in placed for each in _ran(batch)),
        recorders=tuple(each for batch in placed for each in _recorders(batch)),
        listed=frozenset(named for batch in placed for named in _empty(batch, names))
        | {(each.rule, each.place) for each in evaluations},
        cut=frozenset(named for batch in placed for named in _cut(batch, names)),
        unknown_types={named: kind for batch in placed for named, kind in _unknown_types(batch)},
        rules_cut=any(map(_rules_go_on, placed)),
        unread={named: why for batch in placed for named, why in _unread(batch, names)},
        passed_over=tuple(passed_over),
        described=names,
    )


def _place(batch: Batch) -> Place:
    """Return where a batch is from: what all of its rules name, else what is known of it."""
    places = {_place_of(rule.config_rule_arn) for _, each in batch.answers for rule in each.config_rules or ()}
    return places.pop() if len(places) == 1 else batch.place


def _place_of(arn: str, otherwise: Place = NOWHERE) -> Place:
    fields = arn.split(":", _ARN_FIELDS - 1)
    return Place(fields[4] or None, fields[3] or None) if len(fields) == _ARN_FIELDS else otherwise


def _rules(batch: Batch) -> Iterator[Deployed]:
    for _, answer in batch.answers:
        for rule in answer.config_rules or ():
            if rule.config_rule_state != _DELETED:
                yield _deployed(rule, batch.place)


def _deployed(rule: RuleAnswer, place: Place) -> Deployed:
    parameters, fault = _parameters(rule)
    return Deployed(
        name=rule.config_rule_name,
        place=_place_of(rule.config_rule_arn, place),
        owner=rule.source.owner,
        source_identifier=rule.source.source_identifier,
        parameters=parameters,
        fault=fault,
        scope=rule.scope or ScopeAnswer(),
        created_by=rule.created_by,
        internal=rule.rule_evaluation_visibility == "INTERNAL",
        frequency=rule.maximum_execution_frequency,
    )


def _parameters(rule: RuleAnswer) -> tuple[Mapping[str, object], str | None]:
    given = rule.input_parameters
    if not given:
        return {}, None
    if isinstance(given, dict):
        return given, None
    try:
        documents.check_keys(given)
        return dict(msgspec.json.decode(given, type=dict[str, str | int | float | bool | None])), None
    except documents.FAULTS as error:
        return {}, f"its InputParameters are no JSON object of plain values: {documents.reason(error)}"


def _evaluations(batch: Batch) -> Iterator[Evaluation]:
    for _, answer in batch.answers:
        for form, found in _forms(answer):
            for each in found:
                yield from _evaluation(each, form, batch.place)
        yield from _selected(answer, batch.place)


def _forms(answer: Answer) -> Iterable[tuple[Form, Sequence[ResultAnswer]]]:
    return (
        (Form.RULE, answer.evaluation_results or ()),
        (Form.AGGREGATOR, answer.aggregate_evaluation_results or ()),
        (Form.PACK, answer.conformance_pack_rule_evaluation_results or ()),
    )


def _evaluation(found: ResultAnswer, form: Form, place: Place) -> Iterator[Evaluation]:
    named, kind = found.evaluation_result_identifier.evaluation_result_qualifier, _KINDS.get(found.compliance_type)
    if kind is None or named.evaluation_mode == "PROACTIVE":  # the latter is about a template, not about the account
        return
    own = Place(found.account_id, found.aws_region) if form is Form.AGGREGATOR else place
    times = [moment(each) for each in (found.config_rule_invoked_time, found.result_recorded_time)]
    at = next((each for each in times if each is not None), None)
    yield Evaluation(
        named.config_rule_name, own, named.resource_type, named.resource_id, kind, at, found.annotation or "", form
    )


def _unknown_types(batch: Batch) -> Iterator[tuple[Named, str]]:
    for _, answer in batch.answers:
        for _, found in _forms(answer):
            for each in found:
                if each.compliance_type not in _KINDS:
                    name = each.evaluation_result_identifier.evaluation_result_qualifier.config_rule_name
                    yield (name, batch.place), each.compliance_type


def _selected(answer: Answer, place: Place) -> Iterator[Evaluation]:
    """Yield what the results of a query over AWS::Config::ResourceCompliance say, which have neither time nor text."""
    for text in answer.results or ():
        try:
            found = msgspec.json.decode(text, type=Selected)
        except (TypeError, *documents.FAULTS):
            continue  # a query for something else, or of another service
        own = Place(found.account_id or place.account, found.aws_region or place.region)
        target = found.configuration.target_resource_type, found.configuration.target_resource_id
        for each in found.configuration.config_rule_list:
            if (kind := _KINDS.get(each.compliance_type)) is not None:
                yield Evaluation(each.config_rule_name, own, *target, kind, None, "", Form.QUERY)


def _ran(batch: Batch) -> Iterator[Ran]:
    for _, answer in batch.answers:
        for each in answer.config_rules_evaluation_status or ():
            succeeded, failed = moment(each.last_successful_evaluation_time), moment(each.last_failed_evaluation_time)
            since = failed is not None and (succeeded is None or failed > succeeded)
            said = ": ".join(filter(None, (each.last_error_code, each.last_error_message)))
            place = _place_of(each.config_rule_arn, batch.place)
            yield Ran(each.config_rule_name, place, succeeded, (said or "it failed") if since or said else None)


def _recorders(batch: Batch) -> Iterator[Recorder]:
    described = [each for _, answer in batch.answers for each in answer.configuration_recorders or ()]
    statuses = [each for _, answer in batch.answers for each in answer.configuration_recorders_status or ()]
    was_read = any(answer.configuration_recorders is not None for _, answer in batch.answers)
    if not (described or statuses):
        if was_read:  # and there is none
            yield Recorder(batch.place, running=False, group=None)
        return
    running = {each.name: each.recording for each in statuses}
    groups = {each.name: each.recording_group for each in described}
    for name in {**groups, **running}:
        yield Recorder(batch.place, running.get(name), groups.get(name))


def described(batches: Sequence[Batch]) -> frozenset[str]:
    """Return the names of all rules that batches describe."""
    return frozenset(
        rule.config_rule_name for batch in batches for _, answer in batch.answers for rule in answer.config_rules or ()
    )


def _empty(batch: Batch, names: frozenset[str]) -> Iterator[Named]:
    """Yield the rules that have no result; such an answer is of the rule that its file is named for."""
    for file, answer in batch.answers:
        if answer.evaluation_results is not None and not answer.evaluation_results:
            name = rule_named_by(file, names)
            if name is not None:
                yield name, batch.place


def _unread(batch: Batch, names: frozenset[str]) -> Iterator[tuple[Named, str]]:
    for file, said in batch.refused:
        if (name := rule_named_by(file, names)) is not None:
            yield (name, batch.place), said


def rule_named_by(file: str, names: frozenset[str]) -> str | None:
    """Return the rule whose whole name is in that of a file, the longest of several; None where there is none."""
    whole = (name for name in names if re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", file))
    return max(whole, key=len, default=None)


def _rules_go_on(batch: Batch) -> bool:
    """Return whether a page of rules says that more follow, and none of the same place that it is the last."""
    pages = [(each.config_rules, each.next_token) for _, each in batch.answers if each.config_rules is not None]
    last = {_place_of(rule.config_rule_arn) for rules, token in pages if not token for rule in rules}
    if any(not (rules or token) for rules, token in pages):  # an empty last page is of any place
        return False
    return any(token and not {_place_of(rule.config_rule_arn) for rule in rules} & last for rules, token in pages)


def _cut(batch: Batch, names: frozenset[str]) -> Iterator[Named]:
    """Yield the rules of which a page says that more follow, and no page of the same listing that it is the last."""
    rules: dict[_Listing, set[str]] = {}
    going_on: dict[_Listing, set[str]] = {}
    ended: dict[_Listing, set[str]] = {}
    for file, answer in batch.answers:
        pages = going_on if answer.next_token else ended
        for listing, rule, kind in _listings(file, answer, names):
            rules.setdefault(listing, set()).add(rule)
            pages.setdefault(listing, set()).add(kind)
    for name in {name for each in going_on if _goes_on(going_on[each], ended.get(each)) for name in rules[each]}:
        yield name, batch.place


def _goes_on(kinds: set[str], last: set[str] | None) -> bool:
    """Return whether pages that go on have no last one, by the compliance types of either.

    A page that shares no type with the others may be that of a listing of its own, asked for with --compliance-types.
    """
    return last is None or ("" not in last and kinds.isdisjoint(last))


def _listings(file: str, answer: Answer, names: frozenset[str]) -> Iterator[tuple[_Listing, str, str]]:
    """Yield the listings that an answer is a page of, each with a rule and a compliance type of it.

    A page without results is of the rule that its file is named for, and of no compliance type ("").
    """
    for form, found in _forms(answer):
        for each in found:
            name = each.evaluation_result_identifier.evaluation_result_qualifier.config_rule_name
            yield _listing(form, name, each, answer), name, each.compliance_type
    if answer.evaluation_results == () and (named := rule_named_by(file, names)) is not None:
        yield (Form.RULE, named), named, ""
    for evaluation in _selected(answer, NOWHERE):
        yield (Form.QUERY,), evaluation.rule, evaluation.compliance_type


def _listing(form: Form, name: str, found: ResultAnswer, answer: Answer) -> _Listing:
    """Return what the pages of one call have in common."""
    if form is Form.AGGREGATOR:
        return form, name, found.account_id, found.aws_region
    return (form, answer.conformance_pack_name) if form is Form.PACK else (form, name)


def moment(value: Moment) -> datetime | None:
    """Return a time in UTC, to the microsecond; a time without zone is UTC. Raises SourceError for what is no time."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if value is None:
            return None
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError, OSError) as error:
        problem = f"AWS Config's answers hold a time that cannot be: {value}"
        raise SourceError(problem, "Write them again with the AWS CLI.") from error
