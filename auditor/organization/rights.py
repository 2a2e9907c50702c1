"""Rights: the IAM policy of the auditor of an organization, and the role that each account has for the audit.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from auditor.account.sources import Source
from auditor.collectors.live.permissions import permissions_policy
from auditor.collectors.organizations import READS
from auditor.errors import UsageError
from auditor.organization.accounts import DEFAULT_ROLE, EXTERNAL_ID, EXTERNAL_IDS, role_arn, role_path

OWN_ROLE = "iam-audit"
"""The default name of the role in templates."""
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_PRINCIPAL = re.compile(r"arn:aws[\w-]*:iam::\d{12}:(?:root|(?:role|user)/[\x21-\x7e]+)", re.ASCII)


def caller_policy(sources: frozenset[Source], role: str | None, partition: str) -> dict[str, Any]:
    """Return the IAM policy of the principal that audits an organization.

    It allows reading the list of accounts, assuming the role in each (by default DEFAULT_ROLE), and reading `sources`
    in the caller's own account, which may lack the role. Raises UsageError for an invalid role name.
    """
    path = role_path(role if role is not None else DEFAULT_ROLE)
    own = permissions_policy(sources)
    (reading,) = own["Statement"]
    listing = {"Sid": "ListAccounts", "Effect": "Allow", "Action": list(READS), "Resource": "*"}
    assuming = {
        "Sid": "TakeTheRole",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": role_arn("*", path, partition),
    }
    return own | {"Statement": [listing, assuming, reading | {"Sid": "ReadOwnAccount"}]}


class AuditRole(Struct, frozen=True):
    """Hold the role that is deployed to accounts: what it may read, and who may assume it.

    `path` begins and ends with a slash. `principal` is an account's number or an ARN.
    """

    name: str
    path: str
    principal: str
    external_id: str | None
    policy: Mapping[str, Any]

    def trust(self, principal: object) -> dict[str, Any]:
        """Return the trust policy; `principal` is the trusted ARN, or a template's expression for it."""
        statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        if self.external_id is not None:
            statement["Condition"] = {"StringEquals": {"sts:ExternalId": self.external_id}}
        return {"Version": "2012-10-17", "Statement": [statement]}

    @property
    def of_account(self) -> bool:
        """Return whether the principal is a whole account, whose ARN depends on the partition."""
        return _ACCOUNT.fullmatch(self.principal) is not None


def audit_role(
    sources: frozenset[Source], name: str | None, principal: str | None, external_id: str | None
) -> AuditRole:
    """Return the role that may read these sources, OWN_ROLE by default; raise UsageError for what AWS would reject."""
    path, _, plain = f"/{role_path(name if name is not None else OWN_ROLE)}".rpartition("/")
    if plain == DEFAULT_ROLE:
        problem = f"--role-name {DEFAULT_ROLE} is AWS's own role, with all rights"
        raise UsageError(problem, f"Choose another name, such as {OWN_ROLE}, for a role that can only read.")
    if principal is None:
        remedy = "Give --principal with the number of the account that audits, or the ARN of its role or user."
        raise UsageError("--template needs --principal: who may assume the role", remedy)
    if not (_ACCOUNT.fullmatch(principal) or _PRINCIPAL.fullmatch(principal)):
        problem = f"--principal {principal!r} is neither an account's number nor the ARN of a role or user"
        raise UsageError(problem, "Write 111122223333, or arn:aws:iam::111122223333:role/NAME.")
    if external_id is not None and EXTERNAL_ID.fullmatch(external_id) is None:
        raise UsageError("--external-id is not one that AWS takes", EXTERNAL_IDS)
    return AuditRole(plain, f"{path}/", principal, external_id, permissions_policy(sources))
