"""Descriptions of REST's operations for the contract: purpose, input, output, outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from uuid import UUID

import django_filters
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from profiles import bulk
from profiles.core import idempotency
from profiles.core.fields import Line
from profiles.core.filters import LONGEST
from profiles.core.outcomes import Outcome
from profiles.core.pages import PageQuery
from profiles.core.resources import MOST_READS, Resource, resources
from profiles.exports import ExportSerializer
from profiles.identity import operations as identity
from profiles.resource import PROFILES
from profiles.rest.batch import Read
from profiles.rest.contract import examples
from profiles.serializers import ProfileSerializer, SignUpSerializer

# OpenAPI security requirements: one of the alternatives must be met; none if there are none.
Security: TypeAlias = tuple[dict[str, list[str]], ...]
A_MEMBER: Security = ({"bearer": []},)
ANYBODY: Security = ({}, *A_MEMBER)
NO_TOKEN: Security = ()


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request or response: a serializer class or a JSON schema, an example, and a description."""

    shape: Any
    example: Any
    description: str = ""
    most: int | None = None  # maximum number of items in a list; the minimum is one


@dataclass(frozen=True, slots=True)
class Operation:
    """A REST operation.

    `id` is the name of the equivalent GraphQL mutation, if there is one. `outcomes` are those of the catalogue that
    are specific to it; `OperationSchema._outcomes` adds the general ones.
    """

    id: str
    summary: str
    description: str
    gives: Body | None = None
    takes: Body | None = None
    status: int = 200
    security: Security = A_MEMBER
    parameters: tuple[OpenApiParameter | type[serializers.Serializer[Any]], ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    tag: str = "profiles"


# Response schemas


class PageSerializer(serializers.Serializer[Any]):
    """The adjacent pages."""

    next = serializers.URLField(allow_null=True, help_text="URL of the next page. Null on the last page.")
    previous = serializers.URLField(allow_null=True, help_text="URL of the previous page. Null on the first page.")
    next_cursor = serializers.CharField(allow_null=True, help_text="`cursor` of the next page.")
    previous_cursor = serializers.CharField(
        allow_null=True, help_text="`cursor` of the previous page, for `direction=back`."
    )


def page_of(name: str, doc: str, serializer: type[serializers.Serializer[Any]], *, is_counted: bool = False) -> Any:
    """The serializer of a page of rows."""
    members: dict[str, Any] = {"__doc__": doc, "results": serializer(many=True)}
    if is_counted:
        members["count"] = serializers.IntegerField(
            required=False, help_text="Number of rows on all pages, if requested."
        )
    return type(f"{name}PageSerializer", (PageSerializer,), members)


KEY_SET = {
    "type": "object",
    "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
    "required": ["keys"],
}

READ_ANSWERS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "status": {"type": "integer", "description": "HTTP status; 304 if the tag still matches."},
            "etag": {"type": ["string", "null"], "description": "Entity tag of the body, if it has one."},
            "body": {"description": "The body, or the error; null for 304."},
        },
        "required": ["status", "etag", "body"],
    },
}

# Parameters and headers

IN_PATH = {
    "{id}": OpenApiParameter("id", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH, description="Its key."),
    "{username}": OpenApiParameter("username", str, OpenApiParameter.PATH, description="Its username, ignoring case."),
}
KEY_IN_PATH = OpenApiParameter("id", UUID, OpenApiParameter.PATH, description="`id` from the list.")


def _header(name: str, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, **more)


TAG = "An entity tag from `ETag`, or several separated by commas."
IF_NONE_MATCH = _header("If-None-Match", f"{TAG} 304 if it still matches.")
IF_MATCH = _header("If-Match", f"{TAG} 412 if it no longer matches, or is not a tag.")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST_KEY, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="A unique name for this write, such as a UUID. The same request, retried with it within "
    f"{idempotency.KEPT.total_seconds() / 3600:.0f} hours, is done once, and the answer shows the current state; "
    "of a sign-up, the first answer. A key belongs to one caller and one request.",
)


def _fields(resource: Resource) -> OpenApiParameter:
    """The parameter that selects a row's fields."""
    each = {"type": "string", "enum": list(resource.names)}
    return OpenApiParameter(
        "fields",
        {"type": "array", "minItems": 1, "items": each},
        explode=False,
        description="Names of the fields to return, separated by commas.",
    )


def _location(noun: str) -> OpenApiParameter:
    return _header("Location", f"URL of the new {noun}.", required=True, response=[201])


ETAG = _header("ETag", "Entity tag of the response.", required=True, response=[200, 201, 304])
LINK = _header("Link", "The adjacent pages, as `next` and `prev` (RFC 8288).", response=[200])
DONE = [200, 201, 204, 304]
RATE_LIMITS = (
    _header(
        "RateLimit", "Remaining operations, `r`, and seconds until more are allowed, `t`.", required=True, response=DONE
    ),
    _header("RateLimit-Policy", "Allowed operations, `q`, per seconds, `w`.", required=True, response=DONE),
)


