"""The schema of a history: the statements for each version, and the id that marks our files.

A `run` is a report of one account, at `time` (seconds since 1970). A row of `verdict` has what the reports contain for
a `finding` from the run of `first` to that of `last`; NULL: up to the newest. A row of `owner` has the owner of a
`resource` in the same way, empty if there is none. A finding that was ever NON_COMPLIANT on a resource is `tracked`;
its rows in `state` have what each run proves for it. A `tally` has the counts of the trend for the findings of a
rule, or of all rules. A run that is `pruned` has lost its verdicts and the documents of its configuration and
proof; its row and the states stay.
"""

APPLICATION_ID = 0x49414D48  # "IAMH"; https://www.sqlite.org/pragma.html#pragma_application_id

_FIRST = """
CREATE TABLE account (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL, partition TEXT NOT NULL, UNIQUE (number, partition));
CREATE TABLE rule (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, identifier TEXT NOT NULL, UNIQUE (name, identifier));
CREATE TABLE document (
    digest TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, time INTEGER NOT NULL,
    captured_at TEXT NOT NULL, evaluated_at TEXT NOT NULL, report_generated_at TEXT,
    tool TEXT NOT NULL, version TEXT NOT NULL,
    report_sha256 TEXT NOT NULL, content_sha256 TEXT NOT NULL, snapshot_sha256 TEXT NOT NULL,
    findings_sha256 TEXT NOT NULL, owners_sha256 TEXT NOT NULL,
    asked TEXT NOT NULL REFERENCES document, configuration TEXT NOT NULL, proof TEXT NOT NULL,
    sources TEXT NOT NULL, summary TEXT NOT NULL, complete INTEGER NOT NULL, pruned INTEGER NOT NULL DEFAULT 0,
    previous_sha256 TEXT, link TEXT NOT NULL, UNIQUE (account, time));
CREATE TABLE resource (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account,
    type TEXT NOT NULL, name TEXT NOT NULL, arn TEXT, region TEXT);
CREATE INDEX resource_of_account ON resource (account);
CREATE TABLE finding (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, fingerprint BLOB NOT NULL,
    rule INTEGER NOT NULL REFERENCES rule, resource INTEGER NOT NULL REFERENCES resource,
    UNIQUE (account, fingerprint, rule));
CREATE TABLE observation (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, resource_id TEXT,
    compliance_type TEXT NOT NULL, suppression TEXT REFERENCES document);
CREATE INDEX observation_of_account ON observation (account);
CREATE TABLE verdict (
    account INTEGER NOT NULL, item INTEGER NOT NULL REFERENCES finding, first INTEGER NOT NULL, last INTEGER,
    value INTEGER NOT NULL REFERENCES observation, PRIMARY KEY (account, item, first)) WITHOUT ROWID;
CREATE TABLE owner (
    account INTEGER NOT NULL, item INTEGER NOT NULL REFERENCES resource, first INTEGER NOT NULL, last INTEGER,
    value TEXT NOT NULL, PRIMARY KEY (account, item, first)) WITHOUT ROWID;
CREATE TABLE tracked (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account,
    finding INTEGER NOT NULL REFERENCES finding, resource_id TEXT);
CREATE INDEX tracked_of_account ON tracked (account);
CREATE TABLE state (
    account INTEGER NOT NULL, item INTEGER NOT NULL REFERENCES tracked, first INTEGER NOT NULL, last INTEGER,
    value TEXT NOT NULL, PRIMARY KEY (account, item, first)) WITHOUT ROWID;
CREATE TABLE tally (
    account INTEGER NOT NULL REFERENCES account, rule TEXT NOT NULL, identifier TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (account, rule, identifier));
"""

_OWNERS = "DELETE FROM tally"
"""Version 2 counts tallies by owner too: they are counted again when the history is next written (tally.py)."""

MIGRATIONS = (_FIRST, _OWNERS)
"""The statements that lead from each version of the schema to the next; the first one creates a new file."""

VERSION = len(MIGRATIONS)
