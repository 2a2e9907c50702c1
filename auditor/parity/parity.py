"""The parity report: how far AWS Config's results and ours agree, and why they do not where they do not."""

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from auditor.account.sources import Time
from auditor.judging.rule import ComplianceType
from auditor.report.report import AccountHeader, Tool, encoded


class Cause(StrEnum):
    """Name why AWS Config's verdict and ours differ, the one that needs a person first."""

    REAL = "real"
    TIME = "time"
    CREDENTIAL_REPORT = "credential_report"
    DELETED = "deleted"
    NOT_RECORDED = "not_recorded"
    REGION = "region"
    PARAMETERS = "parameters"
    DECISION = "decision"


MEANINGS = {
    Cause.REAL: "no other cause explains it: one of the two is wrong",
    Cause.TIME: "AWS Config evaluated another state of the account than the snapshot holds",
    Cause.CREDENTIAL_REPORT: "both went by a credential report, but not by the same one",
    Cause.DELETED: "AWS Config still lists a resource that does not exist any more",
    Cause.NOT_RECORDED: "AWS Config does not record the resource, or the rule never ran",
    Cause.REGION: "AWS Config's answers differ between Regions, or are about another Region than the snapshot",
    Cause.PARAMETERS: "the rule has other parameters or a narrower Scope in AWS Config",
    Cause.DECISION: "AWS's documentation is silent, and iam-audit has decided",
}
"""The causes as text for people."""


class NotComparable(StrEnum):
    """Name why a verdict on a resource was not compared."""

    UNDECIDED = "undecided"
    CONTRADICTION = "contradiction"
    LIST_INCOMPLETE = "list_incomplete"
    PAGES_MISSING = "pages_missing"
    NO_RESULTS = "no_results"
    COMPLIANCE_TYPE = "compliance_type"
    FILTERED = "filtered"
    FORM = "form"
    UNKNOWN_ID = "unknown_id"
    NO_TIME = "no_time"


class NotCompared(StrEnum):
    """Name why no verdict of a rule was compared."""

    UNKNOWN_RULE = "unknown_rule"
    PARAMETERS = "parameters"
    INTERNAL = "internal"
    NO_RESULTS = "no_results"
    NOT_SELECTED = "not_selected"


class ConfigRuleName(Struct, frozen=True, order=True):
    """Name a rule of AWS Config, its Region, and the service that made it; the latter two may be unknown."""

    config_rule_name: str
    region: str | None
    created_by: str | None


class Verdict(Struct, frozen=True):
    """Hold one side's verdict on a resource; `at` is when it was evaluated, None where that is not known."""

    compliance_type: ComplianceType
    annotation: str
    at: Time | None = None


class Compared(Struct, frozen=True, kw_only=True):
    """Name a resource that a rule was asked about on both sides, and each side's verdict, None where it has none.

    `resource_id` and `resource_name` are as AWS Config has them where the snapshot does not hold the resource.
    """

    config_rule_name: str
    source_identifier: str
    resource_type: str
    resource_id: str | None
    resource_name: str
    resource_arn: str | None
    region: str | None
    config: Verdict | None
    iam_audit: Verdict | None


class Disagreement(Compared, frozen=True, kw_only=True):
    """Hold a disagreement, its one cause, why, and for a decision of iam-audit its name and the rule's page."""

    cause: Cause
    explanation: str
    decision: str | None = None
    page: str | None = None


class Incomparable(Compared, frozen=True, kw_only=True):
    """Hold two verdicts that cannot be compared, and why."""

    reason: NotComparable
    explanation: str


class RuleParity(Struct, frozen=True, kw_only=True):
    """Sum up one rule: where AWS Config has it, and how many resources agree, differ or cannot be compared.

    Rules of one source identifier with equal parameters and Scope are one; `config_rule_name` is the first one's.
    `not_compared` says why nothing of it was compared, `partial` why AWS Config's answer is not whole, and
    `explanation` says either in words.
    """

    config_rule_name: str
    config_rules: tuple[ConfigRuleName, ...]
    source_identifier: str
    parameters: dict[str, Any]
    agree: int = 0
    incomparable: int = 0
    causes: dict[Cause, int] = {}
    not_compared: NotCompared | None = None
    explanation: str = ""
    source_url: str | None = None
    partial: NotComparable | None = None


class Counts(Struct, frozen=True):
    """Count verdicts on resources: those that agree, those that cannot be compared, and disagreements by cause."""

    agree: int
    incomparable: int
    causes: dict[Cause, int]

    @property
    def compared(self) -> int:
        """Return how many verdicts were compared."""
        return self.agree + sum(self.causes.values())


class Parity(Struct, frozen=True, kw_only=True):
    """Hold how far AWS Config and a snapshot agree; the fields are a stable contract, which `version` numbers.

    `settings` says whose parameters judged the snapshot: those of AWS Config's rules, or our own. `only_here` are our
    rules that AWS Config does not have, as far as its rules were read; `out_of_scope` counts its rules that are not
    about IAM, or not AWS's. `other_accounts` counts results of other accounts, which were left out. `undescribed` are
    rules of which there are results about IAM and no description, `passed_over` files that are no answer of AWS Config.
    An evaluation within `max_time_apart_s` seconds of the snapshot counts as of the same state. `rules_cut` says that
    further pages of AWS Config's rules are missing.
    """

    format: Literal["iam-audit-parity"] = "iam-audit-parity"
    version: Literal[1] = 1
    tool: Tool
    account: AccountHeader
    region: str | None
    captured_at: Time | None
    report_generated_at: Time | None
    snapshot_sha256: str
    settings: Literal["config", "own"]
    max_time_apart_s: int
    summary: Counts
    rules: tuple[RuleParity, ...]
    disagreements: tuple[Disagreement, ...]
    incomparable: tuple[Incomparable, ...]
    only_here: tuple[str, ...]
    out_of_scope: int
    other_accounts: int
    undescribed: tuple[str, ...]
    passed_over: tuple[str, ...]
    failed_rules: tuple[str, ...]
    rules_cut: bool = False

    def to_json(self) -> str:
        """Return the parity report as JSON on one line."""
        return encoded(self).decode()
