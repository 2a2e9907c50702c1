"""Secrets: planted wherever one could be met, and looked for in everything that is shown, written or told."""

import gzip
import json
import os
import re
import zlib
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import boto3
import exports_folder as folder_of
import pytest
from aws_server import Answer, Front, error, result
from conftest import Result, Run
from hypothesis import given, settings
from hypothesis import strategies as st
from live_account import EXPIRES_AT

from auditor.account.snapshot import dump
from auditor.demo.emulator import self_signed
from auditor.redaction import MASK, redacted
from auditor.testing import account, user

ACCOUNT = "123456789012"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/auditor"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/auditor"
PLANTED = {
    "secret access key": "Planted+Own/Key".ljust(40, "k"),
    "session token": "PlantedOwnToken/" + "IQoJb3JpZ2luX2VjEHo+" * 10,
    "secret key of the role": "Planted+Role/Key".ljust(40, "r"),
    "session token of the role": "PlantedRoleToken/" + "FwoGZXIvYXdzEKT//+==" * 10,
    "secret key of a profile": "Planted+Profile/Key".ljust(40, "p"),
    "external id": "planted-external-id",
    "MFA code": "918273",
    "password": "Planted-9-password!",
    "seed": "PLANTEDSEED234567PLANTEDSEED234567",
    "QR code": b64encode(b"\x89PNG planted QR code").decode(),
    "user's secret key": "Planted+User/Key".ljust(40, "u"),
    "password of a proxy": "planted-proxy-password",
    "password of an endpoint": "planted@endpoint/password",
}
CODE = PLANTED["MFA code"]
NEEDLESS = {"thumbprint": "c0ffee00" * 5, "metadata": "<EntityDescriptor>planted".ljust(1000, "m")}
"""What is no secret, but no rule asks for."""
EXPIRES = "<Expiration>2099-01-01T00:00:00Z</Expiration>"
FORMATS: tuple[tuple[str, ...], ...] = (("--format", "table", "--all"), ("--format", "json"), ("--query", "@"))


def credentials(call: str) -> Answer:
    """Return what STS answers to AssumeRole and GetSessionToken."""
    secret, token = PLANTED["secret key of the role"], PLANTED["session token of the role"]
    keys = f"<AccessKeyId>ASIAPLANTED</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
    return result(call, f"<Credentials>{keys}<SessionToken>{token}</SessionToken>{EXPIRES}</Credentials>")


def canonical(why: str = "The request signature we calculated does not match the signature you provided.") -> str:
    """Return a message that goes on to quote the request, as AWS's SignatureDoesNotMatch does."""
    tokens = "\n".join(f"x-amz-security-token:{PLANTED[name]}" for name in PLANTED if "token" in name)
    body = f"Action=AssumeRole&ExternalId={PLANTED['external id']}&TokenCode={PLANTED['MFA code']}"
    request = f"'POST\n/\n\nhost:sts.amazonaws.com\n{tokens}\n\nhost;x-amz-security-token\n{body}'"
    return (
        f"{why} Check your AWS Secret Access Key.\n\nThe Canonical String for this request should have been\n{request}"
    )


@pytest.fixture
def planted(aws: Front, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Plant secrets in the environment, AWS's files and an account; gives them all, by what they are."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED["secret access key"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", PLANTED["session token"])
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PLANTED['password of a proxy']}@127.0.0.1:1")
    keys = f"aws_access_key_id = AKIAPLANTED\naws_secret_access_key = {PLANTED['secret key of a profile']}\n"
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(f"[base]\n{keys}")
    role = f"role_arn = {ROLE}\nsource_profile = base\nexternal_id = {PLANTED['external id']}\nmfa_serial = {SERIAL}\n"
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[profile base]\nregion = us-east-1\n[profile role]\n{role}")
    for call in ("AssumeRole", "GetSessionToken"):
        aws.fixed[call] = credentials(call)
    return PLANTED | filled(boto3.client("iam", region_name="us-east-1"))


