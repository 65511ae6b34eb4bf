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
from profiles.identity.throttling import Budget, OperationThrottle, require_patience, spend, spend_after_reading

KEY_SET_AGE = 300  # seconds for which a verifier elsewhere may cache the keys


class IdentityThrottle(OperationThrottle):
    """Counts a POST and the attempts of its view's `operation` in one call, before validation.

    Raises:
        Refused: THROTTLED, or the error of the body, where the attempts depend on it.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        actor, operation = actor_of(request), cast(IdentityView, view).operation
        if request.method != "POST" or operation.attempts is None:
            return super().allow_request(request, view)
        if not operation.counts_input:
            spend(request, actor, Budget.WRITES, attempts=operation.attempts(request, actor, None))
            return True
        require_patience(request, actor)
        sent = None
        try:
            sent = request.data
        finally:
            spend_after_reading(request, actor, Budget.WRITES, attempts=operation.attempts(request, actor, sent))
        return True


class IdentityView(GenericAPIView[Any]):
    """`/auth/…/`: authorize, validate, perform, respond. `as_view()` takes the operation and its `serializer_class`."""

    permission_classes = (AllowAny,)  # `operation.authorize` asks the policy, after the request is counted
    throttle_classes = (IdentityThrottle,)
    operation = cast(Operation, None)

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

    def get(self, request: Request) -> Response:
        return Response(keys.key_set(), headers={"Cache-Control": f"public, max-age={KEY_SET_AGE}"})
