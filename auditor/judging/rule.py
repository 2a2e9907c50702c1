"""The rule API: what a rule is, what it is given, and what it answers."""

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
    """Name the four verdicts, in AWS Config's words and worst first."""

    NON_COMPLIANT = "NON_COMPLIANT"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    COMPLIANT = "COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"


OPEN = (ComplianceType.NON_COMPLIANT, ComplianceType.INSUFFICIENT_DATA)
"""The verdicts that need somebody."""


class Severity(StrEnum):
    """Name Security Hub's severity labels, worst first."""

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
    """Point at a fact that a verdict rests on: where it is in the resource's record, its value, and its source.

    `gap` says why the fact is unknown, where that is what the verdict rests on; the value is None then.
    """

    path: str
    value: Any  # JSON
    source: str
    gap: EvidenceGap | None = None


class Verdict(Record, frozen=True):
    """Answer a rule's question about one resource.

    `annotation` is for people, at most 256 characters; `note` is told as a warning of the run.
    """

    compliance_type: ComplianceType
    annotation: str
    evidence: tuple[Evidence, ...] = ()
    note: str | None = None


# Bound once: Python 3.11 takes four times as long to find a member of an enum as an attribute.
_COMPLIANT, _NON_COMPLIANT = ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT
_NOT_APPLICABLE = ComplianceType.NOT_APPLICABLE


def compliant(annotation: str, *evidence: Evidence, note: str | None = None) -> Verdict:
    """Return the verdict COMPLIANT."""
    return Verdict(_COMPLIANT, annotation, evidence, note)


def non_compliant(annotation: str, *evidence: Evidence, note: str | None = None) -> Verdict:
    """Return the verdict NON_COMPLIANT."""
    return Verdict(_NON_COMPLIANT, annotation, evidence, note)


def not_applicable(annotation: str, *evidence: Evidence) -> Verdict:
    """Return the verdict NOT_APPLICABLE: the rule does not ask its question about this resource."""
    return Verdict(_NOT_APPLICABLE, annotation, evidence)


def time_text(time: datetime) -> str:
    """Return a time as annotations and evidence write it: ISO 8601, with Z for UTC."""
    return time.isoformat().replace("+00:00", "Z")


def reported(credentials: Credentials, column: str, record: str = "credentials") -> Evidence:
    """Return what the credential report says in a column as evidence, in the report's own text.

    `record` is the field of the resource that holds the row. Raises UnknownFact where the column was not learned.
    """
    return Evidence(f"{record}.{column}", as_reported(credentials, column), Source.CREDENTIAL_REPORT)


def proofs(*questions: Callable[[], T | None]) -> tuple[T, ...]:
    """Return every proof that a question yields, also where other questions cannot be answered.

    No proof means that each question was answered, and with None; raises UnknownFact if that is not known.
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
        raise most_telling(unknown)
    return tuple(found)


def both(first: Callable[[], bool], second: Callable[[], bool]) -> bool:
    """Return whether the answer to both questions is yes; one no suffices, whatever is unknown of the other.

    Raises UnknownFact if neither is a known no, and one is not known.
    """
    answers: list[UnknownFact] = []
    for question in (first, second):
        answer = evaluate_quietly(question)
        if isinstance(answer, UnknownFact):
            answers.append(answer)
        elif not answer:
            return False
    if answers:
        raise most_telling(answers)
    return True


def most_telling(unknown: Sequence[UnknownFact]) -> UnknownFact:
    """Return the exception to raise for several unknown facts: that of a gap, which says what to grant, if any is."""
    chosen = min(unknown, key=lambda each: each.gap_id is None)
    return UnknownFact(chosen.gap_id, chosen.reason)


class NoParameters(Struct, frozen=True):
    """Stand for the parameters of a rule that takes none."""


class Context(Struct, Generic[P], frozen=True):
    """Hold everything that a rule is given beside the resource: its parameters and the rest of the account."""

    parameters: P
    snapshot: Snapshot
    index: Index
    access: Access
    """What users may do: context.access.can(user, "iam:ChangePassword", Session.MFA)."""

    @property
    def now(self) -> datetime:
        """Return the snapshot's capture time (UTC), against which ages are measured; raise UnknownFact if not known."""
        return _known_time(self.snapshot.captured_at, "the capture time is unknown; --captured-at TIME sets it")

    @property
    def report_generated_at(self) -> datetime:
        """Return the time that credential facts are of (UTC); raise UnknownFact if it is not known."""
        return _known_time(self.snapshot.report_generated_at, "the credential report's GeneratedTime is unknown")

    def age_at_report(self, time: datetime, place: str) -> timedelta:
        """Return how long before the credential report a time lies; `place` names it.

        Raises UnknownFact if the time of the report is not known, or earlier: then one of the two is wrong.
        """
        age = self.report_generated_at - time
        if age < timedelta(0):
            raise undecided(f"{place} is later than the credential report: {time_text(time)}")
        return age

    def members(self, group: Group) -> Listing[str]:
        """Return the names of the users in a group; partial while users, or groups of a user, are unknown."""
        return self.index.members(group.name)


def _known_time(time: datetime | None, reason: str) -> datetime:
    if time is None:
        raise undecided(reason)
    return time


class RuleOrigin(StrEnum):
    """Name where a rule is from: AWS Config's catalogue, iam-audit itself, or somebody's plug-in."""

    AWS_CONFIG = "aws-config"
    IAM_AUDIT = "iam-audit"
    PLUGIN = "plugin"


class Rule(Struct, frozen=True, kw_only=True):
    """Hold a rule: its id is the file name with '-' for '_', its page is the docstring of its module.

    `parameters` is a Struct whose fields carry AWS's names and defaults. `reads` names the sources that `evaluate`
    rests on. `notes` may tell things about the parameters once a run; it has no part in verdicts. A `verifiable` rule
    asks of a user's password and MFA only, and goes by `user.verified` where that is known. AWS Config does not
    offer the rule in the partitions `not_offered_in`: there it is NOT_APPLICABLE. A `regional` rule judges what is in
    one Region, which its findings name.
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
    """Hold a rule with the parameters of this run and the name under which it reports.

    `given` names the parameters that somebody gave a value; `left_out` are resource types that the rule judges
    elsewhere, but not in this run. `doubts` says by parameter why nobody knows how AWS Config takes its value: what
    rests on it is undecided. `undecided` says why nobody knows what the whole rule asks: it judges nothing then.
    """

    rule: Rule
    config_rule_name: str
    parameters: Struct
    warnings: tuple[str, ...]
    given: frozenset[str] = frozenset()
    left_out: tuple[ResourceType, ...] = ()
    doubts: Mapping[str, str] = {}
    undecided: str = ""