def filled(iam: Any) -> dict[str, str]:
    """Fill the account, and return the secrets that it made."""
    iam.create_user(UserName="alice")
    iam.create_login_profile(UserName="alice", Password=PLANTED["password"])
    key = iam.create_access_key(UserName="alice")["AccessKey"]["SecretAccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="alice", SerialNumber=device["SerialNumber"], **codes)
    certificate, private = self_signed("web", EXPIRES_AT)
    iam.upload_server_certificate(ServerCertificateName="web", CertificateBody=certificate, PrivateKey=private)
    iam.create_open_id_connect_provider(
        Url="https://id.example.com", ClientIDList=["sts"], ThumbprintList=[NEEDLESS["thumbprint"]]
    )
    iam.create_saml_provider(Name="directory", SAMLMetadataDocument=NEEDLESS["metadata"])
    iam.generate_credential_report()
    seed, picture = (device[name] for name in ("Base32StringSeed", "QRCodePNG"))
    sent = {name: b64encode(value).decode() for name, value in (("sent seed", seed), ("issued QR code", picture))}
    bodies = {"private key": private.splitlines()[1], "certificate": certificate.splitlines()[1]}
    return {"issued key": key, "issued seed": seed.decode(), **sent, **bodies, **NEEDLESS}


def texts(place: Path) -> Iterator[str]:
    """Yield what is in the files of a folder, unpacked."""
    for path in place.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
            yield text
            for packed in re.findall("[A-Za-z0-9+/=]{200,}", text) if path.suffix == ".html" else ():
                yield zlib.decompress(b64decode(packed)).decode()


def leaked(secrets: Mapping[str, str], results: list[Result], place: Path) -> set[str]:
    """Return the secrets that were shown, told or written."""
    everything = [text for each in results for text in (each.out, each.err)] + list(texts(place))
    forms = ((name, form) for name, secret in secrets.items() for form in (secret, quote(secret, safe="")))
    return {name for name, form in forms if any(form in text for text in everything)}


def some_ways(run: Run, place: Path, *source: object) -> list[Result]:
    """Scan a source, and save it."""
    place.mkdir()
    scan = run("scan", "-v", *source, "--format", "json", "-o", place / "r.json", "-o", place / "r.html")
    return [scan, run("snapshot", "-v", *source, "-o", place / "s.json.gz")]


def every_way(run: Run, place: Path, *source: object) -> list[Result]:
    """Scan a source in every format, save it, scan what was saved, and render its report again."""
    place.mkdir()
    report, snapshot = place / "r.json", place / "s.json"
    files = ("-o", report, "-o", place / "r.html")
    results = [run("scan", "-v", *source, *options, *files) for options in FORMATS]
    results += [run("snapshot", "-v", *source, "-o", path) for path in (snapshot, place / "s.json.gz")]
    results += [run("scan", "-v", "--snapshot", snapshot, "--format", "json")]
    rendered = ("html", "json", "csv", "jsonl", "sarif", "xml", "md", "gitlab.json", "ocsf.json")
    outputs = [each for suffix in rendered for each in ("-o", place / f"again.{suffix}")]
    results += [run("report", report), run("report", report, *outputs, "--format", "github")]
    return results


SECRETS = st.text(st.characters(min_codepoint=9, max_codepoint=0x2FF, exclude_characters=" \t\r\x0b\x0c"), min_size=16)
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "by repr": repr,
    "by ascii": ascii,
    "by repr of bytes": lambda secret: repr(secret.encode()),
    "in JSON": json.dumps,
    "in JSON, as it stands": partial(json.dumps, ensure_ascii=False),
    "in a URL": partial(quote, safe=""),
    "in a path": quote,
    "in a form": quote_plus,
    "in a URL, in lower case": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    "in HTML": escape,
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
    "in base64 of a URL": lambda secret: urlsafe_b64encode(secret.encode()).decode(),
    "in base64 after a user": lambda secret: b64encode(b"u:" + secret.encode()).decode(),
    "in base64 after a user, before more": lambda secret: b64encode(b"us:" + secret.encode() + b"!").decode(),
    "folded": lambda secret: f"{secret[:7]}\r\n {secret[7:]}",
    "folded, by repr": lambda secret: repr(f"{secret[:7]}\n  {secret[7:]}"),
}


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=list(SPELLINGS))
@settings(deadline=None, derandomize=True)  # spellings of odd secrets are ambiguous now and then
@given(secret=SECRETS)
def test_a_known_secret_is_masked_in_every_spelling(spelt: Callable[[str], str], secret: str) -> None:
    text = spelt(secret)
    shown = redacted(f"before {text} after", [secret])
    assert MASK in shown
    assert secret[4:-4] not in shown
    assert text[6:-6] not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


