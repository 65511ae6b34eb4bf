"""The views and routes of resources."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.urls import URLPattern, re_path
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.generics import GenericAPIView, ListCreateAPIView, RetrieveAPIView, RetrieveUpdateDestroyAPIView
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.status import HTTP_204_NO_CONTENT, HTTP_304_NOT_MODIFIED
from rest_framework.views import APIView

from profiles.core.actors import Actor
from profiles.core.histories import read_history
from profiles.core.listing import list_rows
from profiles.core.models import ResourceQuerySet, Source, parse_key
from profiles.core.outcomes import InvalidCode, Outcome, Refused
from profiles.core.parsers import MergePatchParser, StrictJSONParser, read_query
from profiles.core.policy import unseen
from profiles.core.preconditions import content_tag, if_match, if_none_match, weak
from profiles.core.resources import Resource
from profiles.core.serializers import ResourceSerializer
from profiles.core.writing import Write, was_deleted
from profiles.identity.callers import actor_of
from profiles.rest.pagination import page_response
from profiles.rest.permissions import PolicyPermission, require_operation_of
from profiles.rest.queries import require_known_parameters

MOST_SHOWN = 100  # characters of unknown names in an error message


class ResourceAPIView(GenericAPIView[Any]):
    """The base view of a resource: loads visible rows, and adds entity tags to responses."""

    resource: Any = None  # the Resource
    permission_classes = (PolicyPermission,)
    patch_parser_classes: tuple[type[BaseParser], ...] = (StrictJSONParser,)
    read_parameters: tuple[str, ...] | None = ("fields",)  # of a read's query; None: the read itself checks them
    has_tag = True  # whether its representations have a strong entity tag, for `If-Match`
    in_batches = True  # whether a batch can read it

    @property
    def operations(self) -> dict[str, str]:
        """The name of each method's operation, as in GraphQL and in the contract."""
        return {"GET": self.resource.get_operation}

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    @property
    def accept_patch(self) -> str:
        """`Accept-Patch`: the media types that PATCH accepts (RFC 5789, section 3.1); empty without PATCH."""
        types = [str(parser.media_type) for parser in self.patch_parser_classes]
        return ", ".join(types) if hasattr(self, "patch") else ""

    def get_parsers(self) -> list[BaseParser]:
        is_patch = getattr(self.request, "method", None) == "PATCH"  # drf-spectacular asks without a request
        return [parser() for parser in self.patch_parser_classes] if is_patch else super().get_parsers()

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        response = super().options(request, *args, **kwargs)
        if self.accept_patch:
            response["Accept-Patch"] = self.accept_patch
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check that the token covers the operation, and the query's parameters.

        Refuse `If-Match` on a view without strong entity tags, because ignoring a precondition would be unsafe. A
        page's tag is weak, and `If-Match` compares strongly (RFC 9110, section 13.1.1).
        """
        super().initial(request, *args, **kwargs)
        known = self.read_parameters if request.method in SAFE_METHODS else ()
        if require_operation_of(self, request) and known is not None:
            require_known_parameters(request, known)
        if not self.has_tag and "If-Match" in request.headers:
            raise Refused(
                Outcome.BAD_REQUEST, _("No strong entity tag here. Leave If-Match out, or send each 'version'.")
            )

    def get_queryset(self) -> ResourceQuerySet:
        rows: ResourceQuerySet = self.resource.model.objects.visible_to(self.actor)
        return rows.for_reader(self.actor) if self.request.method in SAFE_METHODS else rows

    def get_object(self) -> Any:
        """The row of the path, if the caller may act on it. Raises `Refused` as the policy does."""
        columns = self.resource.columns(self.fields) if self.request.method in SAFE_METHODS else None
        row = self.get_queryset().one(self.lookup(), columns)
        if row is None:
            raise unseen(self.actor)
        self.check_object_permissions(self.request, row)
        return row

    def lookup(self) -> dict[str, Any] | None:
        """The lookup for the row of the path; None if the key in the path is invalid."""
        key = parse_key(self.kwargs[self.lookup_field])
        return {"pk": key} if key else None

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return cast("type[ResourceSerializer]", self.resource.serializer)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "write": self.write, "fields": self.fields}

    @property
    def write(self) -> Write:
        """The context of a write by this request."""
        headers = self.request.headers
        conditions = headers.get("If-Match"), headers.get("If-None-Match")
        return Write(self.actor, Source.REST, *conditions, headers.get("Idempotency-Key"))

    @cached_property
    def fields(self) -> list[str]:
        """The fields that a read selects (`?fields=id,username`); empty for all. Raises `ValidationError`."""
        asked = self.request.query_params.get("fields") if self.request.method in SAFE_METHODS else None
        if asked is None:
            return []
        shown = self.resource.names
        names = list(dict.fromkeys(asked.split(",")))
        if wrong := [name for name in names if name not in shown]:
            message = _("Unknown field '{name}'. The fields are: {names}.")
            message = message.format(name=", ".join(wrong)[:MOST_SHOWN], names=", ".join(shown))
            raise ValidationError({"fields": [ErrorDetail(message, code=InvalidCode.UNKNOWN)]})
        return names

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Add the ETag. For a read, respond 304 if `If-None-Match` fails, and 412 if `If-Match` fails.

        Preconditions on time are ignored, because there is no `Last-Modified` (RFC 9110, section 13.1.4).
        """
        serializer = getattr(getattr(response, "data", None), "serializer", None)  # a stream has no data
        if isinstance(serializer, ResourceSerializer):
            tag = serializer.etag
            if request.method in ("GET", "HEAD"):
                if not if_match(request.headers.get("If-Match"), tag):
                    response = self.handle_exception(Refused(Outcome.CONFLICT, version=serializer.row.version))
                elif not if_none_match(request.headers.get("If-None-Match"), tag):
                    response = Response(status=HTTP_304_NOT_MODIFIED)
            if not response.exception:
                response["ETag"] = tag
        return super().finalize_response(request, response, *args, **kwargs)


