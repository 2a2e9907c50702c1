"""Which findings of a report go to Security Hub, and what becomes of those that are there already.

A finding that failed is taken back only where the report proves it: by a verdict on complete sources, or by a complete
list that lacks the resource. What could not be read leaves it as it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.account.kinds import ResourceType
from auditor.errors import SourceError
from auditor.publish.publication import Chosen, Counts, Held
from auditor.report.changes import REASONS, Entry, Outcome
from auditor.report.proof import Fate, Side
from auditor.report.report import Report

OURS = "iam-audit/"
"""How the ids of our findings, their generators and fields begin."""
_OF_REPORT = f"{OURS}report/"
_OF_CHANGE = f"{OURS}planned-change/"
_OF_PEOPLE = ("Severity", "Types")
"""What people change with BatchUpdateFindings; an update says it in FindingProviderFields alone:
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html"""
_KEPT = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "Region",
    "CreatedAt",
    "Title",
    "Description",
    "Remediation",
    "Resources",
    "Compliance",
    "FindingProviderFields",
)
"""What an import may say of a finding; the rest is the customer's, or Security Hub's own."""

Json = Mapping[str, Any]


def chosen(report: Report, findings: Iterable[Json], stored: Iterable[Json], now: datetime) -> Chosen:
    """Return what is to be imported; `findings` are the report's in Security Hub's format, `stored` those that it has.

    Raises SourceError where Security Hub has findings of a later snapshot, and for a report that was narrowed or does
    not say when the account was captured.
    """
    there = {each["Id"]: each for each in stored}
    _check_newest(report, there.values())
    updated = _time_of_update(there.values(), now)
    choice = _Choice(Side(report, "the report"), f"{updated.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    found = list(findings)
    for each in found:
        choice.take(each, there.get(each["Id"]))
    present = {each["Id"] for each in found}
    for each in there.values():
        if each["Id"] not in present and each.get("RecordState") != "ARCHIVED":
            choice.take_back(each)
    return Chosen(tuple(choice.imports), Counts(**choice.counts), tuple(choice.held))


def _check_newest(report: Report, stored: Iterable[Json]) -> None:
    captured = report.snapshot.captured_at
    times = [time for each in stored if (time := _field(each, "captured_at"))]
    newest = max(times, default=None)
    if captured is None:
        problem = "the report does not say when the account was captured, so that it may be older than Security Hub"
        raise SourceError(problem, "Scan with --captured-at TIME, and publish that report.")
    if newest is not None and newest > f"{captured.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}":
        problem = f"Security Hub has findings of a later snapshot, captured at {newest}"
        raise SourceError(problem, "Publish the newest report; an older one would turn findings back.")


def _time_of_update(stored: Iterable[Json], now: datetime) -> datetime:
    """Return the time of an update: now, or just after what is there, where the clock that wrote that was ahead.

    Security Hub ignores an update that is not later than the finding:
    https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
    """
    times = (datetime.fromisoformat(each["UpdatedAt"]) for each in stored)
    return max((now, *(time + timedelta(seconds=1) for time in times)))


class _Choice:
    """Gather what is imported, and what is left as it is."""

    def __init__(self, side: Side, now: str) -> None:
        self.imports: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.held: list[Held] = []
        self._side = side
        self._now = now

    def take(self, finding: Json, old: Json | None) -> None:
        """Decide on a finding of the report, of which Security Hub may have an older state."""
        if old is None:
            self._add("new", {**finding, "UpdatedAt": self._now})
            return
        kind = "updated"
        if _fails(old) and not _fails(finding):
            if finding["Compliance"]["Status"] == "FAILED":
                kind = "set_aside"
            elif (why := self._unproven(old)) is not None:
                self._hold(old, why)
                return
            else:
                kind = "resolved"
        update = {name: value for name, value in finding.items() if name not in _OF_PEOPLE}
        self._add(kind, {**update, "CreatedAt": old["CreatedAt"], "UpdatedAt": self._now})

    def take_back(self, old: Json) -> None:
        """Decide on a finding that the report does not have."""
        why = self._unproven(old)
        if why is None:
            ours = {name: value for name, value in old.get("ProductFields", {}).items() if name.startswith(OURS)}
            kept = {name: old[name] for name in _KEPT if name in old}
            self._add("archived", {**kept, "ProductFields": ours, "UpdatedAt": self._now, "RecordState": "ARCHIVED"})
        elif _fails(old):
            self._hold(old, why)

    def _add(self, kind: str, finding: dict[str, Any]) -> None:
        self.imports.append(finding)
        self.counts[kind] += 1

    def _hold(self, old: Json, why: str) -> None:
        self.held.append(Held(old["Id"], _field(old, "config_rule_name") or "", _name(old), why))

    def _unproven(self, old: Json) -> str | None:
        """Return why the report does not prove that a finding is resolved; None where it does."""
        if old["Id"].startswith(_OF_REPORT):  # that an earlier report was incomplete; this one says so itself if it is
            return None
        entry = _entry(old)
        if entry is None:
            return "the finding lacks fields that iam-audit writes"
        rule = self._side.rules.get(entry.config_rule_name)
        identifier = _field(old, "source_identifier") or (rule.source_identifier if rule else "")
        if not _fails(old) and rule is not None and not self._side.lacking(entry.config_rule_name):
            return None  # it said that something was unknown or in order, and the rule has read everything now
        fate: Fate[Any] = self._side.fate(entry, identifier)
        if fate.outcome is Outcome.RESOLVED:
            return None
        lacking = self._side.lacking(entry.config_rule_name) if rule is not None else ()
        why = REASONS[fate.reason] if fate.reason is not None else "it is still NON_COMPLIANT"
        return f"{why} ({', '.join(lacking)})" if lacking else why


def _fails(finding: Json) -> bool:
    return finding.get("Compliance", {}).get("Status") == "FAILED" and finding.get("RecordState") != "ARCHIVED"


def _field(finding: Json, name: str) -> str | None:
    value = finding.get("ProductFields", {}).get(f"{OURS}{name}")
    return None if value is None else str(value)


def _details(finding: Json) -> Json:
    resources: Sequence[Json] = finding.get("Resources") or ({},)
    found: Json = resources[0].get("Details", {}).get("Other", {})
    return found


def _name(finding: Json) -> str:
    return str(_details(finding).get("resource_name", finding["Id"]))


def _entry(finding: Json) -> Entry | None:
    """Return what identifies a finding, None where it lacks what we write."""
    details = _details(finding)
    fingerprint, rule = _field(finding, "fingerprint"), _field(finding, "config_rule_name")
    kind = next((each for each in ResourceType if each == details.get("resource_type")), None)
    if fingerprint is None or rule is None or kind is None:
        return None
    return Entry(fingerprint, details.get("resource_id"), rule, kind, _name(finding), _field(finding, "region"))


def ours(findings: Iterable[Json], product_arn: str) -> Iterator[Json]:
    """Yield the findings of the product that iam-audit has made of an account as it is, not of a planned change."""
    of_product = (each for each in findings if each.get("ProductArn") == product_arn)
    return (each for each in of_product if each["Id"].startswith(OURS) and not each["Id"].startswith(_OF_CHANGE))
