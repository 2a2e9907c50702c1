"""Our decisions where AWS's documentation is silent: which verdicts they explain, by the facts of the resource.

A decision explains a disagreement only if the resource is one that it is about and the verdicts are those that it makes
differ. The rule's page says that it is ours.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.account.unknown import evaluate_quietly
from auditor.judging.engine import evaluate
from auditor.judging.parameters import configure
from auditor.judging.rule import ComplianceType, ConfiguredRule
from auditor.policies.decoding import UnreadableDocumentError
from auditor.policies.statements import Effect, Statement, statements

_C, _NC, _NA = ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT, ComplianceType.NOT_APPLICABLE
_NONE = None
_DAY = timedelta(days=1)
_KEYS = re.compile(r"arn:[\w-]+:kms:[\w-]+:[0-9]{12}:key/\*")


class Subject(Struct, frozen=True):
    """Hold what a decision looks at: the record of the resource, our rule as it judged it, and the account."""

    record: Any
    configured: ConfiguredRule
    snapshot: Snapshot


Verdicts = tuple[ComplianceType | None, ComplianceType | None]
"""Ours and AWS Config's; None where there is none."""


class Decision(Struct, frozen=True):
    """Hold a decision: its name, the rules and verdicts (ours, AWS Config's) it is about, whom, and what it says."""

    name: str
    rules: frozenset[str]
    verdicts: frozenset[Verdicts]
    concerns: Callable[[Subject], bool]
    text: str


def explaining(subject: Subject, ours: ComplianceType | None, theirs: ComplianceType | None) -> Decision | None:
    """Return the decision that explains why verdicts differ; None where none does, or where a fact is unknown."""
    for decision in DECISIONS:
        about = (ours, theirs) in decision.verdicts and subject.configured.rule.source_identifier in decision.rules
        if about and evaluate_quietly(partial(_holds, decision, subject)) is True:
            return decision
    return None


def _holds(decision: Decision, subject: Subject) -> bool:
    try:
        return decision.concerns(subject)
    except UnreadableDocumentError:
        return False


def _no_password(subject: Subject) -> bool:
    return not subject.record.credentials.password_enabled


def _no_credentials(subject: Subject) -> bool:
    row = subject.record.credentials
    return not (row.password_enabled or row.access_key_1_active or row.access_key_2_active)


def _in_some_groups(subject: Subject) -> bool:
    wanted = set(subject.configured.parameters.groupNames or ())  # type: ignore[attr-defined]  # this rule's parameters
    return len(wanted) > 1 and not wanted <= set(subject.record.group_names)


def _no_parameters(subject: Subject) -> bool:
    return not subject.configured.given


def _fails_by_defaults(subject: Subject) -> bool:
    """Return whether the resource is NON_COMPLIANT once AWS's documented defaults hold for what was not given."""
    configured = subject.configured
    given = {name: getattr(configured.parameters, name) for name in configured.given}
    found = evaluate(subject.snapshot, [configure(configured.rule, given)]).findings
    return [each.compliance_type for each in found] == [_NC]


def _always(_: Subject) -> bool:
    return True


def _never_used(subject: Subject) -> bool:
    row = subject.record.credentials
    columns = ("password", "access_key_1", "access_key_2")
    pairs = ((_active(row, each), _used(row, each)) for each in columns)
    return any(active and used is None for active, used in pairs)


def _active(row: Any, credential: str) -> bool:
    return bool(row.password_enabled if credential == "password" else getattr(row, f"{credential}_active"))


def _used(row: Any, credential: str) -> datetime | None:
    name = "password_last_used" if credential == "password" else f"{credential}_last_used_date"
    found: datetime | None = getattr(row, name)
    return found


def _on_the_limit(subject: Subject) -> bool:
    """Return whether a credential is within a day of the limit, where whole days and `>=` decide otherwise."""
    (field,) = subject.configured.rule.parameters.__struct_fields__
    limit, now = timedelta(days=getattr(subject.configured.parameters, field)), subject.snapshot.report_generated_at
    return now is not None and any(abs(now - time - limit) < _DAY for time in _times(subject.record))


def _times(user: Any) -> Iterator[datetime]:
    row = user.credentials
    columns = ("password_last_used", "password_last_changed")
    of_keys = (f"access_key_{each}_{what}" for each in (1, 2) for what in ("last_rotated", "last_used_date"))
    yield from (time for time in (getattr(row, each) for each in (*columns, *of_keys)) if time is not None)
    yield user.created_at


def _allowed(subject: Subject) -> list[Statement]:
    """Return the Allow statements of a policy's default version, or of an identity's inline policies."""
    record = subject.record
    if "versions" in record.__struct_fields__:
        documents = [next(each.document for each in record.versions if each.id == record.default_version_id)]
    else:
        documents = [each.document for each in record.inline_policies]
    return [each for document in documents for each in statements(document) if each.effect is Effect.ALLOW]


def _wide_otherwise(subject: Subject) -> bool:
    """Return whether a policy allows all but what it names, or spells everything otherwise than by one asterisk."""
    return any(
        each.not_actions is not None
        or each.not_resources is not None
        or any(not action.strip("*?:") for action in each.actions or ())
        for each in _allowed(subject)
    )


def _conditioned(subject: Subject) -> bool:
    return any(each.conditions for each in _allowed(subject))


def _every_action(subject: Subject) -> bool:
    return any("*" in (each.actions or ()) or each.not_actions is not None for each in _allowed(subject))


def _keys_of_one_region(subject: Subject) -> bool:
    """Return whether a statement names every key of one account and Region."""
    return any(_KEYS.fullmatch(arn) for each in _allowed(subject) for arn in each.resources or ())


