"""Views outside both APIs, and responses to requests that reach neither."""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.core.metrics import OUTCOME
from profiles.core.negotiation import JSON
from profiles.core.outcomes import Outcome, Refused, refusal


class IndexView(APIView):
    """`/`: links to the APIs, the docs and the admin."""

    schema = None  # not an operation of the OpenAPI contract

    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        paths = {
            "rest": "/profiles/me/",
            "graphql": "/graphql/",
            "token": "/auth/token/",
            "docs": "/docs/",
            "guide": settings.GUIDE,
            "admin": "/admin/",
        }
        return Response({name: request.build_absolute_uri(path) for name, path in paths.items()})


REFUSALS = (Refused, SuspiciousOperation, BadRequest, PermissionDenied, Http404)
"""Exceptions that refuse a request. Any other exception is a bug."""


class RefusalMiddleware:
    """Answers refusals that views outside the APIs raise, such as the admin's.

    Without it, Django logs a refusal with its traceback, and some as internal errors.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, refusal(exception)) if isinstance(exception, REFUSALS) else None


def answer(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The response to a refusal: a page in the admin, a GraphQL error under `/graphql/`, otherwise REST's error."""
    match = _match(request)
    if match and "admin" in match.app_names:
        request.META[OUTCOME] = refused.outcome.code
        return _page(refused)
    view = getattr(match and match.func, "cls", APIView)()
    said = view.get_exception_handler()(refused, {"view": view, "request": request, "args": (), "kwargs": {}})
    del said["Content-Type"]  # JsonResponse sets it
    kind = said.content_type or JSON
    return JsonResponse(said.data, status=said.status_code, headers=said.headers, content_type=kind)


def _match(request: HttpRequest) -> ResolverMatch | None:
    try:
        return resolve(request.path_info)
    except Resolver404:  # the request target is not a path
        return None


def _page(refused: Refused) -> HttpResponse:
    """A page that needs neither the database nor the caller, because reading them may be what failed."""
    seconds = refused.details.get("retry_after")
    context = {
        "title": HTTPStatus(refused.outcome.status).phrase,
        "message": _("Try again in {seconds} seconds.").format(seconds=seconds) if seconds else refused.message,
        "id": refused.details.get("id"),
    }
    page = render_to_string("admin/refused.html", context)
    return HttpResponse(page, status=refused.outcome.status, headers=refused.headers)


@csrf_exempt  # every method gets 404
def not_found(request: HttpRequest) -> HttpResponse:
    return answer(request, Refused(Outcome.NOT_FOUND, _("Path not found. The start page is /.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        message = _("The Host header names another host. Send a host name of this service.")
        return answer(request, Refused(Outcome.BAD_REQUEST, message))
    return answer(request, refusal(exception))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Refused(Outcome.FORBIDDEN))


def internal(request: HttpRequest) -> HttpResponse:
    return answer(request, refusal(sys.exception() or RuntimeError("no exception in hand")))
