"""The pages that belong to neither door, and the answers to what reaches neither."""

import sys

from django.http import HttpRequest, JsonResponse
from django.urls import resolve
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.outcomes import Outcome, Refused, refusal


class IndexView(APIView):
    """`/`: where to look."""

    schema = None  # a page, and no operation of the contract

    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        paths = {
            "rest": "/profiles/me/",
            "graphql": "/graphql/",
            "token": "/auth/token/",
            "docs": "/docs/",
            "admin": "/admin/",
        }
        return Response({name: request.build_absolute_uri(path) for name, path in paths.items()})


def answer(request: HttpRequest, refused: Refused) -> JsonResponse:
    """In the words of the door that the path leads to, and of REST's where it leads to none."""
    view = getattr(resolve(request.path_info).func, "cls", APIView)()
    said = view.get_exception_handler()(refused, {"view": view, "request": None, "args": (), "kwargs": {}})
    del said["Content-Type"]  # it was to be rendered yet
    return JsonResponse(said.data, status=said.status_code, headers=said.headers)


@csrf_exempt  # whatever the method, there is nothing
def not_found(request: HttpRequest) -> JsonResponse:
    return answer(request, Refused(Outcome.NOT_FOUND, _("There is nothing at this path. Begin at /.")))


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    return answer(request, refusal(exception))


def forbidden(request: HttpRequest, exception: Exception) -> JsonResponse:
    return answer(request, Refused(Outcome.FORBIDDEN))


def internal(request: HttpRequest) -> JsonResponse:
    return answer(request, refusal(sys.exception() or RuntimeError("no exception in hand")))