def _no_bare_resource(subject: Subject) -> bool:
    return all("*" not in (each.resources or ()) for each in _allowed(subject))


def _bounded(subject: Subject) -> bool:
    return subject.record.permissions_boundary is not None


def _unattached(subject: Subject) -> bool:
    return bool(subject.record.attachment_count == 0)


def _blank(subject: Subject) -> bool:
    description: str | None = subject.record.description
    return bool(description) and not (description or "").strip()


def _organization_analyzer(subject: Subject) -> bool:
    return any(each.type == "ORGANIZATION" for each in subject.snapshot.access_analyzers)


def _alike_but_for_case(subject: Subject) -> bool:
    allowed = {each.casefold() for each in subject.configured.parameters.allowedClientIds}  # type: ignore[attr-defined]  # this rule's parameters
    return all(each.casefold() in allowed for each in subject.record.client_ids)


def _decision(
    name: str, rules: str, verdicts: set[Verdicts], concerns: Callable[[Subject], bool], text: str
) -> Decision:
    return Decision(name, frozenset(rules.split()), frozenset(verdicts), concerns, text)


_KMS = "IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS IAM_INLINE_POLICY_BLOCKED_KMS_ACTIONS"
_ADMIN = "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"
_UNUSED, _PASSWORDS = "IAM_USER_UNUSED_CREDENTIALS_CHECK", "IAM_PASSWORD_POLICY"

DECISIONS = (
    _decision(
        "no-console-password",
        "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
        {(_C, _NC), (_C, _NA), (_C, _NONE)},
        _no_password,
        "a user without a console password is COMPLIANT",
    ),
    _decision(
        "no-credentials",
        _UNUSED,
        {(_C, _NC), (_C, _NA), (_C, _NONE)},
        _no_credentials,
        "a user with neither a password nor an active access key is COMPLIANT",
    ),
    _decision(
        "never-used",
        _UNUSED,
        {(_C, _NC), (_NC, _C)},
        _never_used,
        "a credential that was never used counts from its own start",
    ),
    _decision(
        "the-limit-passes",
        f"ACCESS_KEYS_ROTATED {_UNUSED}",
        {(_C, _NC), (_NC, _C)},
        _on_the_limit,
        "a day is 86,400 seconds, and an age that equals the limit is COMPLIANT",
    ),
    _decision(
        "any-group",
        "IAM_USER_GROUP_MEMBERSHIP_CHECK",
        {(_C, _NC)},
        _in_some_groups,
        "one of the groups in groupNames is enough",
    ),
    _decision(
        "password-policy-defaults",
        _PASSWORDS,
        {(_NC, _C)},
        _no_parameters,
        "without any parameter the defaults that AWS documents are checked",
    ),
    _decision(
        "password-policy-given-only",
        _PASSWORDS,
        {(_C, _NC)},
        _fails_by_defaults,
        "where some parameters are given, only those are checked",
    ),
    _decision(
        "nothing-to-check",
        _PASSWORDS,
        {(_NA, _C), (_NA, _NC)},
        _always,
        "a rule that has every check switched off is NOT_APPLICABLE",
    ),
    _decision(
        "administration-by-the-letter",
        _ADMIN,
        {(_C, _NC)},
        _wide_otherwise,
        'only Action "*" on Resource "*" counts, by the letter of AWS\'s page',
    ),
    _decision(
        "conditions-excuse-nothing", _ADMIN, {(_NC, _C)}, _conditioned, "a Condition does not excuse a statement"
    ),
    _decision(
        "every-action-is-every-service",
        "IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
        {(_NC, _C)},
        _every_action,
        'Action "*" and NotAction allow every action of a service too',
    ),
    _decision(
        "unattached-policies-count",
        f"{_ADMIN} IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS",
        {(_NC, _NA), (_NC, _NONE), (_C, _NA), (_C, _NONE)},
        _unattached,
        "a policy that is attached to nobody is judged too",
    ),
    _decision(
        "keys-of-one-region",
        _KMS,
        {(_C, _NC)},
        _keys_of_one_region,
        "every key of one account and Region is a fixed resource",
    ),
    _decision(
        "every-key-by-pattern",
        _KMS,
        {(_NC, _C)},
        _no_bare_resource,
        'an ARN that leaves the account or the key open is as wide as "*"',
    ),
    _decision(
        "boundary-is-no-attachment",
        "IAM_USER_NO_POLICIES_CHECK IAM_POLICY_BLACKLISTED_CHECK",
        {(_C, _NC)},
        _bounded,
        "a permissions boundary is no attached policy",
    ),
    _decision(
        "blank-description", "IAM_POLICY_DESCRIPTION", {(_NC, _C)}, _blank, "a description of blanks only is none"
    ),
    _decision(
        "organization-analyzers-do-not-count",
        "IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED",
        {(_NC, _C)},
        _organization_analyzer,
        "an analyzer of the organization is none of the account",
    ),
    _decision(
        "client-ids-are-exact",
        "IAM_OIDC_PROVIDER_CLIENT_ID_LIST_CHECK",
        {(_NC, _C)},
        _alike_but_for_case,
        "client ids compare exactly, also in upper and lower case",
    ),
    _decision(
        "any-device-is-hardware",
        "ROOT_ACCOUNT_HARDWARE_MFA_ENABLED",
        {(_C, _NC)},
        _always,
        "an MFA device of root that is not listed as a virtual one counts as hardware",
    ),
)
"""Every decision that can make a verdict differ, the most specific first; each is on the page of its rule."""
