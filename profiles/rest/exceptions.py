"""How an exception looks over REST."""

from typing import Any

from drf_standardized_errors.handler import exception_handler as standardized
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import set_rollback

from profiles.core.metrics import OUTCOME
from profiles.core.outcomes import INVALID, Outcome, Refused, refusal


def exception_handler(exception: Exception, context: ExceptionHandlerContext) -> Response | None:
    """REST framework's hook: invalid input by its standard shape, all else by the catalogue.

    The outcome is noted in the request's META, for the metrics.
    """
    meta: dict[str, Any] = context["request"].META  # type: ignore[union-attr]  # there is one in every call
    if isinstance(exception, ValidationError):
        meta[OUTCOME] = INVALID
        return standardized(exception, context)
    set_rollback()
    refused = refusal(exception)
    meta[OUTCOME] = refused.outcome.code
    types = getattr(context["view"], "accept_patch", "")
    if types and refused.outcome is Outcome.UNSUPPORTED_MEDIA_TYPE:
        refused.headers["Accept-Patch"] = types  # RFC 5789, section 2.2
    return Response(body_of(refused), status=refused.outcome.status, headers=refused.headers)


def body_of(refused: Refused) -> dict[str, Any]:
    """The body of an answer that refuses, in the shape of drf-standardized-errors, with its details."""
    outcome = refused.outcome
    return {
        "type": "client_error" if outcome.status < 500 else "server_error",
        "errors": [{"code": outcome.code, "detail": refused.message, "attr": None}],
        **refused.details,
    }