class PageView(ResourceAPIView):
    """The base view of lists and histories: adds a weak entity tag, computed from the response's bytes."""

    read_parameters = None  # `list_rows` and `read_history` check them
    has_tag = False

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Add the ETag to a read page; respond 304 if `If-None-Match` fails."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or response.exception:
            return response
        tag = weak(content_tag(response.render().content))
        if not if_none_match(request.headers.get("If-None-Match"), tag):
            response = super().finalize_response(request, Response(status=HTTP_304_NOT_MODIFIED), *args, **kwargs)
        response["ETag"] = tag
        return response


class ResourceListView(PageView, ListCreateAPIView[Any]):
    """List and create."""

    @property
    def operations(self) -> dict[str, str]:
        return {"GET": self.resource.list_operation, "POST": f"create{self.resource.name}"}

    @property
    def extra_operations(self) -> int:
        """The operations that a search and a total count cost, in addition to the list's one."""
        if self.request.method not in SAFE_METHODS:
            return 0
        return cast(int, self.resource.extra_operations(self.request.query_params))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        values = read_query(request.query_params)
        values.pop("fields", None)
        columns = self.resource.columns(self.fields)
        page, count = list_rows(self.resource, self.get_queryset(), self.actor, values, columns=columns)
        return page_response(request, page, list(self.get_serializer(page.rows, many=True).data), count=count)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.resource.policy.require_create(self.actor)  # before the body is read
        return super().create(request, *args, **kwargs)

    def get_success_headers(self, data: Any) -> dict[str, str]:
        path = reverse(self.resource.name.lower(), args=[data["id"]])
        return {"Location": f"{self.request.build_absolute_uri(path)}/"}


class ResourceView(ResourceAPIView, RetrieveUpdateDestroyAPIView[Any]):
    """One row."""

    patch_parser_classes = (StrictJSONParser, MergePatchParser)

    @property
    def operations(self) -> dict[str, str]:
        verbs = {"GET": "get", "PATCH": "update", "PUT": "replace", "DELETE": "delete"}
        return {method: f"{verb}{self.resource.name}" for method, verb in verbs.items()}

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if was_deleted(self.resource.model, (self.lookup() or {}).get("pk"), self.write):
            return Response(status=HTTP_204_NO_CONTENT)
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Any) -> None:
        cast(ResourceSerializer, self.get_serializer(instance)).delete()


class HistoryView(PageView, RetrieveAPIView[Any]):
    """A row's history, newest first."""

    @property
    def operations(self) -> dict[str, str]:
        return {"GET": self.resource.history_operation}

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        page = read_history(self.resource.changes, row, self.actor, read_query(request.query_params))
        changes = self.resource.change_serializer(page.rows, many=True, context={"actor": self.actor, "row": row})
        return page_response(request, page, list(changes.data))


def routes(resource: Resource) -> list[URLPattern]:
    """A resource's URL patterns, with and without trailing slash, named after it: `note`, `note-history`."""
    name, path = resource.name.lower(), resource.plural

    def route(pattern: str, view: type[APIView], named: str) -> URLPattern:
        return re_path(rf"^{path}{pattern}/?$", view.as_view(resource=resource), name=named)

    return [
        route("", ResourceListView, path),
        route("/(?P<pk>[0-9]+)", ResourceView, name),
        route("/(?P<pk>[0-9]+)/history", HistoryView, f"{name}-history"),
    ]
