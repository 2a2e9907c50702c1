"""Documents cut short at every byte: refused, or judged without a verdict that differs but by being unknown."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from exports_folder import DETAILS, DEVICES, GOLDEN_REPORT, PASSWORD_POLICY, REPORT, SUMMARY
from html_reports import mixed
from rule_parameters import configured

from auditor.account.credentials import Credentials
from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.account.unknown import gaps_of, stored
from auditor.collectors import saved
from auditor.collectors.cli_output import folder as exports
from auditor.errors import SourceError
from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.report.reading import load_report
from auditor.report.report import dump_report
from auditor.testing import CAPTURED_AT, UNKNOWN, account, console_user, group, password_policy

RULES = [configured(name) for name in load_rules()]
SNAPSHOT = dump(
    account(
        users=[console_user("alice", mfa=True, groups=["Admins"])], groups=[group("Admins")], password=password_policy()
    )
)
REPORT_JSON = dump_report(mixed())
BARE = "credential-report.csv"
NO_SUCH_ENTITY = "\nAn error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: not found\n"

Verdicts = dict[tuple[str, str], ComplianceType]
JUDGED: dict[bytes, Verdicts] = {}
"""The verdicts of each snapshot, by its document: most cuts leave the same as others."""


def verdicts(snapshot: Snapshot) -> Verdicts:
    """Return the verdicts by rule and resource, without the account's name, which may be what was not learned."""
    document = dump(snapshot)
    if document not in JUDGED:
        findings = audit(snapshot, RULES, as_of=CAPTURED_AT).findings
        JUDGED[document] = {(found.config_rule_name, _name(found)): found.compliance_type for found in findings}
    return JUDGED[document]


def _name(finding: Finding) -> str:
    account = finding.resource_type is ResourceType.ACCOUNT
    return finding.resource_type if account else f"{finding.resource_type} {finding.resource_arn}"


def check_less(whole: Verdicts, less: Verdicts) -> None:
    """See that the verdicts of a cut document are those of the whole one, or unknown; none vanishes in silence."""
    for (rule, name), verdict in whole.items():
        if (rule, name) in less:
            assert less[rule, name] in (verdict, UNKNOWN), (rule, name)
        else:
            assert UNKNOWN in {kind for (each, _), kind in less.items() if each == rule}, (rule, name)
    assert {less[key] for key in less.keys() - whole.keys()} <= {UNKNOWN}


def test_a_snapshot_cut_anywhere_is_refused() -> None:
    for end in range(len(SNAPSHOT)):
        with pytest.raises(SourceError, match=r"cut.json is not a"):
            load(SNAPSHOT[:end], "cut.json")


def test_a_packed_snapshot_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content, path = gzip.compress(SNAPSHOT[:700]) + gzip.compress(SNAPSHOT[700:]), tmp_path / "cut.json.gz"
    for end in range(len(content)):
        path.write_bytes(content[:end])
        with pytest.raises(SourceError, match=r"cut.json.gz is "):
            saved.load_snapshot(str(path))


def test_a_stored_report_cut_anywhere_is_refused() -> None:
    text = REPORT_JSON.rstrip()
    for end in range(len(text)):
        with pytest.raises(SourceError, match=r"cut.json is not a readable report"):
            load_report(text[:end], "cut.json")
    assert load_report(text, "whole but for the end of its line") == load_report(REPORT_JSON, "whole")


SMALL: dict[str, Any] = {
    DETAILS: {"UserDetailList": [folder_of.user("alice", groups=["Admins"])], "GroupDetailList": []},
    REPORT: folder_of.credential_report("user,arn,user_creation_time\nalice,arn:aws:iam::111122223333:user/alice,x"),
    PASSWORD_POLICY: folder_of.password_policy(),
    SUMMARY: folder_of.summary(),
    DEVICES: folder_of.devices(),
    **folder_of.single_entities(),
}


@pytest.mark.parametrize("name", SMALL)
def test_an_export_cut_anywhere_is_refused(tmp_path: Path, name: str) -> None:
    text = json.dumps(SMALL[name]).encode()
    exports.collect(folder_of.write(tmp_path, {**dict.fromkeys(SMALL), name: text}), None)
    for end in range(1, len(text)):
        (tmp_path / name).write_bytes(text[:end])
        with pytest.raises(SourceError, match=f"{name} cannot be read"):
            exports.collect(tmp_path, None)


