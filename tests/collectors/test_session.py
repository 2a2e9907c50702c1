"""The connection to AWS: roles, MFA, profiles, partitions, and what is said when AWS does not let us in."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aws_server import Answer, Front, denied, error
from conftest import Run
from live_account import EVERYTHING, FakeClock, collected, filled

from auditor import __version__
from auditor.account.sources import Source, SourceStatus
from auditor.collectors.live.collection import LiveOptions, collect, connect
from auditor.errors import AuditError, SourceError, UsageError

SERIAL = "arn:aws:iam::123456789012:mfa/auditor"
ROLE = "arn:aws:iam::123456789012:role/auditor"
KEYS = "aws_access_key_id = testing\naws_secret_access_key = testing\n"


def configured(config: str, credentials: str = "", *, keep_keys: bool = False) -> None:
    """Write AWS's two configuration files, and take the keys out of the environment."""
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(config)
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(credentials)
    if not keep_keys:
        del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]


def parameters(aws: Front, action: str) -> dict[str, str]:
    """Return the parameters of the only call of an action."""
    (call,) = [call for call in aws.calls if call.action == action]
    return call.parameters


def failure(options: LiveOptions | None = None) -> AuditError:
    with pytest.raises(AuditError) as raised:
        connect(options or LiveOptions(), ask_code=None)
    assert raised.value.hint
    return raised.value


def test_a_role_is_assumed_with_its_external_id(aws: Front) -> None:
    connection = connect(LiveOptions(role_arn=ROLE, external_id="partner-7"), ask_code=None)
    given = parameters(aws, "sts:AssumeRole")
    assert (given["RoleArn"], given["ExternalId"], given["RoleSessionName"]) == (ROLE, "partner-7", "iam-audit")
    assert connection.caller.arn == "arn:aws:sts::123456789012:assumed-role/auditor/iam-audit"
    assert aws.actions == ["sts:AssumeRole", "sts:GetCallerIdentity"]


def test_iam_is_read_with_the_keys_of_the_role(aws: Front) -> None:
    connection = connect(LiveOptions(role_arn=ROLE), ask_code=None)
    connection.iam.list_users()
    used, own = aws.calls[-1].access_key, aws.calls[0].access_key
    assert own == "testing"
    assert used.startswith("ASIA")


def test_mfa_gets_a_session_token(aws: Front) -> None:
    connection = connect(LiveOptions(mfa_serial=SERIAL, mfa_code="123456"), ask_code=None)
    given = parameters(aws, "sts:GetSessionToken")
    assert (given["SerialNumber"], given["TokenCode"]) == (SERIAL, "123456")
    connection.iam.list_users()
    assert aws.calls[-1].access_key != "testing"


def test_mfa_and_a_role_take_one_call(aws: Front) -> None:
    connect(LiveOptions(role_arn=ROLE, mfa_serial=SERIAL, mfa_code="123456"), ask_code=None)
    given = parameters(aws, "sts:AssumeRole")
    assert (given["SerialNumber"], given["TokenCode"]) == (SERIAL, "123456")
    assert "sts:GetSessionToken" not in aws.actions


def test_the_code_is_asked_for_at_a_terminal(aws: Front) -> None:
    asked: list[str] = []

    def ask(serial: str) -> str:
        asked.append(serial)
        return "654321"

    connect(LiveOptions(mfa_serial=SERIAL), ask_code=ask)
    assert asked == [SERIAL]
    assert parameters(aws, "sts:GetSessionToken")["TokenCode"] == "654321"


PROFILE_WITH_MFA = (
    f"[profile mfa]\nrole_arn = {ROLE}\nmfa_serial = {SERIAL}\nsource_profile = base\nregion = eu-west-1\n"
    f"[profile base]\n{KEYS}"
)


