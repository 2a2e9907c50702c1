"""The file of a change set: the JSON that `aws cloudformation describe-change-set` writes, read and checked.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.change.values import Unknown
from auditor.errors import SourceError

_KEYS = (b'"Changes"', b'"ChangeSetId"')
_ACTIONS = frozenset({"Add", "Modify", "Remove", "Import", "Dynamic", "SyncWithActual"})
_WRITE = "aws cloudformation describe-change-set --change-set-name NAME --include-property-values --output json"
_MAKE = f"Make it with: {_WRITE}"
_UNCHANGED = re.compile(r"didn't contain changes|No updates are to be performed")
"""Matches AWS's reason for a change set that failed because there is nothing to change."""
_STACK = re.compile(
    r"arn:(?P<partition>[\w-]+):cloudformation:(?P<region>[\w-]+):(?P<account>\d{12}):stack/(?P<name>[^/]+)"
)
_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
_MASK = "****"
"""What AWS shows instead of the value of a parameter with NoEcho."""
NO_VALUES = "the change set shows no property values; --include-property-values shows them"


class ResourceChange(Struct, frozen=True, kw_only=True, rename="pascal"):
    """Hold what happens to one resource of the stack; the contexts are JSON texts within the JSON."""

    action: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str | None = None
    replacement: str | None = None
    policy_action: str | None = None
    change_set_id: str | None = None
    before_context: str | None = None
    after_context: str | None = None

    @property
    def after(self) -> Mapping[str, Any] | Unknown:
        """Return the properties after the change, with Unknown for what AWS does not show."""
        return _properties(self.after_context, self.logical_resource_id)

    @property
    def before(self) -> Mapping[str, Any] | Unknown:
        """Return the properties before the change, with Unknown for what AWS does not show."""
        return _properties(self.before_context, self.logical_resource_id)


class _Change(Struct, frozen=True, kw_only=True, rename="pascal"):
    resource_change: ResourceChange | None = None


class _Parameter(Struct, frozen=True, kw_only=True, rename="pascal"):
    parameter_key: str
    parameter_value: str | None = None
    resolved_value: str | None = None


class _Answer(Struct, frozen=True, kw_only=True, rename="pascal"):
    """Hold AWS's response."""

    stack_id: str
    status: str
    changes: tuple[_Change, ...]
    change_set_id: str = ""
    status_reason: str | None = None
    execution_status: str | None = None
    next_token: str | None = None
    parameters: tuple[_Parameter, ...] | None = None


class ChangeSet(Struct, frozen=True, kw_only=True):
    """Hold a change set that can be executed, with the name, account and Region of its stack."""

    id: str
    stack_id: str
    stack_name: str
    account_id: str
    partition: str
    region: str
    parameters: Mapping[str, str]
    changes: tuple[ResourceChange, ...]


def change_set_of(content: bytes, path: str) -> ChangeSet | None:
    """Return the change set in the content of a file, None if there is none; `path` names the file in errors.

    Raises SourceError for a change set that is incomplete or cannot be executed.
    """
    content = documents.in_utf_8(content, path)
    if not content.lstrip().startswith(b"{") or not any(key in content for key in _KEYS):
        return None
    try:
        sections = msgspec.json.decode(content)
    except documents.FAULTS:
        return None
    if "Resources" in sections or not {"Changes", "ChangeSetId"} & sections.keys():
        return None
    return _checked(_answer(content, path), path)


def _answer(content: bytes, path: str) -> _Answer:
    try:
        documents.check_keys(content)
        return msgspec.json.decode(content, type=_Answer)
    except documents.FAULTS as error:
        problem = f"is not a complete change set: {documents.reason(error)}"
        raise SourceError(problem, _MAKE, subject=path) from error


def _checked(answer: _Answer, path: str) -> ChangeSet:
    """Return a change set that can be executed; raise SourceError for any other."""
    if answer.next_token:
        problem = "is only a part of a change set: it ends with a NextToken"
        raise SourceError(problem, "Leave out --no-paginate and --max-items.", subject=path)
    _check_status(answer, path)
    stack = _STACK.match(answer.stack_id)
    if stack is None:
        raise SourceError(f"has no ARN of a stack as StackId: {answer.stack_id!r}", _MAKE, subject=path)
    changes = tuple(each.resource_change for each in answer.changes if each.resource_change is not None)
    for each in changes:
        if each.action not in _ACTIONS:
            problem = (
                f"has the action {each.action!r} for {each.logical_resource_id}, which this iam-audit does not know"
            )
            raise SourceError(problem, "Use a newer release of iam-audit.", subject=path)
    values = {each.parameter_key: each.resolved_value or each.parameter_value for each in answer.parameters or ()}
    return ChangeSet(
        id=answer.change_set_id,
        stack_id=answer.stack_id,
        stack_name=stack["name"],
        account_id=stack["account"],
        partition=stack["partition"],
        region=stack["region"],
        parameters={name: value for name, value in values.items() if value is not None and value != _MASK},
        changes=changes,
    )


def _check_status(answer: _Answer, path: str) -> None:
    reason = answer.status_reason or ""
    if answer.status == "FAILED" and _UNCHANGED.search(reason) and not answer.changes:
        return
    if answer.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        remedy = "Wait with: aws cloudformation wait change-set-create-complete. Then describe it again."
        raise SourceError(f"is a change set that is not finished: {answer.status}", remedy, subject=path)
    if answer.status != "CREATE_COMPLETE":
        why = f"{answer.status}{f', {reason}' if reason else ''}"
        remedy = "Correct what AWS names, create a new change set, and describe that one."
        raise SourceError(f"is a change set that cannot be executed: {why}", remedy, subject=path)
    if answer.execution_status not in (None, "AVAILABLE"):
        remedy = "Create a new change set for what is still to be deployed, and describe that one."
        raise SourceError(
            f"is not planned any more: its ExecutionStatus is {answer.execution_status}", remedy, subject=path
        )


def _properties(context: str | None, place: str) -> Mapping[str, Any] | Unknown:
    if context is None:
        return Unknown(f"{place}: {NO_VALUES}", optional=True)
    try:
        value = json.loads(context)
        documents.check_depth(value)
    except documents.FAULTS:
        value = None
    properties = value.get("Properties", {}) if isinstance(value, dict) else None
    found = _known(properties, place)
    return found if isinstance(found, Mapping) else Unknown(f"{place}: its properties cannot be read", optional=True)


def _known(value: Any, place: str) -> Any:
    """Return a value of a context, with Unknown for each text that AWS does not show completely."""
    if isinstance(value, dict):
        return {key: _known(each, f"{place}.{key}") for key, each in value.items()}
    if isinstance(value, list):
        return [_known(each, place) for each in value]
    if isinstance(value, str) and (_LATER in value or _MASK in value or "{{resolve:" in value):
        return Unknown(f"{place}: this is known only after the change set is executed")
    return value
