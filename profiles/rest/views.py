"""The REST door: thin adapters."""

from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.generics import GenericAPIView, RetrieveAPIView, RetrieveUpdateDestroyAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.status import HTTP_201_CREATED, HTTP_304_NOT_MODIFIED

from profiles import exports
from profiles.bulk import update_many
from profiles.core.actors import Actor
from profiles.core.histories import read_history
from profiles.core.listing import list_rows
from profiles.core.models import Door, parse_key
from profiles.core.outcomes import InvalidCode, Outcome, Refused
from profiles.core.parsers import read_query
from profiles.core.policy import require_writer, unseen
from profiles.core.preconditions import entity_tag, if_match, if_none_match
from profiles.core.writing import Write
from profiles.identity.throttling import SignUpThrottle
from profiles.models import Profile, ProfileQuerySet
from profiles.policy import AccountAction, policy
from profiles.resource import PROFILES
from profiles.rest.pagination import page_response
from profiles.rest.permissions import PolicyPermission
from profiles.serializers import ProfileSerializer
from profiles.sign_up import sign_up


class ProfileAPIView(GenericAPIView[Profile]):
    """What every view of one profile does: load it through the visible set, show it with its tag."""

    serializer_class = ProfileSerializer
    permission_classes = (PolicyPermission,)
    has_tag = True  # whether what it shows and writes has an entity tag

    @property
    def actor(self) -> Actor:
        return cast(Actor, self.request.auth)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses `If-Match` where there is no tag that it could name, instead of ignoring a precondition."""
        super().initial(request, *args, **kwargs)
        if not self.has_tag and "If-Match" in request.headers:
            raise Refused(Outcome.BAD_REQUEST, _("If-Match is for one profile. Leave it out, or send each 'version'."))

    def get_queryset(self) -> ProfileQuerySet:
        return Profile.objects.visible_to(self.actor)

    def get_object(self) -> Profile:
        profile: Profile | None = self.get_queryset().first()
        if profile is None:
            raise unseen(self.actor)
        self.check_object_permissions(self.request, profile)
        return profile

    def get_serializer_context(self) -> dict[str, Any]:
        return {
            **super().get_serializer_context(),
            "write": Write(
                self.actor,
                Door.REST,
                self.request.headers.get("If-Match"),
                self.request.headers.get("If-None-Match"),
            ),
        }

    def perform_destroy(self, instance: Profile) -> None:
        cast(ProfileSerializer, self.get_serializer(instance)).delete()

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Adds the tag; of a read, answers 304 to a client that has what it stands for, 412 to one that wanted another.

        A precondition by time is ignored: there is no `Last-Modified` (RFC 9110, section 13.1.4).
        """
        serializer = getattr(getattr(response, "data", None), "serializer", None)  # a stream has no data
        if isinstance(serializer, ProfileSerializer):
            tag = serializer.etag
            if request.method in ("GET", "HEAD"):
                if not if_match(request.headers.get("If-Match"), tag):
                    response = self.handle_exception(Refused(Outcome.CONFLICT, version=serializer.row.version))
                elif not if_none_match(request.headers.get("If-None-Match"), tag):
                    response = Response(status=HTTP_304_NOT_MODIFIED)
            if not response.exception:
                response["ETag"] = tag
        return super().finalize_response(request, response, *args, **kwargs)


class ProfilesView(ProfileAPIView):
    """`/profiles/`: the list, and sign-up."""

    has_tag = False
    throttle_classes = (SignUpThrottle,)

    @property
    def extra_operations(self) -> int:
        """The operations of a search and a count, in addition to the list's own."""
        return PROFILES.extra_operations(self.request.query_params) if self.request.method in SAFE_METHODS else 0

    def get(self, request: Request) -> Response:
        page, count = list_rows(PROFILES, self.actor, read_query(request.query_params))
        profiles = ProfileSerializer(page.rows, many=True, context={"actor": self.actor})
        return page_response(request, page, list(profiles.data), count=count)

    def patch(self, request: Request) -> Response:
        require_writer(self.actor)  # before the body is read, as a profile is loaded before
        items = request.data
        if not isinstance(items, list):
            raise ValidationError([ErrorDetail(_("Send a list of profiles."), code=InvalidCode.INVALID)])
        named = [(_key(item), item, None) for item in items]
        written = update_many(named, actor=self.actor, door=Door.REST)
        return Response(list(ProfileSerializer(written, many=True, context={"actor": self.actor}).data))

    def post(self, request: Request) -> Response:
        made = sign_up(self.actor, request.data, key=request.headers.get("Idempotency-Key"))
        location = request.build_absolute_uri(reverse("profile", args=[made.profile.pk]))
        headers = {"Location": f"{location}/", "ETag": entity_tag(made.shown)}
        return Response(made.shown, status=HTTP_201_CREATED, headers=headers)


def _key(item: Any) -> int | None:
    """The key of the profile that a row of several is of."""
    key = item.get("id") if isinstance(item, dict) else None
    return key if type(key) is int and parse_key(str(key)) else None


class ProfileView(ProfileAPIView, RetrieveUpdateDestroyAPIView[Profile]):
    """`/profiles/{id}/`, and `/profiles/me/`: the caller's own."""

    def get_queryset(self) -> ProfileQuerySet:
        rows = super().get_queryset()
        return rows.with_key(self.kwargs["pk"]) if "pk" in self.kwargs else rows.owned_by(self.actor)


class HistoryView(ProfileView):
    """`/profiles/{id}/history/`: what was written to a profile, newest first."""

    has_tag = False
    http_method_names = ["get", "head", "options"]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = read_history(self.get_object(), self.actor, read_query(request.query_params))
        changes = PROFILES.change_serializer(page.rows, many=True, context={"actor": self.actor})
        return page_response(request, page, list(changes.data))


class ExportView(ProfileView):
    """`/profiles/{id}/export/`: everything that is held about an account, as a stream."""

    has_tag = False
    http_method_names = ["get", "head", "options"]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return StreamingHttpResponse(exports.start(self.get_object(), self.actor), content_type="application/json")

    def head(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whether there would be an export. None is begun or counted."""
        policy.require(self.actor, AccountAction.EXPORT, self.get_object())
        return HttpResponse(content_type="application/json")


class ProfileByUsernameView(ProfileAPIView, RetrieveAPIView[Profile]):
    """`/profiles/by-username/{username}/`, in any case."""

    def get_queryset(self) -> ProfileQuerySet:
        return super().get_queryset().named(self.kwargs["username"])
