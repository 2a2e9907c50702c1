"""The policies of an identity for explanations: which it has, where each comes from, and what each allows."""

from collections.abc import Mapping
from functools import partial

from msgspec import Raw

from auditor.account.index import Index
from auditor.account.model import AttachedPolicy, Group, InlinePolicy, Policy, Role, Snapshot, User
from auditor.account.sources import Source
from auditor.account.unknown import UnknownFact, evaluate_quietly, gaps_of, undecided
from auditor.explaining.explanation import HeldPolicy
from auditor.explaining.facts import Fact, Listed, Reader
from auditor.policies.access.answer import PolicyKind
from auditor.policies.access.holdings import is_aws_managed
from auditor.policies.at_large import AtLarge, at_large
from auditor.policies.entities import default_statements
from auditor.policies.statements import Statement, statements


class Documents:
    """Read the policies of a snapshot's identities."""

    def __init__(self, snapshot: Snapshot, reader: Reader) -> None:
        self._reader = reader
        self._unlisted = snapshot.policies.gap
        self._policies: Mapping[str, Policy] = {
            policy.arn: policy for policy in snapshot.policies.known_part if "arn" not in gaps_of(policy)
        }
        self._of_aws: Mapping[str, Raw | UnknownFact] = {
            each.arn: evaluate_quietly(partial(getattr, each, "document")) for each in snapshot.aws_managed_policies
        }
        self._unread = Index(snapshot).unread(Source.AWS_MANAGED_POLICIES)

    def held(self, holder: User | Group | Role, group: str | None = None) -> Listed[HeldPolicy]:
        """Return the policies of an identity; `group` is its name if it is a group whose policies a user gets."""
        inline = self._reader.listed(lambda: holder.inline_policies, lambda each: self._inline(each, group))
        attached = self._reader.listed(lambda: holder.attached_policies, lambda each: self._attached(each, group))
        return joined(inline, attached)

    def statements(self, arn: str) -> Fact[tuple[Statement, ...]]:
        """Return the statements of the default version of a managed policy."""
        return self._reader.fact(lambda: self._statements(arn))

    def contents(self, arn: str) -> Fact[AtLarge]:
        """Return a summary of what a managed policy allows."""
        return self._reader.fact(lambda: at_large(self._statements(arn)))

    def _inline(self, policy: InlinePolicy, group: str | None) -> HeldPolicy:
        contents = self._reader.fact(lambda: at_large(statements(policy.document)))
        return HeldPolicy(policy.name, None, PolicyKind.INLINE, group, contents)

    def _attached(self, policy: AttachedPolicy, group: str | None) -> HeldPolicy:
        return HeldPolicy(policy.name, policy.arn, kind_of_policy(policy.arn), group, self.contents(policy.arn))

    def _statements(self, arn: str) -> tuple[Statement, ...]:
        if is_aws_managed(arn):
            return statements(self._document_of_aws(arn))
        if arn not in self._policies:
            raise UnknownFact(self._unlisted, "the policy is not in the snapshot")
        return default_statements(self._policies[arn])

    def _document_of_aws(self, arn: str) -> Raw:
        found = self._of_aws.get(arn)
        if isinstance(found, Raw):
            return found
        if found is not None:
            raise UnknownFact(found.gap_id, found.reason)
        if self._unread is not None:
            raise UnknownFact(self._unread, "document")
        raise undecided(
            "the document was not read; documents of AWS's policies are read for console users, "
            "and kept of an export of all authorization details"
        )


def kind_of_policy(arn: str) -> PolicyKind:
    """Return the kind of a managed policy."""
    return PolicyKind.AWS_MANAGED if is_aws_managed(arn) else PolicyKind.CUSTOMER_MANAGED


def joined(*lists: Listed[HeldPolicy]) -> Listed[HeldPolicy]:
    """Return several lists as one, with every reason why it may be incomplete."""
    reasons = dict.fromkeys(each.unknown for each in lists if each.unknown is not None)
    return Listed(tuple(item for each in lists for item in each.items), "; ".join(reasons) or None)
