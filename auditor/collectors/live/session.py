"""The connection to AWS: credentials, MFA, a role to assume, and the identity of the caller.

This is the only module that imports boto3. botocore decides which credentials are used:
https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore import exceptions as aws
from botocore.config import Config
from botocore.handlers import json_decode_policies
from botocore.loaders import Loader, create_loader
from botocore.parsers import ResponseParserError
from botocore.session import Session as CoreSession
from botocore.utils import parse_timestamp
from msgspec import Struct

from auditor import __version__
from auditor.collectors.live.refusals import NO_LOGIN
from auditor.collectors.live.signing import SigningKeys
from auditor.errors import AuditError, SourceError, UsageError
from auditor.redaction import first_sentence, redacted

if TYPE_CHECKING:  # the stubs are not there at run time
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

AskCode = Callable[[str], str]
"""A function that asks a person for the code of an MFA device, given the device's serial number."""

SESSION_NAME = "iam-audit"
SESSION_SECONDS = 3600  # the longest that every role allows, and the longest session token of a root user
DEFAULT_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""IAM is global in a partition; a Region is only needed to find the endpoints of IAM and STS."""

DEFAULT_TIMEOUT_S = 1800.0
"""How long reading an account may take; if AWS throttles all calls, reading ends then, with gaps."""
_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S = 10.0, 60.0  # of one attempt of one call
_CONNECTIONS = 40  # all threads share one IAM client: one for each source, and eight for the entities of some
_PROMPT = "Enter MFA code for "  # botocore's text before the serial number

WITHOUT_AWS = (
    "To try it without AWS: `iam-audit scan --demo`; with files from the AWS CLI: `iam-audit scan --exports DIR`."
)

_LOG_IN = "Get new ones: `aws sso login` for IAM Identity Center, otherwise a new session token or a new access key."
_RUN_IT = "~/.aws/config names it; it should print keys when it is run by itself."
_TRY = "`aws sts get-caller-identity` should work first."
_WRONG_KEYS = "Check the access key with `aws sts get-caller-identity`, and with it the partition that --region is in."
_HINTS = {
    "ExpiredToken": _LOG_IN,
    "ExpiredTokenException": _LOG_IN,
    "TokenRefreshRequired": _LOG_IN,
    "RequestExpired": "Set the clock of this machine.",
    "InvalidClientTokenId": _WRONG_KEYS,
    "UnrecognizedClientException": _WRONG_KEYS,
    "SignatureDoesNotMatch": f"{_WRONG_KEYS} The clock of this machine may be wrong too.",
    "InvalidSignatureException": _WRONG_KEYS,
    "RegionDisabledException": "Choose another Region with --region, or enable STS there.",
}
_REFUSED = {
    "AssumeRole": "The role's trust policy must name the caller, and the caller needs sts:AssumeRole; the role may "
    "also demand --external-id or --mfa-serial.",
    "GetSessionToken": "Check --mfa-serial and the code (each works only once); --mfa-serial needs a user's own access "
    "key, not the temporary credentials of a role.",
}
_UNREACHABLE = (aws.HTTPClientError, aws.ConnectionError)
_WRONG = (ValueError, aws.ParamValidationError, aws.NoRegionError)
_SECRET_SETTINGS = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "external_id",
)
_CONFIGURATION = (aws.ConfigParseError, aws.ConfigNotFound, aws.InvalidConfigError, aws.UnknownCredentialError)


class LiveOptions(Struct, frozen=True, kw_only=True):
    """Hold how to reach AWS; options that are None follow AWS's own environment variables and configuration files.

    The role of `role_arn` is taken by the credentials of `through_role_arn`, where that is given. No attempt of a
    call takes longer than `timeout_s` seconds.
    """

    profile: str | None = None
    region: str | None = None
    role_arn: str | None = None
    through_role_arn: str | None = None
    external_id: str | None = None
    mfa_serial: str | None = None
    mfa_code: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S


class Caller(Struct, frozen=True):
    """Hold who reads which account; `profile` is None if the credentials do not come from a named profile."""

    account_id: str
    arn: str
    partition: str
    profile: str | None


class Connection(Struct, frozen=True):
    """Hold an IAM client that threads may share, its caller, and whether --mfa-serial was used.

    `client` makes a client of another service, in `region`, with the same keys; `signing` watches the keys.
    """

    caller: Caller
    iam: "IAMClient"
    mfa: bool
    region: str
    client: Callable[[str], Any]
    signing: SigningKeys


def profiles() -> Sequence[str]:
    """Return the names of the AWS profiles; none if the AWS files cannot be read."""
    names: list[str] = []
    with suppress(aws.BotoCoreError):
        names = CoreSession().available_profiles
    return names


def service_client(service: str, *, profile: str | None, region: str | None) -> Any:
    """Return a client of a service with the current credentials, without checking which account they belong to.

    Raises UsageError for a profile that does not exist, and SourceError if a client cannot be made.
    """
    options = LiveOptions(profile=profile, region=region)
    core = CoreSession(profile=profile)
    with _explaining(options, core):
        session = boto3.Session(botocore_session=core, region_name=_region(core, options))
        return session.client(service, config=_config("standard", 5, DEFAULT_TIMEOUT_S))


def connect(options: LiveOptions, *, ask_code: AskCode | None) -> Connection:
    """Return a connection to the account that the options select; `ask_code` is None without a terminal.

    --mfa-serial alone gets a session token. With --role-arn, the code is sent to AssumeRole itself, as in the AWS CLI,
    because a role may demand MFA, and a code works only once.
    Raises UsageError for invalid options, and SourceError if AWS cannot be reached or refuses access.
    """
    core = CoreSession(profile=options.profile)
    with _explaining(options, core):
        core.register_component("data_loader", _models(core.get_config_variable("data_path")))
        _prompt_instead_of_botocore(core, options, ask_code)
        session = boto3.Session(botocore_session=core, region_name=_region(core, options))
        config = _config("standard", 3, options.timeout_s)
        sts = session.client("sts", config=config)
        if options.through_role_arn is not None:
            between = _assumed(sts, options.through_role_arn)
            sts = session.client("sts", config=config, **between)
        keys = _keys(sts, options, ask_code)
        if keys:
            sts = session.client("sts", config=config, **keys)
        reading = _config("adaptive", 8, options.timeout_s)
        signing = SigningKeys(sts)

        @cache
        def client(service: str) -> Any:
            with _explaining(options, core):
                made = session.client(service, config=reading, **keys)
                signing.watch(made)
                return made

        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(_iam, session, keys, reading)
            # Making the client takes 15 ms, during which this call runs; it is in this thread, so a signal ends it.
            identity = signing.identity()
        signing.watch(made.result())
        caller = Caller(identity["Account"], identity["Arn"], identity["Arn"].split(":")[1], _profile(core))
        region = session.region_name.removeprefix("fips-").removesuffix("-fips")  # botocore's names of FIPS endpoints
        mfa = options.mfa_serial is not None
        return Connection(caller, made.result(), mfa, region, client, signing)


@cache
def _models(data_path: str | None) -> Loader:
    """Return the loader of botocore's models, which caches them: this saves 0.1 s for every further account."""
    return create_loader(data_path)


