"""Exports of what AWS tells one by one: a list in a file, what single calls tell of its entries in a file for each."""

from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from described import DESCRIBED
from exports_folder import (
    ACCOUNT,
    ANALYZERS,
    CERTIFICATE_TAGS,
    CERTIFICATES,
    DETAILS,
    OIDC_PROVIDER,
    OIDC_PROVIDERS,
    ORGANIZATION,
    POLICY,
    SAML_PROVIDERS,
    SAML_TAGS,
    SUMMARY,
    TAGS,
)
from live_account import gap_codes, status

from auditor.account.kinds import kind_listed_by
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.collectors.cli_output.folder import collect
from auditor.errors import SourceError

ERROR = "\nAn error occurred ({}) when calling the {} operation: made up\n"
FILES = {
    Source.SERVER_CERTIFICATES: (CERTIFICATES, CERTIFICATE_TAGS, "iam:ListServerCertificateTags"),
    Source.OIDC_PROVIDERS: (OIDC_PROVIDERS, OIDC_PROVIDER, "iam:GetOpenIDConnectProvider"),
    Source.SAML_PROVIDERS: (SAML_PROVIDERS, SAML_TAGS, "iam:ListSAMLProviderTags"),
}


def collected(folder: Path, **changes: Any) -> Snapshot:
    return collect(folder_of.write(folder, changes), None)


def test_everything_is_read(tmp_path: Path) -> None:
    snapshot = collected(tmp_path)
    (certificate,) = snapshot.server_certificates
    assert (certificate.name, certificate.expires_at.year, certificate.tags) == ("web", 2027, {"owner": "web"})
    (oidc,) = snapshot.oidc_providers
    assert (oidc.name, list(oidc.client_ids), oidc.tags) == ("id.example.com/x", ["sts"], {"owner": "web"})
    (saml,) = snapshot.saml_providers
    assert (saml.name, saml.valid_until, saml.tags) == ("directory", None, {"owner": "web"})
    (analyzer,) = snapshot.access_analyzers
    assert (analyzer.name, analyzer.type, analyzer.status) == ("external", "ACCOUNT", "ACTIVE")
    assert (snapshot.region, snapshot.account.management_account_id) == ("eu-central-1", "444455556666")
    assert [policy.description for policy in snapshot.policies] == ["What for"]
    assert not snapshot.gaps
    assert load(dump(snapshot), "copy") == snapshot


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "NotProvided"), ("", "EmptyFile"), (ERROR, "AccessDenied"), (ERROR, "NoSuchEntity")],
    ids=["missing", "empty", "denied", "gone"],
)
def test_without_the_file_of_an_entry_only_what_it_tells_is_unknown(
    tmp_path: Path, source: Source, content: str | None, code: str
) -> None:
    _, file, action = FILES[source]
    written = content.format(code, action.partition(":")[2]) if content else content
    snapshot = collected(tmp_path, **{file: written})
    (entry,) = getattr(snapshot, DESCRIBED[source])
    assert gaps_of(entry) == {"tags": f"{source}:{code}"}
    assert status(snapshot, source) is SourceStatus.PARTIAL
    (gap,) = snapshot.gaps
    assert gap.iam_action == (action if code == "AccessDenied" else None)
    if source is Source.OIDC_PROVIDERS:
        assert entry.client_ids.gap == gap.id
    assert load(dump(snapshot), "copy") == snapshot


@pytest.mark.parametrize("source", FILES)
def test_without_the_list_nothing_is_known(tmp_path: Path, source: Source) -> None:
    snapshot = collected(tmp_path, **{FILES[source][0]: None})
    listing = getattr(snapshot, DESCRIBED[source])
    assert (listing.known_part, listing.gap) == ((), f"{source}:NotProvided")
    assert status(snapshot, source) is SourceStatus.ABSENT


