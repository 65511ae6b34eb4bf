"""The pages that belong to neither door, and the answers to what reaches neither."""

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from profiles.exceptions import body_of
from profiles.outcomes import Outcome, Refused, refusal


def index(request: HttpRequest) -> JsonResponse:
    """Where to look."""
    paths = {
        "rest": "/profiles/me/",
        "graphql": "/graphql/",
        "token": "/auth/token/",
        "docs": "/docs/",
        "openapi": "/openapi.json",
        "admin": "/admin/",
    }
    return JsonResponse({name: request.build_absolute_uri(path) for name, path in paths.items()})


class ContractView(View):
    """A published contract, as it is committed."""

    http_method_names = ["get", "head"]
    text = ""
    media_type = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(self.text, content_type=self.media_type)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return answer(Refused(Outcome.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"}))


def answer(refused: Refused) -> JsonResponse:
    return JsonResponse(body_of(refused), status=refused.outcome.status, headers=refused.headers)


def not_found(request: HttpRequest) -> JsonResponse:
    return answer(Refused(Outcome.NOT_FOUND, "There is nothing at this path."))


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    return answer(Refused(Outcome.BAD_REQUEST))


def forbidden(request: HttpRequest, exception: Exception) -> JsonResponse:
    return answer(Refused(Outcome.FORBIDDEN))


def internal(request: HttpRequest) -> JsonResponse:
    return answer(refusal(sys.exception() or RuntimeError("no exception in hand")))
