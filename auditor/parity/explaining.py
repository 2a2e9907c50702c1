"""Why AWS Config's verdict on a resource and ours differ: exactly one cause, or why they cannot be compared."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.account.report_age import duration
from auditor.account.sources import Source
from auditor.account.unknown import stored
from auditor.judging.catalogue import CHANGE_TRIGGERED
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, ConfiguredRule
from auditor.parity import decisions
from auditor.parity.decisions import Decision
from auditor.parity.deployed import Group
from auditor.parity.joining import Answered, Joined, Resources
from auditor.parity.parity import Cause, NotComparable
from auditor.parity.results import Deployed, Form, Place, Ran, Recorder

_REPORT_LASTS = timedelta(hours=4)
"""For so long AWS returns the same credential report:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html"""
_UNEXPLAINED = "AWS Config's answer for the rule is empty, and neither its evaluation status nor a recorder says why"
_DOUBTFUL = (
    "AWS does not document the ids of this type, and no id that AWS Config has is an ARN or a name of the snapshot"
)
_DATED = ("created_at", "updated_at", "uploaded_at")
"""The fields of records that say when a resource was changed."""


class Explained(NamedTuple):
    """Hold the cause of a disagreement, or why there is nothing to compare; and why, in words."""

    cause: Cause | NotComparable
    text: str
    decision: Decision | None = None


class Partial(NamedTuple):
    """Hold why AWS Config's answer for a rule is not whole, so that it proves no absence; and why, in words."""

    cause: NotComparable
    text: str


class Knowledge(Struct, frozen=True, kw_only=True):
    """Hold what is known beside the verdicts: the snapshot, how rules ran, what is recorded, which pages are missing.

    `max_apart` is within what time an evaluation counts as of the snapshot's state.
    """

    snapshot: Snapshot
    resources: Resources
    ran: Sequence[Ran]
    recorders: Sequence[Recorder]
    max_apart: timedelta


class WholeAnswer(Struct, frozen=True):
    """Hold what AWS Config's answer for a group of rules says as a whole, of whatever resources.

    These are the resource types and compliance types that it holds, its forms, the time of its newest evaluation, the
    resource types of which nobody knows what the ids mean, and why it is not whole, if it is not.
    """

    resource_types: frozenset[str]
    compliance_types: frozenset[ComplianceType]
    forms: frozenset[Form]
    newest: datetime | None
    doubtful: frozenset[str]
    partial: Partial | None

    @property
    def is_empty(self) -> bool:
        """Return whether it holds no verdict."""
        return not self.forms

    @property
    def lacks_not_applicable(self) -> bool:
        """Return whether all of it comes from calls that leave out what is NOT_APPLICABLE."""
        return not self.is_empty and Form.RULE not in self.forms


def as_a_whole(answers: Sequence[Answered], resources: Resources, partial: Partial | None) -> WholeAnswer:
    """Return what all answers for a group of rules say together."""
    evaluations = [each.evaluation for each in answers]
    return WholeAnswer(
        resource_types=frozenset(each.resource_type for each in evaluations),
        compliance_types=frozenset(each.compliance_type for each in evaluations),
        forms=frozenset(each.form for each in evaluations),
        newest=max((each.at for each in evaluations if each.at), default=None),
        doubtful=resources.with_doubtful_ids(answers),
        partial=partial,
    )


class Case(Struct, frozen=True):
    """Hold one resource of one group of rules, and AWS Config's verdict that is looked at, if there is one.

    `whole` is AWS Config's answer for the group.
    """

    group: Group
    ours: ConfiguredRule
    joined: Joined
    answer: Answered | None
    whole: WholeAnswer

    @property
    def finding(self) -> Finding | None:
        """Return our verdict."""
        return self.joined.finding

    @property
    def changes_trigger(self) -> bool:
        """Return whether AWS Config runs the rule when a resource changes, and not by the clock."""
        return self.ours.rule.source_identifier in CHANGE_TRIGGERED


