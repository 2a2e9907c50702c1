"""Doubts about lists: AWS's counts differ, or other lists name something that a list does not contain."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from auditor.account.kinds import listed_kinds
from auditor.account.sources import Source
from auditor.account.unknown import MISCOUNTED, OVERCOUNTED, Gap
from auditor.collectors.answers import Answer, gap
from auditor.collectors.authorization_details import policies_of

Answers = Mapping[Source, Answer[Any]]

COUNTED = {source: kind.counted_as for kind, _, source in listed_kinds() if kind.counted_as is not None}
"""The sources of lists whose length is in the account summary, with its key there."""
_COUNTS = (
    *(((source,), key, str(source)) for source, key in COUNTED.items()),
    ((Source.OIDC_PROVIDERS, Source.SAML_PROVIDERS), "Providers", "identity providers"),
)
"""The counts of the account summary: the sources of the lists, the key, and what is counted."""
_HOLDERS = (Source.USERS, Source.GROUPS, Source.ROLES)
_AWS_MANAGED = re.compile(r"arn:[\w-]+:iam::aws:")
_USER = re.compile(r"arn:[\w-]+:iam::\d*:user/")


class Doubt(NamedTuple):
    """Hold why a list that looks complete may not be, and the sources that contradict it."""

    gap: Gap
    sources: frozenset[Source]


def doubts(answers: Answers) -> dict[Source, Doubt]:
    """Return the doubt about each list that was read completely but is contradicted by counts or by other lists."""
    whole = frozenset(source for source, answer in answers.items() if answer.gap is None and answer.value is not None)
    found: dict[Source, Doubt] = {}
    for doubt in (*_miscounts(answers, whole), *_unseen(answers, whole)):
        found.setdefault(Source(doubt.gap.source), doubt)
    return found


def _miscounts(answers: Answers, whole: frozenset[Source]) -> Iterator[Doubt]:
    counts: Mapping[str, int] = answers[Source.ACCOUNT_SUMMARY].value or {}
    for sources, key, name in _COUNTS:
        counted, read = counts.get(key), sum(len(_details(answers, source)) for source in sources)
        if counted is not None and (read > counted or (read < counted and whole.issuperset(sources))):
            code = OVERCOUNTED if read > counted else MISCOUNTED
            message = f"The account summary counts {counted:,} {name}, but {read:,} were read: collect again"
            contradicting = frozenset({Source.ACCOUNT_SUMMARY, *sources})
            yield from (Doubt(gap(each, code, message), contradicting) for each in sources if each in whole)


def _unseen(answers: Answers, whole: frozenset[Source]) -> Iterator[Doubt]:
    """Yield a doubt about each list without an item that entities or devices name."""
    if Source.POLICIES in whole:
        listed = {policy.arn for policy in _details(answers, Source.POLICIES)}
        held = {
            arn: source
            for source in _HOLDERS
            for detail in _details(answers, source)
            for arn in policies_of(detail)
            if arn not in listed and not _AWS_MANAGED.match(arn)
        }
        described = answers[Source.POLICY_DESCRIPTIONS].value if Source.POLICY_DESCRIPTIONS in answers else None
        held |= dict.fromkeys(described.unlisted if described else (), Source.POLICY_DESCRIPTIONS)
        yield from _lacking(Source.POLICIES, "UnseenPolicies", held)
    if Source.GROUPS in whole:
        names = {group.group_name for group in _details(answers, Source.GROUPS)}
        groups = (detail.group_list for detail in _details(answers, Source.USERS))
        joined = {name for names_of in groups if names_of is not UNSET for name in names_of} - names
        yield from _lacking(Source.GROUPS, "UnseenGroups", dict.fromkeys(sorted(joined), Source.USERS))
    if Source.USERS in whole:
        # A name that differs in case belongs to an earlier user: two users never differ only in case.
        users = {user.arn.casefold() for user in _details(answers, Source.USERS)}
        owners = {each.user_arn for each in _details(answers, Source.VIRTUAL_MFA_DEVICES) if each.user_arn}
        unseen = sorted(arn for arn in owners if _USER.match(arn) and arn.casefold() not in users)
        named = dict.fromkeys(unseen, Source.VIRTUAL_MFA_DEVICES)
        names = {arn.rpartition("/")[2] for arn in users}
        holders = {each.user_name for each in _details(answers, Source.SERVICE_CREDENTIALS)}
        others = sorted(name for name in holders if name.casefold() not in names)
        yield from _lacking(Source.USERS, "UnseenUsers", named | dict.fromkeys(others, Source.SERVICE_CREDENTIALS))


def _details(answers: Answers, source: Source) -> Collection[Any]:
    details: Collection[Any] = answers[source].value or () if source in answers else ()
    return details


def _lacking(source: Source, code: str, named_by: Mapping[str, Source]) -> Iterator[Doubt]:
    if named_by:
        name, by = next(iter(named_by.items()))
        others = f" and {len(named_by) - 1:,} more" if len(named_by) > 1 else ""
        message = f"The list of {source} lacks {name}{others}, which the data of {by} name: collect again"
        yield Doubt(gap(source, code, message), frozenset(named_by.values()))
