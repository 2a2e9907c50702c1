"""The cases of the three `*-tagged` rules, which differ only in the resource type."""

from collections.abc import Callable
from typing import Any

from auditor.account.model import Snapshot
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, C, Case, account

AWS_TAG = {"aws:cloudformation:stack-name": "web"}


def cases(made: Callable[..., Any], listing: str) -> list[Case]:
    """Return the cases for resources that `made` builds, in the snapshot's list with this name."""

    def holding(*resources: Any, **fields: Any) -> Snapshot:
        given: dict[str, Any] = {listing: resources, **fields}
        return account(**given)

    def judged(name: str, tags: dict[str, str], required: str | None, expected: ComplianceType) -> Case:
        parameters = {} if required is None else {"requiredKeyTags": required}
        return Case(name, holding(made("it", tags=tags)), {"it": expected}, parameters)

    return [
        judged("no tags", {}, None, NC),
        judged("one tag suffices", {"Owner": "web"}, None, C),
        judged("a tag without value", {"Owner": ""}, None, C),
        judged("only a tag of AWS", AWS_TAG, None, NC),
        judged("a tag of AWS and one of a user", {**AWS_TAG, "Owner": "web"}, None, C),
        judged("a key that only looks like AWS's", {"awsOwner": "web"}, None, C),
        judged("a blank parameter asks for any tag", {"Other": "x"}, "", C),
        judged("no tags, whatever is required", {}, "Owner", NC),
        judged("the required tag", {"Owner": "web"}, "Owner", C),
        judged("another tag", {"Other": "web"}, "Owner", NC),
        judged("the required tag in another case", {"owner": "web"}, "Owner", NC),
        judged(
            "all required tags, blanks after the commas", {"Owner": "a", "Cost Center": "b"}, "Owner, Cost Center", C
        ),
        judged("one of the required tags is missing", {"Owner": "a"}, "Owner, Cost Center", NC),
        judged("more tags than required", {"Owner": "a", "Other": "b", **AWS_TAG}, "Owner", C),
        Case("tags that could not be read", holding(made("it", unknown=["tags"])), {"it": UNKNOWN}),
        Case("two resources", holding(made("a", tags={"Owner": "x"}), made("b")), {"a": C, "b": NC}),
        Case("none of them", account(), {ACCOUNT_ID: NA}),
        Case(
            "not all of them are known",
            holding(made("it", tags={"Owner": "x"}), unknown=[listing]),
            {"it": C, ACCOUNT_ID: UNKNOWN},
        ),
        Case("aws-cn", holding(made("it"), partition="aws-cn"), {ACCOUNT_ID: NA}),
        Case("aws-us-gov", holding(made("it"), partition="aws-us-gov"), {ACCOUNT_ID: NA}),
    ]