def _config(mode: Literal["standard", "adaptive"], attempts: int, timeout_s: float) -> Config:
    return Config(
        connect_timeout=min(_CONNECT_TIMEOUT_S, timeout_s),
        read_timeout=min(_READ_TIMEOUT_S, timeout_s),
        max_pool_connections=_CONNECTIONS,
        retries={"mode": mode, "total_max_attempts": attempts},
        user_agent_extra=f"iam-audit/{__version__}",
    )


def _prompt_instead_of_botocore(core: CoreSession, options: LiveOptions, ask_code: AskCode | None) -> None:
    """Make profiles with role_arn and mfa_serial use `ask_code`, because getpass would hang without a terminal."""
    provider: Any = core.get_component("credential_provider").get_provider("assume-role")

    def prompter(prompt: str) -> str:
        return _code(prompt.removeprefix(_PROMPT).rstrip(": "), options, ask_code)

    provider._prompter = prompter  # noqa: SLF001 - botocore makes the provider itself and has no public way to set it


def _code(serial: str, options: LiveOptions, ask_code: AskCode | None) -> str:
    if options.mfa_code is not None:
        return options.mfa_code
    if ask_code is None:
        raise UsageError(
            f"an MFA code of {serial} is needed, and there is no terminal to ask at",
            "Give --mfa-code CODE, or use credentials that need no MFA.",
        )
    return ask_code(serial)