def test_ids_of_keys_and_signatures_are_masked_unknown() -> None:
    text = "Credential=AKIAIOSFODNN7EXAMPLE/x, Signature=fe5f80f77d5fa3beca038a248ff027d0, X-Amz-Signature=01234567abcd"
    shown = redacted(text)
    for secret in ("AKIAIOSFODNN7EXAMPLE", "fe5f80f7", "01234567"):
        assert secret not in shown


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    secrets = {"shown": "s1", "told": "s2/", "packed": "s3", "in a page": "s4", "nowhere": "s5!"}  # no base64
    (tmp_path / "s.json.gz").write_bytes(gzip.compress(b"...s3..."))
    page = b64encode(zlib.compress(f"s4{os.urandom(200).hex()}".encode())).decode()
    (tmp_path / "r.html").write_text(f"<script>{page}</script>")
    assert leaked(secrets, [Result(0, "s1", "s2%2F")], tmp_path) == set(secrets) - {"nowhere"}


LIVE_OPTIONS: dict[str, tuple[str, ...]] = {
    "keys of the environment": (),
    "a session token": ("--mfa-serial", SERIAL, "--mfa-code", CODE),
    "a role": (
        *("--role-arn", ROLE, "--external-id", PLANTED["external id"]),
        *("--mfa-serial", SERIAL, "--mfa-code", CODE),
    ),
    "a profile": ("--profile", "role", "--mfa-code", CODE),
}


