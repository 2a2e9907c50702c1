"""A stand-in for AWS on 127.0.0.1: moto behind a front that pages, records, denies and fails like AWS.

moto answers GetAccountAuthorizationDetails in one page, denies nothing, and has every credential report ready at
once. The front adds what is missing, with aws_pages, aws_report and aws_wire; faulty_aws adds faults. Everything
is deterministic: scripted answers are given in their order.
"""

import os
import sys
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Event, Lock, RLock, Thread
from typing import Any, NamedTuple
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from aws_json import in_json, page_of_analyzers, parameters_of
from aws_pages import (
    AUTHORIZATION_DETAILS,
    KINDS,
    BadPageError,
    Whole,
    filters_of,
    joined,
    lists_of_actions,
    page_of,
    request_of,
    whole_of,
)
from aws_wire import Answer, Handler, delivered
from werkzeug.serving import make_server

from auditor.demo.emulator import application, empty, give_root_mfa

__all__ = [
    "DETAILS",
    "Answer",
    "Call",
    "Disturbance",
    "Front",
    "Honest",
    "aws_server",
    "denied",
    "error",
    "lead_to",
    "page",
    "report",
    "report_csv",
    "report_row",
    "result",
    "serving",
    "state",
]

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

DETAILS = AUTHORIZATION_DETAILS
NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
ANALYZERS = "ListAnalyzers"
_KEPT = (  # and all lists of IAM's
    "GetAccountSummary",
    "GetAccountPasswordPolicy",
    "GetLoginProfile",
    "GetCallerIdentity",
    "GetOpenIDConnectProvider",
    "GetPolicy",
    "ListOpenIDConnectProviders",
    "ListSAMLProviders",
    ANALYZERS,
    "DescribeOrganization",
)
_READING = ("Get", "List", "Generate", "Describe")  # actions that change nothing of what is kept
_BODY = "iam-audit.body"
"""The key for the body of a JSON call in its WSGI environment."""
_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
_NO_KEYS = "false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"


class Call(NamedTuple):
    """Hold one call: `action` as in a policy ("iam:ListUsers"), its parameters, and the caller's key."""

    action: str
    parameters: dict[str, str]
    access_key: str
    user_agent: str

    @property
    def name(self) -> str:
        """Return the action without its prefix."""
        return self.action.partition(":")[2]

    @property
    def about(self) -> str:
        """Return what the call is about, without its page: filters, or the name of a user."""
        request = request_of(self.parameters)
        return ",".join(value for name, value in request.items() if name not in ("Action", "Version"))


Honest = Callable[[], Answer]
"""A function that returns the answer that AWS would give without a fault; calling it has the call's effects."""
Disturbance = Callable[[Call, Honest], Answer]


def error(code: str, message: str = "made up", status: int = 400) -> Answer:
    """Return an error in the form of IAM and STS."""
    text = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return Answer(status, f"<ErrorResponse><Error>{text}</Error><RequestId>made-up</RequestId></ErrorResponse>")


def denied(action: str, *, explicit: bool = False, by: str = "identity-based policy") -> Answer:
    """Return the denial of an action ("iam:ListUsers"), by an explicit deny or because nothing allows it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    article = "an" if by.startswith("i") else "a"
    why = f"with an explicit deny in {article} {by}" if explicit else f"because no {by} allows the {action} action"
    caller = "arn:aws:iam::123456789012:user/auditor"
    return error("AccessDenied", f"User: {caller} is not authorized to perform: {action} on resource: * {why}", 403)


def result(action: str, content: str) -> Answer:
    """Return an answer of the Query protocol with this XML as its result."""
    response = (
        f"<{action}Result>{content}</{action}Result><ResponseMetadata><RequestId>made-up</RequestId></ResponseMetadata>"
    )
    return Answer(200, f'<{action}Response xmlns="{NAMESPACE}">{response}</{action}Response>')


def state(name: str) -> Answer:
    """Return GenerateCredentialReport's answer: STARTED, INPROGRESS or COMPLETE."""
    return result("GenerateCredentialReport", f"<State>{name}</State>")