STOPPED = {
    "certificates": (CERTIFICATES, {"ServerCertificateMetadataList": [folder_of.certificate("web")]}, "NextToken"),
    "a page of certificates": (
        CERTIFICATES,
        {"ServerCertificateMetadataList": [folder_of.certificate("web")], "IsTruncated": True},
        "Marker",
    ),
    "analyzers": (ANALYZERS, {"analyzers": [folder_of.analyzer("external")]}, "NextToken"),
    "a page of analyzers": (ANALYZERS, {"analyzers": [folder_of.analyzer("external")]}, "nextToken"),
}


@pytest.mark.parametrize(("name", "content", "token"), STOPPED.values(), ids=STOPPED)
def test_a_list_that_stops_early_is_partial(tmp_path: Path, name: str, content: Any, token: str) -> None:
    snapshot = collected(tmp_path, **{name: content | {token: "more"}})
    listing = snapshot.server_certificates if name == CERTIFICATES else snapshot.access_analyzers
    assert len(listing.known_part) == 1
    assert str(listing.gap).endswith(":Truncated")


def test_tags_that_stop_early_are_unknown(tmp_path: Path) -> None:
    snapshot = collected(tmp_path, **{CERTIFICATE_TAGS: {"Tags": TAGS, "IsTruncated": True, "Marker": "more"}})
    assert gaps_of(snapshot.server_certificates[0]) == {"tags": f"{Source.SERVER_CERTIFICATES}:Truncated"}


def test_each_entry_without_tags_has_the_reason_of_its_own_file(tmp_path: Path) -> None:
    listed = [folder_of.certificate(name) for name in ("denied", "empty", "missing", "stopping", "WEB", "web")]
    files: dict[str, Any] = {
        CERTIFICATES: {"ServerCertificateMetadataList": listed},
        "server-certificate-tags-denied.json": ERROR.format("AccessDenied", "ListServerCertificateTags"),
        "server-certificate-tags-empty.json": "",
        "server-certificate-tags-stopping.json": {"Tags": TAGS, "NextToken": "more"},
        SUMMARY: None,
    }
    certificates = {each.name: each for each in collected(tmp_path, **files).server_certificates}
    assert certificates.pop("web").tags == {"owner": "web"}
    assert {name: gaps_of(each)["tags"].partition(":")[2] for name, each in certificates.items()} == {
        "denied": "AccessDenied",
        "empty": "EmptyFile",
        "missing": "NotProvided",
        "WEB": "NotProvided",
        "stopping": "Truncated",
    }


def test_files_of_a_list_are_joined(tmp_path: Path) -> None:
    more = {"ServerCertificateMetadataList": [folder_of.certificate("web"), folder_of.certificate("api")]}
    snapshot = collected(tmp_path, **{"server-certificates-2.json": more, SUMMARY: None})
    assert [each.name for each in snapshot.server_certificates] == ["api", "web"]
    assert [list(gaps_of(each)) for each in snapshot.server_certificates] == [["tags"], []]


@pytest.mark.parametrize(
    ("source", "name", "answer"),
    [
        (Source.SERVER_CERTIFICATES, "server-certificate-tags-old.json", {"Tags": []}),
        (Source.SAML_PROVIDERS, "saml-provider-tags-other.json", {"Tags": []}),
        (Source.OIDC_PROVIDERS, "open-id-connect-provider-9.json", {"Url": "evil.example.com", "ClientIDList": []}),
    ],
)
def test_a_file_about_an_entry_that_the_list_lacks_shows_that_the_list_was_cut(
    tmp_path: Path, source: Source, name: str, answer: object
) -> None:
    snapshot = collected(tmp_path, **{name: answer, SUMMARY: None})
    assert "Unlisted" in gap_codes(snapshot, source)
    listing = kind_listed_by(source)
    assert listing is not None
    assert listing.resources(snapshot).gap is not None


def test_certificates_are_counted(tmp_path: Path) -> None:
    counts = folder_of.summary()
    counts["SummaryMap"]["ServerCertificates"] = 2
    snapshot = collected(tmp_path / "more", **{SUMMARY: counts})
    assert gap_codes(snapshot, Source.SERVER_CERTIFICATES) == {"CountMismatch"}
    empty: dict[str, Any] = {"ServerCertificateMetadataList": []}
    nothing: dict[str, Any] = {CERTIFICATES: empty, CERTIFICATE_TAGS: None, SUMMARY: None}
    assert gap_codes(collected(tmp_path / "none", **nothing), Source.SERVER_CERTIFICATES) == {"EmptyUnconfirmed"}


