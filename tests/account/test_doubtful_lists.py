"""Lists that are known in part: what shows that they hold too much or too little, whatever their gap is called."""

import pytest
from msgspec.structs import replace
from rule_parameters import configured

from auditor.account.model import Snapshot
from auditor.account.snapshot import check
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import Gap, Listing
from auditor.errors import SourceError
from auditor.report.audit import audit
from auditor.testing import NC, UNKNOWN, C, account, group, user

CUT = Gap("users:Throttling", Source.USERS, "Throttling", None, "The rest was not read")
HAS_USERS = "iam-group-has-users-check"


def cut(*, counted: int, items: int = 1) -> Snapshot:
    """Return an account of which one user is known, by a source that had some items and was not read to its end."""
    whole = account(users=[user("alice", groups=["Admins"])], groups=[group("Admins")])
    sources = tuple(
        replace(each, status=SourceStatus.PARTIAL, items=items) if each.name is Source.USERS else each
        for each in whole.sources
    )
    summary = {"Users": counted, "Groups": 1}
    users = Listing(whole.users.known_part, CUT.id)
    return replace(whole, users=users, gaps=(CUT,), sources=sources, account=replace(whole.account, summary=summary))


@pytest.mark.parametrize(("counted", "verdict"), [(2, C), (1, C), (0, UNKNOWN)])
def test_a_list_of_more_than_aws_counts_proves_nothing_whatever_its_gap_is_called(counted: int, verdict: str) -> None:
    (finding,) = audit(cut(counted=counted), [configured(HAS_USERS)]).findings
    assert finding.compliance_type is verdict
    assert verdict is not NC


def test_a_list_of_fewer_than_its_source_had_is_refused() -> None:
    check(cut(counted=4, items=1), "problem", "remedy")
    with pytest.raises(SourceError, match=r"\$\.users holds 1, fewer than the 4 items of users"):
        check(cut(counted=4, items=4), "problem", "remedy")


def test_a_source_that_was_not_read_has_no_whole_lists() -> None:
    snapshot = cut(counted=4, items=0)
    absent = tuple(
        replace(each, status=SourceStatus.ABSENT) if each.name is Source.USERS else each for each in snapshot.sources
    )
    with pytest.raises(SourceError, match=r"users is absent by \$\.sources, but its facts are there"):
        check(replace(snapshot, sources=absent), "problem", "remedy")
