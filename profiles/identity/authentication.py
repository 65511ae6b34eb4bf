"""REST framework's authentication class."""

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
    """Sets `request.auth` to the `Actor`. Without a header, the setting UNAUTHENTICATED_TOKEN sets it to `Actor()`."""

    def authenticate(self, request: Request) -> tuple[Profile, Actor] | None:
        try:
            actor = _identified(request)
        except Refused:
            spend(request, Actor(), Budget.READS)  # an invalid token counts against the client's network
            raise
        if actor.profile is None:
            return None
        if actor.personal_token:
            note_later(request, actor.personal_token)
        return actor.profile, actor

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _identified(request: Request) -> Actor:
    """The caller of a request. Raises as `tokens.identify` and `provision` do."""
    try:
        return tokens.identify(request.headers.get("Authorization"))
    except NoAccount as refused:
        return provision(request, refused)
