"""The rule API: rules and their parameters, the context that they read, and the verdicts that they return."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from auditor.account.credentials import Credentials, as_reported
from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import Group, Snapshot
from auditor.account.sources import Source
from auditor.account.unknown import Listing, Record, UnknownFact, evaluate_quietly, undecided
from auditor.policies.access.evaluator import Access

P = TypeVar("P", bound=Struct)
T = TypeVar("T")

MAX_ANNOTATION = 256  # characters; https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html


class ComplianceType(StrEnum):
    """List the four verdicts under AWS Config's names, worst first."""

    NON_COMPLIANT = "NON_COMPLIANT"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    COMPLIANT = "COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"


OPEN = (ComplianceType.NON_COMPLIANT, ComplianceType.INSUFFICIENT_DATA)
"""The verdicts that need attention."""


class Severity(StrEnum):
    """List Security Hub's severity labels, worst first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class EvidenceGap(Record, frozen=True):
    """Hold why a fact is unknown: AWS's error code, the IAM action to grant (or None), and a message."""

    error_code: str
    iam_action: str | None
    message: str


class Evidence(Record, frozen=True):
    """Hold a fact that a verdict is based on: its path in the resource's record, its value, and its source.

    If the verdict is based on an unknown fact, `gap` says why it is unknown, and the value is None.
    """

    path: str
    value: Any  # JSON
    source: str
    gap: EvidenceGap | None = None


class Verdict(Record, frozen=True):
    """Hold a rule's answer on one resource.

    `annotation` is for people, at most 256 characters; `note` becomes a warning of the run.
    """

    compliance_type: ComplianceType
    annotation: str
    evidence: tuple[Evidence, ...] = ()
    note: str | None = None


# Read once here: in Python 3.11, reading a member of an enum takes four times as long as reading a global.
_COMPLIANT, _NON_COMPLIANT = ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT
_NOT_APPLICABLE = ComplianceType.NOT_APPLICABLE


def compliant(annotation: str, *evidence: Evidence, note: str | None = None) -> Verdict:
    """Return the verdict COMPLIANT."""
    return Verdict(_COMPLIANT, annotation, evidence, note)


def non_compliant(annotation: str, *evidence: Evidence, note: str | None = None) -> Verdict:
    """Return the verdict NON_COMPLIANT."""
    return Verdict(_NON_COMPLIANT, annotation, evidence, note)


def not_applicable(annotation: str, *evidence: Evidence) -> Verdict:
    """Return the verdict NOT_APPLICABLE: the rule does not concern this resource."""
    return Verdict(_NOT_APPLICABLE, annotation, evidence)


def time_text(time: datetime) -> str:
    """Return a time as text for annotations and evidence: ISO 8601, with Z for UTC."""
    return time.isoformat().replace("+00:00", "Z")


def reported(credentials: Credentials, column: str, record: str = "credentials") -> Evidence:
    """Return a column of the credential report as evidence, exactly as the credential report writes it.

    `record` is the field of the resource that holds the row. Raises UnknownFact if the column is unknown.
    """
    return Evidence(f"{record}.{column}", as_reported(credentials, column), Source.CREDENTIAL_REPORT)


def proofs(*questions: Callable[[], T | None]) -> tuple[T, ...]:
    """Call each function and return the results that are not None, even if other functions raise UnknownFact.

    An empty result means that every function returned None. Raises UnknownFact if there is no result and one raised it.
    """
    found: list[T] = []
    unknown: list[UnknownFact] = []
    for question in questions:
        answer = evaluate_quietly(question)
        if isinstance(answer, UnknownFact):
            unknown.append(answer)
        elif answer is not None:
            found.append(answer)
    if unknown and not found:
        raise most_helpful(unknown)
    return tuple(found)


def both(first: Callable[[], bool], second: Callable[[], bool]) -> bool:
    """Return whether both functions return True; False if one returns False, even if the other raises UnknownFact.

    Raises UnknownFact if one raised it and none returned False.
    """
    answers: list[UnknownFact] = []
    for question in (first, second):
        answer = evaluate_quietly(question)
        if isinstance(answer, UnknownFact):
            answers.append(answer)
        elif not answer:
            return False
    if answers:
        raise most_helpful(answers)
    return True


