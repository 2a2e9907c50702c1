"""The sections of an explanation for people; text and HTML show the same sections in this order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from auditor.account.kinds import ResourceType
from auditor.explaining.explanation import (
    Explanation,
    HeldPolicy,
    HoldingGroup,
    OfPolicy,
    OfRole,
    OfUser,
    PolicyStatement,
    Trust,
)
from auditor.explaining.facts import Listed
from auditor.judging.rule import ComplianceType
from auditor.policies.access.answer import PolicyKind
from auditor.policies.at_large import AtLarge
from auditor.writers.explanation.cells import (
    DECISION_TEXTS,
    MUTED,
    TONES,
    UNKNOWN,
    Cell,
    Judged,
    Notes,
    Section,
    fact,
    incomplete,
    listed,
    moment,
    pairs,
    unknown,
    when,
)
from auditor.writers.explanation.credentials import credentials

SESSIONS = ("without MFA", "with MFA", "access key")
_ABOUT = (
    "About the user's own password and MFA device: signed in at the console without MFA, with MFA, or by a long-term "
    "access key. `iam-audit can` answers other questions."
)
_FROM = "From"
_POLICY_COLUMNS = ("Policy", "Kind", _FROM, "Contents")


def kind_text(explanation: Explanation) -> str:
    """Return the kind of the explained resource as text."""
    if explanation.unseen is not None:
        return "not seen"
    if explanation.policy is not None:
        return explanation.policy.kind
    kind = explanation.resource_type
    return "resource" if kind is None else kind.rpartition(":")[2].lower()


def facts(explanation: Explanation) -> Sequence[Sequence[Cell]]:
    """Return the names of the resource, its account, and when it was read."""
    return pairs(_facts(explanation))


def _facts(explanation: Explanation) -> Iterator[tuple[str, Cell]]:
    account, now = explanation.account, explanation.snapshot.captured_at
    alias = f" ({account.alias})" if account.alias else ""
    yield "Account", Cell(f"{account.id or 'unknown'}{alias}, {account.partition}")
    yield "Captured", Cell(moment(now)) if now else unknown("--captured-at sets it for --exports; else read again")
    if explanation.unseen is not None:
        return
    if explanation.policy is None or explanation.policy.kind is not PolicyKind.AWS_MANAGED:
        yield "Created", fact(explanation.created_at, lambda time: when(time, now))
        yield "Id", fact(explanation.id)
        yield "Path", fact(explanation.path)
    yield "ARN", fact(explanation.arn)
    if explanation.tags is not None:
        yield "Tags", fact(explanation.tags, lambda tags: ", ".join(f"{key}={tags[key]}" for key in tags) or "none")


def sections(explanation: Explanation) -> Iterator[Section]:
    """Yield what is known about the resource apart from its names; verdicts are not included."""
    now = explanation.snapshot.captured_at
    if explanation.user is not None:
        yield from _of_user(explanation.user, explanation)
    if explanation.group is not None:
        yield Section("Members", [(listed(explanation.group.members),)])
        yield _own_policies(explanation.group.policies)
    if explanation.role is not None:
        yield from _of_role(explanation.role, now)
    if explanation.policy is not None:
        yield from _of_policy(explanation.policy, now)


def _of_user(user: OfUser, explanation: Explanation) -> Iterator[Section]:
    yield Section("Groups", [(listed(user.groups),)])
    yield _policies(user.policies)
    yield _boundary(user)
    yield credentials(user, explanation)
    yield _questions(user)


def _policies(policies: Listed[HeldPolicy]) -> Section:
    rows = [_policy_row(each) for each in policies.items]
    return Section("Policies", [*rows, *incomplete(policies, len(_POLICY_COLUMNS))], _POLICY_COLUMNS)


def _own_policies(policies: Listed[HeldPolicy]) -> Section:
    """Return the policies of an identity that cannot get any from groups, without the column "From"."""
    section = _policies(policies)
    return section._replace(
        columns=[each for each in section.columns if each != _FROM],
        rows=[[cell for at, cell in enumerate(row) if section.columns[at] != _FROM] for row in section.rows],
    )


def _policy_row(policy: HeldPolicy) -> Sequence[Cell]:
    origin = Cell("directly") if policy.group is None else Cell(f"the group {policy.group}")
    return Cell(policy.name), Cell(policy.kind), origin, fact(policy.contents, _summary)


def _summary(contents: AtLarge) -> str:
    return contents.summary


def _boundary(holder: OfUser | OfRole) -> Section:
    rows = [("Policy", fact(holder.boundary))]
    if holder.boundary_contents is not None:
        rows.append(("At most", fact(holder.boundary_contents, _summary)))
    return Section("Permissions boundary", pairs(rows))


def _questions(user: OfUser) -> Section:
    notes = Notes()
    rows = [
        (
            Cell(question.action),
            *(
                Cell(DECISION_TEXTS[each.decision], TONES[each.decision], notes.mark(each.reason))
                for each in question.answers
            ),
        )
        for question in user.questions
    ]
    return Section("What the user may do", rows, ("Action", *SESSIONS), _ABOUT, notes.lines, narrow=True)


def _of_role(role: OfRole, now: datetime | None) -> Iterator[Section]:
    trust = role.trust
    rows = [_trust_row(each) for each in trust.items]
    if trust.unknown is not None:
        rows = [(unknown(trust.unknown), Cell(""), Cell(""), Cell(""))]
    columns = ("Effect", "Who", "What", "Conditions on")
    yield Section("Trust policy: who may assume the role", rows, columns, empty="Nobody.")
    yield _own_policies(role.policies)
    yield _boundary(role)
    use = [
        ("Last used", fact(role.last_used, lambda time: when(time, now), "not in the 400 days that AWS keeps")),
        ("Instance profiles", listed(role.instance_profiles)),
    ]
    yield Section("Use", pairs(use))


def _trust_row(trust: Trust) -> Sequence[Cell]:
    who = ", ".join(trust.principals)
    who = f"everybody but {who}" if trust.all_but else who
    conditions = ", ".join(trust.condition_keys)
    return Cell(trust.effect), Cell(who), Cell(", ".join(trust.actions)), Cell(conditions) if conditions else _NONE


_NONE = Cell("none", MUTED)


def _of_policy(policy: OfPolicy, now: datetime | None) -> Iterator[Section]:
    yield Section("Who has it", pairs(_holders(policy)))
    yield Section("Versions and counts", pairs(_versions(policy, now)))
    summary = fact(policy.at_large, _summary)
    rows = [_statement_row(each) for each in policy.statements]
    if policy.at_large.unknown is not None:
        rows = [(summary, *[Cell("")] * 4)]
    columns = ("Statement", "Effect", "Actions", "Resources", "Conditions")
    introduction = "" if summary.tone == UNKNOWN else f"The default version {summary.text}."
    yield Section("What it allows", rows, columns, introduction)


def _holders(policy: OfPolicy) -> Iterator[tuple[str, Cell]]:
    yield "Users, directly", listed(policy.users)
    yield "Groups", listed(policy.groups, _with_members)
    yield "Roles", listed(policy.roles)
    yield "Boundary of users", listed(policy.boundary_of_users)
    yield "Boundary of roles", listed(policy.boundary_of_roles)


def _with_members(group: HoldingGroup) -> str:
    members = listed(group.members).text
    return f"{group.name} (members: {members})"


def _versions(policy: OfPolicy, now: datetime | None) -> Iterator[tuple[str, Cell]]:
    yield "Default version", fact(policy.default_version)
    if policy.versions is not None:
        yield "Versions", listed(policy.versions)
    if policy.attachment_count is not None:
        yield "Attached, by AWS's count", fact(policy.attachment_count, lambda count: f"{count:,}")
    if policy.boundary_usage_count is not None:
        yield "Boundary, by AWS's count", fact(policy.boundary_usage_count, lambda count: f"{count:,}")
    if policy.updated_at is not None:
        yield "Updated", fact(policy.updated_at, lambda time: when(time, now))
    if policy.description is not None:
        yield "Description", fact(policy.description)


def _statement_row(statement: PolicyStatement) -> Sequence[Cell]:
    name = f"{statement.number}{f' ({statement.sid})' if statement.sid else ''}"
    actions, resources = ", ".join(statement.actions), ", ".join(statement.resources)
    return (
        Cell(name),
        Cell(statement.effect),
        Cell(f"all but {actions}" if statement.all_actions_but else actions),
        Cell(f"all but {resources}" if statement.all_resources_but else resources),
        Cell("; ".join(statement.conditions)) if statement.conditions else _NONE,
    )


def judged(explanation: Explanation) -> Sequence[Judged]:
    """Return the findings, those that need attention first, each with its rule and the warnings about it."""
    order = list(ComplianceType)
    findings = sorted(explanation.findings, key=lambda each: order.index(each.compliance_type))
    remarks: dict[str | None, list[str]] = {}
    for warning in explanation.warnings:
        remarks.setdefault(warning.config_rule_name, []).append(warning.message)
    return [
        Judged(each, _shown_name(explanation, each.config_rule_name), remarks.get(each.config_rule_name, ()))
        for each in findings
    ]


def _shown_name(explanation: Explanation, name: str) -> str:
    identifier = explanation.rules.get(name, "")
    return name if name == identifier.lower().replace("_", "-") else f"{name} ({identifier})"


def remarks(explanation: Explanation) -> Sequence[str]:
    """Return the warnings about the resource that do not come from a rule."""
    return [each.message for each in explanation.warnings if each.config_rule_name is None]


def counted(explanation: Explanation) -> str:
    """Return the number of findings by compliance type as text, with suppressed ones separately."""
    counts = Counter(each.compliance_type for each in explanation.findings if each.suppression is None)
    suppressed = sum(each.suppression is not None for each in explanation.findings)
    parts = [f"{counts[kind]:,} {kind}" for kind in ComplianceType if counts[kind]]
    parts += [f"{suppressed:,} suppressed"] if suppressed else []
    return ", ".join(parts) or _unjudged(explanation)


def _unjudged(explanation: Explanation) -> str:
    if explanation.policy is not None and explanation.policy.kind is PolicyKind.AWS_MANAGED:
        return "no rule judges AWS-managed policies; who has them is judged"
    kind = explanation.resource_type or ResourceType.ACCOUNT
    return f"no selected rule judges {kind}"
