"""REST views specific to profiles: sign-up, bulk update, `me`, exports."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from profiles import exports
from profiles.bulk import update_many
from profiles.core.models import Source, parse_key
from profiles.core.outcomes import InvalidCode
from profiles.core.policy import require_writer
from profiles.core.preconditions import entity_tag
from profiles.identity.throttling import sign_up_attempts
from profiles.models import named
from profiles.policy import AccountAction, policy
from profiles.resource import PROFILES
from profiles.rest.resources import HistoryView, ResourceAPIView, ResourceListView, ResourceView
from profiles.serializers import ProfileSerializer
from profiles.sign_up import sign_up


class ProfilesView(ResourceListView):
    """`/profiles/`: list, sign-up and bulk update."""

    resource = PROFILES
    attempts = staticmethod(sign_up_attempts)

    @property
    def operations(self) -> dict[str, str]:
        return {**super().operations, "PATCH": "updateProfiles"}

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        made = sign_up(self.actor, request.data, key=request.headers.get("Idempotency-Key"))
        headers = {**self.get_success_headers(made.shown), "ETag": entity_tag(made.shown, made.shown["version"])}
        return Response(made.shown, status=HTTP_201_CREATED, headers=headers)

    def patch(self, request: Request) -> Response:
        require_writer(self.actor)  # before the body is read, as for one profile
        items = request.data
        if not isinstance(items, list):
            raise ValidationError([ErrorDetail(_("Must be a list of profiles."), code=InvalidCode.INVALID)])
        named = [(_key(item), item, None) for item in items]
        written = update_many(named, actor=self.actor, source=Source.REST, key=request.headers.get("Idempotency-Key"))
        return Response(list(ProfileSerializer(written, many=True, context={"actor": self.actor}).data))


def _key(item: Any) -> int | None:
    """The profile's primary key in a row of a bulk update; None if it is missing or invalid."""
    key = item.get("id") if isinstance(item, dict) else None
    return key if type(key) is int and parse_key(str(key)) else None


class MultipleLookups(ResourceAPIView):
    """Finds a profile by primary key, by username, or, for `me`, the caller's own."""

    resource = PROFILES

    def lookup(self) -> dict[str, Any] | None:
        if "username" in self.kwargs:
            return named(self.kwargs["username"])
        if "pk" in self.kwargs:
            return super().lookup()
        return {"pk": self.actor.profile.pk} if self.actor.profile else None


class ProfileView(MultipleLookups, ResourceView):
    """`/profiles/{id}/`."""


class OwnProfileView(ProfileView):
    """`/profiles/me/`: the caller's own profile."""

    @property
    def operations(self) -> dict[str, str]:
        """As for any profile, except `getOwnProfile`: a token can have this scope without `getProfile`."""
        return {**super().operations, "GET": "getOwnProfile"}


class ProfileByUsernameView(MultipleLookups, RetrieveAPIView[Any]):
    """`/profiles/by-username/{username}/`, ignoring case."""


class ProfileHistoryView(MultipleLookups, HistoryView):
    """`/profiles/{id}/history/`: a profile's history, newest first."""


class ExportView(MultipleLookups, RetrieveAPIView[Any]):
    """`/profiles/{id}/export/`: all data about an account, as a stream."""

    has_tag = in_batches = False
    operations = {"GET": "exportProfile"}
    read_parameters = ()

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return StreamingHttpResponse(exports.start(self.get_object(), self.actor), content_type="application/json")

    def head(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check whether an export is allowed, without starting or counting one."""
        policy.require(self.actor, AccountAction.EXPORT, self.get_object())
        return HttpResponse(content_type="application/json")