def test_a_profile_that_demands_mfa_asks_at_a_terminal(aws: Front) -> None:
    configured(PROFILE_WITH_MFA)
    asked: list[str] = []

    def ask(serial: str) -> str:
        asked.append(serial)
        return "654321"

    caller = connect(LiveOptions(profile="mfa"), ask_code=ask).caller
    assert asked == [SERIAL]
    assert parameters(aws, "sts:AssumeRole")["TokenCode"] == "654321"
    assert caller.profile == "mfa"


@pytest.mark.parametrize(
    "options", [LiveOptions(mfa_serial=SERIAL), LiveOptions(profile="mfa")], ids=["option", "profile"]
)
def test_no_code_is_asked_for_without_a_terminal(
    aws: Front, options: LiveOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda *_: pytest.fail("it would hang"))
    configured(PROFILE_WITH_MFA, keep_keys=options.profile is None)
    error = failure(options)
    assert isinstance(error, UsageError)
    assert SERIAL in error.message
    assert "--mfa-code" in error.hint
    assert not aws.calls


def test_no_credentials(aws: Front) -> None:
    configured("")
    error = failure()
    assert isinstance(error, SourceError)
    assert error.message == "no AWS credentials were found"
    for way in ("aws configure", "AWS_PROFILE", "--demo", "--exports DIR"):
        assert way in error.hint
    assert not aws.calls


@pytest.mark.parametrize("by_option", [True, False], ids=["--profile", "AWS_PROFILE"])
@pytest.mark.usefixtures("aws")
def test_an_unknown_profile(monkeypatch: pytest.MonkeyPatch, by_option: bool) -> None:
    configured(f"[profile audit]\n{KEYS}[profile other]\n{KEYS}")
    if not by_option:
        monkeypatch.setenv("AWS_PROFILE", "audti")
    error = failure(LiveOptions(profile="audti" if by_option else None))
    assert isinstance(error, UsageError)
    assert ("--profile" if by_option else "AWS_PROFILE") in error.message
    assert "'audti'" in error.message
    assert error.hint == "Did you mean audit? Known are audit, other."


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        pytest.param(error("ExpiredToken", status=403), "have expired (ExpiredToken)", "aws sso login", id="expired"),
        pytest.param(
            error("ExpiredTokenException", status=403),
            "have expired (ExpiredTokenException)",
            "aws sso",
            id="expired too",
        ),
        pytest.param(
            error("InvalidClientTokenId", "The security token is invalid.", 403),
            "refused GetCallerIdentity (InvalidClientTokenId): The security token is invalid.",
            "aws sts get-caller-identity",
            id="unknown key",
        ),
        pytest.param(error("SignatureDoesNotMatch", status=403), "(SignatureDoesNotMatch)", "clock", id="wrong secret"),
        pytest.param(
            error("RegionDisabledException", status=403), "(RegionDisabledException)", "--region", id="region"
        ),
        pytest.param(
            Answer(200, "<!doctype html><p>Log in to this network"), "could not be called", "aws sts", id="portal"
        ),
        pytest.param(Answer(503, "<html>"), "AWS refused GetCallerIdentity (503)", "aws sts", id="no service"),
    ],
)
def test_aws_does_not_know_the_caller(aws: Front, answer: Answer, message: str, hint: str) -> None:
    aws.fixed["GetCallerIdentity"] = answer
    error = failure()
    assert isinstance(error, SourceError)
    assert message in error.message
    assert hint in error.hint


def test_a_role_that_may_not_be_assumed(aws: Front) -> None:
    aws.fixed["AssumeRole"] = denied("sts:AssumeRole")
    error = failure(LiveOptions(role_arn=ROLE))
    assert isinstance(error, SourceError)
    assert "AWS refused AssumeRole (AccessDenied)" in error.message
    assert "trust policy" in error.hint
    assert "--external-id" in error.hint