def test_to_be_in_no_organization_is_a_fact_and_a_refusal_is_not(tmp_path: Path) -> None:
    lonely = ERROR.format("AWSOrganizationsNotInUseException", "DescribeOrganization")
    assert collected(tmp_path / "lonely", **{ORGANIZATION: lonely}).account.management_account_id is None
    denied = collected(
        tmp_path / "denied", **{ORGANIZATION: ERROR.format("AccessDeniedException", "DescribeOrganization")}
    )
    assert gaps_of(denied.account) == {"management_account_id": "organization:AccessDeniedException"}
    assert [gap.iam_action for gap in denied.gaps] == ["organizations:DescribeOrganization"]


@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (None, "NotProvided", SourceStatus.ABSENT),
        (ERROR.format("AccessDenied", "GetPolicy"), "AccessDenied", SourceStatus.FAILED),
        ({"Policy": {"Arn": "arn:aws:iam::aws:policy/Other"}}, "NotProvided", SourceStatus.FAILED),
    ],
    ids=["missing", "denied", "of another policy"],
)
def test_without_the_file_of_a_policy_its_description_is_unknown(
    tmp_path: Path, content: Any, code: str, expected: SourceStatus
) -> None:
    snapshot = collected(tmp_path, **{POLICY: content})
    assert gaps_of(snapshot.policies[0]) == {"description": f"{Source.POLICY_DESCRIPTIONS}:{code}"}
    assert status(snapshot, Source.POLICY_DESCRIPTIONS) is expected


def test_a_policy_without_description_has_none(tmp_path: Path) -> None:
    plain = {"Policy": {"Arn": f"arn:aws:iam::{ACCOUNT}:policy/Boundary"}}
    assert collected(tmp_path, **{POLICY: plain}).policies[0].description is None


def test_without_policies_no_description_is_missing(tmp_path: Path) -> None:
    counts = folder_of.summary()
    counts["SummaryMap"]["Policies"] = 0
    snapshot = collected(tmp_path, **{DETAILS: folder_of.details() | {"Policies": []}, SUMMARY: counts, POLICY: None})
    assert status(snapshot, Source.POLICY_DESCRIPTIONS) is SourceStatus.COMPLETE
    assert not snapshot.gaps


REFUSED = {
    "analyzers of two Regions": (
        {"access-analyzers-2.json": {"analyzers": [folder_of.analyzer("other", "us-east-1")]}},
        "of the Regions eu-central-1 and us-east-1",
    ),
    "a certificate told of twice": (
        {
            "server-certificates-2.json": {
                "ServerCertificateMetadataList": [folder_of.certificate("web") | {"Path": "/x/"}]
            }
        },
        "differs from another file about web",
    ),
    "a policy told of twice": (
        {"policy-2.json": {"Policy": {"Arn": f"arn:aws:iam::{ACCOUNT}:policy/Boundary", "Description": "other"}}},
        "two files differ about arn:aws:iam::111122223333:policy/Boundary",
    ),
    "an OIDC provider told of twice": (
        {"open-id-connect-provider-2.json": {"Url": "id.example.com/x", "ClientIDList": ["other"]}},
        "two files differ about id.example.com/x",
    ),
    "a provider of another account": (
        {
            SAML_PROVIDERS: {
                "SAMLProviderList": [folder_of.saml_entry("x") | {"Arn": "arn:aws:iam::444455556666:saml-provider/x"}]
            }
        },
        "mixes the data of accounts 111122223333 and 444455556666",
    ),
    "a list of something else": ({SAML_PROVIDERS: {"Users": []}}, "saml-providers.json cannot be read"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_files_that_contradict_are_refused(tmp_path: Path, changes: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        collected(tmp_path, **changes)
