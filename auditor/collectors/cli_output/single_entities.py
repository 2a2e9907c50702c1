"""Exports of certificates, identity providers, analyzers, the organization, credentials and policy descriptions.

A list is in one file, and the response of each call about one of its entries in a file of its own. GetPolicy's response
names its policy and GetOpenIDConnectProvider's its URL; lists of tags name nothing, so the name is in the file name.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from auditor.account.model import AccessAnalyzer
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import Gap
from auditor.collectors.answers import Answer, gap, unread
from auditor.collectors.cli_output.decoding import HINT, Folder, Read, decoder, status_without
from auditor.collectors.cli_output.names import (
    ANALYZERS,
    CERTIFICATE_TAGS,
    CERTIFICATES,
    OIDC_PROVIDER,
    OIDC_PROVIDERS,
    ORGANIZATION,
    POLICY,
    SAML_PROVIDERS,
    SAML_TAGS,
    SERVICE_CREDENTIALS,
)
from auditor.collectors.entity_facts import (
    NO_ORGANIZATION,
    NOT_SUPPORTED,
    SERVICES_WITH_CREDENTIALS,
    AnalyzersPage,
    CertificatesPage,
    Descriptions,
    OidcDetail,
    OidcList,
    OrganizationAnswer,
    PolicyAnswer,
    SamlList,
    ServiceCredentialsPage,
    TagsPage,
    access_analyzer,
    is_of,
    oidc_name,
    oidc_provider,
    saml_provider,
    server_certificate,
    service_credential,
    tags_of,
    url_name,
)
from auditor.errors import SourceError

_ANALYZER_REGION = re.compile(r"arn:[\w-]+:access-analyzer:(?P<region>[\w-]+):")
_OWNER = 4  # the place of the account in an ARN


class Details(NamedTuple):
    """Hold details of entities by name; `gaps` are those of entities with an unusable file, `gap` is for all others."""

    details: Mapping[str, Any]
    gap: Gap
    gaps: Mapping[str, Gap]


def single_entities(folder: Folder, policies: Answer[Any]) -> dict[Source, Answer[Any]]:
    """Return the answers of all these sources; `policies` is the answer of the list of policies.

    Raises SourceError for a file that is not the AWS CLI's output, and for files that contradict each other.
    """
    return {
        Source.SERVER_CERTIFICATES: _certificates(folder),
        Source.OIDC_PROVIDERS: _oidc_providers(folder),
        Source.SAML_PROVIDERS: _saml_providers(folder),
        Source.ACCESS_ANALYZERS: _analyzers(folder),
        Source.ORGANIZATION: _organization(folder),
        Source.POLICY_DESCRIPTIONS: _descriptions(folder, policies),
        **_service_credentials(folder),
    }


def of_region(folder: Folder, analyzers: Answer[Any], given: str | None) -> tuple[Answer[Any], str | None]:
    """Return the analyzers of the Region, and the Region: the given one, or that of the analyzers, or None.

    If the analyzers are of another Region than the given one, its analyzers are unknown. Raises SourceError for several
    Regions.
    """
    listed: Iterable[AccessAnalyzer] = analyzers.value or ()
    regions = sorted({match["region"] for each in listed if (match := _ANALYZER_REGION.match(each.arn))})
    if len(regions) > 1:
        raise SourceError(
            f"{folder}: {ANALYZERS} holds analyzers of the Regions {' and '.join(regions)}",
            "Analyzers are judged Region by Region: keep the file of one.",
        )
    if given is not None and regions not in ([], [given]):
        message = f"{ANALYZERS} holds analyzers of {regions[0]}, not of {given} as --region says"
        return unread(analyzers.source, SourceStatus.FAILED, gap(analyzers.source, "OtherRegion", message)), given
    return analyzers, regions[0] if regions else given


def _certificates(folder: Folder) -> Answer[Any]:
    source = Source.SERVER_CERTIFICATES
    listed = folder.read(CERTIFICATES, source, decoder(CertificatesPage))
    reported = _tags(folder, CERTIFICATE_TAGS, source)
    return _answer(source, CERTIFICATES, listed, reported, server_certificate)


def _saml_providers(folder: Folder) -> Answer[Any]:
    source = Source.SAML_PROVIDERS
    listed = folder.read(SAML_PROVIDERS, source, decoder(SamlList))
    reported = _tags(folder, SAML_TAGS, source)
    names = {entry.name: entry.name.rpartition("/")[2] for page in listed.answers for entry in page.entries}
    return _answer(source, SAML_PROVIDERS, listed, reported, saml_provider, names)


def _oidc_providers(folder: Folder) -> Answer[Any]:
    source = Source.OIDC_PROVIDERS
    listed = folder.read(OIDC_PROVIDERS, source, decoder(OidcList))
    read = folder.read(OIDC_PROVIDER, source, decoder(OidcDetail))
    reported = _details(source, OIDC_PROVIDER, read, (url_name(detail.url) for detail in read.answers))
    names = {entry.name: oidc_name(entry.name) for page in listed.answers for entry in page.entries}
    return _answer(source, OIDC_PROVIDERS, listed, reported, oidc_provider, names)


def _analyzers(folder: Folder) -> Answer[Any]:
    source = Source.ACCESS_ANALYZERS
    return _answer(source, ANALYZERS, folder.read(ANALYZERS, source, decoder(AnalyzersPage)), None, access_analyzer)


def _service_credentials(folder: Folder) -> dict[Source, Answer[Any]]:
    """Return the answer of service-specific credentials; nothing for a folder without such files.

    A file that is named after a service holds only its credentials, any other file those of all services.
    """
    source = Source.SERVICE_CREDENTIALS
    read = folder.read(SERVICE_CREDENTIALS, source, decoder(ServiceCredentialsPage))
    if not read.files:
        return {}
    before, after = SERVICE_CREDENTIALS.split("*")
    named = [name.removeprefix(before).removesuffix(after).strip("-") for name in (*read.names, *read.gaps)]
    services = {service for name in named for service in SERVICES_WITH_CREDENTIALS if _is_service(name, service)}
    lacking = [each for each in SERVICES_WITH_CREDENTIALS if each not in services]
    if lacking and all(any(_is_service(name, service) for service in services) for name in named):
        missing = gap(source, "NotProvided", f"{SERVICE_CREDENTIALS} is not in the exports folder for {lacking[0]}")
        read.gaps.setdefault("", missing)
    reasons = (each for each in read.gaps.values() if each.error_code not in NOT_SUPPORTED)
    listed = read._replace(gap=next(reasons, None))
    return {source: _answer(source, SERVICE_CREDENTIALS, listed, None, service_credential)}


def _is_service(name: str, service: str) -> bool:
    return name.lower() in (service, service.partition(".")[0])


def _organization(folder: Folder) -> Answer[str | None]:
    source = Source.ORGANIZATION
    read = folder.read(ORGANIZATION, source, decoder(OrganizationAnswer))
    if read.gap is not None and read.gap.error_code == NO_ORGANIZATION:
        return Answer(source=source, status=SourceStatus.COMPLETE, value=None, pages=1)
    if read.gap is not None:
        return unread(source, status_without(read), read.gap)
    account_id: str = read.answers[0].organization.master_account_id
    return Answer(source=source, status=SourceStatus.COMPLETE, value=account_id, pages=1, items=1)


def _descriptions(folder: Folder, policies: Answer[Any]) -> Answer[Any]:
    """Return the answer with the descriptions of the policies; complete if there are no policies."""
    source = Source.POLICY_DESCRIPTIONS
    read = folder.read(POLICY, source, decoder(PolicyAnswer))
    reported = _details(source, POLICY, read, (answer.policy.arn for answer in read.answers))
    listed = {policy.arn: policy for policy in policies.value or ()}
    found = {arn: reported.details[arn].policy for arn in listed if arn in reported.details}
    descriptions = {arn: each.description or None for arn, each in found.items() if is_of(each, listed[arn])}
    other = gap(source, "OtherPolicy", f"{POLICY} describes another policy of this name, made before or after it")
    lacks = {arn: other if arn in found else reported.gap for arn in listed if arn not in descriptions}
    lacking = {arn: lack.id for arn, lack in lacks.items()}
    unlisted = tuple(arn for arn in reported.details if arn not in listed and _may_be_listed(arn, listed))
    if not found and (policies.gap or (lacking and not unlisted)):
        return unread(source, status_without(read), reported.gap)
    return Answer(
        source=source,
        status=SourceStatus.PARTIAL if lacking else SourceStatus.COMPLETE,
        value=Descriptions(descriptions, lacking, unlisted),
        cell_gaps=tuple({lack.id: lack for lack in lacks.values()}.values()),
        pages=len(read.answers),
        items=len(descriptions),
        detail=next((lack.message for lack in lacks.values()), None),
    )


def _may_be_listed(arn: str, listed: Iterable[str]) -> bool:
    """Return whether a policy may belong to the account whose policies are listed: it is not AWS-managed."""
    owners = {each.split(":", 5)[_OWNER] for each in listed if each.count(":") > _OWNER}
    owner = arn.split(":", 5)[_OWNER] if arn.count(":") > _OWNER else ""
    return owner.isdigit() and owner in (owners or {owner})


def _tags(folder: Folder, pattern: str, source: Source) -> Details:
    """Return tags by the names in the file names; a list of tags that stops early is not used."""
    read = folder.read(pattern, source, decoder(TagsPage))
    before, after = pattern.split("*")

    def entity(file: str) -> str:
        return file.removeprefix(before).removesuffix(after)

    pages = _details(source, pattern, read, map(entity, read.names)).details
    stopping = {name for name, page in pages.items() if _stops(page)}
    whole = {name: tags_of(page.tags) for name, page in pages.items() if name not in stopping}
    gaps = {entity(file): error for file, error in read.gaps.items()}
    return Details(whole, _missing(source, pattern), gaps | dict.fromkeys(stopping, _truncated(source, pattern)))


def _missing(source: Source, pattern: str) -> Gap:
    return gap(source, "NotProvided", f"{pattern} is not in the exports folder, or not for each")


def _details(source: Source, pattern: str, read: Read, names: Iterable[str]) -> Details:
    details: dict[str, Any] = {}
    for name, answer in zip(names, read.answers, strict=True):
        if details.setdefault(name, answer) != answer:
            raise SourceError(f"{pattern}: two files differ about {name}", "Keep the files of one export.")
    return Details(details, read.gap if read.gap and read.files else _missing(source, pattern), {})


def _answer(
    source: Source,
    pattern: str,
    listed: Read,
    reported: Details | None,
    made: Any,
    names: Mapping[str, str] | None = None,
) -> Answer[Any]:
    """Return the answer of a list; `names` maps the names of entries to those that their details use, if different."""
    if not listed.answers and listed.gap is not None:
        return unread(source, status_without(listed), listed.gap)
    entries: dict[str, Any] = {}
    for entry in (entry for page in listed.answers for entry in page.entries):
        if entries.setdefault(entry.name, entry) != entry:
            raise SourceError(f"{pattern} differs from another file about {entry.name}", HINT)
    records: list[Any] = []
    lacks: dict[str, Gap] = {}
    for name, entry in entries.items():
        key = names[name] if names else name
        detail = reported.details.get(key) if reported else None
        lack = reported.gaps.get(key, reported.gap) if reported and detail is None else None
        records.append(made(entry, detail, lack.id if lack else None))
        lacks |= {lack.id: lack} if lack else {}
    reason = listed.gap or (_truncated(source, pattern) if any(map(_stops, listed.answers)) else None)
    known = {names[name] if names else name for name in entries}
    unlisted = sorted(reported.details.keys() - known) if reported else []
    if reason is None and unlisted:
        reason = gap(source, "Unlisted", f"{pattern} lacks {unlisted[0]}, which another file describes")
    return Answer(
        source=source,
        status=SourceStatus.PARTIAL if reason or lacks else SourceStatus.COMPLETE,
        value=tuple(sorted(records, key=lambda record: str(record.name))),
        gap=reason,
        cell_gaps=tuple(lacks.values()),
        pages=len(listed.answers),
        items=len(records),
        detail=next((found.message for found in (reason, *lacks.values()) if found), None),
    )


def _stops(page: Any) -> bool:
    """Return whether a list goes on after a page: the AWS CLI stopped early, or another tool wrote one page."""
    fields = ("is_truncated", "marker", "next_token", "cli_token")
    return any(getattr(page, field, None) not in (None, False, UNSET) for field in fields)


def _truncated(source: Source, pattern: str) -> Gap:
    return gap(source, "Truncated", f"{pattern} stops early (NextToken)")
