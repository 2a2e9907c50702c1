"""The emulator: an empty account that moto keeps in this process, served over HTTP, with calls that moto lacks.

moto has no tags for server certificates and SAML providers, the same dates and id for all certificates, and no
service-specific credentials and IAM Access Analyzer: https://docs.getmoto.org/en/latest/docs/services/iam.html
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Thread
from typing import Any

from auditor.errors import AuditError

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@contextmanager
def emulator() -> Iterator[str]:
    """Serve an empty account while the block runs, and yield its URL.

    Raises AuditError if moto is not installed.
    """
    try:
        from werkzeug.serving import make_server

        app = application()
    except ImportError as error:
        raise AuditError(
            f"the demo needs an AWS emulator that is not installed ({error})",
            "In a checkout, install the extra `demo`: `pipx install --force '.[demo]'` or `pip install '.[demo]'`.",
        ) from error
    with environment({"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}):
        empty("aws")
        give_root_mfa()
        _repeat_ids()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serve = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)  # seconds
    with _quiet():
        serve.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            server.server_close()


def application() -> WsgiApp:
    """Return moto's server, extended by missing IAM calls and by IAM Access Analyzer."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    return _Analyzers(DomainDispatcherApplication(_backend_app))


def _backend_app(service: Any) -> Any:
    """Return moto's server of one service; the one for IAM uses a class with more calls than moto's."""
    from moto.core.utils import convert_to_flask_response
    from moto.iam.responses import IamResponse
    from moto.moto_server.werkzeug_app import create_backend_app

    app = create_backend_app(service)
    if service == "iam":
        completed: Any = type("CompletedIam", (IamResponse,), dict(_LACKING))
        answer = convert_to_flask_response(completed.dispatch)

        def view(**matched: Any) -> Any:
            complete_policies()
            return answer(**matched)

        app.view_functions["IamResponse.dispatch"] = view
    return app


def complete_policies(account_id: str | None = None) -> None:
    """Add the facts that AWS always returns, but moto does not, to every managed policy of an account."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    for backend in iam_backends[account_id or DEFAULT_ACCOUNT_ID].values():
        policies: Iterable[Any] = backend.managed_policies.values()
        for policy in policies:
            policy.policy_id = _unique_id("ANPA", policy.arn)
            policy.permissions_boundary_usage_count = 0


def empty(*partitions: str) -> None:
    """Delete everything in the account in these partitions; otherwise it lives as long as the process."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends
    from moto.organizations.models import organizations_backends

    for partition in partitions:
        iam_backends[DEFAULT_ACCOUNT_ID][partition].reset()
        organizations_backends[DEFAULT_ACCOUNT_ID][partition].reset()


def _repeat_ids() -> None:
    """Have the account give the same ids as in every run before, so that two demos can be compared."""
    from moto.moto_api._internal import mock_random

    mock_random.seed(1)


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Replace all AWS environment variables by the settings, and restore them afterwards."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def give_root_mfa(partition: str = "aws", account_id: str | None = None) -> None:
    """Set root's MFA in the account summary, as in the credential report; there is no call for it."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    iam_backends[account_id or DEFAULT_ACCOUNT_ID][partition].account_summary._account_mfa_enabled = 1  # noqa: SLF001 - moto stores it there


def backdate(user_name: str, created_at: datetime, used_at: datetime) -> None:
    """Set when a user, its password and its access keys were created and last used (UTC); there is no call for it."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import AccessKeyLastUsed, iam_backends

    user: Any = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_user(user_name)
    user.create_date = created_at
    if user.password:
        user.password_last_used = used_at
    for key in user.access_keys:
        key.create_date = created_at
        key.last_used = AccessKeyLastUsed(used_at, "s3", "us-east-1")


