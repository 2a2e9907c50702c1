"""The life of a credential report on a clock: requested, in progress, available for four hours, expired.

moto has every report ready at once, computes it again for each call, and dates it to 2015.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from io import StringIO
from itertools import chain
from threading import Lock
from typing import Any, NamedTuple

from aws_server import Answer, Call, Front, error, report, report_csv, state
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

Clock = Callable[[], datetime]

LIFETIME = timedelta(hours=4)
NO_CAPACITY = error("LimitExceeded", "No more capacity to launch new report generation tasks", 409)
"""The answer of GenerateCredentialReport while AWS is making too many reports."""


class Made(NamedTuple):
    """Hold a report: its text, its GeneratedTime, and from when on it can be read."""

    text: str
    generated_at: datetime
    ready_at: datetime


class CredentialReports:
    """Answer for the reports of an account: `seconds` is how long making one takes, `last` the one made before.

    A report has the facts of the time at which making it began, which is also its GeneratedTime.
    """

    def __init__(
        self, clock: Clock, *, seconds: float = 0, last: Made | None = None, account_id: str = DEFAULT_ACCOUNT_ID
    ) -> None:
        self._clock = clock
        self._account_id = account_id
        self._making = timedelta(seconds=seconds)
        self._last = last
        self._lock = Lock()

    def serve(self, front: Front) -> None:
        """Answer the calls about reports instead of moto."""
        front.own |= {"GenerateCredentialReport": self.generate, "GetCredentialReport": self.get}

    def generate(self, _: Call) -> Answer:
        """Begin a report unless one is in progress or recent enough."""
        with self._lock:
            if self._last is None or self._expired(self._last):
                now = self._clock()
                self._last = Made(report_of_moto(self._account_id), now, now + self._making)
                return state("STARTED")
            return state("COMPLETE" if self._ready(self._last) else "INPROGRESS")

    def get(self, _: Call) -> Answer:
        """Return the last report, or why there is none."""
        with self._lock:
            if self._last is None:
                return error("ReportNotPresent", "Credential report not present, run generate first", 410)
            if not self._ready(self._last):
                return error("ReportInProgress", "Report generation is still in progress", 404)
            if self._expired(self._last):
                return error("ReportExpired", "Credential report has expired, run generate first", 410)
            return report(self._last.text, f"{self._last.generated_at:%Y-%m-%dT%H:%M:%SZ}")

    def _ready(self, last: Made) -> bool:
        return self._clock() >= last.ready_at

    def _expired(self, last: Made) -> bool:
        return self._ready(last) and self._clock() - last.generated_at >= LIFETIME


def report_of_moto(account_id: str = DEFAULT_ACCOUNT_ID) -> str:
    """Return the credential report of moto's account: root first, users sorted ignoring case, quoted CSV."""
    backend: Any = iam_backends[account_id]["aws"]
    policy = backend.account_password_policy
    max_age_days = policy.max_password_age if policy else 0
    users = sorted(backend.users.values(), key=lambda user: user.name.lower())
    return report_csv((_line(_cells(user, max_age_days)) for user in users), account_id)


def _line(cells: Sequence[str]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _cells(user: Any, max_age_days: int) -> list[str]:
    keys = chain.from_iterable(_key_cells(key) for key in _two(user.access_keys))
    certificates = chain.from_iterable(_certificate_cells(each) for each in _two(user.signing_certificates.values()))
    mfa = str(bool(user.mfa_devices)).lower()
    return [
        user.name,
        user.arn,
        _time(user.create_date),
        *_password_cells(user, max_age_days),
        mfa,
        *keys,
        *certificates,
    ]


def _password_cells(user: Any, max_age_days: int) -> Iterator[str]:
    """Return the cells for a password: enabled, last used, last changed, and next rotation.

    moto does not record when a password was changed; it counts as old as the user.
    """
    if not user.password:
        return iter(("false", "N/A", "N/A", "N/A"))
    used = _time(user.password_last_used) if user.password_last_used else "no_information"
    due = _time(user.create_date + timedelta(days=max_age_days)) if max_age_days else "N/A"
    return iter(("true", used, _time(user.create_date), due))


def _two(things: Any) -> Sequence[Any]:
    return [*things, None, None][:2]


def _key_cells(key: Any) -> Sequence[str]:
    """Return a key's cells; an inactive key keeps its time of creation."""
    if key is None:
        return ("false", "N/A", "N/A", "N/A", "N/A")
    used = (_time(key.last_used.timestamp), key.last_used.region, key.last_used.service) if key.last_used else ()
    return (str(key.status == "Active").lower(), _time(key.create_date), *(used or ("N/A", "N/A", "N/A")))


def _certificate_cells(certificate: Any) -> Sequence[str]:
    if certificate is None:
        return ("false", "N/A")
    return (str(certificate.status == "Active").lower(), _time(certificate.upload_date))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
