"""A plan of any size for an account of grown_account, as `terraform show -json` writes it, for the benchmark."""

import json
from typing import Any

from plans import Json, created, deleted, document, plan, refers, updated

from auditor.account.model import Snapshot
from auditor.testing import allow

_READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def large(snapshot: Snapshot, resources: int) -> Json:
    """Return a plan with this many resources: users with their groups and policies, in modules, most of them new."""
    people = [each.name for each in snapshot.users.known_part]
    groups = [each.name for each in snapshot.groups.known_part]
    policies = [each.name for each in snapshot.policies.known_part]
    entries: list[Json] = []
    for number in range(resources // 10):
        who, group, old = people[number], groups[number % len(groups)], policies[number % len(policies)]
        module = f'module.team["{number % 40}"].'
        entries += [
            created(f'{module}aws_iam_user.u["{number}"]', {"arn": True, "id": True}, **_user(f"new-{number}")),
            created(f'{module}aws_iam_user_group_membership.m["{number}"]', user=f"new-{number}", groups=[group]),
            created(
                f'{module}aws_iam_policy.p["{number}"]',
                {"arn": True},
                name=f"planned-{number}",
                path="/",
                description=None,
                policy=document(allow("s3:GetObject", f"arn:aws:s3:::bucket-{number}/*")),
            ),
            created(f'{module}aws_iam_user_policy_attachment.a["{number}"]', {"policy_arn": True}, user=who),
            created(f"aws_iam_user_policy_attachment.b[{number}]", user=who, policy_arn=_READ),
            deleted(f"aws_iam_user_group_membership.gone[{number}]", user=who, groups=[group]),
            updated(
                f"aws_iam_policy.old[{number}]", {"name": old, "path": "/", "policy": document()}, policy=document()
            ),
            created(f"aws_iam_role.r[{number}]", {"arn": True}, name=f"role-new-{number}", path="/", **_trust()),
            created(f"aws_iam_role_policy.i[{number}]", role=f"role-new-{number}", name="i", policy=document(allow())),
            created(f"aws_s3_bucket.b[{number}]", {"arn": True}, bucket=f"bucket-{number}"),
        ]
    return _with_module(plan(*entries))


def _user(name: str) -> dict[str, Any]:
    return {"name": name, "path": "/people/", "permissions_boundary": None, "tags": None, "tags_all": {}}


def _trust() -> dict[str, Any]:
    return {"assume_role_policy": document(), "inline_policy": [], "managed_policy_arns": [], "tags": {}}


def _with_module(made: Json) -> Json:
    attachment = {"policy_arn": refers("aws_iam_policy.p", "each.key"), "user": refers("var.people", "each.key")}
    resources = [{"address": "aws_iam_user_policy_attachment.a", "expressions": attachment}]
    made["configuration"]["root_module"]["module_calls"] = {"team": {"module": {"resources": resources}}}
    return made


def padded(made: Json, megabytes: int) -> str:
    """Return the JSON of a plan with this many megabytes of resources that are not IAM's."""
    values = {f"attribute_{number}": f"value {number}" for number in range(40)}
    entry = json.dumps(created("aws_instance.i", {"id": True}, **values, tags={"Name": "i"}))
    count = megabytes * 1_000_000 // len(entry)
    others = [json.loads(entry.replace("aws_instance.i", f"aws_instance.i[{number}]")) for number in range(count)]
    return json.dumps({**made, "resource_changes": [*made["resource_changes"], *others]})
