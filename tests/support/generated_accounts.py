"""Generated accounts, fully or partly known, as strategies for Hypothesis."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace
from rule_parameters import REQUIRED, RULES

from auditor.account.credentials import Credentials, ReportMarker
from auditor.account.kinds import ResourceType
from auditor.account.model import (
    AttachedPolicy,
    AwsManagedPolicy,
    Group,
    InlinePolicy,
    Policy,
    PolicyVersion,
    Role,
    ServiceCredential,
    Snapshot,
    User,
)
from auditor.account.unknown import Listing, stored, with_gaps
from auditor.judging.engine import evaluate
from auditor.judging.rule import ComplianceType, ConfiguredRule
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    CREATED_AT,
    WITHHELD,
    account,
    allow,
    credentials,
    document,
    group,
    listing,
    password_policy,
    policy,
    role,
    user,
)

ADMIN, SUPPORT = "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AWSSupportAccess"
CHOICES: dict[str, list[dict[str, str]]] = {
    "iam-customer-policy-blocked-kms-actions": [
        {"blockedActionsPatterns": "kms:Decrypt", "excludePermissionBoundaryPolicy": "true"},
    ],
    "iam-inline-policy-blocked-kms-actions": [
        {"blockedActionsPatterns": "kms:Decrypt", "excludeRoleByManagementAccount": "true"},
    ],
    "iam-password-policy": [{"RequireSymbols": "false"}, {"MaxPasswordAge": ""}],
    "iam-policy-blacklisted-check": [{"policyArns": ADMIN, "exceptionList": "users:[alice], roles:[R]"}],
    "iam-policy-in-use": [
        {"policyARN": SUPPORT, "policyUsageType": usage} for usage in ("IAM_USER", "IAM_GROUP", "IAM_ROLE")
    ],
    "iam-policy-no-statements-with-admin-access": [{"excludePermissionBoundaryPolicy": "true"}],
    "iam-policy-no-statements-with-full-access": [{"excludePermissionBoundaryPolicy": "true"}],
    "iam-prefer-aws-managed-policies": [{"minAwsManagedPercent": "50"}],
    "iam-role-managed-policy-check": [{"managedPolicyArns": f"{ADMIN}, {SUPPORT}"}],
    "iam-user-group-membership-check": [{"groupNames": "Admins,Ghost"}],
}
"""Parameters to try instead of a rule's default or required ones, by rule."""

NAMES = ["Admins", "Dev", "Ops", "admins", "a,b"]


FLAGS = st.one_of(st.booleans(), st.sampled_from(ReportMarker))


names = st.lists(st.sampled_from(NAMES), unique=True, max_size=3)


rows = st.builds(credentials, password_enabled=FLAGS, mfa_active=FLAGS)


passwords = st.none() | st.builds(
    password_policy, st.integers(6, 20), symbols=st.booleans(), age=st.none() | st.integers(0, 120)
)


ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"


parameters = st.fixed_dictionaries(
    {rule_id: st.sampled_from([REQUIRED.get(rule_id, {}), *CHOICES.get(rule_id, [])]) for rule_id in RULES}
)


