"""The front page of an organization: one file that opens from disk, and is readable and small with 10,000 accounts.

What matters most is static HTML of limited length. The page also contains all accounts, places and causes as packed
data, which its script lists. Everything else is on the pages of the accounts, which are linked.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import BinaryIO, NamedTuple

from auditor.judging.registry import load_rules, page, sections
from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.organization.places import places, unfolded
from auditor.organization.records import AUDITABLE, State
from auditor.organization.report import OrganizationReport, OrganizationRule, OrganizationSummary
from auditor.organization.unaudited import error_of, unaudited
from auditor.organization.wording import ORDERED_STATES, denominator, shortfall
from auditor.organization.worst import failing, worst_first
from auditor.writers.html import asset, csp_hash, page_environment
from auditor.writers.organization.links import Link, checked, no_link
from auditor.writers.organization.numbers import compact, share
from auditor.writers.organization.packing import pack

ACCOUNTS = 25  # rows that the page shows without its script, the worst first
CAUSES = 20
PLACES = 40
GROUPS = 100  # of accounts that were not audited
NAMED = 20  # accounts of a group
_SMALLEST_BAR = 0.75  # per cent: one account among thousands must be visible
_STEPS = (5, 20, 50, 80)  # per cent: the bounds of the colours of the heat map
_SCRIPTS = ("unpack.js", *(f"organization/{name}.js" for name in ("list", "places", "causes", "accounts", "page")))


def write(report: OrganizationReport, stream: BinaryIO, *, link: Link = no_link) -> None:
    """Write the front page as one HTML document; the same report gives the same bytes."""
    stream.write(_document(report, link).encode("utf-8", "backslashreplace"))


def _document(report: OrganizationReport, link: Link) -> str:
    style, script = asset("report.css", "organization/organization.css"), asset(*_SCRIPTS)
    tree, groups, open_rules = places(report), unaudited(report), _open_rules(report)
    upper, depth = unfolded(tree, PLACES)
    environment = page_environment()
    environment.filters.update(compact=compact, groups=_groups)
    text: str = environment.get_template("organization/organization.html.jinja").render(
        report=report,
        summary=report.summary,
        kinds=tuple(ComplianceType),
        severities=tuple(Severity),
        open_kinds=OPEN,
        subject=_subject(report),
        denominator=denominator(report.summary),
        shortfall=shortfall(report.summary),
        states=[state for state in ORDERED_STATES if report.summary.states.get(state)],
        stripes=list(_stripes(report.summary)),
        auditable=AUDITABLE,
        asks=_questions(report),
        open_rules=open_rules,
        top=tree[0],
        places=upper,
        all_places=len(tree),
        heat=heat,
        groups=groups[:GROUPS],
        more_groups=len(groups) - len(groups[:GROUPS]),
        named=NAMED,
        causes=report.causes[:CAUSES],
        names={account.id or account.name: account.name for account in report.accounts},
        worst=worst_first(report.accounts)[:ACCOUNTS],
        failing_of=failing,
        error_of=error_of,
        address=lambda account: checked(link(account)),
        style=style,
        script=script,
        style_hash=csp_hash(style),
        script_hash=csp_hash(script),
        payload=pack(report, tree, link, open_rules, shown=depth),
    )
    return text


def _subject(report: OrganizationReport) -> str:
    count = len(report.accounts)
    return f"organization {report.organization.id}" if report.organization.id else f"{count:,} accounts"


def _questions(report: OrganizationReport) -> dict[str, str]:
    """Return what each rule checks, in one sentence; "" for a rule that is not installed here."""
    known = {rule.source_identifier: sections(page(rule)).get("", "") for rule in load_rules().values()}
    return {rule.config_rule_name: known.get(rule.source_identifier, "") for rule in report.rules}


def _open_rules(report: OrganizationReport) -> int:
    """Return how many rules have open findings; they are the first rules of the report."""
    return sum(1 for rule in report.rules if any(rule.counts[kind] for kind in OPEN))


def _groups(rules: Iterable[OrganizationRule]) -> Sequence[tuple[Severity, int]]:
    """Return the severities of the rules, with the number of consecutive rules of each."""
    return [(severity, len(list(group))) for severity, group in groupby(rules, key=lambda rule: rule.severity)]


class _Stripe(NamedTuple):
    """Hold a part of the bar of states: left edge and width in per cent."""

    state: State
    left: float
    width: float


def _stripes(summary: OrganizationSummary) -> Iterator[_Stripe]:
    """Yield the parts of the bar, which stands for all active accounts."""
    counted = {
        state: summary.states[state] for state in ORDERED_STATES if state in AUDITABLE and summary.states.get(state)
    }
    shares = {state: max(100 * count / summary.active, _SMALLEST_BAR) for state, count in counted.items()}
    left = 0.0
    for state, part in shares.items():
        width = 100 * part / sum(shares.values())
        yield _Stripe(state, round(left, 2), round(width, 2))
        left += width


def heat(found: int, unknown: int, active: int) -> tuple[str, str]:
    """Return the text of a cell of the heat map, the share of accounts in per cent, and its CSS class.

    The text is a question mark if nothing was found but not everything is known; the script does the same.
    """
    if not found:
        return ("?", "q") if unknown else ("·", "")
    step = sum(100 * found / active > bound for bound in _STEPS)
    return share(found, active), f"h{step}{' q' if unknown else ''}"