def most_helpful(unknown: Sequence[UnknownFact]) -> UnknownFact:
    """Return the exception to raise for several unknown facts; one with a gap, if any, as that says what to grant."""
    chosen = min(unknown, key=lambda each: each.gap_id is None)
    return UnknownFact(chosen.gap_id, chosen.reason)


class NoParameters(Struct, frozen=True):
    """Stand for the parameters of a rule that takes none."""


class Context(Struct, Generic[P], frozen=True):
    """Hold everything that a rule can read in addition to the resource: its parameters and the rest of the account."""

    parameters: P
    snapshot: Snapshot
    index: Index
    access: Access
    """What users may do: context.access.can(user, "iam:ChangePassword", Session.MFA)."""

    @property
    def now(self) -> datetime:
        """Return the snapshot's capture time (UTC), to measure ages from; raise UnknownFact if it is unknown."""
        return _known_time(self.snapshot.captured_at, "the capture time is unknown; --captured-at TIME sets it")

    @property
    def report_generated_at(self) -> datetime:
        """Return the time of the credential report (UTC); raise UnknownFact if it is unknown."""
        return _known_time(self.snapshot.report_generated_at, "the credential report's GeneratedTime is unknown")

    def age_at_report(self, time: datetime, place: str) -> timedelta:
        """Return how long a time is before the credential report; `place` names that time in messages.

        Raises UnknownFact if the time of the credential report is unknown, or if it is earlier, so that one is wrong.
        """
        age = self.report_generated_at - time
        if age < timedelta(0):
            raise undecided(f"{place} is later than the credential report: {time_text(time)}")
        return age

    def members(self, group: Group) -> Listing[str]:
        """Return the names of the users in a group; partial if users, or the groups of a user, are unknown."""
        return self.index.members(group.name)


def _known_time(time: datetime | None, reason: str) -> datetime:
    if time is None:
        raise undecided(reason)
    return time


class RuleOrigin(StrEnum):
    """List where a rule can come from: AWS Config's catalogue, iam-audit itself, or a plug-in."""

    AWS_CONFIG = "aws-config"
    IAM_AUDIT = "iam-audit"
    PLUGIN = "plugin"


class Rule(Struct, frozen=True, kw_only=True):
    """Hold a rule: its id is the file name with '-' for '_', its page is the docstring of its module.

    `parameters` is a Struct whose fields have AWS's names and defaults. `reads` names the sources that `evaluate`
    reads. `notes` may yield warnings about the parameters once in a run; it does not affect verdicts. A `verifiable`
    rule only reads a user's password and MFA, and prefers `user.verified` if that is set. AWS Config does not
    offer the rule in the partitions `not_offered_in`: there it is NOT_APPLICABLE. A `regional` rule judges resources
    of one Region, which its findings name.
    """

    id: str
    source_identifier: str
    resource_types: tuple[ResourceType, ...]
    reads: frozenset[Source]
    severity: Severity
    source_url: str
    evaluate: Callable[[Any, Context[Any]], Verdict]
    origin: RuleOrigin = RuleOrigin.PLUGIN
    regional: bool = False
    parameters: type[Struct] = NoParameters
    notes: Callable[[Context[Any]], Iterator[str]] | None = None
    verifiable: bool = False
    not_offered_in: frozenset[str] = frozenset()


class ConfiguredRule(Struct, frozen=True):
    """Hold a rule with the parameters and the name that it has in this run.

    `given` names the parameters that were set explicitly; `left_out` are resource types of the rule that it does not
    judge in this run. `doubts` says, by parameter, why it is unknown how AWS Config reads its value: verdicts that
    depend on it are undecided. `undecided` says why the rule's settings as a whole are unknown: then all its verdicts
    are undecided.
    """

    rule: Rule
    config_rule_name: str
    parameters: Struct
    warnings: tuple[str, ...]
    given: frozenset[str] = frozenset()
    left_out: tuple[ResourceType, ...] = ()
    doubts: Mapping[str, str] = {}
    undecided: str = ""