@pytest.mark.parametrize("options", LIVE_OPTIONS.values(), ids=list(LIVE_OPTIONS))
def test_no_secret_of_a_live_account_or_its_reader_gets_out(
    run: Run, aws: Front, planted: dict[str, str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    ways = every_way if "--role-arn" in options else some_ways
    results = ways(run, tmp_path / "out", *options)
    assert [each.code for each in results] == [0] * len(results)
    assert not options or CODE in [call.parameters.get("TokenCode") for call in aws.calls]
    assert leaked(planted, results, tmp_path / "out") == set()


def test_no_secret_gets_out_where_calls_are_denied(
    run: Run, aws: Front, planted: dict[str, str], tmp_path: Path
) -> None:
    for action in ("GetAccountAuthorizationDetails", "GetCredentialReport", "GetAccountPasswordPolicy"):
        aws.fixed[action] = error("AccessDenied", canonical("It is not allowed with an explicit deny."), 403)
    aws.fixed["GetAccountSummary"] = Answer(200, f"<cut>{PLANTED['session token']}")
    aws.fixed["ListVirtualMFADevices"] = error("AccessDenied", canonical(), 403)
    results = some_ways(run, tmp_path / "out")
    assert [each.code for each in results] == [4, 4]
    assert leaked(planted, results, tmp_path / "out") == set()


def test_no_secret_of_an_export_gets_out(run: Run, tmp_path: Path) -> None:
    details, devices = folder_of.details(), folder_of.devices()
    details["UserDetailList"][0] |= {
        "LoginProfile": {"Password": PLANTED["password"]},
        "AccessKeys": [{"SecretAccessKey": PLANTED["user's secret key"]}],
    }
    devices["VirtualMFADevices"][0] |= {"Base32StringSeed": PLANTED["seed"], "QRCodePNG": PLANTED["QR code"]}
    provider = folder_of.single_entities()[folder_of.OIDC_PROVIDER] | {"ThumbprintList": [NEEDLESS["thumbprint"]]}
    certificates = {"ServerCertificateMetadataList": [folder_of.certificate("web") | {"PrivateKey": PLANTED["seed"]}]}
    changes = {folder_of.OIDC_PROVIDER: provider, folder_of.CERTIFICATES: certificates}
    exports = folder_of.write(tmp_path / "exports", {folder_of.DETAILS: details, folder_of.DEVICES: devices, **changes})
    results = every_way(run, tmp_path / "out", "--exports", exports, "--captured-at", "2026-11-24T03:00:00Z")
    assert {each.code for each in results} == {0}
    devices["VirtualMFADevices"][0]["SerialNumber"] = [PLANTED["seed"]]
    folder_of.write(exports, {folder_of.DETAILS: details, folder_of.DEVICES: devices})
    broken = run("scan", "-v", "--exports", exports)
    assert broken.code == 3
    assert leaked(PLANTED | NEEDLESS, [*results, broken], tmp_path / "out") == set()


def test_what_a_document_holds_beside_its_contract_is_not_handed_on(run: Run, tmp_path: Path) -> None:
    document = json.loads(dump(account(users=[user("alice")]))) | {"seed": PLANTED["seed"]}
    document["users"]["items"][0]["password"] = PLANTED["password"]
    (tmp_path / "s.json").write_text(json.dumps(document))
    results = every_way_of_a_report(run, tmp_path / "out", tmp_path / "s.json")
    assert leaked(PLANTED, results, tmp_path / "out") == set()


def every_way_of_a_report(run: Run, place: Path, snapshot: Path) -> list[Result]:
    place.mkdir()
    first = run("scan", "-v", "--snapshot", snapshot, "--all", "-o", place / "r.json", "-o", place / "r.html")
    report = json.loads((place / "r.json").read_bytes()) | {"seed": PLANTED["seed"]}
    report["findings"][0]["password"] = PLANTED["password"]
    (place.parent / "seeded.json").write_text(json.dumps(report))
    return [first, run("report", place.parent / "seeded.json", "-o", place / "again.json", "-o", place / "again.html")]


Plant = Callable[[Front, pytest.MonkeyPatch], None]
IDENTITY = "GetCallerIdentity"


def answered(action: str, answer: Answer) -> Plant:
    return lambda front, _: front.fixed.update({action: answer})


def variables(**values: str) -> Plant:
    def plant(_: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return plant


def nothing(*_: object) -> None:
    """Plant nothing more."""


def process(command: str) -> Plant:
    def plant(_: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[default]\ncredential_process = sh -c '{command}'\n")

    return plant


SIGNED = "The request signature we calculated does not match the signature you provided."
OWN_KEY, OWN_TOKEN = PLANTED["secret access key"], PLANTED["session token"]
ENDPOINT = f"http://user:{PLANTED['password of an endpoint']}@127.0.0.1:1"
FAILURES: dict[str, tuple[Plant, tuple[str, ...], str]] = {
    "a signature that does not match": (
        answered(IDENTITY, error("SignatureDoesNotMatch", canonical(), 403)),
        (),
        f"iam-audit: AWS refused GetCallerIdentity (SignatureDoesNotMatch): {SIGNED}\n",
    ),
    "a role that is refused": (
        answered("AssumeRole", error("AccessDenied", canonical("Not you."), 403)),
        LIVE_OPTIONS["a role"],
        "iam-audit: AWS refused AssumeRole (AccessDenied): Not you.\n",
    ),
    "a profile's role that is refused": (
        answered("AssumeRole", error("AccessDenied", canonical("Not you."), 403)),
        LIVE_OPTIONS["a profile"],
        "iam-audit: AWS refused AssumeRole (AccessDenied): Not you.\n",
    ),
    "a code that is quoted at once": (
        answered("GetSessionToken", error("AccessDenied", f"The code {CODE} was wrong", 403)),
        LIVE_OPTIONS["a session token"],
        "iam-audit: AWS refused GetSessionToken (AccessDenied): The code *** was wrong\n",
    ),
    "an external id that is quoted at once": (
        answered("AssumeRole", error("AccessDenied", f"No {PLANTED['external id']} for {ROLE}", 403)),
        LIVE_OPTIONS["a role"],
        f"iam-audit: AWS refused AssumeRole (AccessDenied): No *** for {ROLE}\n",
    ),
    "an external id so short that it is part of a number": (
        answered("AssumeRole", error("AccessDenied", f"No 12 for {ROLE}", 403)),
        ("--role-arn", ROLE, "--external-id", "12"),
        f"iam-audit: AWS refused AssumeRole (AccessDenied): No *** for {ROLE}\n",
    ),
    "a profile's external id that is quoted at once": (
        answered("AssumeRole", error("AccessDenied", f"No {PLANTED['external id']} for {ROLE}", 403)),
        LIVE_OPTIONS["a profile"],
        f"iam-audit: AWS refused AssumeRole (AccessDenied): No *** for {ROLE}\n",
    ),
    "a profile's key that is quoted at once": (
        answered(IDENTITY, error("AccessDenied", f"Key {PLANTED['secret key of a profile']} is bad", 403)),
        ("--profile", "base"),
        "iam-audit: AWS refused GetCallerIdentity (AccessDenied): Key *** is bad\n",
    ),
    "own keys that are quoted at once": (
        answered(IDENTITY, error("AccessDenied", f"Bad: {quote(OWN_KEY, safe='')} {OWN_KEY}n {OWN_TOKEN}", 403)),
        (),
        "iam-audit: AWS refused GetCallerIdentity (AccessDenied): Bad: *** ***n ***\n",
    ),
    "the token of the role that is quoted at once": (
        answered(IDENTITY, error("AccessDenied", f"Bad: {PLANTED['session token of the role']}", 403)),
        LIVE_OPTIONS["a role"],
        "iam-audit: AWS refused GetCallerIdentity (AccessDenied): Bad: ***\n",
    ),
    "an answer with keys that is cut": (
        answered("AssumeRole", Answer(200, credentials("AssumeRole").body.removesuffix("</AssumeRoleResponse>"))),
        LIVE_OPTIONS["a role"],
        "iam-audit: AWS could not be called: Unable to parse response (",
    ),
    "an expired token": (
        answered(IDENTITY, error("ExpiredToken", canonical("The token is expired."), 403)),
        (),
        "iam-audit: the AWS credentials have expired (ExpiredToken)\n",
    ),
    "an endpoint with a password": (
        variables(AWS_ENDPOINT_URL=ENDPOINT.replace("@endpoint/", "")),
        (),
        'iam-audit: AWS could not be reached: Could not connect to the endpoint URL: "http://***@127.0.0.1:1/"\n',
    ),
    "an endpoint whose password is not encoded": (variables(AWS_ENDPOINT_URL=ENDPOINT), (), "iam-audit: "),
    "a proxy with a password": (
        variables(AWS_ENDPOINT_URL="https://sts.amazonaws.com"),
        (),
        "iam-audit: AWS could not be reached: Failed to connect to proxy URL",
    ),
    "a proxy that is none": (
        variables(
            AWS_ENDPOINT_URL="https://sts.amazonaws.com",
            HTTPS_PROXY=f"http://user:{PLANTED['password of a proxy']}@127.0.0.1:none",
        ),
        (),
        "iam-audit: ",
    ),
    "a program that fails with an answer": (
        process(f'echo "{{\\"SecretAccessKey\\": \\"{PLANTED["secret key of the role"]}\\"}}" >&2; exit 1'),
        (),
        "iam-audit: the credential_process of profile default failed: ",
    ),
    "a program that answers without an id": (
        process(f'echo "{{\\"Version\\": 1, \\"SecretAccessKey\\": \\"{PLANTED["secret key of the role"]}\\"}}"'),
        (),
        "iam-audit: the credential_process of profile default failed: ",
    ),
    "a misspelt option": (nothing, (f"--mfa-cod={CODE}",), "Usage: "),
    "an external id without a role": (nothing, ("--external-id", PLANTED["external id"]), "iam-audit: "),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_secret_is_told_by_an_error(
    run: Run, aws: Front, planted: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    plant, options, message = FAILURES[failure]
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    plant(aws, monkeypatch)
    (tmp_path / "out").mkdir()
    told = run("scan", "-v", *options, "-o", tmp_path / "out/r.json")
    assert told.code in (2, 3)
    assert told.err.startswith(message)
    assert "Traceback" not in told.err
    assert leaked(planted, [told], tmp_path / "out") == set()


def test_a_fault_of_ours_tells_no_secret(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(account(users=[user("alice")])))

    def fault(*_: object) -> None:
        raise ValueError(f"{OWN_KEY} short-session-token {PLANTED['session token of the role']} {ENDPOINT}")

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWN_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "short-session-token")
    monkeypatch.setattr("auditor.report.audit.evaluate", fault)
    told = run("scan", "--snapshot", tmp_path / "s.json")
    assert told.code == 3
    assert "ValueError: *** *** *** http://***@127.0.0.1:1\n" in told.err