def explained(case: Case, known: Knowledge) -> Explained | None:
    """Return why the verdicts of a case differ; None where neither side has one that the other should have."""
    finding, answer = case.finding, case.answer
    if answer is not None and answer.contradicting:
        types = " and ".join(answer.contradicting)
        return Explained(
            NotComparable.CONTRADICTION, f"AWS Config's answers of one time contradict each other: {types}"
        )
    theirs = answer.evaluation.compliance_type if answer else None
    if finding is None:
        return None if answer is None else _only_there(case, answer, known)
    ours = finding.compliance_type
    if theirs is None and ours is ComplianceType.NOT_APPLICABLE:
        return None
    if ours is ComplianceType.INSUFFICIENT_DATA:
        return Explained(NotComparable.UNDECIDED, finding.annotation)
    if not case.group.alike:
        return Explained(Cause.PARAMETERS, f"AWS Config has other parameters: {_given(case)}")
    return _only_here(case, known, finding) if answer is None else _on_both(case, known, finding, answer)


def _given(case: Case) -> str:
    given = case.group.first.parameters
    return ", ".join(f"{name}={value}" for name, value in sorted(given.items())) or "none"


def _only_there(case: Case, answer: Answered, known: Knowledge) -> Explained | None:
    """Explain a verdict of AWS Config on a resource that we have none on; None for one that says nothing."""
    evaluation, captured_at = answer.evaluation, known.snapshot.captured_at
    kind = evaluation.resource_type
    if evaluation.compliance_type is ComplianceType.NOT_APPLICABLE:
        return None
    if known.resources.find(evaluation, answer.deployed.source_identifier) is not None:
        return Explained(Cause.PARAMETERS, f"the snapshot holds it, but the rule was not asked about {kind} here")
    if not known.resources.is_listed_whole(kind):
        text = f"the snapshot does not hold every {kind} with its unique id"
        return Explained(NotComparable.LIST_INCOMPLETE, text)
    if kind in case.whole.doubtful:
        return Explained(NotComparable.UNKNOWN_ID, _DOUBTFUL)
    if captured_at is not None and evaluation.at is not None and evaluation.at > captured_at:
        return Explained(Cause.TIME, f"evaluated {_apart(evaluation.at, captured_at)}, and not in it: made since")
    return Explained(Cause.DELETED, "the snapshot lists every resource of this type, and this id is not among them")


def _only_here(case: Case, known: Knowledge, finding: Finding) -> Explained:
    """Explain a verdict of ours on a resource of which AWS Config says nothing."""
    if (text := _out_of_scope(case, finding)) is not None:
        return Explained(Cause.PARAMETERS, text)
    if elsewhere := sorted({each.deployed.place.region or "" for each in case.joined.answers}):
        text = f"AWS Config has it in {', '.join(elsewhere)}, and the snapshot is of {known.snapshot.region}"
        return Explained(Cause.REGION, text)
    if (unnamed := _unnamed(case, finding)) is not None:
        return unnamed
    if (text := _not_recorded(case, known, finding)) is not None:
        return Explained(Cause.NOT_RECORDED, text)
    return _withheld(case, finding) or _overlooked(case, known)


def _unnamed(case: Case, finding: Finding) -> Explained | None:
    """Return why AWS Config may have a verdict on a resource that is not found in its answer."""
    if finding.resource_id is None and not case.whole.is_empty:
        return Explained(NotComparable.LIST_INCOMPLETE, "its unique id is unknown, by which AWS Config names it")
    if (partial := case.whole.partial) is not None:
        return Explained(partial.cause, partial.text)
    if finding.resource_type in case.whole.doubtful:
        return Explained(NotComparable.UNKNOWN_ID, _DOUBTFUL)
    return None


def _overlooked(case: Case, known: Knowledge) -> Explained:
    """Explain a verdict that AWS Config should have, but for a decision of ours or for the time."""
    if (decision := _decision(case, known, None)) is not None:
        return Explained(Cause.DECISION, decision.text, decision)
    newest = case.whole.newest
    if newest is not None and (change := _changed_after(case, known, newest)) is not None:
        return Explained(Cause.TIME, f"AWS Config's newest evaluation is of {_moment(newest)}; {change}")
    captured = known.snapshot.captured_at
    if newest is not None and captured is not None and newest - captured > known.max_apart:
        text = f"AWS Config's newest evaluation was made {_apart(newest, captured)}: it may be deleted since"
        return Explained(Cause.TIME, text)
    return Explained(Cause.REAL, "AWS Config has verdicts on other resources of this type, and none on this one")