def _region(core: CoreSession, options: LiveOptions) -> str:
    """Return the Region from the option, from the configuration, or one in the partition of the given ARNs."""
    configured: str | None = core.get_config_variable("region")
    arn = options.role_arn or options.mfa_serial or ""
    partition = arn.split(":")[1] if arn.startswith("arn:") else "aws"
    return options.region or configured or DEFAULT_REGIONS.get(partition, DEFAULT_REGIONS["aws"])


def _keys(sts: "STSClient", options: LiveOptions, ask_code: AskCode | None) -> dict[str, Any]:
    """Return the keys to read with, as arguments for a client; empty if the session's own keys are used."""
    mfa: dict[str, Any] = {}
    if options.mfa_serial is not None:
        mfa = {"SerialNumber": options.mfa_serial, "TokenCode": _code(options.mfa_serial, options, ask_code)}
    if options.role_arn is not None:
        if options.external_id is not None:
            mfa["ExternalId"] = options.external_id
        return _assumed(sts, options.role_arn, **mfa)
    if mfa:
        return _arguments(sts.get_session_token(DurationSeconds=SESSION_SECONDS, **mfa))
    return {}


def _assumed(sts: "STSClient", role_arn: str, **more: Any) -> dict[str, Any]:
    """Return the keys of a role for SESSION_SECONDS, also the most that AWS grants where a role takes another one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
    """
    role: dict[str, Any] = {"RoleArn": role_arn, "RoleSessionName": SESSION_NAME, **more}
    return _arguments(sts.assume_role(DurationSeconds=SESSION_SECONDS, **role))


