"""Checks for signs that several people share a user with a console password.

Why
    If several people share a user, logs do not show who did what. The password is passed around and stays known to
    people who leave, and MFA depends on one person's device. The record of a user cannot prove that it is shared: what
    is found is a sign, not a proof.

COMPLIANT
    The user shows none of the signs that are checked.
NON_COMPLIANT
    The user shows one of them. By default these are checked: every word of the name is a general one (`dev-team`, not
    `alice-dev`; any character other than a letter separates words); or a tag that names the owner lists several owners.
    These are checked only if a parameter says so: no tag names the owner; the name does not match a pattern; two active
    access keys were last used in different Regions.
NOT_APPLICABLE
    The user has no console password.
INSUFFICIENT_DATA
    The credential report could not be read, or does not list the user; or the tags are unknown.

Parameters
    genericNames (boolean, default true): whether general names are a sign.

    genericWords (list): the words of general names, in lower case.

    severalOwners (boolean, default true): whether a tag that lists several owners, separated by commas, semicolons or
    blanks, is a sign.

    ownerTag (boolean, default false): whether it is a sign if no tag names the owner.

    ownerTagKeys (list, default Owner,Email): the keys of tags that name the owner; case does not matter.

    userNamePattern (string, default none): a regular expression that names must match in full.

    severalRegions (boolean, default false): whether it is a sign, a weak one, that the access keys were last used in
    two Regions.

Fix
    Give each person a user of their own or, better, access through IAM Identity Center. Then remove the password of the
    shared user: `aws iam delete-login-profile --user-name USER`. Programs should use roles.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from auditor.model import ResourceType, Source, User
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    proofs,
    reported,
    undecided,
)

_WORDS = "shared common team dev ops admin administrator test guest user staff group support root everyone kyoyo kyotsu"
_REGIONS = ("access_key_1_last_used_region", "access_key_2_last_used_region")
_Sign = tuple[str, Evidence]


class Parameters(Struct, frozen=True):
    """Hold the parameters."""

    genericNames: bool = True
    genericWords: tuple[str, ...] = tuple(_WORDS.split())
    severalOwners: bool = True
    ownerTag: bool = False
    ownerTagKeys: tuple[str, ...] = ("Owner", "Email")
    userNamePattern: str | None = None
    severalRegions: bool = False


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the signs that the parameters select."""
    if not user.credentials.password_enabled:
        return not_applicable("The user has no console password")
    parameters = context.parameters
    signs = proofs(
        lambda: _generic_name(user, parameters) if parameters.genericNames else None,
        lambda: _several_owners(user, parameters) if parameters.severalOwners else None,
        lambda: _no_owner(user, parameters) if parameters.ownerTag else None,
        lambda: _other_name(user, parameters.userNamePattern) if parameters.userNamePattern else None,
        lambda: _several_regions(user) if parameters.severalRegions else None,
    )
    password = reported(user.credentials, "password_enabled")
    if not signs:
        return compliant("The user shows no sign of being shared", password)
    signs_text = ", ".join(text for text, _ in signs)
    return non_compliant(f"The user may be shared: {signs_text}", password, *(fact for _, fact in signs))


def _generic_name(user: User, parameters: Parameters) -> _Sign | None:
    words = [word for word in re.split(r"[\W\d_]+", user.name.lower()) if word]
    if not words or not set(words) <= {word.lower() for word in parameters.genericWords}:
        return None
    return "the name is a general one", Evidence("name", user.name, Source.USERS)


def _owners(user: User, parameters: Parameters) -> Iterator[tuple[str, str]]:
    """Yield the tags that name the owner."""
    keys = {key.lower() for key in parameters.ownerTagKeys}
    yield from ((key, value) for key, value in user.tags.items() if key.lower() in keys and value.strip())


def _several_owners(user: User, parameters: Parameters) -> _Sign | None:
    for key, value in _owners(user, parameters):
        if sum("@" in part for part in re.split(r"[,;\s]+", value)) > 1 or re.search(r"[,;]\s*\w", value):
            return f"the tag {key} names several owners", Evidence(f"tags.{key}", value, Source.USERS)
    return None


def _no_owner(user: User, parameters: Parameters) -> _Sign | None:
    if any(True for _ in _owners(user, parameters)):
        return None
    return f"no tag {' or '.join(parameters.ownerTagKeys)}", Evidence("tags", user.tags, Source.USERS)


def _other_name(user: User, pattern: str) -> _Sign | None:
    try:
        matches = re.fullmatch(pattern, user.name) is not None
    except re.error as error:
        raise undecided(f"userNamePattern is not a regular expression: {error}") from error
    return None if matches else ("the name does not match the pattern", Evidence("name", user.name, Source.USERS))


def _several_regions(user: User) -> _Sign | None:
    if not all(key.active for key in user.credentials.access_keys):
        return None
    used = [getattr(user.credentials, column) for column in _REGIONS]
    if None in used or used[0] == used[1]:
        return None
    return f"the access keys were used in {used[0]} and {used[1]}", reported(user.credentials, _REGIONS[1])


RULE = Rule(
    id="iam-no-shared-users",
    source_identifier="IAM_NO_SHARED_USERS",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.LOW,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
    parameters=Parameters,
)