def _filters(resource: Resource) -> Iterator[OpenApiParameter]:
    """The query parameters of a list's filters."""
    for name, found in resource.filters.base_filters.items():
        schema: dict[str, Any] = {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST,
            "pattern": Line.pattern(),
        }
        if isinstance(found, django_filters.IsoDateTimeFilter):
            schema = {"type": "string", "format": "date-time"}
        if "choices" in found.extra:
            schema = {"type": "string", "enum": [value for value, _ in found.extra["choices"]]}
        yield OpenApiParameter(name, schema, description=str(found.label))


# The operations

HIDDEN = "Fields that you cannot see are null."
KEYED = (IF_MATCH, IF_NONE_MATCH)
REFUSED = (Outcome.NOT_FOUND, Outcome.CONFLICT, Outcome.PRECONDITION_REQUIRED, Outcome.KEY_REUSED)
WRITES = (*KEYED, IDEMPOTENCY_KEY)


def operations_of(resource: Resource, shown: Any = None, changed: Any = None, sent: Any = None) -> dict[str, Operation]:
    """The operations of a resource. The examples are a row, a change and an input."""
    name, noun, path = resource.name, resource.noun, f"/{resource.plural}"
    texts = f"{resource.plural[0].upper()}{resource.plural[1:]}"
    rows = page_of(name, f"{texts}, in their order.", resource.serializer, is_counted=True)
    changes = page_of(resource.changes.__name__, "Changes, the newest first.", resource.change_serializer)
    row = Body(resource.serializer, shown, f"The {noun}, as you can see it.")
    operations = {
        f"GET {path}": Operation(
            resource.list_operation,
            f"List {resource.plural}",
            "The rows that you can see, in pages that stay stable while rows are added and deleted. "
            "Filters can be combined. A filter on a field that you cannot read of every row is refused.",
            gives=Body(rows, shown and examples.page(shown, path=f"{path}/"), f"A page of the {resource.plural}."),
            security=ANYBODY,
            parameters=(resource.list_query, *_filters(resource), _fields(resource), IF_NONE_MATCH, LINK, ETAG),
        ),
        f"POST {path}": Operation(
            f"create{name}",
            f"Create a {noun}",
            "Omitted fields get their defaults.",
            takes=Body(resource.serializer, sent),
            gives=row,
            status=201,
            parameters=(IDEMPOTENCY_KEY, _location(noun), ETAG),
            outcomes=(Outcome.KEY_REUSED,),
        ),
        f"GET {path}/{{id}}": Operation(
            resource.get_operation,
            f"Read a {noun}",
            HIDDEN,
            gives=row,
            security=ANYBODY,
            parameters=(_fields(resource), *KEYED, ETAG),
            outcomes=(Outcome.NOT_FOUND, Outcome.CONFLICT),
        ),
        f"PATCH {path}/{{id}}": Operation(
            f"update{name}",
            f"Update a {noun}",
            "Changes the given fields; omitted fields are unchanged. In a merge patch, null resets a field to its "
            "default; in plain JSON it is an error.",
            takes=Body(resource.serializer, sent),
            gives=row,
            parameters=(*WRITES, ETAG),
            outcomes=REFUSED,
        ),
        f"PUT {path}/{{id}}": Operation(
            f"replace{name}",
            f"Replace a {noun}",
            "Sets every field that you can change; an omitted field is reset to its default. You can change the body "
            "of a GET and send it back whole. Never creates.",
            takes=Body(resource.serializer, shown),
            gives=row,
            parameters=(*WRITES, ETAG),
            outcomes=REFUSED,
        ),
        f"DELETE {path}/{{id}}": Operation(
            f"delete{name}",
            f"Delete a {noun}",
            "Deletes the row and its history.",
            status=204,
            parameters=WRITES,
            outcomes=REFUSED,
        ),
        f"GET {path}/{{id}}/history": Operation(
            resource.history_operation,
            f"Read a {noun}'s history",
            "Who changed what, when, through which API, in which request; newest first.",
            gives=Body(
                changes, changed and examples.page(changed, path=f"{path}/1/history/"), "A page of the changes."
            ),
            parameters=(PageQuery, IF_NONE_MATCH, LINK, ETAG),
            outcomes=(Outcome.NOT_FOUND,),
        ),
    }
    return {key: replace(operation, tag=resource.plural) for key, operation in operations.items()}


