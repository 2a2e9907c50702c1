"""A large account served over HTTP without moto, for the benchmark: AWS's XML, rendered beforehand.

`python tests/support/big_account.py MS [USERS GROUPS ROLES POLICIES]` prints the server's URL and serves until its
standard input ends; every answer takes MS milliseconds longer. GET /calls returns as JSON how often each action was
called, with each list of the authorization details separately, and resets the counts. Besides the bulk calls, it
answers those that a script without bulk calls makes for every user and group.
"""

import json
import os
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

from aws_json import in_json, parameters_of
from aws_server import ANALYZERS, DETAILS, Answer, error, report_csv, report_row, result, serving

from auditor.testing import CREATED_AT

ACCOUNT_ID = "111122223333"
REPORT_TIME = "2026-11-24T01:00:00Z"
DEFAULT_PAGE = 100  # items; AWS's own when MaxItems is not given
_CREATED = f"{CREATED_AT:%Y-%m-%dT%H:%M:%SZ}"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TEAMS = 50
OF_AWS = 11  # AWS-managed policies that users and groups have
CERTIFICATES, PROVIDERS = (
    5,
    3,
)  # AWS allows 20 certificates and 100 providers of a kind; each needs a call of its own


class BigUser(NamedTuple):
    """Hold the facts of a user; lists are XML members."""

    name: str
    entity: str
    groups: Sequence[str]
    inline: Sequence[str]
    attached: Sequence[str]
    password: bool
    mfa: bool


class BigAccount:
    """An account with these numbers of entities, always the same."""

    def __init__(self, users: int = 5_000, groups: int = 300, roles: int = 1_000, policies: int = 1_500) -> None:
        self._chance = Random(20261124)
        self.group_names = [f"group-{number:03}" for number in range(groups)]
        self.users = {user.name: user for user in map(self._user, range(users))}
        self.groups = [self.entity("Group", name) for name in self.group_names]
        self.members: dict[str, list[str]] = {name: [] for name in self.group_names}
        for user in self.users.values():
            for name in user.groups:
                self.members[name].append(user.entity)
        self.details = {
            "User": [self._user_detail(user) for user in self.users.values()],
            "Group": [
                self._group_detail(name, entity) for name, entity in zip(self.group_names, self.groups, strict=True)
            ],
            "Role": [self._role_detail(number) for number in range(roles)],
            "LocalManagedPolicy": [self._policy_detail(number) for number in range(policies)],
        }
        self.summary = {"Users": users, "Groups": groups, "Roles": roles, "Policies": policies}
        self.summary |= {"ServerCertificates": CERTIFICATES, "AccountMFAEnabled": 1}

    def report(self) -> str:
        """Return the credential report."""
        rows = (
            report_row(user.name, arn("user", user.name), CREATED_AT, password=user.password, mfa=user.mfa)
            for user in self.users.values()
        )
        return report_csv(rows, ACCOUNT_ID)

    def entity(self, kind: str, name: str) -> str:
        """Return the names of an entity as XML."""
        prefix = {"User": "AIDA", "Group": "AGPA", "Role": "AROA", "ServerCertificate": "ASCA"}[kind]
        unique_id = prefix + "".join(self._chance.choices(_LETTERS, k=17))
        names = f"<Path>/</Path><{kind}Name>{name}</{kind}Name><{kind}Id>{unique_id}</{kind}Id>"
        resource = "server-certificate" if kind == "ServerCertificate" else kind.lower()
        return f"{names}<Arn>{arn(resource, name)}</Arn><CreateDate>{_CREATED}</CreateDate>"

    def _user(self, number: int) -> BigUser:
        name = f"user-{number:05}"
        return BigUser(
            name=name,
            entity=self.entity("User", name),
            groups=sorted(set(self._chance.choices(self.group_names, k=self._chance.randrange(1, 4)))),
            inline=["own-bucket"] if number % 25 == 0 else [],
            attached=["ReadOnlyAccess"] if number % 20 == 0 else [],
            password=number % 2 == 0,
            mfa=number % 20 != 4,
        )

    def _user_detail(self, user: BigUser) -> str:
        inline = "".join(_inline(name, len(user.name)) for name in user.inline)
        tag = f"<member><Key>team</Key><Value>team-{self._chance.randrange(_TEAMS)}</Value></member>"
        groups = "".join(f"<member>{name}</member>" for name in user.groups)
        return (
            f"<member>{user.entity}<GroupList>{groups}</GroupList>{_attached(user.attached)}"
            f"{f'<UserPolicyList>{inline}</UserPolicyList>' if inline else ''}<Tags>{tag}</Tags></member>"
        )

    def _group_detail(self, name: str, entity: str) -> str:
        return f"<member>{entity}<GroupPolicyList/>{_attached([f'Team{int(name[-1])}Access'])}</member>"

    def _role_detail(self, number: int) -> str:
        entity = self.entity("Role", f"role-{number:04}")
        trust = f"<AssumeRolePolicyDocument>{_document(1)}</AssumeRolePolicyDocument>"
        inline = _inline("inline", 4) if number % 5 == 0 else ""
        used = (
            "<RoleLastUsed><LastUsedDate>2026-11-01T10:00:00Z</LastUsedDate><Region>eu-west-1</Region></RoleLastUsed>"
        )
        return (
            f"<member>{entity}{trust}<InstanceProfileList/><RolePolicyList>{inline}</RolePolicyList>"
            f"{_attached(['ReadOnlyAccess'])}{used}</member>"
        )

    def _policy_detail(self, number: int) -> str:
        name = f"policy-{number:04}"
        unique_id = "ANPA" + "".join(self._chance.choices(_LETTERS, k=17))
        version = (
            f"<VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>{_CREATED}</CreateDate>"
        )
        return (
            f"<member><PolicyName>{name}</PolicyName><PolicyId>{unique_id}</PolicyId><Arn>{arn('policy', name)}</Arn>"
            f"<Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>1</AttachmentCount>"
            f"<PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>"
            f"<CreateDate>{_CREATED}</CreateDate><UpdateDate>{_CREATED}</UpdateDate><PolicyVersionList><member>"
            f"<Document>{_document(8)}</Document>{version}</member></PolicyVersionList></member>"
        )


