"""Security Hub: what it has of our findings, and importing them, in batches and with whatever it refuses.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindings.html
"""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from auditor.collectors.live.asking_again import holding
from auditor.collectors.live.pages import Sleep, pages
from auditor.collectors.live.refusals import FAULTS, OvertimeError, error_code
from auditor.collectors.live.session import Connection
from auditor.collectors.live.side_by_side import Deadline
from auditor.errors import SourceError
from auditor.publish.choosing import OURS, ours
from auditor.publish.publication import Failed, Sent

PAGE_SIZE = 100  # AWS's maximum of GetFindings
_DISABLED = "InvalidAccessException"


class _Page(Struct, rename="pascal"):
    """A page of GetFindings."""

    findings: list[dict[str, Any]]
    next_token: str | None = None


class _FailedAnswer(Struct, rename="pascal"):
    """A finding that was not imported."""

    id: str = ""
    error_code: str = ""
    error_message: str = ""


class _ImportAnswer(Struct, rename="pascal"):
    """The answer of BatchImportFindings."""

    failed_count: int
    success_count: int
    failed_findings: list[_FailedAnswer] = []


def stored_findings(
    connection: Connection,
    product_arn: str,
    deadline: Deadline,
    *,
    sleep: Sleep = time.sleep,
) -> list[dict[str, Any]]:
    """Return the findings of iam-audit that Security Hub has, in the connection's account and Region.

    Raises SourceError where they cannot be read to their end: then nobody knows what is there.
    """
    wanted = {
        "ProductArn": [{"Value": product_arn, "Comparison": "EQUALS"}],
        "GeneratorId": [{"Value": OURS, "Comparison": "PREFIX"}],
    }
    get = partial(connection.client("securityhub").get_findings, Filters=wanted, MaxResults=PAGE_SIZE)
    found: list[dict[str, Any]] = []
    try:
        for page in pages(holding(get, "Findings"), _Page, deadline, sleep, place="NextToken", next_place=_next):
            found.extend(page.findings)
    except FAULTS as error:
        problem = f"the findings in Security Hub could not be read: {_said(error)}"
        raise SourceError(problem, _remedy(error, connection.region, "securityhub:GetFindings")) from error
    return [dict(each) for each in ours(found, product_arn)]


def _next(page: _Page) -> str | None:
    return page.next_token or None


def import_findings(connection: Connection, batches: Iterable[Sequence[bytes]], deadline: Deadline) -> Sent:
    """Import batches of findings, each finding as JSON, and return what AWS took.

    What AWS refuses of a batch is in the result. A batch that fails as a whole, throttled for as long as botocore asks
    again for instance, ends it, and so does the deadline: the findings after it are not sent. To send findings again
    does no harm.
    """
    client = connection.client("securityhub")
    imported, failed, unsent, stopped = 0, list[Failed](), 0, None
    for batch in batches:
        if stopped is not None:
            unsent += len(batch)
            continue
        try:
            answer = _answer(client, batch, deadline)
        except FAULTS as error:
            stopped = f"{_said(error)}. {_remedy(error, connection.region, 'securityhub:BatchImportFindings')}"
            unsent += len(batch)
            continue
        imported += answer.success_count
        failed += [Failed(each.id, each.error_code, each.error_message) for each in answer.failed_findings]
    return Sent(imported, tuple(failed), unsent, stopped)


def _answer(client: Any, batch: Sequence[bytes], deadline: Deadline) -> _ImportAnswer:
    if not deadline.left():
        raise OvertimeError(deadline.timeout_s)
    findings = [msgspec.json.decode(each) for each in batch]
    answer = holding(client.batch_import_findings, "SuccessCount")(Findings=findings)
    return msgspec.convert(answer, _ImportAnswer)


def _said(error: Exception) -> str:
    if isinstance(error, OvertimeError):
        return f"the time was over ({error.timeout_s:g} s, --timeout)"
    return f"AWS answered {error_code(error)}"


def _remedy(error: Exception, region: str, action: str) -> str:
    code = error_code(error)
    if code == _DISABLED:
        return f"Enable Security Hub in {region}, or choose another Region with --region."
    if "Denied" in code or "Unauthorized" in code:
        return f"Grant {action}; `iam-audit permissions --publish` prints all that is needed."
    return "Publish the report again later; what is there already stays."
