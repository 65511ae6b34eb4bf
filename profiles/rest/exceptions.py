"""Error responses of REST."""

from typing import Any

from drf_standardized_errors.handler import exception_handler as standardized
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import set_rollback

from profiles.core.metrics import OUTCOME
from profiles.core.outcomes import INVALID, Refused, refusal


def exception_handler(exception: Exception, context: ExceptionHandlerContext) -> Response | None:
    """REST framework's hook: renders invalid input with drf-standardized-errors, other exceptions from the catalogue.

    Sets the outcome in the request's META, for the metrics.
    """
    meta: dict[str, Any] = context["request"].META  # type: ignore[union-attr]  # there is one in every call
    if isinstance(exception, ValidationError):
        meta[OUTCOME] = INVALID
        return standardized(exception, context)
    set_rollback()
    refused = refusal(exception)
    meta[OUTCOME] = refused.outcome.code
    return Response(body_of(refused), status=refused.outcome.status, headers=refused.headers)


def body_of(refused: Refused) -> dict[str, Any]:
    """The body of an error response, in the format of drf-standardized-errors, with the refusal's details."""
    outcome = refused.outcome
    return {
        "type": "client_error" if outcome.status < 500 else "server_error",
        "errors": [{"code": outcome.code, "detail": refused.message, "attr": None}],
        **refused.details,
    }