def arn(kind: str, name: str) -> str:
    """Return the ARN of an entity of the account."""
    return f"arn:aws:iam::{ACCOUNT_ID}:{kind}/{name}"


def _document(statements: int) -> str:
    """Return a percent-encoded policy document; eight statements are about 1 kB."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    listed = [
        {"Sid": f"S{number}", "Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::bucket-{number}/*"}
        for number in range(statements)
    ]
    return quote(json.dumps({"Version": "2012-10-17", "Statement": listed}), safe="")


def _inline(name: str, statements: int) -> str:
    document = _document(statements)
    return f"<member><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument></member>"


def _attached(names: Iterable[str], element: str = "AttachedManagedPolicies") -> str:
    members = (
        f"<member><PolicyName>{name}</PolicyName><PolicyArn>arn:aws:iam::aws:policy/{name}</PolicyArn></member>"
        for name in names
    )
    return f"<{element}>{''.join(members)}</{element}>"


class BigAws:
    """A WSGI application that answers for a big account, each call after `delay_s` seconds, and counts the calls."""

    def __init__(self, account: BigAccount, delay_s: float = 0) -> None:
        self.delay_s = delay_s
        self.calls: Counter[str] = Counter()
        self._account = account
        self._report = b64encode(account.report().encode()).decode()
        self._known: dict[str, Callable[[dict[str, str]], str]] = {
            "GetCallerIdentity": lambda _: f"<Account>{ACCOUNT_ID}</Account><Arn>{arn('user', 'auditor')}</Arn>",
            "ListAccountAliases": lambda _: "<AccountAliases/><IsTruncated>false</IsTruncated>",
            "ListServiceSpecificCredentials": lambda _: "<ServiceSpecificCredentials/><IsTruncated>false</IsTruncated>",
            "ListVirtualMFADevices": lambda _: "<VirtualMFADevices/><IsTruncated>false</IsTruncated>",
            "GenerateCredentialReport": lambda _: "<State>COMPLETE</State>",
            "GetCredentialReport": lambda _: (
                f"<Content>{self._report}</Content><ReportFormat>text/csv</ReportFormat>"
                f"<GeneratedTime>{REPORT_TIME}</GeneratedTime>"
            ),
            "GetAccountPasswordPolicy": lambda _: _PASSWORD_POLICY,
            "GetAccountSummary": self._summary,
            DETAILS: self._details,
            "ListUsers": lambda given: self._list("Users", [user.entity for user in account.users.values()], given),
            "ListGroups": lambda given: self._list("Groups", account.groups, given),
            "GetGroup": lambda given: self._list("Users", account.members[given["GroupName"]], given),
            "ListGroupsForUser": lambda given: self._list("Groups", self._groups_of(given), given),
            "ListUserPolicies": self._user_policies,
            "ListAttachedUserPolicies": lambda given: _attached(self._user(given).attached, "AttachedPolicies") + _END,
            "ListMFADevices": self._devices,
            "ListServerCertificates": self._certificates,
            "ListServerCertificateTags": lambda _: _TAGS + _END,
            "ListOpenIDConnectProviders": lambda _: _providers("OpenIDConnect", "oidc-provider"),
            "GetOpenIDConnectProvider": lambda given: (
                f"<Url>{given['OpenIDConnectProviderArn'].rpartition('/')[2]}</Url><ClientIDList><member>sts.amazonaws.com</member></ClientIDList>{_TAGS}"
            ),
            "ListSAMLProviders": lambda _: _providers("SAML", "saml-provider"),
            "ListSAMLProviderTags": lambda _: _TAGS + _END,
            "GetPolicy": lambda given: (
                f"<Policy><Arn>{given['PolicyArn']}</Arn><DefaultVersionId>v1</DefaultVersionId>"
                "<Description>x</Description></Policy>"
            ),
            "GetPolicyVersion": lambda _: (
                f"<PolicyVersion><Document>{_document(8)}</Document><VersionId>v1</VersionId>"
                "<IsDefaultVersion>true</IsDefaultVersion></PolicyVersion>"
            ),
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        due = time.monotonic() + self.delay_s
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        parameters = parameters_of(environ, body)
        answer = self._answer(parameters) if parameters else self._counts()
        content = answer.body.encode()
        time.sleep(max(due - time.monotonic(), 0))
        headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(content)))]
        start_response(f"{answer.status} made up", headers)
        return [content]

    def _counts(self) -> Answer:
        counts, self.calls = self.calls, Counter()
        return Answer(200, json.dumps(counts))

    def _answer(self, parameters: dict[str, str]) -> Answer:
        action = parameters["Action"]
        self.calls[f"{action} {parameters.get('Filter.member.1', '')}".rstrip()] += 1
        if action == ANALYZERS:
            return Answer(200, json.dumps({"analyzers": [_ANALYZER]}))
        if action == "DescribeOrganization":
            return in_json(
                error("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
            )
        if action == "GetLoginProfile":
            return self._login_profile(parameters)
        if action not in self._known:
            return error("InvalidAction", action)
        return result(action, self._known[action](parameters))

    def _details(self, given: dict[str, str]) -> str:
        kind = given["Filter.member.1"]
        names = {"User": "UserDetailList", "Group": "GroupDetailList", "Role": "RoleDetailList"}
        return self._list(names.get(kind, "Policies"), self._account.details[kind], given, wrapped=True)

    def _list(self, name: str, members: Sequence[str], given: dict[str, str], *, wrapped: bool = False) -> str:
        first = int(given.get("Marker", "0"))
        last = first + int(given.get("MaxItems", DEFAULT_PAGE))
        chosen = members[first:last]
        content = "".join(chosen if wrapped else (f"<member>{member}</member>" for member in chosen))
        more = f"<IsTruncated>true</IsTruncated><Marker>{last}</Marker>" if last < len(members) else _END
        return f"<{name}>{content}</{name}>{more}"

    def _summary(self, _: dict[str, str]) -> str:
        entries = (
            f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in self._account.summary.items()
        )
        return f"<SummaryMap>{''.join(entries)}</SummaryMap>"

    def _user(self, given: dict[str, str]) -> BigUser:
        return self._account.users[given["UserName"]]

    def _groups_of(self, given: dict[str, str]) -> list[str]:
        names = self._account.group_names
        return [self._account.groups[names.index(name)] for name in self._user(given).groups]

    def _user_policies(self, given: dict[str, str]) -> str:
        members = "".join(f"<member>{name}</member>" for name in self._user(given).inline)
        return f"<PolicyNames>{members}</PolicyNames>{_END}"

    def _login_profile(self, given: dict[str, str]) -> Answer:
        user = self._user(given)
        if not user.password:
            return error("NoSuchEntity", f"Login Profile for User {user.name} cannot be found.", 404)
        profile = f"<UserName>{user.name}</UserName><CreateDate>{_CREATED}</CreateDate>"
        return result("GetLoginProfile", f"<LoginProfile>{profile}</LoginProfile>")

    def _certificates(self, given: dict[str, str]) -> str:
        members = [
            f"{self._account.entity('ServerCertificate', f'certificate-{number}')}<UploadDate>{_CREATED}</UploadDate>"
            "<Expiration>2030-01-01T00:00:00Z</Expiration>"
            for number in range(CERTIFICATES)
        ]
        return self._list("ServerCertificateMetadataList", members, given)

    def _devices(self, given: dict[str, str]) -> str:
        name = given["UserName"]
        serial = f"<SerialNumber>{arn('mfa', name)}</SerialNumber><EnableDate>{_CREATED}</EnableDate>"
        member = f"<member><UserName>{name}</UserName>{serial}</member>" if self._user(given).mfa else ""
        return f"<MFADevices>{member}</MFADevices>{_END}"


def _providers(kind: str, resource: str) -> str:
    entries = (
        f"<member><Arn>{arn(resource, f'provider-{number}')}</Arn><CreateDate>{_CREATED}</CreateDate></member>"
        for number in range(PROVIDERS)
    )
    return f"<{kind}ProviderList>{''.join(entries)}</{kind}ProviderList>"


_END = "<IsTruncated>false</IsTruncated>"
_TAGS = "<Tags><member><Key>owner</Key><Value>platform</Value></member></Tags>"
_ANALYZER = {
    "arn": f"arn:aws:access-analyzer:us-east-1:{ACCOUNT_ID}:analyzer/external",
    "name": "external",
    "type": "ACCOUNT",
    "status": "ACTIVE",
    "createdAt": _CREATED,
}
_PASSWORD_POLICY = (
    "<PasswordPolicy><MinimumPasswordLength>14</MinimumPasswordLength><RequireSymbols>true</RequireSymbols>"
    "<RequireNumbers>true</RequireNumbers><RequireUppercaseCharacters>true</RequireUppercaseCharacters>"
    "<RequireLowercaseCharacters>true</RequireLowercaseCharacters><ExpirePasswords>true</ExpirePasswords>"
    "<AllowUsersToChangePassword>true</AllowUsersToChangePassword><MaxPasswordAge>90</MaxPasswordAge>"
    "<PasswordReusePrevention>24</PasswordReusePrevention></PasswordPolicy>"
)


def main() -> None:
    """Serve until standard input ends; arguments: milliseconds a call, then users, groups, roles and policies."""
    delay_ms, *entities = map(int, sys.argv[1:])
    with serving(BigAws(BigAccount(*entities), delay_ms / 1000)) as url:
        print(url, flush=True)
        while os.read(sys.stdin.fileno(), 1):
            pass


if __name__ == "__main__":
    main()
