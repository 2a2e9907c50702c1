"""Builders of records and snapshots with full defaults, so that a test states only what matters to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw

from auditor.account.credentials import FLAGS, Credentials, ReportMarker
from auditor.account.kinds import listed_kinds
from auditor.account.model import (
    AccessAnalyzer,
    Account,
    AttachedPolicy,
    Group,
    InlinePolicy,
    OidcProvider,
    PasswordPolicy,
    Policy,
    PolicyVersion,
    Role,
    SamlProvider,
    ServerCertificate,
    Snapshot,
    User,
    VirtualMfaDevice,
)
from auditor.account.snapshot import FORMAT, SCHEMA_VERSION
from auditor.account.sources import ACCOUNT_FACTS, BULK, Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, Listing, stored, with_gaps

ACCOUNT_ID = "111122223333"
CAPTURED_AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
REPORT_TIME = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
CREATED_AT = datetime(2025, 1, 1, tzinfo=UTC)
WITHHELD = "withheld"
"""The id of the gap that every built snapshot declares, for facts that a case withholds."""

_FACTS: dict[str, Any] = {
    "id": ACCOUNT_ID,
    "alias": None,
    "partition": "aws",
    "password_policy": None,
    "summary": {},
    "management_account_id": None,
}
"""What a built account has by default."""

DOCUMENT = Raw(b'{"Version":"2012-10-17","Statement":[]}')


def allow(action: object = "*", resource: object = "*", **elements: object) -> dict[str, object]:
    """Return an Allow statement; elements that are None are left out, so that NotAction can replace Action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **elements}
    return {name: value for name, value in statement.items() if value is not None}


def document(*statements: object) -> Raw:
    """Return a policy document with these statements."""
    return Raw(msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}))


def listing(items: Iterable[Any] = (), gap: str | None = None) -> Listing[Any]:
    """Return a listing: complete unless a gap is named."""
    return Listing(tuple(items), gap)


def credentials(**columns: Any) -> Credentials:
    """Return a row of the credential report: no password, no MFA, no access keys."""
    absent = dict.fromkeys(Credentials.__struct_fields__, "N/A")
    values: dict[str, Any] = {**absent, **dict.fromkeys(FLAGS, False), "additional_credentials_info": None, **columns}
    return Credentials(**values)


def user(
    name: str,
    *,
    groups: Sequence[str] = (),
    inline: Sequence[str] = (),
    attached: Sequence[str] = (),
    path: str = "/",
    unknown: Sequence[str] = (),
    **fields: Any,
) -> User:
    """Return a user without groups, policies and credentials; the fields named in `unknown` have a gap."""
    values: dict[str, Any] = {
        "name": name,
        "id": f"AIDA{_hex(name)}",
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:user{path}{name}",
        "path": path,
        "created_at": CREATED_AT,
        "group_names": listing(groups),
        "inline_policies": listing(InlinePolicy(policy, DOCUMENT) for policy in inline),
        "attached_policies": listing(_attached(policy) for policy in attached),
        "permissions_boundary": None,
        "tags": {},
        "credentials": credentials(),
        "verified": None,
        **fields,
    }
    return with_gaps(User(**values), dict.fromkeys(unknown, WITHHELD))


def console_user(name: str, *, mfa: bool | ReportMarker, **fields: Any) -> User:
    """Return a user with a console password."""
    return user(name, credentials=credentials(password_enabled=True, mfa_active=mfa), **fields)


def group(name: str, *, attached: Sequence[str] = (), path: str = "/", unknown: Sequence[str] = ()) -> Group:
    """Return a group without policies."""
    made = Group(
        name=name,
        id=f"AGPA{_hex(name)}",
        arn=f"arn:aws:iam::{ACCOUNT_ID}:group{path}{name}",
        path=path,
        created_at=CREATED_AT,
        inline_policies=listing(),
        attached_policies=listing(_attached(policy) for policy in attached),
    )
    return with_gaps(made, dict.fromkeys(unknown, WITHHELD))


def role(name: str, *, path: str = "/", unknown: Sequence[str] = (), **fields: Any) -> Role:
    """Return a role without policies that was never used."""
    values: dict[str, Any] = {
        "name": name,
        "id": f"AROA{_hex(name)}",
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:role{path}{name}",
        "path": path,
        "created_at": CREATED_AT,
        "trust_policy": DOCUMENT,
        "instance_profile_names": listing(),
        "inline_policies": listing(),
        "attached_policies": listing(),
        "permissions_boundary": None,
        "tags": {},
        "last_used_at": None,
        **fields,
    }
    return with_gaps(Role(**values), dict.fromkeys(unknown, WITHHELD))


def policy(
    name: str, *, document: Raw = DOCUMENT, path: str = "/", unknown: Sequence[str] = (), **fields: Any
) -> Policy:
    """Return a customer-managed policy with one version and a description, attached to nothing."""
    values: dict[str, Any] = {
        "name": name,
        "id": f"ANPA{_hex(name)}",
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:policy{path}{name}",
        "path": path,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "default_version_id": "v1",
        "attachment_count": 0,
        "permissions_boundary_usage_count": 0,
        "versions": listing([PolicyVersion("v1", is_default=True, document=document)]),
        "description": "What it is for",
        **fields,
    }
    return with_gaps(Policy(**values), dict.fromkeys(unknown, WITHHELD))


