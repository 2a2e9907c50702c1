"""Findings: verdicts as reported, each with a fingerprint that stays the same from run to run."""

from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import Any

from auditor.account.kinds import ResourceType
from auditor.account.unknown import Record
from auditor.judging.rule import ComplianceType, Evidence, Severity

FINGERPRINT_VERSION = "2"
_UNSEEN = "unseen"


class Location(Record, frozen=True):
    """Hold where a resource is in the files of a planned change."""

    file: str | None
    line: int | None
    address: str | None


class Effect(StrEnum):
    """List what a planned change can do to a finding; UNDETERMINED: the verdict before or after it is unknown."""

    INTRODUCED = "introduced"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"
    UNDETERMINED = "undetermined"


class Finding(Record, frozen=True):
    """Report the verdict of one configured rule on one resource; the fields are those of the JSON report."""

    fingerprint: str
    config_rule_name: str
    compliance_type: ComplianceType
    resource_type: ResourceType
    resource_id: str | None
    resource_name: str
    resource_arn: str | None
    region: str | None
    location: Location | None
    annotation: str
    evidence: tuple[Evidence, ...]
    suppression: dict[str, Any] | None
    severity: Severity | None = None
    """The severity of the rule. None only in a stored report of an earlier release, until it is read."""
    known: bool = False
    """Whether the baseline of the run contains the finding: then it does not count for the gate."""
    change: Effect | None = None
    """What the planned change does to the finding; None without a planned change, or if it is new and compliant."""
    causes: tuple[str, ...] = ()
    """Why the planned change has that effect, each with the address of the cause; empty if it has none."""


class Subject(Record, frozen=True):
    """Hold the common part of the fingerprints of one rule's findings; `region` is None for rules that have none.

    `unseen` marks the engine's own finding on an incomplete list, which is not a verdict of the rule on the account.
    """

    account_id: str | None
    region: str | None
    config_rule_name: str
    resource_type: str
    unseen: bool = False

    def fingerprint(self, address: str) -> str:
        """Return the identity of a finding over time; `address` is the ARN, or the name if that is unknown.

        It does not depend on unique ids, because a user may be created again, or on annotations.
        """
        return self.fingerprints()(address)

    def fingerprints(self) -> Callable[[str], str]:
        """Return the function from addresses to fingerprints, for many findings."""
        names = (self.account_id or "", self.region or "", self.config_rule_name, self.resource_type)
        prefix = "\0".join((FINGERPRINT_VERSION, *names, _UNSEEN if self.unseen else "", ""))
        start = sha256(prefix.encode("utf-8", "surrogatepass"))

        def fingerprint(address: str) -> str:
            digest = start.copy()  # a fifth faster than hashing the prefix each time
            digest.update(address.encode("utf-8", "surrogatepass"))
            return digest.hexdigest()[:32]

        return fingerprint
