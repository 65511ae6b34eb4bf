"""Who is calling, for REST framework."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from profiles import tokens
from profiles.models import Profile
from profiles.policy import Actor


class BearerAuthentication(BaseAuthentication):
    """Makes `request.auth` the `Actor`; where there is no header, the settings make it `Actor()`."""

    def authenticate(self, request: Request) -> tuple[Profile, Actor] | None:
        actor = tokens.identify(request.headers.get("Authorization"))
        return None if actor.profile is None else (actor.profile, actor)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
