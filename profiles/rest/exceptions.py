"""Error responses of REST: in the format of drf-standardized-errors, or as problem details (RFC 9457)."""

from typing import Any, cast

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django_guid import get_guid
from drf_standardized_errors.handler import exception_handler as standardized
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import set_rollback

from profiles.core.metrics import OUTCOME
from profiles.core.negotiation import PROBLEM, prefers_problem
from profiles.core.outcomes import INVALID, Outcome, Refused, refusal

OUTCOMES = "/guide/reference/outcomes/"  # the page of the guide that explains each outcome
INVALID_TITLE = _("Invalid input. Correct the fields that errors names.")
INVALID_INPUT = "codes-of-invalid-input"  # its section about invalid fields


def exception_handler(exception: Exception, context: ExceptionHandlerContext) -> Response | None:
    """REST framework's hook: renders invalid input with drf-standardized-errors, other exceptions from the catalogue.

    Sets the outcome in the request's META, for the metrics.
    """
    meta: dict[str, Any] = context["request"].META  # type: ignore[union-attr]  # there is one in every call
    if isinstance(exception, ValidationError):
        meta[OUTCOME] = INVALID
        invalid = cast(Response, standardized(exception, context))
        return _negotiated(invalid, meta, section=INVALID_INPUT, title=gettext(INVALID_TITLE))
    set_rollback()
    refused = refusal(exception)
    meta[OUTCOME] = refused.outcome.code
    types = getattr(context["view"], "accept_patch", "")
    if types and refused.outcome is Outcome.UNSUPPORTED_MEDIA_TYPE:
        refused.headers["Accept-Patch"] = types  # RFC 5789, section 2.2
    response = Response(body_of(refused), status=refused.outcome.status, headers=refused.headers)
    return _negotiated(response, meta, section=section_of(refused.outcome), title=refused.outcome.message)


def body_of(refused: Refused) -> dict[str, Any]:
    """The body of an error response, in the format of drf-standardized-errors, with the refusal's details."""
    outcome = refused.outcome
    return {
        "type": "client_error" if outcome.status < 500 else "server_error",
        "errors": [{"code": outcome.code, "detail": refused.message, "attr": None}],
        **refused.details,
    }


def section_of(outcome: Outcome) -> str:
    """The outcome's section in the guide's page."""
    return outcome.code.lower()


def problem_of(body: dict[str, Any], *, status: int, section: str, title: str, request_id: str) -> dict[str, Any]:
    """The problem details of an error (RFC 9457, section 3.1), with `errors` and the details as extension members.

    Args:
        body: the error in the format of drf-standardized-errors.
        status: the HTTP status.
        section: the outcome's section in the guide's page, for `type`.
        title: the summary of this type of problem, translated.
        request_id: the UUID of the request in the log.
    """
    return {
        "type": f"{OUTCOMES}#{section}",
        "title": title,
        "status": status,
        "detail": body["errors"][0]["detail"],
        "instance": f"urn:uuid:{request_id}",
        **{name: value for name, value in body.items() if name != "type"},
    }


def _negotiated(response: Response, meta: dict[str, Any], *, section: str, title: str) -> Response:
    """The error response, converted to problem details if `Accept` prefers them."""
    if prefers_problem(meta.get("HTTP_ACCEPT", "")):
        status, request_id = response.status_code, get_guid() or ""
        response.data = problem_of(response.data, status=status, section=section, title=title, request_id=request_id)
        response.content_type = PROBLEM
    return response
