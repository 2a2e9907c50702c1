"""Suppressions: findings set aside with a reason, an owner and an end date; they keep their verdict."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct, structs, to_builtins

from auditor.account.kinds import Pattern, ResourceType, kind_of, listed_kinds
from auditor.account.model import Notice, Snapshot
from auditor.account.unknown import gaps_of
from auditor.judging.finding import Finding
from auditor.judging.rule import OPEN
from auditor.judging.suppression_index import Condition, SuppressionIndex

EXPIRED, UNUSED, BROAD, ENDING = (f"suppression-{state}" for state in ("expired", "unused", "broad", "ending"))
"""The codes of notices about suppressions that have ended, are not needed, match too much, or end soon."""

MAX_TEXT = 2_048  # characters of each text of a suppression; IAM's longest names, which are ARNs, have as many
SOON = timedelta(days=14)
_ONE_KIND = re.compile(r"(?:[^:]*:){5}(?:[\w-]+/|root$)")
"""Matches ARNs, and patterns of ARNs, that name the kind of resource."""
_WILDCARDS = frozenset("*?[")
PATTERNS = tuple(pattern.value for pattern in Pattern)
"""The fields that select resources; a suppression has exactly one of them."""

_Text = Annotated[str, Meta(extra_json_schema={"pattern": r"\S", "maxLength": MAX_TEXT})]
"""A text that is not blank; decoding accepts blanks, so that `complaint` reports them with a better message."""


class Suppression(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set aside the findings of one rule on some resources, until a day and for a reason.

    `resource` is a shell pattern for names, or for ARNs if it contains a colon, `path` one for IAM paths (with both
    slashes), `tag` a tag `Key=Value` or `Key`; exactly one of the three is given. Patterns match whole texts, and case
    matters; only its number or ARN matches the account itself, and an unknown path or tag matches nothing.
    `rule` is a rule's id or the name under which it is configured; `type` is the resource type, which a name needs if
    the rule judges several. `until` is the last day, in UTC, on which the suppression counts.
    `account` and `ou` are shell patterns for the account's number and for the path of its organizational unit, which
    only organization runs know; if they are given, the suppression only applies to those accounts.
    """

    rule: _Text
    account: _Text | None = None
    ou: _Text | None = None
    type: ResourceType | None = None
    resource: _Text | None = None
    path: _Text | None = None
    tag: _Text | None = None
    reason: _Text
    owner: _Text
    ticket: _Text | None = None
    until: date

    @property
    def description(self) -> str:
        """Return a text that identifies the suppression in messages."""
        field, pattern = next((name, value) for name, value in self.patterns().items())
        of_type = f" of {self.type}" if self.type else ""
        of_type += f" in account {self.account}" if self.account else ""
        of_type += f" in the organizational unit {self.ou}" if self.ou else ""
        return f"suppression of {self.rule} on {field} {pattern!r}{of_type} (owner {self.owner}, until {self.until})"

    def is_for(self, account_id: str | None, ou: str | None) -> bool:
        """Return whether the suppression applies to an account; an unknown number or unit matches no pattern."""
        return all(
            pattern is None or (value is not None and fnmatchcase(value, pattern))
            for pattern, value in ((self.account, account_id), (self.ou, ou))
        )

    def patterns(self) -> Mapping[str, str]:
        """Return the pattern that selects resources, by the name of its field."""
        given = {name: getattr(self, name) for name in PATTERNS}
        return {name: value for name, value in given.items() if value is not None}


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold how far ahead a suppression may end (days), and how many findings it may match without a notice."""

    max_days: Annotated[int, Meta(ge=1, le=36_500)] = 365
    max_findings: Annotated[int, Meta(ge=1, le=1_000_000)] = 20


def complaint(suppression: Suppression, limits: Limits, today: date) -> str | None:
    """Return what is wrong with a suppression by itself, None if nothing."""
    for name in ("rule", "account", "ou", "reason", "owner", *PATTERNS, "ticket"):
        value = getattr(suppression, name)
        if value is not None and not value.strip():
            return f"`{name}` is blank"
        if value is not None and len(value) > MAX_TEXT:
            return f"`{name}` has {len(value):,} characters (at most {MAX_TEXT:,}); it stands in each of its findings"
    if len(suppression.patterns()) != 1:
        return "give one of `resource`, `path` and `tag`"
    if suppression.until - today > timedelta(days=limits.max_days):
        latest = today + timedelta(days=limits.max_days)
        return f"`until` is {suppression.until}, more than {limits.max_days} days ahead (at most {latest})"
    return None


def missing_type(suppression: Suppression, resource_types: Sequence[ResourceType]) -> str | None:
    """Return what is wrong with the type of a suppression of a rule that judges these types, None if nothing.

    A user, a group and a role may share a name, so a suppression without a type could hide more than it should.
    """
    if suppression.type is not None and suppression.type not in (*resource_types, ResourceType.ACCOUNT):
        return f"the rule judges no {suppression.type}"
    if suppression.resource is None or suppression.type is not None or len(resource_types) <= 1:
        return None
    if ":" not in suppression.resource:
        return "the rule judges several kinds of resources, and names are not unique among them"
    if not _ONE_KIND.match(suppression.resource):
        return "the rule judges several kinds of resources, and the pattern does not say which of them it means"
    return None


def suppressed(
    findings: Iterable[Finding],
    suppressions: Sequence[Suppression],
    snapshot: Snapshot,
    rule_ids: Mapping[str, str],
    limits: Limits,
    today: date,
    *,
    ou: str | None = None,
) -> tuple[tuple[Finding, ...], tuple[tuple[str, Notice], ...]]:
    """Return the findings, each with the first suppression that matches it, and notices about the suppressions by rule.

    `rule_ids` maps the names under which rules are configured to their ids. Verdicts never change. `ou` is the path of
    the account's organizational unit, None if unknown; suppressions of other accounts are ignored.
    """
    suppressions = [each for each in suppressions if each.is_for(snapshot.account.id, ou)]
    live = [each for each in suppressions if each.until >= today]
    indexes = _indexes(live, snapshot, rule_ids)
    hits: Counter[int] = Counter()
    needed: set[int] = set()
    of_account: set[str] = set()
    marked: list[Finding] = []
    for finding in findings:
        index = indexes.get(finding.config_rule_name)
        matching = index.matching(finding) if index else []
        hits.update(matching)
        needed.update(matching if finding.compliance_type in OPEN else ())
        if finding.resource_type is ResourceType.ACCOUNT:
            of_account.update((finding.config_rule_name, rule_ids[finding.config_rule_name]))
        marked.append(_marked(finding, live[matching[0]]) if matching else finding)
    selected = {name for pair in rule_ids.items() for name in pair}
    used = [
        _Use(each, hits[number], number in needed, each.rule in of_account)
        for number, each in enumerate(live)
        if each.rule in selected
    ]
    expired = [each for each in suppressions if each.until < today]
    return tuple(marked), tuple(_notices(used, expired, limits, today))


class _Use(Struct, frozen=True):
    """Hold how many findings a suppression matches, whether any of them is open, and if its rule judges the account."""

    suppression: Suppression
    findings: int
    needed: bool
    of_account: bool


def _marked(finding: Finding, suppression: Suppression) -> Finding:
    kept = {name: value for name, value in to_builtins(suppression).items() if name != "rule" and value is not None}
    return structs.replace(finding, suppression=kept)


def _indexes(
    suppressions: Sequence[Suppression], snapshot: Snapshot, rule_ids: Mapping[str, str]
) -> Mapping[str, SuppressionIndex]:
    """Return an index of suppressions for each configured rule that has some."""
    conditions = [_of_type(each, _condition(each, snapshot)) for each in suppressions]
    found = {
        name: {number: conditions[number] for number, each in enumerate(suppressions) if each.rule in (name, rule_id)}
        for name, rule_id in rule_ids.items()
    }
    return {name: SuppressionIndex(of_rule) for name, of_rule in found.items() if of_rule}


def _of_type(suppression: Suppression, condition: Condition) -> Condition:
    if suppression.type is None:
        return condition
    test = condition.test
    return condition._replace(
        test=lambda finding: finding.resource_type == suppression.type and (test is None or test(finding))
    )


def _condition(suppression: Suppression, snapshot: Snapshot) -> Condition:
    if suppression.resource is not None:
        return _by_name(suppression.resource)
    if suppression.path is not None:
        return Condition(pattern=suppression.path, texts=(_path,))
    return Condition(resources=set(_tagged(suppression.tag or "", snapshot)))


def _by_name(pattern: str) -> Condition:
    """Return a condition on names and ARNs; patterns never match the account, so that they do not hide unread lists.

    While its number is unknown, no name matches it either: it is then called "account", and so may be a user. A pattern
    applies to ARNs only if it has a colon, which no name has: `a*` would match all ARNs, and `*user*` every user's.
    """
    if _WILDCARDS & set(pattern):
        return Condition(pattern=pattern, texts=(_name, _arn) if ":" in pattern else (_name,))
    return Condition(_is_known, name=pattern)


def _is_known(finding: Finding) -> bool:
    return finding.resource_type is not ResourceType.ACCOUNT or finding.resource_arn is not None


def _name(finding: Finding) -> str | None:
    return None if finding.resource_type is ResourceType.ACCOUNT else finding.resource_name


def _arn(finding: Finding) -> str | None:
    return None if finding.resource_type is ResourceType.ACCOUNT else finding.resource_arn


def _path(finding: Finding) -> str | None:
    """Return the IAM path in a finding's ARN, such as arn:aws:iam::111122223333:user/path/name; None if it has none."""
    if finding.resource_arn is None or Pattern.PATH not in kind_of(finding.resource_type).patterns:
        return None
    _, slash, rest = finding.resource_arn.partition("/")
    named = slash and rest.endswith(finding.resource_name)
    return f"/{rest.removesuffix(finding.resource_name)}" if named else None