def report(text: str, generated_time: str) -> Answer:
    """Return GetCredentialReport's answer."""
    content = b64encode(text.encode()).decode()
    times = f"<ReportFormat>text/csv</ReportFormat><GeneratedTime>{generated_time}</GeneratedTime>"
    return result("GetCredentialReport", f"<Content>{content}</Content>{times}")


def page(filter_name: str, members: str = "", marker: str | None = None, *, truncated: bool = False) -> Answer:
    """Return a page of GetAccountAuthorizationDetails; `members` is XML."""
    lists = "".join(
        f"<{name}>{members if KINDS[filter_name] == name else ''}</{name}>" for name in lists_of_actions()[DETAILS]
    )
    more = f"<Marker>{marker}</Marker>" if marker is not None else ""
    return result(DETAILS, f"{lists}<IsTruncated>{str(truncated).lower()}</IsTruncated>{more}")


def report_row(name: str, arn: str, created: datetime, *, password: bool = False, mfa: bool = False) -> str:
    """Return a row of the credential report in AWS's form."""
    flags = (str(flag).lower() for flag in (password, mfa))
    enabled, active = flags
    used = "no_information,2026-01-01T00:00:00+00:00,N/A" if password else "N/A,N/A,N/A"
    quoted = f'"{name}"' if "," in name else name
    quoted_arn = f'"{arn}"' if "," in arn else arn
    return f"{quoted},{quoted_arn},{created.isoformat(timespec='seconds')},{enabled},{used},{active},{_NO_KEYS}"


def report_csv(rows: Iterable[str], account_id: str = "123456789012") -> str:
    """Return a credential report with root's row first and no newline at the end, as AWS does."""
    root = f"<root_account>,arn:aws:iam::{account_id}:root,2020-01-01T00:00:00+00:00,true,N/A,N/A,not_supported,true"
    return "\n".join([_COLUMNS, f"{root},{_NO_KEYS}", *rows])


class _Moto:
    """Call moto, and cache the answers of reading calls until a call may have changed the account."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._kept: dict[Any, Answer] = {}
        self._wholes: dict[Any, Whole] = {}
        self._lock = RLock()

    def forget(self) -> None:
        """Clear the cache."""
        with self._lock:
            self._kept.clear()
            self._wholes.clear()

    def answer(self, environ: Mapping[str, Any], parameters: Mapping[str, str]) -> Answer:
        """Return moto's answer."""
        action = parameters.get("Action", "")
        if action not in _KEPT and action not in lists_of_actions():
            found = self._call_moto(environ, parameters)
            if not action.startswith(_READING):
                self.forget()
            return found
        key = (environ.get("HTTP_AUTHORIZATION", "").partition(",")[0], *sorted(parameters.items()))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._call_moto(environ, parameters)
            return self._kept[key]

    def page(self, environ: Mapping[str, Any], parameters: Mapping[str, str], sizes: Sequence[int]) -> Answer:
        """Return a page of a list from moto's whole answer."""
        try:
            answers = [self.answer(environ, call) for call in _whole_calls(parameters)]
            refusal = next((answer for answer in answers if answer.status != 200), None)
            return refusal or self._page(parameters, answers, sizes)
        except BadPageError as bad:
            return error("ValidationError", str(bad))

    def _page(self, parameters: Mapping[str, str], answers: Sequence[Answer], sizes: Sequence[int]) -> Answer:
        action = parameters["Action"]
        with self._lock:
            for answer in answers:
                if answer.content not in self._wholes:
                    self._wholes[answer.content] = whole_of(action, answer.content)
            whole = joined([self._wholes[answer.content] for answer in answers])
        return result(action, page_of(whole, parameters, sizes))

    def _call_moto(self, environ: Mapping[str, Any], parameters: Mapping[str, str]) -> Answer:
        body = environ.get(_BODY) or urlencode(parameters).encode()
        started: list[Any] = []
        request = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        content = b"".join(self._app(request, lambda status, headers, *_: started.extend((status, headers))))
        kind = dict(started[1]).get("Content-Type", "text/xml")
        return Answer(int(started[0].split()[0]), content.decode(), headers=(("Content-Type", kind),))


