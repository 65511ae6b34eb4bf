"""Identity over REST: the view of all operations in `identity.operations`, and the public keys."""

from typing import Any, ClassVar

from django.urls import URLPattern, re_path
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.status import HTTP_204_NO_CONTENT
from rest_framework.views import APIView

from profiles.core.models import Source
from profiles.identity import keys
from profiles.identity.callers import actor_of
from profiles.identity.operations import OPERATIONS, Operation
from profiles.identity.throttling import Attempts
from profiles.rest.permissions import require_operation_of
from profiles.rest.queries import require_known_parameters

KEY_SET_AGE = 300  # seconds that other services may cache the keys


class IdentityView(GenericAPIView[Any]):
    """The operations of one path: authorize, validate, perform, respond. See `routes`."""

    permission_classes = (AllowAny,)  # `operation.authorize` checks the policy, after rate limits
    by_method: ClassVar[dict[str, Operation]] = {}

    @property
    def operations(self) -> dict[str, str]:
        return {method: operation.name for method, operation in self.by_method.items()}

    @property
    def operation(self) -> Operation:
        return self.by_method["GET" if self.request.method == "HEAD" else str(self.request.method)]

    @property
    def attempts(self) -> Attempts | None:
        return self.by_method["POST"].attempts if "POST" in self.by_method else None

    @property
    def counts_input(self) -> bool:
        return self.operation.counts_input

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if require_operation_of(self, request):
            require_known_parameters(request)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return self.operation.input

    def perform(self, request: Request, **path: str) -> Response:
        operation = self.operation
        profile = operation.authorize(actor_of(request))
        sent = request.data if operation.method == "POST" else path
        serializer = self.get_serializer(data=sent, context={"profile": profile})
        serializer.is_valid(raise_exception=True)
        output = operation.perform(request, profile, Source.REST, **serializer.validated_data)
        body = None if operation.status == HTTP_204_NO_CONTENT else output
        return Response(body, operation.status, headers={"Cache-Control": "no-store"})  # RFC 6749, section 5.1


def routes() -> list[URLPattern]:
    """The URL patterns of all identity operations, with and without trailing slash; one view per path."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in sorted(OPERATIONS, key=lambda each: "{id}" in each.path):  # last, because `{id}` matches any text
        paths.setdefault(operation.path, {})[operation.method] = operation
    return [_route(path, by_method) for path, by_method in paths.items()]


def _route(path: str, by_method: dict[str, Operation]) -> URLPattern:
    methods = {method.lower(): IdentityView.perform for method in by_method}
    view: type[IdentityView] = type("IdentityView", (IdentityView,), {"by_method": by_method, **methods})
    pattern = path[1:].replace("{id}", "(?P<id>[^/]+)")
    return re_path(rf"^{pattern}/?$", view.as_view(), name=next(iter(by_method.values())).name)


class KeySetView(APIView):
    """`/.well-known/jwks.json`: the public keys, for other services that verify tokens (RFC 7517)."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    operations = {"GET": "getKeySet"}

    def get(self, request: Request) -> Response:
        require_known_parameters(request)
        return Response(keys.key_set(), headers={"Cache-Control": f"public, max-age={KEY_SET_AGE}"})
