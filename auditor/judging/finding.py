"""Findings: verdicts as reported, each with a fingerprint that stays the same from run to run."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from auditor.account.model import ResourceType
from auditor.account.unknown import Record
from auditor.judging.rule import ComplianceType, Evidence

FINGERPRINT_VERSION = "1"


class Location(Record, frozen=True):
    """Say where in a user's files a resource is written, for findings on planned changes."""

    file: str | None
    line: int | None
    address: str | None


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


def fingerprint(account_id: str | None, config_rule_name: str, resource_type: str, address: str) -> str:
    """Give the identity of a finding over time; `address` is the ARN, or the name where that is unknown.

    It rests neither on unique ids (a user may be made again) nor on annotations.
    """
    return fingerprints(account_id, config_rule_name, resource_type)(address)


def fingerprints(account_id: str | None, config_rule_name: str, resource_type: str) -> Callable[[str], str]:
    """Give the function from addresses to fingerprints, for many findings of one rule."""
    prefix = "\0".join((FINGERPRINT_VERSION, account_id or "", config_rule_name, resource_type, ""))
    start = prefix.encode("utf-8", "surrogatepass")
    return lambda address: sha256(start + address.encode("utf-8", "surrogatepass")).hexdigest()[:32]
