"""A stand-in for AWS on 127.0.0.1: moto behind a front that pages, records, denies and fails as AWS does.

moto answers GetAccountAuthorizationDetails in one page, refuses nothing, and has every credential report ready at
once; the front adds what it lacks. Everything is deterministic: what a test scripts is answered in that order.
"""

import os
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

DETAILS = "GetAccountAuthorizationDetails"
_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
}
_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
_NO_KEYS = "false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"


class Call(NamedTuple):
    """One call that was made: `action` as in a policy ("iam:ListUsers"), what was given, and by whom."""

    action: str
    parameters: dict[str, str]
    access_key: str
    user_agent: str


class Answer(NamedTuple):
    """What the server says instead of moto."""

    status: int
    body: str


def error(code: str, message: str = "made up", status: int = 400) -> Answer:
    """Give an error as IAM and STS write it."""
    text = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return Answer(status, f"<ErrorResponse><Error>{text}</Error><RequestId>made-up</RequestId></ErrorResponse>")


def denied(action: str, *, explicit: bool = False) -> Answer:
    """Give the refusal of an action ("iam:ListUsers"), by an explicit deny or because nothing allows it."""
    why = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else "because no identity-based policy allows it"
    )
    caller = "arn:aws:iam::123456789012:user/auditor"
    return error("AccessDenied", f"User: {caller} is not authorized to perform: {action} on resource: * {why}", 403)


def result(action: str, content: str) -> Answer:
    """Give an answer of the Query protocol whose result holds this XML."""
    return Answer(200, f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>")


def state(name: str) -> Answer:
    """Give GenerateCredentialReport's answer: STARTED, INPROGRESS or COMPLETE."""
    return result("GenerateCredentialReport", f"<State>{name}</State>")


def report(text: str, generated_time: str) -> Answer:
    """Give GetCredentialReport's answer."""
    content = b64encode(text.encode()).decode()
    times = f"<ReportFormat>text/csv</ReportFormat><GeneratedTime>{generated_time}</GeneratedTime>"
    return result("GetCredentialReport", f"<Content>{content}</Content>{times}")


def page(filter_name: str, members: str = "", marker: str | None = None, *, truncated: bool = False) -> Answer:
    """Give a page of GetAccountAuthorizationDetails; `members` is XML."""
    lists = "".join(f"<{name}>{members if kind == filter_name else ''}</{name}>" for kind, name in _LISTS.items())
    more = f"<Marker>{marker}</Marker>" if marker is not None else ""
    return result(DETAILS, f"{lists}<IsTruncated>{str(truncated).lower()}</IsTruncated>{more}")


def report_row(name: str, arn: str, created: datetime, *, password: bool = False, mfa: bool = False) -> str:
    """Give a row of the credential report as AWS writes it."""
    flags = (str(flag).lower() for flag in (password, mfa))
    enabled, active = flags
    used = "no_information,2026-01-01T00:00:00+00:00,N/A" if password else "N/A,N/A,N/A"
    quoted = f'"{name}"' if "," in name else name
    quoted_arn = f'"{arn}"' if "," in arn else arn
    return f"{quoted},{quoted_arn},{created.isoformat(timespec='seconds')},{enabled},{used},{active},{_NO_KEYS}"


def report_csv(rows: Iterable[str], account_id: str = "123456789012") -> str:
    """Give a credential report with root's row first and no newline at the end, as AWS does."""
    root = f"<root_account>,arn:aws:iam::{account_id}:root,2020-01-01T00:00:00+00:00,true,N/A,N/A,not_supported,true"
    return "\n".join([_COLUMNS, f"{root},{_NO_KEYS}", *rows])


class Front:
    """A WSGI application before moto's.

    `scripted` answers an action's next calls, `fixed` all of its calls, by the name without prefix.
    The calls of an action that is `held` are answered once its event is set.
    `page_sizes` says how many entities the pages of GetAccountAuthorizationDetails hold, over and over.
    """

    def __init__(self, moto: WsgiApp) -> None:
        self.calls: list[Call] = []
        self.scripted: dict[str, deque[Answer]] = {}
        self.fixed: dict[str, Answer] = {}
        self.held: dict[str, Event] = {}
        self.page_sizes: Sequence[int] = (1000,)
        self._moto = moto
        self._lock = Lock()

    def script(self, action: str, *answers: Answer) -> None:
        """Have the next calls of an action answered so."""
        self.scripted[action] = deque(answers)

    @property
    def actions(self) -> list[str]:
        """Give the actions called so far, in order."""
        return [call.action for call in self.calls]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        parameters = dict(parse_qsl(body.decode()))
        answer = self._answer(environ, parameters)
        if answer is None:
            return self._moto(environ, start_response)
        content = answer.body.encode()
        headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(content)))]
        start_response(f"{answer.status} made up", headers)
        return [content]

    def _answer(self, environ: dict[str, Any], parameters: dict[str, str]) -> Answer | None:
        action = parameters.get("Action", "")
        if action in self.held:
            self.held[action].wait()
        with self._lock:
            scope = environ.get("HTTP_AUTHORIZATION", "=///").partition("=")[2].split("/")  # key/day/region/service
            agent = environ.get("HTTP_USER_AGENT", "")
            self.calls.append(Call(f"{scope[3]}:{action}", parameters, scope[0], agent))
            if self.scripted.get(action):
                return self.scripted[action].popleft()
        if action in self.fixed:
            return self.fixed[action]
        return self._page(environ, parameters) if action == DETAILS else None

    def _page(self, environ: dict[str, Any], parameters: dict[str, str]) -> Answer:
        """Cut moto's only page into pages; a marker is made of the page's number and its first entity's."""
        kind = parameters["Filter.member.1"]
        whole = ET.fromstring(b"".join(self._moto(environ, lambda *_: None)))
        found = next((node for node in whole.iter() if node.tag.rpartition("}")[2] == _LISTS[kind]), None)
        members = [ET.tostring(member, encoding="unicode") for member in found] if found is not None else []
        number, first = map(int, parameters.get("Marker", "0-0").split("-"))
        last = first + min(self.page_sizes[number % len(self.page_sizes)], int(parameters["MaxItems"]))
        truncated = last < len(members)
        marker = f"{number + 1}-{last}" if truncated else None
        return page(kind, "".join(members[first:last]), marker, truncated=truncated)


class _Handler(WSGIRequestHandler):
    """Keep connections open, as AWS does, and say nothing on stderr."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@contextmanager
def serving(app: WsgiApp) -> Iterator[str]:
    """Serve an application on 127.0.0.1 while the block runs; gives its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def aws_server() -> Iterator[tuple[str, Front]]:
    """Serve an empty account, which moto keeps, behind a front; gives the URL and the front."""
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        iam_backends[DEFAULT_ACCOUNT_ID][partition].reset()
    front = Front(DomainDispatcherApplication(create_backend_app))
    with serving(front) as url:
        yield url, front


def lead_to(url: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let AWS's environment variables lead to the server with made-up keys, and botocore wait for nothing."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": str(folder / "aws_config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws_credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: None)
