"""The pages that belong to neither door, and the answers to what reaches neither."""

import sys

from django.http import HttpRequest, JsonResponse

from profiles.exceptions import body_of
from profiles.outcomes import Outcome, Refused, refusal


def index(request: HttpRequest) -> JsonResponse:
    """Where to look."""
    paths = {
        "rest": "/profiles/me/",
        "graphql": "/graphql/",
        "token": "/auth/token/",
        "docs": "/docs/",
        "admin": "/admin/",
    }
    return JsonResponse({name: request.build_absolute_uri(path) for name, path in paths.items()})


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
