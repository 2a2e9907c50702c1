"""Change sets in tests: answers of DescribeChangeSet, with and without property values."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
STACK = "arn:aws:cloudformation:us-east-1:111122223333:stack/people/0a1b2c3d-0000-11ee-8000-0123456789ab"
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


def context(properties: Json | None) -> str | None:
    """Return the properties of a resource as a context has them: JSON within JSON."""
    return None if properties is None else json.dumps({"Properties": properties})


def change(
    action: str, name: str, kind: str, before: Json | None = None, after: Json | None = None, **more: Any
) -> Json:
    """Return the change of one resource of IAM; `more` are further keys in AWS's spelling."""
    default = {"Remove": {"PolicyAction": "Delete"}, "Modify": {"Replacement": "False"}}.get(action, {})
    found = {
        "Action": action,
        "LogicalResourceId": name,
        "ResourceType": kind if "::" in kind else f"AWS::IAM::{kind}",
        "BeforeContext": context(before),
        "AfterContext": context(after),
        **default,
        **more,
    }
    return {"Type": "Resource", "ResourceChange": {key: value for key, value in found.items() if value is not None}}


def answer(*changes: Json, **more: Any) -> Json:
    """Return the answer for a change set that can be executed; `more` are further keys in AWS's spelling."""
    return {
        "ChangeSetName": "next",
        "ChangeSetId": "arn:aws:cloudformation:us-east-1:111122223333:changeSet/next/1",
        "StackId": STACK,
        "StackName": "people",
        "Status": "CREATE_COMPLETE",
        "ExecutionStatus": "AVAILABLE",
        "Parameters": [],
        "Changes": list(changes),
        **more,
    }


def written(folder: Path, made: Json, name: str = "changes.json") -> str:
    """Write an answer as the AWS CLI does, and return the path."""
    path = folder / name
    path.write_text(json.dumps(made, indent=4), "utf-8")
    return str(path)
