"""Asking again: what comes is no answer of AWS, but a body that was cut on its way, or a proxy's page.

Throttled calls are botocore's business: session.py sets how often it tries.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

T = TypeVar("T")

_NO_ANSWER = (ResponseParserError, KeyError)  # the second is botocore's word on XML that answers another question


_PAUSES_S = (0.5, 1.0)


def answered(ask: Callable[[], T], sleep: Callable[[float], object]) -> T:
    """Ask AWS, and ask again where what comes is no answer: a body that was cut on its way, or a proxy's page.

    botocore asks again after errors of AWS and of connections, but takes a body that ends too early for a whole one.
    Raises ResponseParserError if no answer comes, CredentialRetrievalError where botocore renewed the credentials in
    vain, and whatever else `ask` raises.
    """
    try:
        for pause_s in _PAUSES_S:
            try:
                return ask()
            except _NO_ANSWER:
                sleep(pause_s)
        return ask()
    except KeyError as error:
        raise ResponseParserError(f"the answer has no {error}") from error
    except RuntimeError as error:  # botocore's word on credentials that have ended when it has just renewed them
        raise aws.CredentialRetrievalError(provider="the refresh", error_msg=str(error)) from error


def holding(ask: Callable[..., Any], key: str) -> Callable[..., Any]:
    """Return a call of a JSON service that raises ResponseParserError where the answer lacks `key`.

    botocore takes JSON that was cut, or anything else that is no JSON, for an answer without keys; at JSON of another
    form it fails with whatever error comes of that.
    """

    def checked(**given: Any) -> Any:
        try:
            answer = ask(**given)
        except (AttributeError, TypeError) as error:
            raise ResponseParserError("the answer is of another form") from error
        if key not in answer:
            raise ResponseParserError(f"the answer has no {key}")
        return answer

    return checked
