"""Filters that choose accounts by number, name, organizational unit and tag."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, structs

from auditor.errors import UsageError, nearest
from auditor.organization.records import Account, State

_PREFIXES = ("id", "name", "ou", "tag")
_FORMS = "A filter is a number, a name, ou:PATH or tag:KEY=VALUE; each may hold *."


class Filter(Struct, frozen=True):
    """Hold a filter: `kind` is id, name, ou or tag, None for id or name; `pattern` is a shell pattern."""

    kind: str | None
    pattern: str
    text: str

    def matches(self, account: Account) -> bool:
        """Return whether the filter matches an account; a unit includes all units below it."""
        patterns = (self.pattern, f"{self.pattern}/*") if self.kind == "ou" else (self.pattern,)
        return any(fnmatchcase(value, pattern) for value in self.values(account) for pattern in patterns)

    def values(self, account: Account) -> Iterator[str]:
        """Yield the values of an account that the pattern is compared with."""
        if self.kind in (None, "id") and account.id is not None:
            yield account.id
        if self.kind in (None, "name") and account.name:
            yield account.name
        if self.kind == "ou" and account.ou:
            yield account.ou
        if self.kind == "tag":
            whole = "=" in self.pattern
            yield from (f"{key}={value}" if whole else key for key, value in account.tags.items())


def needs_tags(filters: Iterable[str]) -> bool:
    """Return whether one of the filters uses tags, which take a call for each account."""
    return any(text.startswith("tag:") for text in filters)


def chosen(accounts: Sequence[Account], include: Sequence[str], exclude: Sequence[str]) -> tuple[Account, ...]:
    """Return all accounts; those that the filters leave out have the state NOT_ASKED, with the reason as detail.

    An account is included if one filter of `include` matches it, or if there is none, unless one of `exclude` does.
    Raises UsageError for a filter that matches no account, and if no account is left.
    """
    wanted = [_filter(text, "--include", accounts) for text in include]
    unwanted = [_filter(text, "--exclude", accounts) for text in exclude]

    def filtered(account: Account) -> Account:
        if account.state is not None:
            return account
        reason = next((f"--exclude {each.text}" for each in unwanted if each.matches(account)), None)
        if wanted and not any(each.matches(account) for each in wanted):
            reason = "no --include matches it"
        return account if reason is None else structs.replace(account, state=State.NOT_ASKED, detail=reason)

    found = tuple(map(filtered, accounts))
    if (wanted or unwanted) and not any(account.state is None for account in found):
        problem = f"--include and --exclude leave none of {len(found):,} accounts to audit"
        raise UsageError(problem, "Leave a filter out; accounts that are suspended or closed are never audited.")
    return found


def _filter(text: str, option: str, accounts: Sequence[Account]) -> Filter:
    """Return a filter; raise UsageError for one that is empty or matches no account."""
    kind, colon, pattern = text.partition(":")
    parsed = Filter(kind, pattern, text) if colon and kind in _PREFIXES else Filter(None, text, text)
    if parsed.kind == "ou":
        parsed = structs.replace(parsed, pattern=parsed.pattern.strip("/"))
    if not parsed.pattern.strip():
        raise UsageError(f"{option} {text!r} is empty", _FORMS)
    if not any(parsed.matches(account) for account in accounts):
        known = {value for account in accounts for value in parsed.values(account)}
        raise UsageError(
            f"{option} {text!r} matches none of the {len(accounts):,} accounts",
            nearest(parsed.pattern, known, _hint(parsed)),
        )
    return parsed


def _hint(parsed: Filter) -> str:
    if parsed.kind == "ou":
        return "Paths begin at the root, as in ou:Root/Production; the report of an earlier run shows them."
    return _FORMS