def test_an_error_of_the_aws_cli_cut_anywhere_is_refused_or_unknown(tmp_path: Path) -> None:
    text = NO_SUCH_ENTITY.encode("utf-16")
    whole = verdicts(exports.collect(folder_of.write(tmp_path, {PASSWORD_POLICY: text}), None))
    cuts = list(collected_cuts(tmp_path, PASSWORD_POLICY, text, range(len(text))))
    assert len(cuts) == len(NO_SUCH_ENTITY) + 1  # all but those within a character
    for cut in cuts:
        check_less(whole, verdicts(cut))


def collected_cuts(folder: Path, name: str, text: bytes, ends: range) -> Iterator[Snapshot]:
    """Yield what is made of a folder with one file cut at each end, where it is not refused with the file's name."""
    for end in ends:
        (folder / name).write_bytes(text[:end])
        try:
            yield exports.collect(folder, None)
        except SourceError as error:
            if name not in error.message:
                raise


HEADER, ROOT, _, CMD, ALICE, _ = GOLDEN_REPORT.splitlines()
ROWS = (HEADER, ROOT, ALICE, CMD)
NO_USERS = {DETAILS: folder_of.details() | {"UserDetailList": []}, SUMMARY: None}
ALONE = {DETAILS: None, SUMMARY: None}
REPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "alone": ("\n".join(ROWS), ALONE),
    "with details": ("\n".join(ROWS), {}),
    "with details of no users, and no counts": ("\n".join(ROWS), NO_USERS),
    "of root alone, with details of no users": ("\n".join([HEADER, ROOT]), NO_USERS),
    "with Windows line ends": ("\r\n".join(ROWS), {}),
    "with zones as numbers": ("\n".join(ROWS).replace("Z,", "+00:00,"), ALONE),
    "with the 23rd column": ("\n".join([f"{HEADER},additional_credentials_info", f"{ALICE},3 keys\n"]), ALONE),
    "with a user twice": ("\n".join([HEADER, ALICE, ALICE]), {}),
    "with a Region last": ("\n".join(",".join(row.split(",")[:17]) for row in (HEADER, CMD)), ALONE),
    "with a time last": ("\n".join(",".join(row.split(",")[:16]) for row in (HEADER, CMD)), ALONE),
}


@pytest.mark.parametrize(("text", "company"), REPORTS.values(), ids=list(REPORTS))
def test_a_bare_credential_report_cut_anywhere_is_refused_or_unknown(
    tmp_path: Path, text: str, company: dict[str, Any]
) -> None:
    whole = exports.collect(folder_of.write(tmp_path, {**company, REPORT: None, BARE: text}), None)
    expected, facts = verdicts(whole), facts_of(whole)
    content = text.encode()
    for cut in collected_cuts(tmp_path, BARE, content, range(len(HEADER), len(content))):
        assert facts_of(cut) <= facts
        check_less(expected, verdicts(cut))


def test_a_header_of_the_credential_report_cut_anywhere_is_refused_or_tells_of_nobody(tmp_path: Path) -> None:
    whole = verdicts(exports.collect(folder_of.write(tmp_path, {REPORT: None, BARE: GOLDEN_REPORT}), None))
    for cut in collected_cuts(tmp_path, BARE, HEADER.encode(), range(len(HEADER))):
        assert {column for _, column, _ in facts_of(cut)} <= {"created"}
        check_less(whole, verdicts(cut))


def facts_of(snapshot: Snapshot) -> set[tuple[object, ...]]:
    """Return every fact that the credential report told: the columns of users and root."""
    rows = [(user.arn, stored(user, "credentials")) for user in snapshot.users.known_part]
    rows.append(("root", stored(snapshot.account, "root_credentials")))
    return {
        (arn, column, stored(credentials, column))
        for arn, credentials in rows
        for column in (() if credentials is None else Credentials.__struct_fields__)
        if column not in gaps_of(credentials)
    } | {(user.arn, "created", time) for user in snapshot.users.known_part if (time := stored(user, "created_at"))}