def server_certificate(name: str, *, path: str = "/", unknown: Sequence[str] = (), **fields: Any) -> ServerCertificate:
    """Return a server certificate without tags that is valid for another year."""
    values: dict[str, Any] = {
        "name": name,
        "id": f"ASCA{_hex(name)}",
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:server-certificate{path}{name}",
        "path": path,
        "uploaded_at": CREATED_AT,
        "expires_at": CAPTURED_AT + timedelta(days=365),
        "tags": {},
        **fields,
    }
    return with_gaps(ServerCertificate(**values), dict.fromkeys(unknown, WITHHELD))


def oidc_provider(
    name: str, *, client_ids: Sequence[str] = ("sts.amazonaws.com",), unknown: Sequence[str] = (), **fields: Any
) -> OidcProvider:
    """Return an OpenID Connect provider without tags."""
    values: dict[str, Any] = {
        "name": name,
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{name}",
        "client_ids": listing(client_ids),
        "tags": {},
        **fields,
    }
    return with_gaps(OidcProvider(**values), dict.fromkeys(unknown, WITHHELD))


def saml_provider(name: str, *, unknown: Sequence[str] = (), **fields: Any) -> SamlProvider:
    """Return a SAML provider without tags."""
    values: dict[str, Any] = {
        "name": name,
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/{name}",
        "created_at": CREATED_AT,
        "valid_until": CAPTURED_AT + timedelta(days=365),
        "tags": {},
        **fields,
    }
    return with_gaps(SamlProvider(**values), dict.fromkeys(unknown, WITHHELD))


def password_policy(
    length: int = 14,
    *,
    upper: bool = True,
    lower: bool = True,
    symbols: bool = True,
    numbers: bool = True,
    reuse: int | None = 24,
    age: int | None = 90,
) -> PasswordPolicy:
    """Return a password policy that meets AWS Config's defaults."""
    return PasswordPolicy(
        minimum_password_length=length,
        require_symbols=symbols,
        require_numbers=numbers,
        require_uppercase_characters=upper,
        require_lowercase_characters=lower,
        allow_users_to_change_password=True,
        expire_passwords=bool(age),
        max_password_age=age,
        password_reuse_prevention=reuse,
        hard_expiry=None,
    )


def account(
    *,
    devices: Sequence[VirtualMfaDevice] = (),
    analyzers: Sequence[AccessAnalyzer] = (),
    password: PasswordPolicy | None = None,
    unknown: Sequence[str] = (),
    **fields: Any,
) -> Snapshot:
    """Return the snapshot of an account that uses the default password policy.

    `fields` sets fields of the account or of the snapshot; `users=[...]` and the other lists take records. `unknown`
    names what has a gap: facts of the account, or whole lists such as "users".
    """
    given = {"virtual_mfa_devices": devices, "access_analyzers": analyzers, "password_policy": password, **fields}
    names = [name for _, name, _ in listed_kinds()]
    lists = {name: _list(given.pop(name, ()), WITHHELD if name in unknown else None) for name in names}
    facts = {name: given.pop(name, default) for name, default in {**_FACTS, "root_credentials": credentials()}.items()}
    withheld = {name: WITHHELD for name in unknown if name not in lists}
    values: dict[str, Any] = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "kind": "test",
        "region": "us-east-1",
        "captured_at": CAPTURED_AT,
        "report_generated_at": REPORT_TIME,
        "account": with_gaps(Account(**facts), withheld),
        "sources": tuple(_sources(lists, withheld)),
        "gaps": (Gap(WITHHELD, "test", "AccessDenied", "iam:Test", "The case withholds it"),),
        "notices": (),
        **lists,
        **given,
    }
    return Snapshot(**values)


def _list(items: Any, gap: str | None) -> Listing[Any]:
    return items if isinstance(items, Listing) else listing(items, gap)


def _sources(lists: Mapping[str, Listing[Any]], withheld: Mapping[str, str]) -> Iterator[SourceRecord]:
    """Yield the record of each source, with the status that fits these lists and what is withheld."""
    of_list = {source: lists[name] for _, name, source in listed_kinds()}
    verified = any(stored(user, "verified") for user in lists["users"].known_part)
    for source in sorted(Source if verified else BULK):
        status, items = SourceStatus.COMPLETE, 0
        if source in of_list:
            items = len(of_list[source].known_part)
            status = status if of_list[source].gap is None else SourceStatus.PARTIAL
        elif ACCOUNT_FACTS.get(source) in withheld:
            status = SourceStatus.FAILED
        yield SourceRecord(source, status, CAPTURED_AT, 1, items, None)


def _attached(name: str) -> AttachedPolicy:
    return AttachedPolicy(name, f"arn:aws:iam::aws:policy/{name}")


def _hex(name: str) -> str:
    return name.encode().hex().upper()
