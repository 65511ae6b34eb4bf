"""The REST door's side of identity: thin adapters."""

from typing import Any, cast

from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.core.actors import Actor
from profiles.identity import credentials, families, keys, tokens
from profiles.identity.throttling import PasswordThrottle, SignInThrottle
from profiles.policy import AccountAction, policy

KEY_SET_AGE = 300  # seconds that whoever verifies elsewhere may keep the keys


class IdentityView(GenericAPIView[Any]):
    """Validate, perform, answer: each operation is a POST."""

    permission_classes = (AllowAny,)  # what proves who is calling is in the body, or `policy.own` asks

    def post(self, request: Request) -> Response:
        self.check(cast(Actor, request.auth))
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer = self.perform(**serializer.validated_data)
        return Response(answer, headers={"Cache-Control": "no-store"})  # RFC 6749, section 5.1

    def check(self, actor: Actor) -> None:
        """Refuse whoever may not, before anything is validated."""

    def perform(self, **values: Any) -> dict[str, Any]:
        raise NotImplementedError


class TokenView(IdentityView):
    """`/auth/token/`: tokens for a username and a password."""

    serializer_class = credentials.SignIn
    throttle_classes = (SignInThrottle,)

    def perform(self, **values: Any) -> dict[str, Any]:
        return credentials.Tokens(families.sign_in(self.request, **values)).data


class RefreshView(IdentityView):
    """`/auth/token/refresh/`: the next tokens for a refresh token."""

    serializer_class = credentials.Refresh

    def perform(self, **values: Any) -> dict[str, Any]:
        return credentials.Tokens(families.refresh(self.request, **values)).data


class VerifyView(IdentityView):
    """`/auth/token/verify/`: what an access token says."""

    serializer_class = credentials.Verify

    def perform(self, **values: Any) -> dict[str, Any]:
        return credentials.TokenFacts(tokens.read(**values)).data


class RevokeView(IdentityView):
    """`/auth/token/revoke/`: the end of a refresh token's family."""

    serializer_class = credentials.Refresh

    def perform(self, **values: Any) -> dict[str, Any]:
        families.revoke(self.request, **values)
        return {"revoked": True}


class LogoutEverywhereView(IdentityView):
    """`/auth/logout-everywhere/`: the end of every token and session of the caller."""

    serializer_class = credentials.Nothing

    def check(self, actor: Actor) -> None:
        self.profile = policy.own(actor, AccountAction.SIGN_OUT)

    def perform(self, **values: Any) -> dict[str, Any]:
        families.sign_out_everywhere(self.request, self.profile)
        return {"logged_out": True}


class PasswordView(IdentityView):
    """`/auth/password/`: a new password for the caller, and new tokens."""

    serializer_class = credentials.NewPassword
    throttle_classes = (PasswordThrottle,)

    def check(self, actor: Actor) -> None:
        self.profile = policy.own(actor, AccountAction.CHANGE_PASSWORD)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "profile": self.profile}

    def perform(self, **values: Any) -> dict[str, Any]:
        return credentials.Tokens(families.change_password(self.request, self.profile, **values)).data


class KeySetView(APIView):
    """`/.well-known/jwks.json`: the public keys, for whoever verifies tokens elsewhere."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response(keys.key_set(), headers={"Cache-Control": f"public, max-age={KEY_SET_AGE}"})