SEVERAL = {
    "type": "array",
    "maxItems": bulk.MOST,
    "items": {"allOf": [{"$ref": "#/components/schemas/PatchedProfileRequest"}, {"required": ["id"]}]},
}
PROFILE = Body(ProfileSerializer, examples.PROFILE, "The profile, as you can see it.")
OF_PROFILES = operations_of(PROFILES, examples.PROFILE, examples.CHANGE, {"bio": "Updated bio content."})
OPERATIONS = OF_PROFILES | {
    "POST /profiles": Operation(
        "createProfile",
        "Sign up",
        "Creates an account; staff can do so even where sign-up is closed. Safe to retry with an `Idempotency-Key`.",
        takes=Body(SignUpSerializer, examples.SIGN_UP),
        gives=Body(ProfileSerializer, examples.SIGNED_UP, "The new profile, as its owner sees it."),
        status=201,
        security=ANYBODY,
        parameters=(IDEMPOTENCY_KEY, _location("profile"), ETAG),
        outcomes=(Outcome.KEY_REUSED,),
    ),
    "PATCH /profiles": Operation(
        "updateProfiles",
        "Update several profiles",
        f"Changes the given fields of up to {bulk.MOST} profiles, all or none. An error's `attr` "
        "begins with the row's number, from 0, and a refusal names it in `row`. The precondition of a profile is its "
        "`version`: `If-Match` is refused.",
        takes=Body(SEVERAL, [{"id": 1, "bio": "Updated bio content."}]),
        gives=Body(ProfileSerializer(many=True), examples.PROFILE, "The profiles, in the order of the request."),
        parameters=(IDEMPOTENCY_KEY,),
        outcomes=REFUSED,
    ),
    "DELETE /profiles/{id}": replace(
        OF_PROFILES["DELETE /profiles/{id}"],
        description="Deletes the account, its history and its tokens. Its changes to other profiles remain in their "
        "histories, without its name.",
    ),
    "GET /profiles/{id}/history": replace(
        OF_PROFILES["GET /profiles/{id}/history"],
        description="Who changed what, when, through which API, in which request; for the owner and staff. The "
        "service may delete changes after a retention period, two years by default.",
    ),
    "GET /profiles/{id}/export": Operation(
        "exportProfile",
        "Export a profile",
        "All data about an account, for its owner and staff, as a stream. Contains no password and no token. "
        "One export at a time and a few per day; otherwise 429. A token of read scope is enough.",
        gives=Body(ExportSerializer, examples.EXPORT, "The data."),
        outcomes=(Outcome.NOT_FOUND,),
    ),
    "GET /profiles/by-username/{username}": Operation(
        "getProfileByUsername",
        "Find a profile by its username",
        f"Ignores case. {HIDDEN}",
        gives=PROFILE,
        security=ANYBODY,
        parameters=(_fields(PROFILES), *KEYED, ETAG),
        outcomes=(Outcome.NOT_FOUND, Outcome.CONFLICT),
    ),
    "POST /batch": Operation(
        "readBatch",
        "Read several at once",
        f"Up to {MOST_READS} reads of rows, lists and histories, of any resource, each answered like its own GET, "
        "in order. Each counts as one GET. A token of read scope is enough.",
        takes=Body(Read(many=True), {"path": "/profiles/1/", "if_none_match": examples.OLD_TAG}, most=MOST_READS),
        gives=Body(READ_ANSWERS, [examples.READ_ANSWER], "One answer per read."),
        security=ANYBODY,
        tag="batch",
    ),
    "GET /.well-known/jwks.json": Operation(
        "getKeySet",
        "Read the public keys",
        "For services that verify tokens themselves (RFC 7517). Empty if tokens are signed with a secret.",
        gives=Body(KEY_SET, examples.KEY_SET, "The keys."),
        security=NO_TOKEN,
        tag="identity",
    ),
}


def _identity(operation: identity.Operation) -> Operation:
    """The description of an identity operation, with its examples."""
    sent, received = examples.IDENTITY[operation.name]
    output: Any = operation.output
    if isinstance(output, str):
        output = {"type": "object", "properties": {output: {"const": True}}, "required": [output]}
    elif operation.is_list:
        output = type(f"{output.__name__}ListSerializer", (serializers.Serializer,), {"results": output(many=True)})
    is_of_row = "{id}" in operation.path
    return Operation(
        operation.name,
        operation.summary,
        operation.description,
        takes=Body(operation.input, sent) if operation.method == "POST" else None,
        gives=Body(output, received, operation.result) if operation.status != 204 else None,
        status=operation.status,
        security=A_MEMBER if operation.action else NO_TOKEN,
        parameters=(KEY_IN_PATH,) if is_of_row else (),
        outcomes=(Outcome.NOT_FOUND,) if is_of_row else (),
        tag="identity",
    )


def _own(operation: Operation) -> Operation:
    """The same operation on the caller's own profile."""
    return replace(
        operation,
        id=operation.id.replace("Profile", "OwnProfile"),
        summary=operation.summary.replace("a profile", "your own profile"),
        security=A_MEMBER,
    )


OPERATIONS |= {key.replace("{id}", "me"): _own(operation) for key, operation in OPERATIONS.items() if "{id}" in key}
OPERATIONS |= {f"{each.method} {each.path}": _identity(each) for each in identity.OPERATIONS}
for other in resources(but=PROFILES):
    OPERATIONS |= operations_of(other)
