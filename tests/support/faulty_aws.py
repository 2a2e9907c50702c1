"""A faulty AWS: everything that can go wrong with a call, by name, and plans that choose the calls with faults.

A plan is called with the action, what it is about, and how many such calls there were before, so that the order of
threads does not matter. Times are those of the test's clock; nothing here sleeps.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from threading import Lock
from typing import NamedTuple

from aws_pages import marker_of
from aws_report import NO_CAPACITY
from aws_server import ANALYZERS, Answer, Call, Disturbance, Honest, denied, error
from aws_wire import Delivery

Fault = Callable[[Call, Honest], Answer]
Plan = Callable[[str, str, int], str | None]
"""A function that returns the name of the fault for the n-th call (from 0) of an action about something, or None."""

THROTTLED = error("Throttling", "Rate exceeded")
_HTML = "<html><body><b>Http/1.1 Service Unavailable</b></body></html>"
_PAGE = "<!DOCTYPE html>\n<html><head><title>Error</title></head><body><p>Try again later.<br></body></html>"
_BLANKS = b" " * 4_000_000
_END = re.compile(r"<IsTruncated>(true|false)</IsTruncated>(<Marker>[^<]*</Marker>)?")
_MARKER = re.compile(r"<Marker>([^<]*)</Marker>")


class End(NamedTuple):
    """Hold how a page ends: `more` is IsTruncated (None: missing), `marker` is Marker."""

    more: bool | None
    marker: str | None


def _fixed(answer: Answer) -> Fault:
    return lambda _call, _honest: answer


def _denied(by: str, *, explicit: bool) -> Fault:
    return lambda call, _: denied(call.action, explicit=explicit, by=by)


def _delivered(delivery: Delivery) -> Fault:
    return lambda _, honest: honest()._replace(delivery=delivery)


def _body(change: Callable[[bytes], bytes]) -> Fault:
    def changed(_: Call, honest: Honest) -> Answer:
        answer = honest()
        return answer._replace(raw=change(answer.content))

    return changed


def _only(action: str, answer: Answer) -> Fault:
    return lambda call, honest: answer if call.name == action else honest()


def _with_header(name: str, value: str) -> Fault:
    def headed(_: Call, honest: Honest) -> Answer:
        answer = honest()
        return answer._replace(headers=(*answer.headers, (name, value)))

    return headed


def _declared(encoding: str) -> Fault:
    """Return a fault that declares an encoding that the answer does not have, as its protocol does."""

    def declared(_: Call, honest: Honest) -> Answer:
        answer = honest()
        if _is_json(answer.content):
            return answer._replace(headers=(("Content-Type", f"application/json; charset={encoding}"),))
        return answer._replace(raw=b'<?xml version="1.0" encoding="%s"?>' % encoding.encode() + answer.content)

    return declared


def _is_json(content: bytes) -> bool:
    return content.startswith(b"{")


def _result_emptied(content: bytes) -> bytes:
    if _is_json(content):
        return b"{}"
    return re.sub(rb"(<\w+Result>).*(</\w+Result>)", rb"\1\2", content, flags=re.DOTALL)


def _ended(end: Callable[[Call, str | None], End]) -> Fault:
    """Return a fault that changes how a page ends; `end` gets the call and the marker of the honest page.

    Other answers are unchanged. In JSON, only the marker says whether more follows.
    """

    def changed(call: Call, honest: Honest) -> Answer:
        answer = honest()
        if call.name == ANALYZERS and _is_json(answer.content):
            content = json.loads(answer.body)
            marker = end(call, content.get("nextToken")).marker
            return answer._replace(body=json.dumps({**content, "nextToken": marker})) if marker else answer
        found = _END.search(answer.body)
        if found is None:
            return answer
        place = _MARKER.search(found[0])
        return answer._replace(body=answer.body.replace(found[0], _in_xml(end(call, place[1] if place else None))))

    return changed


def _in_xml(end: End) -> str:
    place = f"<Marker>{end.marker}</Marker>" if end.marker is not None else ""
    return place if end.more is None else f"<IsTruncated>{str(end.more).lower()}</IsTruncated>{place}"


def _marker_again(call: Call, marker: str | None) -> End:
    given = call.parameters.get("Marker", call.parameters.get("nextToken", marker))
    return End(given is not None, given)


def _foreign_marker(call: Call, _: str | None) -> End:
    return End(True, marker_of(call.parameters | {"Filter.member.1": "somebody else's"}, 1, 0))


REFUSALS: Mapping[str, Fault] = {
    "denied": _denied("identity-based policy", explicit=False),
    "explicitly denied": _denied("identity-based policy", explicit=True),
    "denied by an SCP": _denied("service control policy", explicit=False),
    "explicitly denied by an SCP": _denied("service control policy", explicit=True),
    "denied by a boundary": _denied("permissions boundary", explicit=False),
    "expired": _fixed(error("ExpiredToken", "The security token included in the request is expired", 403)),
    "deactivated": _fixed(error("InvalidClientTokenId", "The security token included in the request is invalid.", 403)),
    "not opted in": _fixed(error("OptInRequired", "The AWS Access Key Id needs a subscription for the service", 403)),
    "suspended": _fixed(error("AccountProblem", "There is a problem with your AWS account. Contact support.", 403)),
}
"""Refusals of the caller or the account; retrying does not help."""

PASSING: Mapping[str, Fault] = {
    "throttled": _fixed(THROTTLED),
    "500": _fixed(error("ServiceFailure", "An internal error occurred", 500)),
    "500 in HTML": _fixed(Answer(500, _HTML)),
    "500 without a body": _fixed(Answer(500, "")),
    "503": _fixed(error("ServiceUnavailable", "Try again later", 503)),
    "503 in HTML": _fixed(Answer(503, _HTML)),
    "503 of a proxy": _fixed(Answer(503, _PAGE, headers=(("Content-Type", "text/html"),))),
    "503 without a body": _fixed(Answer(503, "")),
    "reset": _delivered(Delivery.RESET),
    "closed": _delivered(Delivery.CLOSED),
}
"""Faults that pass if the call is retried."""

HANGING: Mapping[str, Fault] = {
    "silent": _delivered(Delivery.SILENT),
    "stalled": _delivered(Delivery.STALLED),
}
"""Answers slower than any time-out; each costs the caller its time-out in real time."""

GARBLED: Mapping[str, Fault] = {
    "cut": _body(lambda content: content[: len(content) // 2]),
    "garbage": _body(lambda content: bytes(255 - byte for byte in content)),
    "empty": _body(lambda _: b""),
    "of another form": _fixed(Answer(200, "<Unexpected><Thing/></Unexpected>")),
    "a bare list": _fixed(Answer(200, "[7]")),
    "a bare word": _fixed(Answer(200, '"sorry"')),
    "of another call": _fixed(Answer(200, "<ListThingsResponse><ListThingsResult/></ListThingsResponse>")),
    "without a result": _body(_result_emptied),
    "in EBCDIC": _body(lambda content: content.decode().encode("cp500", "replace")),
    "with a broken letter": _body(lambda content: content + b"<!--\xe9-->"),
    "huge garbage": _body(lambda content: _BLANKS + content[: len(content) // 2]),
}
"""Invalid answers with HTTP status 200."""

HARMLESS: Mapping[str, Fault] = {
    "huge": _body(lambda content: _BLANKS + content),
    "declared to be UTF-16": _declared("UTF-16"),
    "declared to be nonsense": _declared("nonsense"),
    "declared to be zipped": _with_header("Content-Encoding", "gzip"),
}
"""Odd answers that botocore can read, because it reads every body as plain UTF-8."""

MISLEADING: Mapping[str, Fault] = {
    "the same marker again": _ended(_marker_again),
    "a marker of another list": _ended(_foreign_marker),
    "an unknown marker": _ended(lambda *_: End(True, "AAAA")),
    "no marker": _ended(lambda *_: End(True, None)),
    "no word on the end": _ended(lambda _, marker: End(None, marker)),
}
"""Pages with wrong ends; other answers are honest."""

REPORTING: Mapping[str, Fault] = {
    "no capacity": _only("GenerateCredentialReport", NO_CAPACITY),
    "no report": _only("GetCredentialReport", error("ReportNotPresent", "Credential report not present", 410)),
    "report in progress": _only("GetCredentialReport", error("ReportInProgress", "Generation in progress", 404)),
    "report expired": _only("GetCredentialReport", error("ReportExpired", "Credential report has expired", 410)),
}
"""Answers about credential reports, at right and wrong times; other calls are answered honestly."""

FAULTS = {**REFUSALS, **PASSING, **HANGING, **GARBLED, **HARMLESS, **MISLEADING, **REPORTING}


class Served(NamedTuple):
    """Hold a fault that was served, and for which call of which action about what."""

    action: str
    about: str
    number: int
    fault: str


class Faults:
    """Answer calls with the faults of a plan, and record them."""

    def __init__(self, plan: Plan) -> None:
        self.served: list[Served] = []
        self._plan = plan
        self._calls: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def __call__(self, call: Call, honest: Honest) -> Answer:
        with self._lock:
            number = self._calls[call.name, call.about]
            self._calls[call.name, call.about] += 1
            name = self._plan(call.name, call.about, number)
            if name is not None:
                self.served.append(Served(call.name, call.about, number, name))
        return honest() if name is None else FAULTS[name](call, honest)


def planned(
    fault: str, *, action: str | None = None, about: str | None = None, since: int = 0, times: float = float("inf")
) -> Plan:
    """Return a plan with one fault: for one action or all, about one thing or any, for some calls or all."""

    def plan(called: str, subject: str, number: int) -> str | None:
        meant = action in (None, called) and about in (None, subject)
        return fault if meant and since <= number < since + times else None

    return plan


def together(*plans: Plan) -> Plan:
    """Return a plan that follows several plans; the first that has a fault for a call decides."""
    return lambda action, about, number: next(filter(None, (plan(action, about, number) for plan in plans)), None)


class Chaos:
    """A plan made from a seed: each action about each thing has its own sequence of faults."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._courses: dict[tuple[str, str], Plan] = {}

    def __call__(self, action: str, about: str, number: int) -> str | None:
        if (action, about) not in self._courses:
            self._courses[action, about] = _course(Random(f"{self._seed} {action} {about}"))
        return self._courses[action, about](action, about, number)


