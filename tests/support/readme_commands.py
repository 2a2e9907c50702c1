"""The README's commands for exports, run as the AWS CLI would run them."""

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from auditor.account.model import Snapshot
from auditor.collectors.cli_output.folder import collect

README = Path(__file__).parents[2] / "README.md"


def commands() -> list[str]:
    """Return the README's commands that write an export."""
    block = re.search(r"```sh\nmkdir exports && cd exports\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert block
    return [line for line in block[1].splitlines() if line.startswith("aws ")]


def commands_for_each(snapshot: Snapshot) -> Iterator[str]:
    """Yield the README's commands for entities that need a call each."""
    for certificate in snapshot.server_certificates:
        call = f"list-server-certificate-tags --server-certificate-name {certificate.name}"
        yield f"aws iam {call} > server-certificate-tags-{certificate.name}.json"
    for saml in snapshot.saml_providers:
        call = f"list-saml-provider-tags --saml-provider-arn {saml.arn}"
        yield f"aws iam {call} > saml-provider-tags-{saml.name}.json"
    for number, oidc in enumerate(snapshot.oidc_providers):
        call = f"get-open-id-connect-provider --open-id-connect-provider-arn {oidc.arn}"
        yield f"aws iam {call} > open-id-connect-provider-{number}.json"
    for number, policy in enumerate(snapshot.policies):
        yield f"aws iam get-policy --policy-arn {policy.arn} > policy-{number}.json"
    for number, profile in enumerate(snapshot.login_profiles):
        yield f"aws iam get-login-profile --user-name {profile.user_name} > login-profiles-{number}.json"
    for name in ("bedrock", "cassandra", "codecommit", "logs"):
        call = f"list-service-specific-credentials --all-users --service-name {name}.amazonaws.com"
        yield f"aws iam {call} > service-specific-credentials-{name}.json"


def run_by_the_cli(command: str, folder: Path) -> None:
    """Do what the AWS CLI does: print the answer, with all pages joined, or the error on standard error."""
    (_, service, call, *options), _, target = (
        shlex.split(part, comments=True) for part in command.replace(" > ", "\n>\n").partition("\n>\n")
    )
    client: Any = boto3.client(service, region_name="us-east-1")
    name = call.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[name]).input_shape
    spelt = {f"--{xform_name(member, '-')}": member for member in (shape.members if shape else ())}
    given: dict[str, Any] = {}
    while options:
        option = options.pop(0)
        given[spelt[option]] = options.pop(0) if options and not options[0].startswith("--") else True
    try:
        text = json.dumps(answer(client, name, given), default=written, indent=4) + "\n"
    except ClientError as error:
        text = ""
        if "2>" in target:
            (folder / target[target.index("2>") + 1]).write_text(f"\naws: [ERROR]: {error}\n")
    if target:
        (folder / target[0]).write_text(text)


def answer(client: Any, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if client.can_paginate(name):
        whole: dict[str, Any] = client.get_paginator(name).paginate(**given).build_full_result()
        return whole
    return {key: value for key, value in getattr(client, name)(**given).items() if key != "ResponseMetadata"}


def written(value: Any) -> str:
    return b64encode(value).decode() if isinstance(value, bytes) else str(value.isoformat())


def exported(live: Snapshot, folder: Path) -> Snapshot:
    """Return the snapshot of the files that the commands write; `live` has the entities that need a call each."""
    for command in (*commands(), *commands_for_each(live)):
        run_by_the_cli(command, folder)
    return collect(folder, datetime.now(UTC))  # as the emulator's clock does
