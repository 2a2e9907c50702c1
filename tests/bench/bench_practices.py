"""What the set `practices` costs beside the rules of AWS Config, on an account whose policies all differ."""

import time
from collections.abc import Callable, Iterator

from measure import Row, at_most
from practised_account import practised
from rule_parameters import AWS_RULES, RULES, configured

from auditor.judging.engine import evaluate
from auditor.policies.access.documents import compiled

USERS, GROUPS, POLICIES = 5_000, 300, 1_500
RUNS = 5
MOST = 4


def rows() -> Iterator[Row]:
    """Measure both sets over the same snapshot, and what compiling its documents takes once."""
    snapshot = practised(USERS, GROUPS, POLICIES)
    versions = (version.document for policy in snapshot.policies for version in policy.versions)
    inline = (policy.document for user in snapshot.users for policy in user.inline_policies)
    documents = [*versions, *inline]
    seconds = least_seconds(lambda: [compiled(each) for each in documents], 1)
    yield Row(f"practices: compiling {len(documents):,} documents, once", f"{seconds:.2f} s")
    practices = [configured(name) for name in RULES if name not in AWS_RULES]
    ours = least_seconds(lambda: evaluate(snapshot, practices), RUNS)
    theirs = least_seconds(lambda: evaluate(snapshot, [configured(name) for name in AWS_RULES]), RUNS)
    yield Row(f"practices: {len(practices)} rules over {USERS:,} users, processor time", f"{ours:.2f} s")
    what = f"practices: {len(practices)} rules / the {len(AWS_RULES)} rules of AWS Config, processor time"
    yield at_most(what, ours / theirs, MOST)


def least_seconds(work: Callable[[], object], runs: int) -> float:
    """Return the least processor time that some runs of a piece of work take."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)