_NAMES: Sequence[str] = tuple(FAULTS)
_WEIGHTS = [1 if name in HANGING else 4 for name in _NAMES]  # hanging costs real time


def _course(chance: Random) -> Plan:
    """Return a plan for one kind of call: no fault, one fault for some or all calls, or random faults now and then."""

    def drawn() -> str:
        return chance.choices(_NAMES, _WEIGHTS)[0]

    nature = chance.random()
    if nature < 0.35:
        return lambda *_: None
    if nature < 0.6:
        return planned(drawn(), since=chance.randrange(3), times=chance.randrange(1, 4))
    if nature < 0.85:
        return planned(drawn(), since=chance.randrange(4))
    script = [drawn() if chance.random() < 0.3 else None for _ in range(100)]
    return lambda _action, _about, number: script[number % len(script)]


class Throttle:
    """Let `burst` calls of each action through at once, then `per_second`; throttle the others."""

    def __init__(self, timer: Callable[[], float], rest: Disturbance, *, burst: int, per_second: float) -> None:
        self._timer = timer
        self._rest = rest
        self._burst = burst
        self._per_second = per_second
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def __call__(self, call: Call, honest: Honest) -> Answer:
        return self._rest(call, honest) if self._taken(call.name) else THROTTLED

    def _taken(self, action: str) -> bool:
        """Take a token of the action, and return whether there was one."""
        with self._lock:
            now = self._timer()
            tokens, since = self._buckets.get(action, (float(self._burst), now))
            tokens = min(tokens + (now - since) * self._per_second, self._burst)
            self._buckets[action] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
            return tokens >= 1