def _tagged(tag: str, snapshot: Snapshot) -> Iterator[tuple[ResourceType, str]]:
    """Yield the resources that have the tag; those whose tags are unknown do not count."""
    key, equals, value = tag.partition("=")
    for kind in (each for each, _, _ in listed_kinds() if Pattern.TAG in each.patterns):
        for resource in kind.resources(snapshot).known_part:
            tags: Mapping[str, str] = {} if "tags" in gaps_of(resource) else resource.tags
            if key in tags and (not equals or tags[key] == value):
                yield kind.resource_type, kind.identity(resource).name


def _notices(
    used: Iterable[_Use], expired: Iterable[Suppression], limits: Limits, today: date
) -> Iterator[tuple[str, Notice]]:
    for each in expired:
        yield each.rule, Notice(EXPIRED, None, f"The {each.description} has ended and no longer counts")
    for use in used:
        each = use.suppression
        if use.findings == 0:
            yield each.rule, Notice(UNUSED, None, f"The {each.description} matches no finding{_hint(use)}")
        elif not use.needed:
            yield (
                each.rule,
                Notice(UNUSED, None, f"The {each.description} matches only compliant findings and is not needed"),
            )
        if use.findings > limits.max_findings:
            more = f"{use.findings:,} findings, more than {limits.max_findings:,}"
            yield each.rule, Notice(BROAD, None, f"The {each.description} matches {more}")
        if each.until - today <= SOON:
            yield each.rule, Notice(ENDING, None, f"The {each.description} ends {_in_days((each.until - today).days)}")


def _hint(use: _Use) -> str:
    wild = use.of_account and _WILDCARDS & set(use.suppression.resource or "")
    return "; patterns never match the account; write its number" if wild else ""


def _in_days(days: int) -> str:
    return "today" if days == 0 else "in 1 day" if days == 1 else f"in {days} days"
