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
    """Hold where in a user's files a resource is written, for findings on planned changes."""

    file: str | None
    line: int | None
    address: str | None


class Effect(StrEnum):
    """Name what a planned change does to a finding; UNDETERMINED: it is not known before the change, or after it."""

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
    """That of the rule. None only in a stored report of an earlier release, until it is read."""
    known: bool = False
    """Whether the baseline of the run has it: then it does not count for the gate."""
    change: Effect | None = None
    """What the planned change does to it; None where there is none, or where it is new and nothing is wrong."""
    causes: tuple[str, ...] = ()
    """Why the planned change has that effect, each with the address behind it; empty where it has none."""


class Subject(Record, frozen=True):
    """Hold what the fingerprints of one rule's findings have in common; `region` is None where it does not matter.

    `unseen` marks what the engine itself concludes of a list, which is no verdict on the account.
    """

    account_id: str | None
    region: str | None
    config_rule_name: str
    resource_type: str
    unseen: bool = False

    def fingerprint(self, address: str) -> str:
        """Return the identity of a finding over time; `address` is the ARN, or the name where that is unknown.

        It rests neither on unique ids (a user may be made again) nor on annotations.
        """
        return self.fingerprints()(address)

    def fingerprints(self) -> Callable[[str], str]:
        """Return the function from addresses to fingerprints, for many findings."""
        names = (self.account_id or "", self.region or "", self.config_rule_name, self.resource_type)
        prefix = "\0".join((FINGERPRINT_VERSION, *names, _UNSEEN if self.unseen else "", ""))
        start = sha256(prefix.encode("utf-8", "surrogatepass"))

        def fingerprint(address: str) -> str:
            digest = start.copy()  # a fifth faster than to hash the prefix each time
            digest.update(address.encode("utf-8", "surrogatepass"))
            return digest.hexdigest()[:32]

        return fingerprint
