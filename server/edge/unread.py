"""Responses to requests that gunicorn cannot parse, which do not reach Django."""

import logging

from django.http import JsonResponse
from django_guid import clear_guid, set_guid
from django_guid.utils import generate_guid
from gunicorn.http import errors

from profiles.core.metrics import OPERATIONS, OTHER
from profiles.core.outcomes import Outcome, Refused, refusal
from profiles.rest.exceptions import body_of

logger = logging.getLogger(__name__)

MESSAGES = {
    errors.LimitRequestLine: "The URL is too long. A long GraphQL document goes by POST.",
    errors.LimitRequestHeaders: "There are too many headers, or one is too long.",
}
OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def answer_to(error: Exception) -> bytes:
    """The complete response, in bytes, to a request that gunicorn could not parse or answer.

    Logs the error under the response's request id.
    """
    request_id = set_guid(generate_guid())
    refused = _refused(error)
    OPERATIONS.labels(OTHER, OTHER, refused.outcome.code).inc()
    clear_guid()
    headers = {"Connection": "close", "X-Request-ID": request_id}
    response = JsonResponse(body_of(refused), status=refused.outcome.status, headers=headers)
    response["Content-Length"] = str(len(response.content))
    status = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n"
    return status.encode() + response.serialize_headers() + b"\r\n\r\n" + response.content


def _refused(error: Exception) -> Refused:
    """The refusal for an error. The log names only the error's type, because a malformed header may hold a token."""
    if not isinstance(error, errors.ParseException) or isinstance(error, OURS):
        return refusal(error)
    logger.warning("What came is no HTTP: %s", type(error).__name__)
    return Refused(Outcome.BAD_REQUEST, MESSAGES.get(type(error), ""))