def _whole_calls(parameters: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the calls for the whole lists that a page belongs to: one for each filter, to keep the kinds in order."""
    request = request_of(parameters)
    if request["Action"] != DETAILS:
        yield request
        return
    plain = {name: value for name, value in request.items() if not name.startswith("Filter")}
    for kind in filters_of(request):
        yield plain | {"Filter.member.1": kind}


def _undisturbed(_: Call, honest: Honest) -> Answer:
    return honest()


class Front:
    """A WSGI application in front of moto's.

    `scripted` has answers for the next calls of an action, `fixed` one for all its calls, by name without prefix.
    The calls of an action in `held` are answered once its event is set.
    `own` answers actions instead of moto, and `disturb` may change answers that are neither scripted nor fixed.
    `page_sizes` are the numbers of items in the pages of lists, repeated.
    """

    def __init__(self, moto: WsgiApp) -> None:
        self.calls: list[Call] = []
        self.scripted: dict[str, deque[Answer]] = {}
        self.fixed: dict[str, Answer] = {}
        self.held: dict[str, Event] = {}
        self.own: dict[str, Callable[[Call], Answer]] = {}
        self.disturb: Disturbance = _undisturbed
        self.page_sizes: Sequence[int] = (1000,)
        self._moto = _Moto(moto)
        self._lock = Lock()

    def script(self, action: str, *answers: Answer) -> None:
        """Set the answers of the next calls of an action."""
        self.scripted[action] = deque(answers)

    def forget(self) -> None:
        """Clear the cache of moto's answers, after a change of its account that was not a call."""
        self._moto.forget()

    @property
    def actions(self) -> list[str]:
        """Return the actions that were called, in order."""
        return [call.action for call in self.calls]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        parameters = parameters_of(environ, body)
        if "Version" in parameters:  # the Query protocol's
            return delivered(self._answer(environ, parameters), environ, start_response)
        answer = self._answer({**environ, _BODY: body}, parameters)
        return delivered(in_json(answer), environ, start_response)

    def _answer(self, environ: dict[str, Any], parameters: dict[str, str]) -> Answer:
        scope = environ.get("HTTP_AUTHORIZATION", "=///").partition("=")[2].split("/")  # key/day/region/service
        call = Call(
            f"{scope[3]}:{parameters.get('Action', '')}", parameters, scope[0], environ.get("HTTP_USER_AGENT", "")
        )
        if call.name in self.held:
            self.held[call.name].wait()
        with self._lock:
            self.calls.append(call)
            if self.scripted.get(call.name):
                return self.scripted[call.name].popleft()
        if call.name in self.fixed:
            return self.fixed[call.name]
        return self.disturb(call, partial(self._honest, environ, call))

    def _honest(self, environ: dict[str, Any], call: Call) -> Answer:
        if call.name in self.own:
            return self.own[call.name](call)
        if call.name in lists_of_actions():
            return self._moto.page(environ, call.parameters, self.page_sizes)
        if call.name == ANALYZERS:
            return self._page_of_analyzers(environ, call)
        return self._moto.answer(environ, call.parameters)

    def _page_of_analyzers(self, environ: dict[str, Any], call: Call) -> Answer:
        whole = self._moto.answer(environ, {"Action": ANALYZERS})
        try:
            return page_of_analyzers(whole, call.parameters, self.page_sizes)
        except BadPageError as bad:
            return error("ValidationError", str(bad))


@contextmanager
def serving(app: WsgiApp) -> Iterator[str]:
    """Serve an application on 127.0.0.1 while the block runs, and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(0.001)  # seconds; caller and server take turns in one interpreter, which wait 5 ms by default
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        sys.setswitchinterval(usual)
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def aws_server() -> Iterator[tuple[str, Front]]:
    """Serve an empty account of moto's behind a front, and yield the URL and the front."""
    partitions = ("aws", "aws-cn", "aws-us-gov")
    empty(*partitions)
    for partition in partitions:
        give_root_mfa(partition)
    front = Front(application())
    with serving(front) as url:
        yield url, front


def lead_to(url: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Set AWS's environment variables to the server's URL and made-up keys, and let botocore retry without waiting."""
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
