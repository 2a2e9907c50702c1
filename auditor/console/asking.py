"""Runs `iam-audit can`: shows what a user may do, and returns the exit code."""

from collections.abc import Iterator, Sequence

import click
import msgspec

from auditor import can
from auditor.account.sources import POLICIES_OF_USERS, Source
from auditor.console import places
from auditor.console.messages import speaker, wants_progress
from auditor.console.requests import CanRequest
from auditor.policies.access.answer import NOT_CONSIDERED, Answer, Decision
from auditor.policies.access.sessions import Session
from auditor.writers.json import shown
from auditor.writers.visible import visible

_SOURCES = POLICIES_OF_USERS | {Source.PASSWORD_POLICY, Source.ACCOUNT_SUMMARY}
_SESSIONS = {
    Session.NO_MFA: "console without MFA",
    Session.MFA: "console with MFA",
    Session.ACCESS_KEY: "long-term access key",
}
_CODES = {Decision.ALLOW: 0, Decision.UNDECIDED: 4}
_DENIED = 1


def ask(request: CanRequest) -> int:
    """Show the answers and return the exit code.

    With one session: 0 for allow, 1 for a denial, 4 for undecided. With all three: 4 if one is undecided, otherwise 0.
    """
    say = speaker(quiet=request.quiet)
    places.check(request.account)
    snapshot = places.collect(request.account, _SOURCES, say, progress=wants_progress(quiet=request.quiet))
    sessions = list(Session) if request.session is None else [Session(request.session)]
    user, action, resource = request.user, request.action, request.resource
    answers = [can(snapshot, user=user, action=action, resource=resource, session=each) for each in sessions]
    _show(answers, request)
    code = _code(answers, one=request.session is not None)
    say(f"Exit code {code}: {', '.join(f'{each.session} {each.decision}' for each in answers)}")
    return code


def _code(answers: Sequence[Answer], *, one: bool) -> int:
    if one:
        return _CODES.get(answers[0].decision, _DENIED)
    return _CODES[Decision.UNDECIDED] if any(each.decision is Decision.UNDECIDED for each in answers) else 0


def _show(answers: Sequence[Answer], request: CanRequest) -> None:
    if request.output_format == "json":
        documents = [each.as_json() for each in answers]
        encoded = msgspec.json.encode(documents if request.session is None else documents[0])
        click.echo(b"".join(shown(msgspec.json.format(encoded, indent=2))).decode())
        return
    for line in _lines(answers):
        click.echo(visible(line))


def _lines(answers: Sequence[Answer]) -> Iterator[str]:
    """Yield the lines that show the answers for one action in one or more sessions."""
    first = answers[0]
    yield f"{first.user}: {first.action} on {first.resource}"
    for answer in answers:
        yield f"  {_SESSIONS[answer.session]:<21} {answer.decision:<14} {answer.reason}"
    yield NOT_CONSIDERED
