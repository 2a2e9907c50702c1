"""Entities that need a call each: certificates, identity providers and policy descriptions; and some short lists.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificates.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListAnalyzers.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from msgspec import UNSET, convert

from auditor.account.sources import ACTIONS, Source, SourceStatus
from auditor.account.unknown import Gap
from auditor.collectors.answers import Answer, unread
from auditor.collectors.entity_facts import (
    NO_ORGANIZATION,
    NOT_SUPPORTED,
    SERVICES_WITH_CREDENTIALS,
    AnalyzersPage,
    CertificatesPage,
    Descriptions,
    ListedPolicy,
    OidcDetail,
    OidcList,
    OrganizationAnswer,
    PolicyAnswer,
    SamlList,
    ServiceCredentialsPage,
    Tags,
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
from auditor.collectors.live.asking_again import answered, holding
from auditor.collectors.live.one_by_one import THREADS, one_by_one
from auditor.collectors.live.pages import Sleep, iam_marker, pages
from auditor.collectors.live.refusals import FAULTS, error_code, gap_of, timed_out
from auditor.collectors.live.session import Connection
from auditor.collectors.live.side_by_side import Deadline

PAGE_SIZE = 1000  # AWS's maximum of IAM's lists

ShowCount = Callable[[Source, int], None]
"""A function that is called with the number of entities of a source that were read so far."""
Say = Callable[[str], object]
"""A function that is called, from several threads, with a message before calls that grow with the entities."""

_SERVICES = {Source.ACCESS_ANALYZERS: "accessanalyzer", Source.ORGANIZATION: "organizations"}
_DESCRIPTIONS = Source.POLICY_DESCRIPTIONS


class _Kind(NamedTuple):
    """Hold a kind of entity: the call for its list, the call for one of them, and how to make a record of both."""

    lists: Callable[[], Iterator[Any]]
    call: Callable[[str], Any] | None
    made: Callable[[Any, Any, str | None], Any]


class _Known:
    """Hold what has been read of a source: entries by name, the number of pages, and the details of each entry.

    `reason` says why entries may be missing; `errors` has the error of each entity whose call failed, `final` is the
    error that stopped all further calls, and `late` the gap if no time was left.
    """

    def __init__(self, late: Gap) -> None:
        self.entries: dict[str, Any] = {}
        self.pages = 0
        self.details: dict[str, Any] = {}
        self.errors: Mapping[str, Exception] = {}
        self.final: Exception | None = None
        self.reason: Gap | None = late
        self.late = late


class SingleEntities:
    """Read the requested sources whose entities need a call each, and return the answer of each source."""

    def __init__(
        self, connection: Connection, deadline: Deadline, sleep: Sleep, show_count: ShowCount, say: Say
    ) -> None:
        self._connection = connection
        self._iam = connection.iam
        self._deadline = deadline
        self._sleep = sleep
        self._show_count = show_count
        self._say = say
        self._kinds = {
            Source.SERVER_CERTIFICATES: _Kind(self._certificates, self._certificate_tags, server_certificate),
            Source.OIDC_PROVIDERS: _Kind(self._oidc_providers, self._oidc_detail, oidc_provider),
            Source.SAML_PROVIDERS: _Kind(self._saml_providers, self._saml_tags, saml_provider),
            Source.ACCESS_ANALYZERS: _Kind(self._analyzers, None, access_analyzer),
            Source.SERVICE_CREDENTIALS: _Kind(self._service_credentials, None, service_credential),
        }
        read = (*self._kinds, _DESCRIPTIONS)
        self._known = {source: _Known(timed_out(source, deadline.timeout_s)) for source in read}
        self._clients: dict[Source, Any] = {}

    def readers(self, sources: frozenset[Source]) -> Mapping[Source, Callable[[], Answer[Any]]]:
        """Return the reader of each requested source that depends on no other; only their clients are made."""
        readers: dict[Source, Callable[[], Answer[Any]]] = {
            source: partial(self._entities, source) for source in self._kinds
        }
        readers[Source.ORGANIZATION] = self._organization
        chosen = {source: read for source, read in readers.items() if source in sources}
        for source in chosen.keys() & _SERVICES.keys():
            # Not in the readers: a session must not make clients in several threads at once.
            self._clients[source] = self._connection.client(_SERVICES[source])
        return chosen

    def policy_descriptions(self, policies: Mapping[str, ListedPolicy]) -> Answer[Descriptions]:
        """Return the descriptions of policies, by ARN, with one call for each: no bulk call returns them."""
        known = self._known[_DESCRIPTIONS]
        known.entries, known.reason = dict(policies), None
        self._read_each(_DESCRIPTIONS, self._description)
        return self.so_far(_DESCRIPTIONS)

    def so_far(self, source: Source) -> Answer[Any]:
        """Return the answer of a source with what has been read; what is missing was not read in time."""
        if source not in self._known:
            return unread(source, SourceStatus.FAILED, timed_out(source, self._deadline.timeout_s))
        known = self._known[source]
        if known.reason is not None and not known.entries:
            return unread(source, SourceStatus.FAILED, known.reason)
        entries, details = dict(known.entries), dict(known.details)
        if source is _DESCRIPTIONS:
            lacks = self._lacks(source, entries.keys() - details.keys())
            reported = Descriptions(details, {name: lack.id for name, lack in lacks.items()})
            return _answer(source, reported, len(details), len(details), None, lacks)
        kind = self._kinds[source]
        lacks = self._lacks(source, entries.keys() - details.keys()) if kind.call else {}
        records = (
            kind.made(entry, details.get(name), lacks[name].id if name in lacks else None)
            for name, entry in entries.items()
        )
        value = tuple(sorted(records, key=lambda record: record.name))
        return _answer(source, value, len(value), known.pages, known.reason, lacks)

    def _lacks(self, source: Source, names: Iterable[str]) -> dict[str, Gap]:
        """Return the gap of each entity that was not read: its own error, or why no call was made."""
        known = self._known[source]
        lacks: dict[str, Gap] = {}
        for name in sorted(names):
            error = known.errors.get(name, known.final)
            lacks[name] = self._gap(source, error, ACTIONS[source][-1]) if error else known.late
        return lacks

    def _entities(self, source: Source) -> Answer[Any]:
        """Read a list, and then each of its entries with a call of its own."""
        kind, known = self._kinds[source], _Known(timed_out(source, self._deadline.timeout_s))
        self._known[source] = known  # of this reading alone
        try:
            for entries in kind.lists():
                known.entries |= {entry.name: entry for entry in entries}
                known.pages += 1
            known.reason = None
        except FAULTS as error:
            known.reason = self._gap(source, error, ACTIONS[source][0])
        if kind.call is not None:
            self._read_each(source, kind.call)
        return self.so_far(source)

    def _read_each(self, source: Source, call: Callable[[str], Any]) -> None:
        known = self._known[source]

        def keep(name: str) -> None:
            known.details[name] = call(name)
            self._show_count(source, len(known.details))

        self._announce(source, len(known.entries))
        reported = one_by_one(known.entries, keep, self._deadline)
        known.errors, known.final = reported.errors, reported.final

    def _announce(self, source: Source, count: int) -> None:
        """Announce how many calls follow; for sources of which IAM allows few entities, only if there are many."""
        reported = count > 0 if source is _DESCRIPTIONS else count > THREADS
        if reported and self._deadline.left():
            self._say(f"Reading {count:,} {source.text} ({count:,} {ACTIONS[source][-1]} calls)")

    def _certificates(self) -> Iterator[Iterable[Any]]:
        call = partial(self._iam.list_server_certificates, MaxItems=PAGE_SIZE)
        return (page.entries for page in pages(call, CertificatesPage, self._deadline, self._sleep))

    def _certificate_tags(self, name: str) -> Tags:
        return self._tags(partial(self._iam.list_server_certificate_tags, ServerCertificateName=name))

    def _oidc_providers(self) -> Iterator[Iterable[Any]]:
        yield convert(answered(self._iam.list_open_id_connect_providers, self._sleep), OidcList).entries

    def _oidc_detail(self, arn: str) -> OidcDetail:
        call = partial(self._iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
        detail = convert(answered(call, self._sleep), OidcDetail)
        if url_name(detail.url).rstrip("/").casefold() != oidc_name(arn).rstrip("/").casefold():
            raise ValueError(f"the answer is about {detail.url}")
        return detail

    def _saml_providers(self) -> Iterator[Iterable[Any]]:
        yield convert(answered(self._iam.list_saml_providers, self._sleep), SamlList).entries

    def _saml_tags(self, arn: str) -> Tags:
        return self._tags(partial(self._iam.list_saml_provider_tags, SAMLProviderArn=arn))

    def _tags(self, call: Callable[..., Any]) -> Tags:
        found = pages(partial(call, MaxItems=PAGE_SIZE), TagsPage, self._deadline, self._sleep)
        return tags_of(tag for page in found for tag in page.tags)

    def _description(self, arn: str) -> str | None:
        call = partial(self._iam.get_policy, PolicyArn=arn)
        policy = convert(answered(call, self._sleep), PolicyAnswer).policy
        if policy.arn != arn:
            raise ValueError(f"the answer is about {policy.arn}")
        if not is_of(policy, self._known[_DESCRIPTIONS].entries[arn]):
            raise ValueError(f"the answer is about a policy of the name {arn} that was made before or after it")
        return policy.description or None

    def _analyzers(self) -> Iterator[Iterable[Any]]:
        place = f":{self._connection.region}:{self._connection.caller.account_id}:"
        call = holding(self._clients[Source.ACCESS_ANALYZERS].list_analyzers, "analyzers")
        found = pages(
            call,
            AnalyzersPage,
            self._deadline,
            self._sleep,
            place="nextToken",
            next_place=lambda page: page.next_token or None,
        )
        for page in found:
            for entry in page.entries:
                if place not in entry.arn:  # for example, the endpoint of another Region is configured
                    raise ValueError(f"the answer tells of {entry.arn}")
            yield page.entries

    def _service_credentials(self) -> Iterator[Iterable[Any]]:
        """Yield the credentials of each service; a service that the partition does not have has none."""
        for service in SERVICES_WITH_CREDENTIALS:
            listed = self._iam.list_service_specific_credentials
            call = partial(listed, AllUsers=True, ServiceName=service, MaxItems=PAGE_SIZE)
            found = pages(call, ServiceCredentialsPage, self._deadline, self._sleep, next_place=_marker_if_any)
            try:
                yield from (page.entries for page in found)
            except FAULTS as error:
                if error_code(error) not in NOT_SUPPORTED:
                    raise

    def _organization(self) -> Answer[str | None]:
        """Return the management account's number, None for an account that is in no organization."""
        source = Source.ORGANIZATION
        call = holding(self._clients[source].describe_organization, "Organization")
        try:
            answer = convert(answered(call, self._sleep), OrganizationAnswer)
        except FAULTS as error:
            if error_code(error) == NO_ORGANIZATION:
                detail = "The account is in no organization"
                return Answer(source=source, status=SourceStatus.COMPLETE, value=None, pages=1, detail=detail)
            return unread(source, SourceStatus.FAILED, self._gap(source, error, ACTIONS[source][0]))
        account_id = answer.organization.master_account_id
        return Answer(source=source, status=SourceStatus.COMPLETE, value=account_id, pages=1, items=1)

    def _gap(self, source: Source, error: Exception, action: str) -> Gap:
        return gap_of(source, error, action, mfa=self._connection.mfa)


def _marker_if_any(page: ServiceCredentialsPage) -> str | None:
    """Return the marker of the next page; a page without IsTruncated and Marker (older AWS CLI) is the whole list."""
    return None if page.is_truncated is UNSET and not page.marker else iam_marker(page)


def _answer(
    source: Source, value: Any, items: int, calls: int, reason: Gap | None, lacks: Mapping[str, Gap]
) -> Answer[Any]:
    """Return an answer; it has a gap only if the list was cut. Unknown details are gaps of single records."""
    cell_gaps = tuple({lack.id: lack for lack in lacks.values()}.values())
    why = next(filter(None, (reason, *cell_gaps)), None)
    read = SourceStatus.PARTIAL if items else SourceStatus.FAILED
    return Answer(
        source=source,
        status=read if why else SourceStatus.COMPLETE,
        value=value,
        gap=reason,
        cell_gaps=cell_gaps,
        exhaustive=True,
        pages=calls,
        items=items,
        detail=why.message if why else None,
    )