def _out_of_scope(case: Case, finding: Finding) -> str | None:
    """Return how the Scope of a rule leaves a resource out; it means something only where changes trigger the rule."""
    scope = case.group.scope
    if scope.compliance_resource_id not in ("", finding.resource_id):
        return f"the Scope restricts the rule to {scope.compliance_resource_id}"
    if scope.tag_key:
        return f"the Scope restricts the rule to the tag {scope.tag_key}={scope.tag_value or '*'}"
    if scope.service_principals:
        return f"the Scope is that of a service ({', '.join(scope.service_principals)})"
    types = scope.compliance_resource_types
    if case.changes_trigger and types and finding.resource_type not in types:
        return f"the Scope names {', '.join(types)} only"
    return None


def _not_recorded(case: Case, known: Knowledge, finding: Finding) -> str | None:
    """Return why AWS Config cannot have a verdict on a resource: no run, no recording, or no result of its type.

    An answer that is empty proves nothing by itself.
    """
    ran = [_ran(known, each) for each in case.group.deployed]
    if ran and all(each is not None and each.succeeded_at is None for each in ran):
        error = next((each.error for each in ran if each is not None and each.error), None)
        return f"the rule never ran with success{f': {error}' if error else ''}"
    if (text := _unrecorded(case, known, finding.resource_type)) is not None:
        return text
    if case.whole.is_empty:
        return _idle(case, known, finding.resource_type)
    if finding.resource_type not in case.whole.resource_types and not case.whole.lacks_not_applicable:
        return f"the rule has no result for any {finding.resource_type}, as where the type is not recorded"
    return None


def _idle(case: Case, known: Knowledge, resource_type: str) -> str | None:
    """Return why a rule has no result at all: it fails, or a resource type is not recorded, whatever triggers it."""
    ran = [_ran(known, each) for each in case.group.deployed]
    if ran and all(each is not None and each.error for each in ran):
        error = next(each.error for each in ran if each is not None)
        return f"the rule fails now ({error}), and has no result"
    return _lacking(case, known, resource_type)


def _ran(known: Knowledge, deployed: Deployed) -> Ran | None:
    """Return how a rule ran, None where that is not known."""
    return next((each for each in known.ran if each.rule == deployed.name and each.place.may_be(deployed.place)), None)


def _unrecorded(case: Case, known: Knowledge, resource_type: str) -> str | None:
    """Return that no recorder of the rule's Regions records a type; only rules that changes trigger go by recorders."""
    return _lacking(case, known, resource_type) if case.changes_trigger else None


def _lacking(case: Case, known: Knowledge, resource_type: str) -> str | None:
    """Return that no recorder of the rule's Regions records a type now; None where one does, or none is known."""
    of_places = [_recorders_of(known, each.place) for each in case.group.deployed]
    if all(recorders and all(each.lacks(resource_type) for each in recorders) for recorders in of_places):
        off = all(each.running is False for recorders in of_places for each in recorders)
        return "the recorder is off" if off else f"the recorder does not record {resource_type}"
    return None


def _recorders_of(known: Knowledge, place: Place) -> list[Recorder]:
    return [each for each in known.recorders if each.place.may_be(place)]


def _withheld(case: Case, finding: Finding) -> Explained | None:
    """Return why a verdict may be missing although AWS Config has one."""
    if case.whole.is_empty:
        return Explained(NotComparable.NO_RESULTS, _UNEXPLAINED)
    if case.whole.lacks_not_applicable:
        forms = ", ".join(sorted(case.whole.forms))
        return Explained(NotComparable.FORM, f"this form of answer ({forms}) leaves out what is NOT_APPLICABLE")
    first, *others = case.whole.compliance_types
    if not others and finding.compliance_type is not first:
        text = f"AWS Config's answer holds {first} only; it may have been asked for these (--compliance-types)"
        return Explained(NotComparable.FILTERED, text)
    return None


