"""The ledger of one account: its findings, verdicts and owners in the history, and how new ones are written."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from auditor.account.kinds import ResourceType
from auditor.history.documents import Documents
from auditor.history.proofs import Lookup, Observed
from auditor.history.runs import Key, suppression_text
from auditor.history.store import inconsistent
from auditor.history.timeline import Moment, Span, at, placed
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType
from auditor.report.changes import Entry


class Item(NamedTuple):
    """Hold what identifies a finding of one rule on one resource in every run."""

    number: int
    fingerprint: str
    config_rule_name: str
    source_identifier: str
    resource_type: ResourceType
    resource_name: str
    resource_arn: str | None
    region: str | None

    def entry(self, resource_id: str | None) -> Entry:
        """Return the entry that identifies the finding on the resource with this unique id."""
        return Entry(
            fingerprint=self.fingerprint,
            resource_id=resource_id,
            config_rule_name=self.config_rule_name,
            resource_type=self.resource_type,
            resource_name=self.resource_name,
            region=self.region,
        )


class Observation(NamedTuple):
    """Hold what a run reports for a finding: the resource's unique id, the verdict, the digest of the suppression."""

    resource_id: str | None
    compliance_type: ComplianceType
    suppression: str | None


_ITEMS = (
    "SELECT finding.id, lower(hex(fingerprint)), rule.name, rule.identifier, type, resource.name, arn, region,"
    " resource.id FROM finding JOIN rule ON rule.id = finding.rule JOIN resource ON resource.id = finding.resource"
    " WHERE finding.account = ?"
)
_Spans = dict[int, Sequence[Span[Any]]]


class Ledger:
    """Hold everything in the history about one account: some thousand rows."""

    def __init__(self, connection: sqlite3.Connection, account: int) -> None:
        self._connection = connection
        self.account = account
        self.documents = Documents(connection)
        self._resources: dict[tuple[Any, ...], int] = {}
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._known: dict[Observation, int] = {}
        self.items: dict[int, Item] = {}
        self.observations: dict[int, Observation] = {}
        self.verdicts = spans_of(connection, "verdict", account)
        self.owners = spans_of(connection, "owner", account)
        try:
            self._load()
        except ValueError as error:  # an unknown resource or compliance type
            raise inconsistent(connection, str(error)) from error
        values = {span.value for spans in self.verdicts.values() for span in spans}
        if self.verdicts.keys() - self.items.keys() or values - self.observations.keys():
            raise inconsistent(connection, "a verdict belongs to a finding that is missing")

    def _load(self) -> None:
        of_account = (self.account,)
        for number, fingerprint, rule, identifier, *names, resource in self._connection.execute(_ITEMS, of_account):
            kind, name, arn, region = names
            self._add_item(Item(number, fingerprint, rule, identifier, ResourceType(kind), name, arn, region))
            self._resources[kind, name, arn, region] = resource
        query = "SELECT id, resource_id, compliance_type, suppression FROM observation WHERE account = ?"
        for number, resource_id, kind, suppression in self._connection.execute(query, of_account):
            self.observations[number] = Observation(resource_id, ComplianceType(kind), suppression)
        self._known = {observation: number for number, observation in self.observations.items()}

    def _add_item(self, item: Item) -> None:
        self.items[item.number] = item
        self._numbers[item.fingerprint, item.config_rule_name, item.source_identifier] = item.number

    def record(self, findings: Iterable[Finding], identifiers: Mapping[str, str], moment: Moment) -> None:
        """Write the verdicts of a run; findings that are not in the run get no verdict at its time."""
        found = {self._item(each, identifiers[each.config_rule_name]): self._observed(each) for each in findings}
        present = [number for number, spans in self.verdicts.items() if at(spans, moment.time) is not None]
        for number in {*found, *present}:
            place(self._connection, "verdict", self.account, self.verdicts, number, moment, found.get(number))

    def record_owners(self, owners: Mapping[str, str], moment: Moment) -> None:
        """Write the owners of resources in a run, by ARN; call it after the findings of the run are recorded."""
        found = {number: owners[arn] for (_, _, arn, _), number in self._resources.items() if arn in owners}
        present = [number for number, spans in self.owners.items() if at(spans, moment.time) is not None]
        for number in {*found, *present}:
            place(self._connection, "owner", self.account, self.owners, number, moment, found.get(number))

    def owners_at(self, time: int) -> Mapping[str, str]:
        """Return the owners of resources in a run, by ARN."""
        known = ((arn, at(self.owners.get(number, ()), time)) for (_, _, arn, _), number in self._resources.items())
        return {arn: owner for arn, owner in known if owner is not None}

    def _item(self, finding: Finding, identifier: str) -> int:
        known = self._numbers.get((finding.fingerprint, finding.config_rule_name, identifier))
        return self._added_item(finding, identifier) if known is None else known

    def _added_item(self, finding: Finding, identifier: str) -> int:
        values = self.account, bytes.fromhex(finding.fingerprint), self._rule(finding, identifier)
        number = self._inserted(
            "INSERT INTO finding (account, fingerprint, rule, resource) VALUES (?, ?, ?, ?)",
            (*values, self._resource(finding)),
        )
        names = finding.resource_type, finding.resource_name, finding.resource_arn, finding.region
        self._add_item(Item(number, finding.fingerprint, finding.config_rule_name, identifier, *names))
        return number

    def _rule(self, finding: Finding, identifier: str) -> int:
        names = finding.config_rule_name, identifier
        self._connection.execute("INSERT OR IGNORE INTO rule (name, identifier) VALUES (?, ?)", names)
        found = self._connection.execute("SELECT id FROM rule WHERE name = ? AND identifier = ?", names)
        return int(found.fetchone()[0])

    def _resource(self, finding: Finding) -> int:
        names = finding.resource_type.value, finding.resource_name, finding.resource_arn, finding.region
        if names not in self._resources:
            self._resources[names] = self._inserted(
                "INSERT INTO resource (account, type, name, arn, region) VALUES (?, ?, ?, ?, ?)", (self.account, *names)
            )
        return self._resources[names]

    def _observed(self, finding: Finding) -> int:
        suppression = suppression_text(finding)
        digest = None if suppression is None else self.documents.stored(suppression)
        observation = Observation(finding.resource_id, finding.compliance_type, digest)
        if observation not in self._known:
            number = self._inserted(
                "INSERT INTO observation (account, resource_id, compliance_type, suppression) VALUES (?, ?, ?, ?)",
                (self.account, finding.resource_id, finding.compliance_type.value, digest),
            )
            self._known[observation], self.observations[number] = number, observation
        return self._known[observation]

    def _inserted(self, statement: str, values: tuple[Any, ...]) -> int:
        number = self._connection.execute(statement, values).lastrowid
        assert number is not None  # an INSERT always sets the row id
        return number

    def at(self, time: int) -> "Night":
        """Return a lookup of the verdicts of one run."""
        return Night(self, time)

    def keys(self, time: int) -> Iterator[Key]:
        """Yield the verdicts of one run, as they are in its report."""
        for number, spans in self.verdicts.items():
            if (observed := at(spans, time)) is not None:
                said = self.observations[observed]
                suppression = None if said.suppression is None else self.documents.content(said.suppression)
                yield self.items[number].fingerprint, said.resource_id, said.compliance_type.value, suppression

    @cached_property
    def by_fingerprint(self) -> Mapping[str, Sequence[int]]:
        """Return the items of each fingerprint: several if another rule got the name of an earlier one."""
        found: dict[str, list[int]] = {}
        for item in self.items.values():
            found.setdefault(item.fingerprint, []).append(item.number)
        return found

    @cached_property
    def by_resource(self) -> Mapping[tuple[str, ResourceType, str], Sequence[int]]:
        """Return the items by rule, type and unique id, in the order that reports have."""
        found: dict[tuple[str, ResourceType, str], set[int]] = {}
        for number, spans in self.verdicts.items():
            item = self.items[number]
            for span in spans:
                if (resource_id := self.observations[span.value].resource_id) is not None:
                    found.setdefault((item.config_rule_name, item.resource_type, resource_id), set()).add(number)
        return {key: sorted(numbers, key=self._order) for key, numbers in found.items()}

    def _order(self, number: int) -> tuple[str, str]:
        item = self.items[number]
        return item.resource_name, item.resource_arn or ""


