"""The README's commands for exports, run as the AWS CLI would: their files tell what a live reading tells."""

from pathlib import Path

import pytest
from aws_server import Front, denied
from live_account import EVERYTHING, collected, filled, verdicts
from readme_commands import exported

from auditor.account.model import Snapshot
from auditor.testing import UNKNOWN


def refusals(snapshot: Snapshot) -> set[tuple[str, str | None]]:
    return {(gap.error_code, gap.iam_action) for gap in snapshot.gaps}


@pytest.mark.parametrize("pages", [(1000,), (1,)], ids=["whole lists", "many pages"])
def test_the_commands_of_the_readme_tell_what_the_account_tells(
    aws: Front, tmp_path: Path, pages: tuple[int, ...]
) -> None:
    filled(aws)
    aws.page_sizes = pages
    live = collected(EVERYTHING)
    files = exported(live, tmp_path)
    assert verdicts(files) == verdicts(live)
    assert (refusals(files), UNKNOWN in verdicts(files).values()) == (set(), False)


@pytest.mark.parametrize("action", ["iam:GetAccountPasswordPolicy", "organizations:DescribeOrganization"])
def test_where_a_command_is_denied_the_file_says_so(aws: Front, tmp_path: Path, action: str) -> None:
    filled(aws)
    aws.fixed[action.partition(":")[2]] = denied(action)
    live = collected(EVERYTHING)
    files = exported(live, tmp_path)
    assert verdicts(files) == verdicts(live)
    assert refusals(files) == refusals(live)
    assert {granted for _, granted in refusals(files)} == {action}


@pytest.mark.usefixtures("aws")
def test_the_files_of_an_empty_account_tell_that_it_is_empty(tmp_path: Path) -> None:
    """But for the Region that has no analyzer: nothing in the files names it."""
    live = collected(EVERYTHING)
    told, nameless = verdicts(live), ("iam-external-access-analyzer-enabled", "123456789012")
    assert verdicts(exported(live, tmp_path)) == told | {nameless: UNKNOWN}
