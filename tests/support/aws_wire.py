"""The wire: how an answer of the stand-in for AWS is sent, completely or over a connection that breaks."""

import os
import selectors
import socket
import struct
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from werkzeug.serving import WSGIRequestHandler


class Delivery(StrEnum):
    """List how an answer is sent: whole, half and then closed (TCP's RST or FIN), half or nothing and then silence."""

    WHOLE = "whole"
    RESET = "reset"
    CLOSED = "closed"
    STALLED = "stalled"
    SILENT = "silent"


class Answer(NamedTuple):
    """Hold an answer and how it is sent; `raw` is sent instead of the body if that is not text."""

    status: int
    body: str
    delivery: Delivery = Delivery.WHOLE
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/xml"),)
    raw: bytes | None = None

    @property
    def content(self) -> bytes:
        """Return the bytes to send."""
        return self.body.encode() if self.raw is None else self.raw


def delivered(answer: Answer, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Send an answer; raise ConnectionAbortedError, which closes the connection, if it stays incomplete."""
    content = answer.content
    headers = [*answer.headers, ("Content-Length", str(len(content)))]
    if answer.delivery is Delivery.WHOLE:
        start_response(f"{answer.status} made up", headers)
        return [content]
    if answer.delivery is not Delivery.SILENT:
        start_response(f"{answer.status} made up", headers)(content[: len(content) // 2])
    connection: socket.socket = environ["werkzeug.socket"]
    if answer.delivery is Delivery.RESET:
        _reset(connection)
    elif answer.delivery is not Delivery.CLOSED:
        _await_end(connection)
    raise ConnectionAbortedError


def _reset(connection: socket.socket) -> None:
    """Close a connection with RST, a fault, instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def _await_end(connection: socket.socket) -> None:
    """Wait until the other side, which sends nothing more, has closed the connection."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        selector.select()


class Handler(WSGIRequestHandler):
    """Keep connections open, as AWS does but werkzeug's own handler does not, and write nothing to stderr."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for headers and body

    def run_wsgi(self) -> None:
        """Answer a request with the application's answer, whose headers have its length, or drop the connection."""
        try:
            self.wfile.writelines(self.server.app(self.make_environ(), self._begin))
        except ConnectionError:
            self.close_connection = True

    def _begin(self, status: str, headers: Iterable[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        return self._send_now

    def _send_now(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Write no log."""
