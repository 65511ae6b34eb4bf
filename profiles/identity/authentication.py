"""Who is calling, for REST framework."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from profiles.core.actors import Actor
from profiles.core.outcomes import Refused
from profiles.identity import tokens
from profiles.identity.external import NoAccount
from profiles.identity.provisioning import provision
from profiles.identity.throttling import Budget, spend
from profiles.identity.uses import note_later
from profiles.models import Profile


class BearerAuthentication(BaseAuthentication):
    """Makes `request.auth` the `Actor`; where there is no header, the settings make it `Actor()`."""

    def authenticate(self, request: Request) -> tuple[Profile, Actor] | None:
        try:
            actor = _identified(request)
        except Refused:
            spend(request, Actor(), Budget.READS)  # a bad token has no other spender than its address
            raise
        if actor.profile is None:
            return None
        if actor.personal_token:
            note_later(request, actor.personal_token)
        return actor.profile, actor

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _identified(request: Request) -> Actor:
    """Who sends a request. Raises as `tokens.identify` and `provision` do."""
    try:
        return tokens.identify(request.headers.get("Authorization"))
    except NoAccount as refused:
        return provision(request, refused)