def _arguments(answer: Mapping[str, Any]) -> dict[str, Any]:
    keys = answer["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def _profile(core: CoreSession) -> str | None:
    """Return the profile in use, if one was named; keys in the environment override AWS_PROFILE."""
    credentials = core.get_credentials()
    profile: str | None = core.get_config_variable("profile")
    return None if credentials is not None and credentials.method == "env" else profile


def _iam(session: "boto3.Session", keys: Mapping[str, Any], config: Config) -> "IAMClient":
    """Return an IAM client that leaves policy documents encoded and parses times fast.

    For large responses, half of botocore's time is spent in dateutil, and another part on decoding documents to
    dictionaries, which would have to be encoded again.
    """
    parsers = session._session.get_component("response_parser_factory")  # noqa: SLF001 - boto3 has no public way to do this
    parsers.set_parser_defaults(timestamp_parser=_time)
    client: IAMClient = session.client("iam", config=config, **keys)
    client.meta.events.unregister("after-call.iam", json_decode_policies)
    return client


def _time(text: Any) -> datetime:
    """Parse a time as botocore does, but first try the fast parser for ISO 8601, which IAM always uses."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return parse_timestamp(text)


@contextmanager
def _explaining(options: LiveOptions, core: CoreSession) -> Iterator[None]:
    """Convert every error of botocore inside the block to an AuditError with a hint and without secrets."""
    try:
        yield
    except aws.ClientError as error:
        raise _redacted(_refused(error), options, core) from error
    except aws.ProfileNotFound as error:
        raise _unknown_profile(options.profile, core) from error
    except (aws.BotoCoreError, ResponseParserError, ValueError, OSError) as error:
        explained = _of_a_helper(error, core) or _explained(error, options.region)
        raise _redacted(explained, options, core) from error
    except RuntimeError as error:  # botocore's word on credentials that have ended when it has just renewed them
        raise _redacted(
            SourceError(f"the AWS credentials could not be loaded: {error}", _LOG_IN), options, core
        ) from error
    except KeyError as error:  # botocore raises it for XML of another response, and we for an empty response
        raise SourceError(f"AWS could not be called: its answer has no {error}", _TRY) from error


def _redacted(error: AuditError, options: LiveOptions, core: CoreSession) -> AuditError:
    """Return the error without the secrets of the options, the environment and the configuration files."""
    secrets = {options.external_id or "", options.mfa_code or ""}
    with suppress(*_CONFIGURATION):  # then this is the error itself
        for settings in core.full_config["profiles"].values():
            secrets |= {str(settings.get(name, "")) for name in _SECRET_SETTINGS}
    return type(error)(redacted(error.message, secrets).strip(), error.hint)


def _of_a_helper(error: Exception, core: CoreSession) -> SourceError | None:
    """Return the error of a program or file that the profile gets credentials from; None for other errors."""
    settings: Mapping[str, Any] = {}
    with suppress(*_CONFIGURATION, aws.ProfileNotFound):
        settings = core.get_scoped_config()
    profile = core.get_config_variable("profile") or "default"
    if isinstance(error, aws.MissingDependencyException):
        hint = 'Install it beside iam-audit: pip install "botocore[crt]", which is the extra `login` of iam-audit.'
        return SourceError(f"profile {profile} was set up by `aws login`, which needs botocore's CRT extension", hint)
    if isinstance(error, aws.CredentialRetrievalError) and "credential_process" in settings:
        return SourceError(f"the credential_process of profile {profile} failed: {error}", _RUN_IT)
    if isinstance(error, JSONDecodeError) and "credential_process" in settings:
        return SourceError(f"the credential_process of profile {profile} printed no JSON: {error}", _RUN_IT)
    if isinstance(error, OSError) and not isinstance(error, aws.BotoCoreError):
        file, why = str(error.filename or ""), error.strerror or str(error)
        token = settings.get("web_identity_token_file") or os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
        if file and file == token:
            hint = "The web identity's provider, such as EKS or a CI system, should have written it."
            return SourceError(f"the web identity token {file} cannot be read: {why}", hint)
        if "credential_process" in settings:
            return SourceError(f"the credential_process of profile {profile} cannot be run: {file}: {why}", _RUN_IT)
    return None


def _refused(error: aws.ClientError) -> SourceError:
    code, call = str(error.response["Error"].get("Code", "Unknown")), error.operation_name
    message = first_sentence(str(error.response["Error"].get("Message", "")))
    hint = _HINTS.get(code) or _REFUSED.get(call, _TRY)
    if "expiredtoken" in code.lower():
        return SourceError(f"the AWS credentials have expired ({code})", hint)
    return SourceError(f"AWS refused {call} ({code}): {message}", hint)


def _unknown_profile(profile: str | None, core: CoreSession) -> UsageError:
    name = profile or str(core.get_config_variable("profile"))
    known = core.available_profiles
    near = get_close_matches(name, known, n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    place = "--profile" if profile else "AWS_PROFILE"
    listed = f"Known are {', '.join(sorted(known))}." if known else f"No profile is configured. {WITHOUT_AWS}"
    return UsageError(f"{place}: there is no AWS profile {name!r}", guess + listed)


def _explained(error: Exception, region: str | None) -> AuditError:
    if isinstance(error, _WRONG):
        return UsageError(f"the AWS options or settings are wrong: {error}", "See `iam-audit scan --help`.")
    if isinstance(error, OSError) and not isinstance(error, aws.BotoCoreError):
        where = f"{error.filename}: " if error.filename else ""
        return SourceError(f"AWS could not be called: {where}{error.strerror or error}", _TRY)
    if isinstance(error, _CONFIGURATION):
        return UsageError(f"the AWS configuration is wrong: {error}", "Correct ~/.aws/config or ~/.aws/credentials.")
    message, hint = _failure(error, region)
    return SourceError(message, hint)


def _failure(error: Exception, region: str | None) -> tuple[str, str]:
    if isinstance(error, aws.NoCredentialsError):
        hint = "Set them up with `aws configure`, or choose a profile with --profile or AWS_PROFILE."
        return "no AWS credentials were found", f"{hint} {WITHOUT_AWS}"
    if isinstance(error, aws.PartialCredentialsError):
        return f"the AWS credentials are incomplete: {error}", "Set both halves of the access key."
    if isinstance(error, _UNREACHABLE):
        return f"AWS could not be reached: {error}", _unreachable_hint(region)
    if isinstance(error, NO_LOGIN):
        return f"the AWS credentials could not be loaded: {error}", _LOG_IN
    return f"AWS could not be called: {first_sentence(str(error))}", _TRY


def _unreachable_hint(region: str | None) -> str:
    where = f"that {region} is a Region" if region else "the Region"
    return f"Check the network, {where}, and HTTPS_PROXY, AWS_ENDPOINT_URL and AWS_CA_BUNDLE if they are set."
