"""AWS's JSON protocols: the parameters of calls, the form of errors, and the pages of ListAnalyzers.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from aws_pages import marker_of, place_of
from aws_wire import Answer

_ANALYZERS = {"GET": "ListAnalyzers", "PUT": "CreateAnalyzer"}
_SECURITY_HUB = {"/findings": "GetFindings", "/findings/import": "BatchImportFindings"}
_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ServiceFailure": "InternalServerException",
    "ServiceUnavailable": "ServiceUnavailableException",
    "Throttling": "ThrottlingException",  # but of Organizations: TooManyRequestsException
    "ValidationError": "ValidationException",
}
"""The error codes of JSON services for those of IAM and STS; other codes are the same."""


def parameters_of(environ: Mapping[str, Any], body: bytes) -> dict[str, str]:
    """Return the parameters of a call, in any protocol, as those of the Query protocol."""
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        given: Mapping[str, Any] = json.loads(body or b"{}")
        return {"Action": target.rpartition(".")[2], **{name: str(value) for name, value in given.items()}}
    if environ["PATH_INFO"].startswith("/analyzer"):
        return {"Action": _ANALYZERS[environ["REQUEST_METHOD"]], **dict(parse_qsl(environ["QUERY_STRING"]))}
    if environ["PATH_INFO"] in _SECURITY_HUB:
        return {"Action": _SECURITY_HUB[environ["PATH_INFO"]]}
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def json_answer(content: Mapping[str, Any]) -> Answer:
    """Return an answer of a JSON service."""
    return Answer(200, json.dumps(content), headers=(("Content-Type", "application/x-amz-json-1.1"),))


def in_json(answer: Answer) -> Answer:
    """Return an error of the Query protocol in the form of JSON services; other answers are unchanged."""
    if not answer.body.startswith("<ErrorResponse>"):
        return answer
    error = ET.fromstring(answer.body)
    code = error.findtext("Error/Code", "")
    code = _CODES.get(code, code)
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code))
    content = {"__type": code, "message": error.findtext("Error/Message", "")}
    return answer._replace(body=json.dumps(content), headers=headers)


def page_of_analyzers(whole: Answer, parameters: Mapping[str, str], sizes: Sequence[int]) -> Answer:
    """Return a page of the whole answer of ListAnalyzers; raise BadPageError for a token that was never returned."""
    listed = json.loads(whole.body)["analyzers"]
    number, first = place_of(_marked(parameters))
    last = min(first + sizes[number % len(sizes)], len(listed))
    more = {"nextToken": marker_of(_marked(parameters), number + 1, last)} if last < len(listed) else {}
    return whole._replace(body=json.dumps({"analyzers": listed[first:last], **more}))


def _marked(parameters: Mapping[str, str]) -> dict[str, str]:
    token = parameters.get("nextToken")
    return {"Action": parameters["Action"], **({"Marker": token} if token is not None else {})}
