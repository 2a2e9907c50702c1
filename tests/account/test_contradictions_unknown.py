"""What is unknown contradicts nothing, and one message tells of several contradictions."""

import json
from typing import Any

import pytest

from auditor.account.model import AttachedPolicy
from auditor.account.snapshot import dump, load
from auditor.errors import SourceError
from auditor.testing import ACCOUNT_ID, account, listing, policy, server_certificate, user

OWN = f"arn:aws:iam::{ACCOUNT_ID}"


def test_records_that_lack_what_their_source_was_asked_make_it_partial_though_the_list_has_no_gap() -> None:
    snapshot = account(server_certificates=[server_certificate("web", unknown=["tags"])])
    content = json.loads(dump(snapshot))
    (source,) = (each for each in content["sources"] if each["name"] == "server-certificates")
    source["status"] = "partial"
    with pytest.raises(SourceError, match="server-certificates is partial"):  # the gap is of another source
        load(json.dumps(content).encode(), "x")
    content["gaps"][0]["source"] = "server-certificates"
    assert load(json.dumps(content).encode(), "x")


UNSEEN = {
    "a list that may lack users": account(
        users=listing([user("alice")], "withheld"), policies=[policy("P", permissions_boundary_usage_count=1)]
    ),
    "a user whose boundary is unknown": account(
        users=[user("alice", unknown=["permissions_boundary"])],
        policies=[policy("P", permissions_boundary_usage_count=1)],
    ),
    "an unknown count": account(
        users=[user("alice", attached_policies=listing([AttachedPolicy("P", f"{OWN}:policy/P")]))],
        policies=[policy("P", unknown=["attachment_count", "permissions_boundary_usage_count"])],
    ),
    "an unknown path and an unknown ARN": account(
        users=[user("alice", path="/a/", unknown=["path"]), user("bob", unknown=["arn"])]
    ),
}


@pytest.mark.parametrize("snapshot", UNSEEN.values(), ids=list(UNSEEN))
def test_what_is_unknown_contradicts_nothing(snapshot: Any) -> None:
    assert load(dump(snapshot), "x") == snapshot


def test_a_name_is_held_against_an_arn_though_the_path_is_unknown() -> None:
    snapshot = account(users=[user("alice", unknown=["path"], arn=f"{OWN}:user/a/alice2")])
    with pytest.raises(SourceError, match="as the ARN of alice, but the name or path"):
        load(dump(snapshot), "x")


def test_one_message_names_several_contradictions_and_not_hundreds() -> None:
    people = [user(f"u{number}", arn=f"arn:aws:iam::444455556666:user/u{number}") for number in range(100)]
    with pytest.raises(SourceError) as raised:
        load(dump(account(users=people)), "x")
    assert raised.value.message.count("which is not of account") == 5
    assert raised.value.message.endswith(" ...")