def test_a_wrong_code(aws: Front) -> None:
    aws.fixed["GetSessionToken"] = error("AccessDenied", "MultiFactorAuthentication failed", 403)
    assert "--mfa-serial" in failure(LiveOptions(mfa_serial=SERIAL, mfa_code="000000")).hint


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        pytest.param(LiveOptions(region="no such region!"), UsageError, "no such region!", id="region"),
        pytest.param(LiveOptions(role_arn="auditor"), UsageError, "RoleArn", id="role"),
        pytest.param(LiveOptions(mfa_serial=SERIAL, mfa_code="1"), UsageError, "TokenCode", id="code"),
    ],
)
@pytest.mark.usefixtures("aws")
def test_options_that_cannot_be_right(options: LiveOptions, kind: type[AuditError], message: str) -> None:
    error = failure(options)
    assert isinstance(error, kind)
    assert message in error.message


@pytest.mark.parametrize(
    ("config", "kind", "message"),
    [
        pytest.param("[default\n", UsageError, "configuration is wrong", id="not a configuration"),
        pytest.param("[default]\naws_access_key_id = AKIA\n", SourceError, "incomplete", id="half a key"),
        pytest.param(
            f"[default]\nrole_arn = {ROLE}\nsource_profile = gone\n", UsageError, "gone", id="no source profile"
        ),
        pytest.param(
            "[default]\ncredential_process = false\n",
            SourceError,
            "process of profile default failed",
            id="process fails",
        ),
        pytest.param(
            "[default]\nsso_session = work\nsso_account_id = 1\nsso_role_name = r\n"
            "[sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://work.awsapps.com/start\n",
            SourceError,
            "could not be loaded",
            id="not logged in",
        ),
    ],
)
@pytest.mark.usefixtures("aws")
def test_a_configuration_that_gives_no_credentials(
    config: str, kind: type[AuditError], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where tokens of IAM Identity Center are kept
    configured(config)
    error = failure()
    assert isinstance(error, kind)
    assert message in error.message


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("url", "kind", "message"),
    [("http://127.0.0.1:1", SourceError, "AWS could not be reached"), ("nonsense", UsageError, "nonsense")],
)
def test_an_endpoint_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, url: str, kind: type[AuditError], message: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    error = failure(LiveOptions(region="eu-wset-1"))
    assert isinstance(error, kind)
    assert message in error.message


@pytest.mark.usefixtures("aws")
def test_an_endpoint_of_one_service_that_cannot_be_right(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ACCESSANALYZER", "nonsense")
    told = run("scan")
    assert (told.code, told.out) == (2, "")
    assert "iam-audit: the AWS options or settings are wrong: Invalid endpoint: nonsense\n" in told.err


@pytest.mark.usefixtures("aws")
def test_the_region_of_an_endpoint_that_botocore_names_is_told() -> None:
    assert connect(LiveOptions(region="fips-us-east-1"), ask_code=None).region == "us-east-1"
    assert connect(LiveOptions(region="us-gov-west-1-fips"), ask_code=None).region == "us-gov-west-1"


EARLIER, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def process(folder: Path, expires_at: datetime) -> str:
    """Return a configuration whose program gives keys until a time; called again, the program gives others."""
    keys = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "B", "SessionToken": "C"}
    (folder / "keys").write_text(json.dumps(keys | {"Expiration": expires_at.isoformat()}))
    return f"[default]\ncredential_process = cat {folder / 'keys'}\n"


def test_keys_that_have_ended_already_are_told_of(aws: Front, tmp_path: Path) -> None:
    configured(process(tmp_path, EARLIER))
    error = failure()
    assert isinstance(error, SourceError)
    assert error.message.startswith("the AWS credentials could not be loaded: Credentials were refreshed, but")
    assert "new session token" in str(error.hint)
    assert not aws.calls