def _on_both(case: Case, known: Knowledge, finding: Finding, answer: Answered) -> Explained:
    """Explain two verdicts that differ."""
    if (text := _of_region(case, finding)) is not None:
        return Explained(Cause.REGION, text)
    if (decision := _decision(case, known, answer.evaluation.compliance_type)) is not None:
        return Explained(Cause.DECISION, decision.text, decision)
    if (text := _unrecorded(case, known, finding.resource_type)) is not None:
        return Explained(Cause.NOT_RECORDED, f"{text}: this is its verdict on the state that was last recorded")
    ran = _ran(known, answer.deployed)
    if ran is not None and ran.error is not None:
        return Explained(Cause.NOT_RECORDED, f"the rule fails now ({ran.error}): this is its last verdict")
    return _by_time(case, known, answer)


def _of_region(case: Case, finding: Finding) -> str | None:
    """Return in which Regions AWS Config has our verdict, where it has another one in this."""
    agreeing = [
        each.deployed.place.region or "another Region"
        for each in case.joined.answers
        if each.evaluation.compliance_type is finding.compliance_type and not each.contradicting
    ]
    return f"in {', '.join(sorted(agreeing))} AWS Config agrees with us" if agreeing else None


def _decision(case: Case, known: Knowledge, theirs: ComplianceType | None) -> Decision | None:
    record, _ = known.resources.by_address[case.joined.address]
    subject = decisions.Subject(record, case.ours, known.snapshot)
    return decisions.explaining(subject, case.finding.compliance_type if case.finding else None, theirs)


def _by_time(case: Case, known: Knowledge, answer: Answered) -> Explained:
    """Explain two verdicts that differ by when they were made; what is of one state is a real disagreement."""
    evaluated, captured = answer.evaluation.at, known.snapshot.captured_at
    if evaluated is None or captured is None:
        side = "AWS Config's answer" if evaluated is None else "the snapshot"
        return Explained(NotComparable.NO_TIME, f"{side} does not say of when it is")
    if (change := _changed_after(case, known, evaluated)) is not None:
        return Explained(Cause.TIME, f"evaluated {_apart(evaluated, captured)}; {change}")
    apart = abs(evaluated - captured)
    if Source.CREDENTIAL_REPORT in case.ours.rule.reads:
        return _by_report(known, evaluated, captured)
    stands = case.changes_trigger and evaluated < captured
    if apart > known.max_apart and not stands:
        return Explained(Cause.TIME, f"evaluated {_apart(evaluated, captured)}")
    why = "it counts as of the same state"
    if stands:
        recorded = any(each.running for each in _recorders_of(known, answer.deployed.place))
        why = f"no change has triggered the rule since{'' if recorded else ', if its recorder was on'}"
    return Explained(Cause.REAL, f"evaluated {_apart(evaluated, captured)}; {why}")


def _by_report(known: Knowledge, evaluated: datetime, captured: datetime) -> Explained:
    """Explain by the credential reports: AWS returns one for four hours, and both sides may have had the same."""
    made = known.snapshot.report_generated_at
    if made is not None and made <= evaluated < made + _REPORT_LASTS:
        text = f"evaluated {_apart(evaluated, captured)}, from the same credential report, of {_moment(made)}"
        return Explained(Cause.REAL, text)
    if abs(evaluated - captured) > known.max_apart:
        return Explained(Cause.TIME, f"evaluated {_apart(evaluated, captured)}")
    ours = f"ours is of {_moment(made)}" if made else "the time of ours is not known"
    return Explained(Cause.CREDENTIAL_REPORT, f"evaluated {_apart(evaluated, captured)}; {ours}")


def _changed_after(case: Case, known: Knowledge, evaluated: datetime) -> str | None:
    """Return which dated fact of the resource is younger than AWS Config's evaluation."""
    record, _ = known.resources.by_address[case.joined.address]
    for field in _DATED:
        time: Any = stored(record, field) if field in record.__struct_fields__ else None
        if time is not None and time > evaluated:
            return f"the resource's {field} is {_moment(time)}"
    return None


def _apart(evaluated: datetime, captured: datetime) -> str:
    """Return how long before or after the snapshot an evaluation was made."""
    if evaluated == captured:
        return "at the time of the snapshot"
    side = "before" if evaluated < captured else "after"
    return f"{duration(abs(evaluated - captured))} {side} the snapshot"


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