@contextmanager
def _quiet() -> Iterator[None]:
    """Stop the emulator's server from logging every request on stderr."""
    log = logging.getLogger("werkzeug")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def self_signed(name: str, expires_at: datetime) -> tuple[str, str]:
    """Return a certificate that was valid for a year until `expires_at`, and its private key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(expires_at - timedelta(days=365)).not_valid_after(expires_at)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.decode(), private.decode()


def _credential_report(response: Any) -> Any:
    """Answer GetCredentialReport more like AWS than moto does: made just now, root first, N/A if not set."""
    header, _, rows = response.backend.get_credential_report().partition("\n")
    account, created = response.current_account, "2020-01-01T00:00:00Z"
    root = f"<root_account>,arn:aws:iam::{account}:root,{created},true,no_information,{created},not_supported,true"
    content = (
        f"{header}\n{root}{',false,N/A,N/A,N/A,N/A' * 2},false,N/A,false,N/A\n{rows.replace('not_supported', 'N/A')}"
    )
    now = datetime.now(UTC).strftime(_TIME)
    return _result({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": now})


def _parameters(response: Any) -> Callable[..., Any]:
    """Return the function that returns a parameter of a call by its name, or a default."""
    return response._get_param  # type: ignore[no-any-return]  # noqa: SLF001 - moto has no types, and its own code does so


def _upload_server_certificate(response: Any) -> Any:
    from cryptography import x509

    given = _parameters(response)
    certificate = response.backend.upload_server_certificate(
        given("ServerCertificateName"), given("CertificateBody"), given("PrivateKey"), path=given("Path")
    )
    certificate.uploaded_at = datetime.now(UTC)
    certificate.expires_at = x509.load_pem_x509_certificate(certificate.cert_body.encode()).not_valid_after_utc
    certificate.tags = given("Tags", [])
    return _result({"ServerCertificateMetadata": _metadata(certificate)})


def _list_server_certificates(response: Any) -> Any:
    listed = [_metadata(certificate) for certificate in response.backend.list_server_certificates()]
    return _result({"ServerCertificateMetadataList": listed, "IsTruncated": False})


def _metadata(certificate: Any) -> dict[str, str]:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.cert_name,
        "ServerCertificateId": _unique_id("ASCA", certificate.arn),
        "Arn": certificate.arn,
        "UploadDate": certificate.uploaded_at.strftime(_TIME),
        "Expiration": certificate.expires_at.strftime(_TIME),
    }


def _unique_id(prefix: str, arn: str) -> str:
    return prefix + sha256(arn.encode()).hexdigest()[:17].upper()


def _list_server_certificate_tags(response: Any) -> Any:
    name = _parameters(response)("ServerCertificateName")
    return _result({"Tags": response.backend.get_server_certificate(name).tags, "IsTruncated": False})


def _create_saml_provider(response: Any) -> Any:
    given = _parameters(response)
    provider = response.backend.create_saml_provider(given("Name"), given("SAMLMetadataDocument"))
    provider.tags = given("Tags", [])
    return _result({"SAMLProviderArn": provider.arn})


def _list_saml_provider_tags(response: Any) -> Any:
    arn = _parameters(response)("SAMLProviderArn")
    return _result({"Tags": response.backend.get_saml_provider(arn).tags, "IsTruncated": False})


def _create_service_specific_credential(response: Any) -> Any:
    given = _parameters(response)
    user = response.backend.get_user(given("UserName"))
    made = vars(user).setdefault("service_credentials", [])
    credential = {
        "UserName": user.name,
        "Status": "Active",
        "CreateDate": datetime.now(UTC).strftime(_TIME),
        "ServiceSpecificCredentialId": _unique_id("ACCA", f"{user.arn}/{len(made)}"),
        "ServiceName": given("ServiceName"),
    }
    made.append(credential)
    return _result({"ServiceSpecificCredential": credential})


def _list_service_specific_credentials(response: Any) -> Any:
    wanted = _parameters(response)("ServiceName")
    made = (each for user in response.backend.users.values() for each in vars(user).get("service_credentials", ()))
    listed = [each for each in made if wanted in (None, each["ServiceName"])]
    return _result({"ServiceSpecificCredentials": listed, "IsTruncated": False})


def _result(content: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(content)


_LACKING: Mapping[str, Callable[[Any], Any]] = {
    "get_credential_report": _credential_report,
    "upload_server_certificate": _upload_server_certificate,
    "list_server_certificates": _list_server_certificates,
    "list_server_certificate_tags": _list_server_certificate_tags,
    "create_saml_provider": _create_saml_provider,
    "list_saml_provider_tags": _list_saml_provider_tags,
    "create_service_specific_credential": _create_service_specific_credential,
    "list_service_specific_credentials": _list_service_specific_credentials,
}


class _Analyzers:
    """Answer CreateAnalyzer and ListAnalyzers from a list of its own, and pass on all other calls."""

    def __init__(self, rest: WsgiApp) -> None:
        self._rest = rest
        self._analyzers: list[dict[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/analyzer":
            return self._rest(environ, start_response)
        answer: dict[str, Any] = {"analyzers": self._analyzers}
        if environ["REQUEST_METHOD"] == "PUT":
            answer = self._created(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))), environ)
        content = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        start_response("200 OK", headers)
        return [content]

    def _created(self, given: Mapping[str, str], environ: Mapping[str, Any]) -> dict[str, str]:
        from moto.core.models import DEFAULT_ACCOUNT_ID

        region = environ["HTTP_AUTHORIZATION"].split("/")[2]
        arn = f"arn:aws:access-analyzer:{region}:{DEFAULT_ACCOUNT_ID}:analyzer/{given['analyzerName']}"
        now = datetime.now(UTC).strftime(_TIME)
        self._analyzers.append(
            {"arn": arn, "name": given["analyzerName"], "type": given["type"], "createdAt": now, "status": "ACTIVE"}
        )
        return {"arn": arn}
