"""Batch reads: several GETs in one request, like a GraphQL document with several root fields."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.core.fields import Line, StrictSerializer, invalid
from profiles.core.metrics import ENDED, OUTCOME
from profiles.core.models import Source
from profiles.core.outcomes import OK, InvalidCode
from profiles.core.preconditions import LONGEST
from profiles.core.resources import MOST_READS
from profiles.identity.callers import actor_of
from profiles.identity.throttling import Budget, operations_of, require_patience, spend_after_reading
from profiles.rest.queries import require_known_parameters
from profiles.rest.resources import ResourceAPIView
from server.edge.traffic import PATIENCE, traffic

OF_THE_BATCH = {"CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}  # not passed to its reads


class Read(StrictSerializer):
    """One read in a batch."""

    path = Line(
        max_length=4_000, help_text="Path of a row, a list or a history, with its query: `/profiles/1/?fields=id`."
    )
    if_none_match = Line(
        required=False, max_length=LONGEST, help_text="An entity tag, or several between commas, as in `If-None-Match`."
    )

    def validate_path(self, target: str) -> str:
        """The path; sets `match` to its resolver match."""
        path, _query, query = target.partition("?")
        try:
            target.encode("ascii")
            unquote(query, errors="strict")
            self.match = resolve(unquote(path, errors="strict"))
        except (UnicodeError, Resolver404):
            raise _no_read() from None
        view: type[Any] | None = getattr(self.match.func, "cls", None)
        if view is None or not issubclass(view, ResourceAPIView) or not view.in_batches:
            raise _no_read()
        return target


def _no_read() -> ValidationError:
    return invalid(_("Must be the path of a row, a list or a history, percent-encoded, with its query."))


class Identified(BaseAuthentication):
    """Authenticates each read as the batch's caller."""

    def __init__(self, batch: Request) -> None:
        self.batch = batch

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        return self.batch.user, self.batch.auth


class BatchView(APIView):
    """`/batch/`: up to `MOST_READS` reads, each with the response of its own GET. A token of read scope is enough."""

    permission_classes = (AllowAny,)  # each read checks its permissions
    operations = {"POST": "readBatch"}  # for a batch refused as a whole; otherwise each read is an operation

    def check_throttles(self, request: Request) -> None:
        """Count each read as one GET, and an invalid input as one."""
        actor = actor_of(request)
        require_patience(request, actor)
        self.reads: list[ResourceAPIView] = []
        try:
            require_known_parameters(request)
            self.reads = [self.view(read) for read in self.validated(request.data)]
        finally:
            spend_after_reading(request, actor, Budget.READS, max(1, sum(map(operations_of, self.reads))))

    def validated(self, sent: Any) -> list[Read]:
        """The validated reads of a body. Raises `ValidationError`."""
        are_reads = isinstance(sent, list) and all(isinstance(each, dict) for each in sent)
        if not are_reads or not 1 <= len(sent) <= MOST_READS:
            message = _("Must be a list of 1 to {most} reads, each an object with its 'path'.").format(most=MOST_READS)
            raise ValidationError([ErrorDetail(message, code=InvalidCode.INVALID)])
        reads = [Read(data=each) for each in sent]
        errors = [{} if read.is_valid() else dict(read.errors) for read in reads]
        if any(errors):
            raise ValidationError(errors)
        return reads

    def view(self, read: Read) -> ResourceAPIView:
        """The view of a read, set up with a GET request of the batch's caller, without throttles."""
        path, _query, query = read.validated_data["path"].partition("?")
        condition = read.validated_data.get("if_none_match")
        request = WSGIRequest(
            {name: value for name, value in self.request.META.items() if name not in OF_THE_BATCH}
            | {"REQUEST_METHOD": "GET", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query}
            | {"wsgi.input": BytesIO(), **({"HTTP_IF_NONE_MATCH": condition} if condition else {})}
        )
        of_the_caller = {"authentication_classes": (partial(Identified, self.request),), "throttle_classes": ()}
        found: Any = read.match.func
        view: ResourceAPIView = found.cls(**found.initkwargs | of_the_caller)
        request.resolver_match = read.match
        view.setup(request, **read.match.kwargs)
        view.request = view.initialize_request(request)
        return view

    def post(self, request: Request) -> Response:
        ended: list[tuple[str, str, str]] = []
        request.META[ENDED] = lambda: ended
        if len(self.reads) == 1:
            return Response([self.answer(self.reads[0], ended)])
        answers, patience = [], PATIENCE
        with traffic.long_one():
            for read in self.reads:
                patience = traffic.give_way(patience)
                answers.append(self.answer(read, ended))
        return Response(answers)

    @staticmethod
    def answer(read: ResourceAPIView, ended: list[tuple[str, str, str]]) -> dict[str, Any]:
        """The response to a read; appends its operation, API and outcome to `ended`."""
        response: Any = read.dispatch(read.request._request, **read.kwargs)
        ended.append((read.operations["GET"], Source.REST, read.request.META.get(OUTCOME, OK)))
        return {"status": response.status_code, "etag": response.headers.get("ETag"), "body": response.data}
