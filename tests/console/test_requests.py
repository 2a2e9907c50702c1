"""Requests: every option of a command has its field, so that none is read and then forgotten."""

from collections.abc import Iterator

import pytest
from commands import command_of
from msgspec import Struct, structs

from auditor.console import requests
from auditor.selection.options import Choice

REQUESTS: dict[str, type[Struct]] = {
    "scan": requests.ScanRequest,
    "snapshot": requests.SnapshotRequest,
    "report": requests.ReportRequest,
    "export": requests.ExportRequest,
    "permissions": requests.PermissionsRequest,
}


def fields(kind: type[Struct]) -> Iterator[str]:
    for field in structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from fields(field.type)
        else:
            yield field.name


@pytest.mark.parametrize("name", REQUESTS)
def test_every_option_is_in_the_request_once(name: str) -> None:
    options = [str(parameter.name) for parameter in command_of(name).params]
    known = list(fields(REQUESTS[name]))
    assert len(known) == len(set(known))
    only_of_scan = {"snapshot"} - set(options)  # a snapshot is not made from a snapshot
    of_no_option = {"order"}  # in which plans and templates were given
    assert sorted(options) == sorted(set(known) - only_of_scan - of_no_option)


def test_a_request_takes_the_options_of_its_parts() -> None:
    options = {**dict.fromkeys(fields(Choice), ()), "config": "c.toml", "rule_set": "core", "verify": True}
    request = requests.request_of(requests.PermissionsRequest, options)
    assert request.verify
    assert (request.selection.config, request.selection.rule_set) == ("c.toml", "core")