def test_what_is_read_once_keys_cannot_be_renewed_is_unknown(
    aws: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(aws)
    configured(process(tmp_path, LATER))
    connection = connect(LiveOptions(), ask_code=None)
    process(tmp_path, EARLIER)
    for name in ("advisory", "mandatory"):  # have botocore renew what is still good
        monkeypatch.setattr(f"botocore.credentials.RefreshableCredentials._{name}_refresh_timeout", float("inf"))
    clock = FakeClock()
    snapshot = collect(connection, EVERYTHING, clock=clock.now, timer=clock.timer, sleep=clock.sleep)
    lacking = {record.name: record.status for record in snapshot.sources if record.lacking}
    assert lacking.pop(Source.IDENTITY) is SourceStatus.PARTIAL  # nobody confirmed it at the end
    assert set(lacking.values()) == {SourceStatus.FAILED}
    assert {gap.error_code for gap in snapshot.gaps} == {"CredentialRetrievalError"}
    assert all("the credentials ended during the run" in gap.message for gap in snapshot.gaps)


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_partitions(aws: Front, region: str, partition: str) -> None:
    options = LiveOptions(region=region)
    filled(aws, options=options)
    snapshot = collected(options=options)
    assert snapshot.account.partition == partition
    assert snapshot.account.arn == f"arn:{partition}:iam::123456789012:root"
    assert {user.arn for user in snapshot.users} == {f"arn:{partition}:iam::123456789012:user/user-{n}" for n in (0, 1)}


@pytest.mark.parametrize(
    ("role", "region"),
    [
        (None, "us-east-1"),
        (ROLE, "us-east-1"),
        (ROLE.replace("aws", "aws-cn", 1), "cn-north-1"),
        (ROLE.replace("aws", "aws-us-gov", 1), "us-gov-west-1"),
    ],
)
@pytest.mark.usefixtures("aws")
def test_without_a_region_the_role_tells_the_partition(role: str | None, region: str) -> None:
    assert connect(LiveOptions(role_arn=role), ask_code=None).iam.meta.region_name == region


def test_aws_can_tell_who_asked(aws: Front) -> None:
    collect(connect(LiveOptions(), ask_code=None), EVERYTHING, sleep=lambda _: None)
    assert all(f"iam-audit/{__version__}" in call.user_agent for call in aws.calls)


@pytest.mark.usefixtures("aws")
def test_keys_of_the_environment_are_of_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(f"[profile audit]\n{KEYS}", keep_keys=True)
    assert connect(LiveOptions(), ask_code=None).caller.profile is None
    assert connect(LiveOptions(profile="audit"), ask_code=None).caller.profile == "audit"
    monkeypatch.setenv("AWS_PROFILE", "audit")
    assert connect(LiveOptions(), ask_code=None).caller.profile is None


HELPERS = {
    "a process that fails": (
        "credential_process = /bin/sh -c 'echo boom >&2; exit 3'",
        "the credential_process of profile p failed: .*boom",
    ),
    "a process that is not there": (
        "credential_process = /no/such/program",
        "the credential_process of profile p cannot be run: /no/such/program: No such file",
    ),
    "a process that prints no JSON": (
        "credential_process = /bin/echo hello",
        "the credential_process of profile p printed no JSON",
    ),
    "a token that is not there": (
        "role_arn = arn:aws:iam::111122223333:role/r\nweb_identity_token_file = /no/such/token",
        "the web identity token /no/such/token cannot be read: No such file",
    ),
    "a session of single sign-on that has ended": (
        (
            "sso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n[sso-session s]\n"
            "sso_region = us-east-1\nsso_start_url = https://x.awsapps.com/start"
        ),
        "Token for s does not exist",
    ),
}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(("settings", "message"), HELPERS.values(), ids=list(HELPERS))
def test_what_gives_credentials_and_fails_is_named_with_its_profile(run: Run, settings: str, message: str) -> None:
    configured(f"[profile p]\nregion = us-east-1\n{settings}\n")
    result = run("scan", "--profile", "p")
    assert (result.code, result.out) == (3, "")
    assert re.search(message, result.err)
    assert "Traceback" not in result.err


@pytest.mark.usefixtures("aws")
def test_a_profile_of_aws_login_says_what_to_install(run: Run) -> None:
    configured("[profile p]\nregion = us-east-1\nlogin_session = arn:aws:iam::111122223333:user/me\n")
    result = run("scan", "--profile", "p")
    assert result.code == 3
    assert "botocore[crt]" in result.err or "aws login" in result.err
