"""Identity over REST: one view for all operations of `identity.operations`, and the public keys."""

from typing import Any, cast

from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.identity import keys
from profiles.identity.callers import actor_of
from profiles.identity.operations import Operation
from profiles.identity.throttling import Attempts

KEY_SET_AGE = 300  # seconds for which a verifier elsewhere may cache the keys


class IdentityView(GenericAPIView[Any]):
    """`/auth/…/`: authorize, validate, perform, respond. `as_view()` takes the operation and its `serializer_class`."""

    permission_classes = (AllowAny,)  # `operation.authorize` asks the policy, after the request is counted
    operation = cast(Operation, None)

    @property
    def operations(self) -> dict[str, str]:
        return {"POST": self.operation.name}

    @property
    def attempts(self) -> Attempts | None:
        return self.operation.attempts

    @property
    def counts_input(self) -> bool:
        return self.operation.counts_input

    def post(self, request: Request) -> Response:
        profile = self.operation.authorize(actor_of(request))
        serializer = self.get_serializer(data=request.data, context={"profile": profile})
        serializer.is_valid(raise_exception=True)
        output = self.operation.perform(request, profile, **serializer.validated_data)
        return Response(output, headers={"Cache-Control": "no-store"})  # RFC 6749, section 5.1


class KeySetView(APIView):
    """`/.well-known/jwks.json`: the public keys, for those who verify tokens elsewhere (RFC 7517)."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    operations = {"GET": "getKeySet"}

    def get(self, request: Request) -> Response:
        return Response(keys.key_set(), headers={"Cache-Control": f"public, max-age={KEY_SET_AGE}"})