class Night(Lookup):
    """Look up the verdicts of one run; create it only after all its verdicts are recorded."""

    def __init__(self, ledger: Ledger, time: int) -> None:
        self._ledger = ledger
        self._time = time

    def at_fingerprint(self, fingerprint: str) -> Observed | None:
        """Return the verdict for a fingerprint."""
        return self._last(self._ledger.by_fingerprint.get(fingerprint, ()))

    def on_resource(self, config_rule_name: str, resource_type: ResourceType, resource_id: str) -> Observed | None:
        """Return the verdict of a rule on the resource with a unique id, the last one if a report has several."""
        numbers = self._ledger.by_resource.get((config_rule_name, resource_type, resource_id), ())
        return self._last(numbers, resource_id)

    def _last(self, numbers: Sequence[int], resource_id: str | None = None) -> Observed | None:
        for number in reversed(numbers):
            observed = at(self._ledger.verdicts.get(number, ()), self._time)
            if observed is None:
                continue
            said = self._ledger.observations[observed]
            if resource_id is None or said.resource_id == resource_id:
                suppression = None if said.suppression is None else {"digest": said.suppression}
                name = self._ledger.items[number].config_rule_name
                return Observed(name, said.resource_id, said.compliance_type, suppression)
        return None


def spans_of(connection: sqlite3.Connection, table: str, account: int) -> _Spans:
    """Return the spans of an account in a table, by the id of the finding or resource."""
    found: dict[int, Sequence[Span[Any]]] = {}
    query = f"SELECT item, first, last, value FROM {table} WHERE account = ? ORDER BY item, first"  # noqa: S608 - ours
    for item, first, last, value in connection.execute(query, (account,)):
        found[item] = (*found.get(item, ()), Span(first, last, value))
    return found


def place(
    connection: sqlite3.Connection, table: str, account: int, known: _Spans, item: int, moment: Moment, value: Any
) -> None:
    """Set a value for the time of a run, in a table of spans and in `known`."""
    old = known.get(item, ())
    new = placed(old, moment, value)
    if new is not old:
        write_spans(connection, table, account, item, old, new)
        known[item] = new


def write_spans(
    connection: sqlite3.Connection,
    table: str,
    account: int,
    item: int,
    old: Iterable[Span[Any]],
    new: Iterable[Span[Any]],
) -> None:
    """Replace the spans of one item in a table; rows that are equal stay."""
    before, after = set(old), set(new)
    delete = f"DELETE FROM {table} WHERE account = ? AND item = ? AND first = ?"  # noqa: S608 - our own tables
    connection.executemany(delete, [(account, item, span.first) for span in before - after])
    insert = f"INSERT INTO {table} (account, item, first, last, value) VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - as above
    connection.executemany(insert, [(account, item, *span) for span in after - before])