documents = st.sampled_from(
    [
        document(),
        document(allow()),
        document(allow("s3:*", "arn:aws:s3:::bucket")),
        document(allow(["s3:Get*", "kms:De*"], ["*"])),
        document(allow("kms:*", f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/*"), allow("*", Effect="Deny")),
        document(allow(None, NotAction="iam:*")),
        Raw(b'{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}'),
        Raw(b"{}"),
    ]
)


trust_policies = st.sampled_from(
    [
        document(),
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}}),
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}),
        document({"Effect": "Allow", "Action": "sts:AssumeRole"}),
    ]
)


inline_policies = st.lists(
    st.builds(InlinePolicy, st.sampled_from(["p", "q", "r"]), documents), max_size=3, unique_by=lambda each: each.name
).map(listing)


attached_policies = st.lists(st.sampled_from([ADMIN, SUPPORT]), unique=True).map(
    lambda arns: listing([AttachedPolicy(arn.rpartition("/")[2], arn) for arn in arns])
)


policies = st.builds(
    policy,
    st.sampled_from(["P", "Q"]),
    description=st.sampled_from(["What for", "", None]),
    attachment_count=st.integers(0, 1),
    permissions_boundary_usage_count=st.integers(0, 1),
    default_version_id=st.sampled_from(["v1", "v2"]),
    versions=st.lists(st.sampled_from([("v1", True), ("v2", False)]), unique=True)  # two defaults would be ambiguous
    .flatmap(lambda drawn: st.tuples(*(st.builds(PolicyVersion, *map(st.just, each), documents) for each in drawn)))
    .map(listing),
)


roles = st.builds(
    role,
    st.sampled_from(["R", "S"]),
    trust_policy=trust_policies,
    inline_policies=inline_policies,
    attached_policies=attached_policies,
)


of_aws = st.builds(AwsManagedPolicy, st.sampled_from([ADMIN, SUPPORT]), st.just("v1"), documents)


credentials_for_services = st.builds(
    ServiceCredential,
    st.sampled_from(["ACCA1", "ACCA2"]),
    st.sampled_from(["alice", "bob"]),
    st.just("bedrock.amazonaws.com"),
    st.sampled_from(["Active", "Inactive"]),
    st.just(CREATED_AT),
    st.sampled_from([None, CAPTURED_AT]),
)


def unlike(records: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(records, max_size=2, unique_by=lambda each: each.name)


@st.composite
def accounts(draw: st.DrawFn) -> Snapshot:
    people = [
        user(
            name,
            groups=draw(names),
            inline_policies=draw(inline_policies),
            attached_policies=draw(attached_policies),
            credentials=draw(rows),
        )
        for name in draw(st.lists(st.sampled_from(["alice", "bob", "carol"]), unique=True))
    ]
    teams = [
        replace(group(name), inline_policies=draw(inline_policies), attached_policies=draw(attached_policies))
        for name in draw(names)
    ]
    made = account(
        users=people,
        groups=teams,
        roles=draw(unlike(roles)),
        policies=draw(unlike(policies)),
        password=draw(passwords),
        aws_managed_policies=tuple(draw(st.lists(of_aws, max_size=2, unique_by=lambda each: each.arn))),
        service_credentials=draw(st.none() | st.lists(credentials_for_services, max_size=2).map(listing)),
    )
    management = draw(st.sampled_from([None, ACCOUNT_ID]))
    return replace(made, account=replace(made.account, management_account_id=management))


@st.composite
def less_known(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    """Hide some facts: fields of records, items of lists, whole lists. Names are never hidden."""
    facts = ["password_policy", "summary", "root_credentials", "management_account_id"]
    return replace(
        snapshot,
        account=draw(hidden(snapshot.account, facts)),
        users=draw(shortened([draw(less_known_user(person)) for person in snapshot.users.known_part])),
        groups=draw(shortened([draw(less_known_holder(each, Group)) for each in snapshot.groups.known_part])),
        roles=draw(shortened([draw(less_known_holder(each, Role)) for each in snapshot.roles.known_part])),
        policies=draw(shortened([draw(less_known_policy(each)) for each in snapshot.policies.known_part])),
        aws_managed_policies=tuple(draw(hidden(each, ["document"])) for each in snapshot.aws_managed_policies),
        service_credentials=draw(less_listed(snapshot.service_credentials)),
    )


@st.composite
def less_listed(draw: st.DrawFn, listed: Any) -> Any:
    """Hide some items of a list, or all of them."""
    return None if listed is None or draw(st.booleans()) else draw(shortened(list(listed.known_part)))


@st.composite
def less_known_holder(draw: st.DrawFn, holder: Any, kind: type[msgspec.Struct]) -> Any:
    """Hide some facts of a group or role and of its policies."""
    inline = [draw(hidden(each, ["document"])) for each in stored(holder, "inline_policies").known_part]
    attached = list(stored(holder, "attached_policies").known_part)
    partly = replace(holder, inline_policies=draw(shortened(inline)), attached_policies=draw(shortened(attached)))
    return draw(hidden(partly, fields_of(kind)))


@st.composite
def less_known_policy(draw: st.DrawFn, whole: Policy) -> Any:
    versions = [draw(hidden(each, ["is_default", "document"])) for each in whole.versions.known_part]
    return draw(hidden(replace(whole, versions=draw(shortened(versions))), fields_of(Policy)))


@st.composite
def less_known_user(draw: st.DrawFn, person: User) -> User:
    partly = replace(
        person,
        group_names=draw(shortened(list(person.group_names.known_part))),
        credentials=draw(hidden(person.credentials, list(Credentials.__struct_fields__))),
    )
    less: User = draw(less_known_holder(partly, User))
    return less


@st.composite
def hidden(draw: st.DrawFn, record: Any, fields: list[str]) -> Any:
    return with_gaps(record, dict.fromkeys(draw(st.lists(st.sampled_from(fields), max_size=3)), WITHHELD))


@st.composite
def shortened(draw: st.DrawFn, items: list[Any]) -> Listing[Any]:
    if draw(st.booleans()):
        return listing(items)
    return listing([item for item in items if draw(st.booleans())], WITHHELD)


def fields_of(record: type[msgspec.Struct]) -> list[str]:
    return [field for field in record.__struct_fields__ if field != "name"]


Verdicts = dict[tuple[str, ResourceType, str], ComplianceType]


def verdicts(snapshot: Snapshot, rules: list[ConfiguredRule]) -> Verdicts:
    return {
        (found.config_rule_name, found.resource_type, found.resource_name): found.compliance_type
        for found in evaluate(snapshot, rules).findings
    }


def accountwide(found: Verdicts, rule_name: str) -> list[ComplianceType]:
    return [verdict for (rule, kind, _), verdict in found.items() if (rule, kind) == (rule_name, ResourceType.ACCOUNT)]
