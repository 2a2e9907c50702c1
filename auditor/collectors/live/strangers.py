"""Strangers: answers about another account than the one whose identity AWS confirmed, which are not used.

A credential process may change the account in the middle of a run, and STS and IAM may have different endpoints.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import structs

from auditor.account.kinds import kind_listed_by
from auditor.account.sources import Source, SourceStatus
from auditor.collectors.answers import Answer, gap, unread
from auditor.collectors.credential_report import CredentialReport
from auditor.collectors.live.asking_again import answered
from auditor.collectors.live.refusals import FAULTS, error_code
from auditor.collectors.live.session import Caller, Connection
from auditor.errors import SourceError

_ARN = re.compile(r"arn:(?P<partition>[^:]*):[^:]*:[^:]*:(?P<account>[^:]*):")


def without_strangers(answers: Mapping[Source, Answer[Any]], caller: Caller) -> dict[Source, Answer[Any]]:
    """Return the answers; one that contains a resource of another account or partition counts as a failed source."""
    return {source: _believed(source, answer, caller) for source, answer in answers.items()}


def unconfirmed(connection: Connection, sleep: Callable[[float], object]) -> str | None:
    """Return why AWS did not confirm, at the end, that the account is still the same; None if it did.

    Raises SourceError if it is another account now, or if calls were signed with keys that may belong to another
    account: then it is unknown which answers are of which account.
    """
    known, detail = connection.caller.account_id, None
    try:
        now = answered(connection.signing.account_now, sleep)
    except FAULTS as error:
        now, detail = known, f"AWS did not confirm the account at the end of the run ({error_code(error)})"
    for other in ({now} - {known}) | connection.signing.others(known):
        problem = f"the account changed during the run, from {known} to {other or 'one that AWS did not name'}"
        raise SourceError(problem, "Nothing was kept. Use credentials that stay with one account.")
    return detail


def _believed(source: Source, answer: Answer[Any], caller: Caller) -> Answer[Any]:
    own = f"arn:{caller.partition}:iam::{caller.account_id}:"  # most ARNs; comparing is faster than matching
    others = (arn for arn in _arns(source, answer) if not arn.startswith(own))
    stranger = next((arn for arn in others if is_strange(arn, caller)), None)
    if stranger is None:
        return answer
    message = f"The answer is about another account than {caller.account_id}: it holds {stranger}"
    failed = unread(source, SourceStatus.FAILED, gap(source, "OtherAccount", message))
    return structs.replace(failed, read_at=answer.read_at)


def is_strange(arn: str, caller: Caller) -> bool:
    """Return whether an ARN belongs to another account or partition than the caller's; False if it is not an ARN."""
    match = _ARN.match(arn)
    return match is not None and (match["partition"], match["account"]) != (caller.partition, caller.account_id)


def _arns(source: Source, answer: Answer[Any]) -> Iterator[str]:
    """Yield the ARNs of the account's own resources in an answer."""
    if source is Source.CREDENTIAL_REPORT and answer.value is not None:
        report: CredentialReport = answer.value
        yield from (row.arn for row in (*report.users.values(), *filter(None, (report.root,))))
    kind = kind_listed_by(source)
    if kind is None:
        return
    for each in answer.value or ():
        yield getattr(each, kind.arn)
        owner = getattr(each, "user_arn", None)
        if owner is not None:
            yield owner
