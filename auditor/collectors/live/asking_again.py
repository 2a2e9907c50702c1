"""Retries after an invalid response, such as one that was cut during transfer, or a proxy's page.

botocore retries throttled calls itself; session.py sets how often.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

T = TypeVar("T")

_NO_ANSWER = (ResponseParserError, KeyError)  # botocore raises KeyError for XML of another response


_PAUSES_S = (0.5, 1.0)


def answered(call: Callable[[], T], sleep: Callable[[float], object]) -> T:
    """Call AWS and return the response; call again if the response is invalid, such as one that was cut.

    botocore retries after errors of AWS and of connections, but accepts a response that ends too early.
    Raises ResponseParserError if every response is invalid, CredentialRetrievalError if botocore could not renew the
    credentials, and everything else that `call` raises.
    """
    try:
        for pause_s in _PAUSES_S:
            try:
                return call()
            except _NO_ANSWER:
                sleep(pause_s)
        return call()
    except KeyError as error:
        raise ResponseParserError(f"the answer has no {error}") from error
    except RuntimeError as error:  # botocore's error for renewed credentials that are already expired
        raise aws.CredentialRetrievalError(provider="the refresh", error_msg=str(error)) from error


def holding(call: Callable[..., Any], key: str) -> Callable[..., Any]:
    """Return a function that calls a JSON service and raises ResponseParserError if the response lacks `key`.

    botocore treats incomplete JSON, and anything else that is not JSON, as a response without keys; JSON of another
    form makes it fail with unspecific errors.
    """

    def checked(**given: Any) -> Any:
        try:
            answer = call(**given)
        except (AttributeError, TypeError) as error:
            raise ResponseParserError("the answer is of another form") from error
        if key not in answer:
            raise ResponseParserError(f"the answer has no {key}")
        return answer

    return checked
