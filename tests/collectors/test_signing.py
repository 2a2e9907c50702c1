"""Keys of another account in the middle of a run, and the first ones again at its end: nothing is kept of it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_server import Answer, Call, Front, result
from conftest import Run
from live_account import filled

OWN, OTHER = "123456789012", "999999999999"


def identity(call: Call, honest: Callable[[], Answer], accounts: dict[str, str]) -> Answer:
    """Answer GetCallerIdentity by the key that signed it, everything else as the emulator does."""
    if call.name != "GetCallerIdentity":
        return honest()
    account = accounts[call.access_key]
    said = f"<Arn>arn:aws:iam::{account}:user/me</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
    return result("GetCallerIdentity", said)


# By how often the process was asked: which keys it gives out, and for how many seconds.
CHANGED_BACK = "key=AKIAFIRST; life=3600; [ $n -le 5 ] && life=5; [ $n -ge 4 ] && [ $n -le 5 ] && key=AKIAOTHER"
RENEWED = "key=AKIAOTHER; life=3600; [ $n -le 3 ] && { key=AKIAFIRST; life=5; }"


@pytest.mark.parametrize(
    ("keys", "other", "kept"), [(CHANGED_BACK, OTHER, False), (RENEWED, OTHER, False), (RENEWED, OWN, True)]
)
def test_an_account_whose_keys_change_is_kept_only_if_aws_says_that_all_are_of_it(
    aws: Front, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str, other: str, kept: bool
) -> None:
    filled(aws)
    accounts = {"AKIAFIRST": OWN, "AKIAOTHER": other}
    aws.disturb = lambda call, honest: identity(call, honest, accounts)
    script = tmp_path / "process.sh"
    script.write_text(
        f"""n=$(cat {tmp_path}/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > {tmp_path}/n
{keys}
end=$(date -u -d "+$life seconds" +%Y-%m-%dT%H:%M:%SZ)
echo "{{\\"Version\\": 1, \\"AccessKeyId\\": \\"$key\\", \\"SecretAccessKey\\": \\"s\\", \\"SessionToken\\": \\"t\\",
 \\"Expiration\\": \\"$end\\"}}"
"""
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[default]\ncredential_process = sh {script}\n")
    found = run("snapshot", "-o", tmp_path / "s.json", "--expect-account", OWN)
    assert (tmp_path / "s.json").exists() is kept
    assert (found.code == 3) is not kept
    assert ("the account changed during the run" in found.err) is not kept
