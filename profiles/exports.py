"""Export of all data stored about an account (GDPR, articles 15 and 20), as a JSON stream.

Memory use does not depend on the number of rows: the export reads keyset pages in short statements, so no database
cursor or transaction stays open while a slow client reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey, parse_key
from profiles.core.outcomes import Outcome, Refused, refusal
from profiles.core.pages import Row, paginate
from profiles.core.policy import visible_key
from profiles.identity import security
from profiles.identity.sessions import AdminSession
from profiles.models import (
    Change,
    Code,
    EmailUndo,
    Export,
    ExternalIdentity,
    PersonalToken,
    Profile,
    TokenFamily,
    logged_about,
)
from profiles.policy import AccountAction, policy
from profiles.resource import PROFILES
from profiles.serializers import ProfileSerializer

AT_ONCE = 100  # rows per statement, and per chunk of the stream
DAY = timedelta(days=1)
ABANDONED = timedelta(minutes=10)  # an unfinished export this old no longer blocks new ones
SOON = 10  # seconds in Retry-After while another export is in progress

ACTIONS = {ADDITION: "add", CHANGE: "change", DELETION: "delete"}


class AccountSerializer(serializers.Serializer[Any]):
    """The account's roles and permissions."""

    is_staff = serializers.BooleanField(help_text="Whether it may see and change every profile.")
    is_superuser = serializers.BooleanField(help_text="Whether it was made by `createsuperuser`.")
    groups = serializers.ListField(child=serializers.CharField(), help_text="The groups that it is in.")
    permissions = serializers.ListField(child=serializers.CharField(), help_text="Its permissions, by codename.")
    sign_outs = serializers.IntegerField(help_text="How often the account signed out everywhere.")


class WriteSerializer(serializers.ModelSerializer[Change]):
    """A write to another profile."""

    profile = serializers.SerializerMethodField(help_text="Its key. Null where you may not see that profile.")

    class Meta:
        model = Change
        fields = ("profile", "version", "at")
        read_only_fields = fields

    def get_profile(self, change: Change) -> int | None:
        return visible_key(self.context["actor"], change.profile)


class TokenFamilySerializer(serializers.ModelSerializer[TokenFamily]):
    """A sign-in, without its tokens: only their hashes are stored."""

    class Meta:
        model = TokenFamily
        fields = ("id", "scope", "client", "address", "created_at", "last_used_at", "expires_at", "ended_at")
        read_only_fields = fields


class PersonalTokenHeldSerializer(serializers.ModelSerializer[PersonalToken]):
    """A personal token, without its text: only its hash is stored."""

    class Meta:
        model = PersonalToken
        fields = ("id", "label", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
        read_only_fields = fields

    scopes: Any = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Scopes of the token.",
    )


class ExternalIdentitySerializer(serializers.ModelSerializer[ExternalIdentity]):
    """An identity at an OpenID issuer; its access tokens are accepted for the account."""

    class Meta:
        model = ExternalIdentity
        fields = ("issuer", "subject", "created_at", "not_before")
        read_only_fields = fields


class CodeSerializer(serializers.ModelSerializer[Code]):
    """A mailed code, without its text: only its hash is stored."""

    class Meta:
        model = Code
        fields = ("purpose", "attempts", "expires_at")
        read_only_fields = fields


class EmailUndoSerializer(serializers.ModelSerializer[EmailUndo]):
    """A change of email that the old address can undo."""

    class Meta:
        model = EmailUndo
        fields = ("address", "created_at", "expires_at")
        read_only_fields = fields


class IdempotencyKeySerializer(serializers.ModelSerializer[IdempotencyKey]):
    """A write with an idempotency key: only hashes of key and request are stored."""

    class Meta:
        model = IdempotencyKey
        fields = ("created_at",)
        read_only_fields = fields


class AdminSessionSerializer(serializers.ModelSerializer[AdminSession]):
    """A session of the Django admin, without its key."""

    expires_at = serializers.DateTimeField(source="expire_date")

    class Meta:
        model = AdminSession
        fields = ("created_at", "expires_at")
        read_only_fields = fields


class AdminLogSerializer(serializers.Serializer[Any]):
    """An entry of the Django admin's log: by this account or about it."""

    at = serializers.DateTimeField()
    action = serializers.ChoiceField(choices=list(ACTIONS.values()), help_text="What was done.")
    actor = serializers.IntegerField(
        allow_null=True, help_text="The key of the profile that did it. Null where you may not see that profile."
    )
    profile = serializers.IntegerField(
        allow_null=True, help_text="The key of the profile it was done to. Null where you may not see that profile."
    )


class ExportMadeSerializer(serializers.ModelSerializer[Export]):
    """An export of the last 24 hours, including this one."""

    class Meta:
        model = Export
        fields = ("started_at", "ended_at")
        read_only_fields = fields


class ExportSerializer(serializers.Serializer[Any]):
    """An account as its owner sees it, with all related data."""

    profile = ProfileSerializer()
    account = AccountSerializer()
    history = PROFILES.change_serializer(many=True)
    writes_to_others = WriteSerializer(many=True)
    sign_ins = TokenFamilySerializer(many=True)
    personal_tokens = PersonalTokenHeldSerializer(many=True)
    external_identities = ExternalIdentitySerializer(many=True)
    codes = CodeSerializer(many=True)
    email_undos = EmailUndoSerializer(many=True)
    idempotency_keys = IdempotencyKeySerializer(many=True)
    admin_sessions = AdminSessionSerializer(many=True)
    admin_log = AdminLogSerializer(many=True)
    exports = ExportMadeSerializer(many=True)


class ExportStream:
    """An iterator of the document's chunks. `close` marks the export as ended, even if it was not read to its end."""

    def __init__(self, export: Export, pieces: Iterator[bytes]) -> None:
        self.export = export
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next chunk. An error is logged under the request's id and re-raised, which cuts the response off."""
        try:
            return next(self.pieces)
        except StopIteration:
            raise
        except Exception as error:
            refusal(error)
            raise

    def close(self) -> None:
        Export.objects.filter(pk=self.export.pk).update(ended_at=timezone.now())


def path_of(profile: Profile) -> str:
    """The REST path of a profile's export."""
    return f"{reverse('export', args=[profile.pk])}/"


def start(profile: Profile, actor: Actor) -> ExportStream:
    """Start an export: JSON as `ExportSerializer` describes, in UTF-8, without passwords or tokens.

    The first chunk, the profile, is rendered before this returns, so an error in it still gets an error response.
    The caller must close the stream.

    Raises:
        Refused: as `policy.require` does; THROTTLED: another export of the account is in progress, or there were
            `EXPORTS_PER_DAY` of them in the last 24 hours.
    """
    row, export = _begin(profile, actor)
    stream = ExportStream(export, _document(row, actor))
    try:
        stream.pieces = _after(next(stream.pieces), stream.pieces)
    except Exception:
        stream.close()
        raise
    security.log("exported", row, by=actor.profile and actor.profile.pk)
    return stream


def _begin(profile: Profile, actor: Actor) -> tuple[Profile, Export]:
    """The account's row and a new `Export`, created under the account's lock so that only one of two can start."""
    with transaction.atomic():
        locked = Profile.objects.select_related("updated_by").for_writing().filter(pk=profile.pk).first()
        row = policy.require(actor, AccountAction.EXPORT, locked)
        before = list(row.exports.order_by("started_at", "pk"))
        now = timezone.now()  # after waiting for the lock, so later than the end of every earlier export
        row.exports.filter(started_at__lte=now - DAY).delete()
        _require_turn([export for export in before if export.started_at > now - DAY], now)
        return row, row.exports.create(started_at=now)


def _require_turn(exports: Sequence[Export], now: datetime) -> None:
    """Check that `exports`, those of the last 24 hours, allow another one. Raises `Refused`: THROTTLED."""
    if any(export.ended_at is None and export.started_at > now - ABANDONED for export in exports):
        message = _("An export of this account is in progress. Retry when it has ended.")
        raise Refused(Outcome.THROTTLED, message, retry_after=SOON)
    most = settings.EXPORTS_PER_DAY
    if len(exports) >= most:
        wait = exports[-most].started_at + DAY - now
        message = _("An account can be exported {most} times in 24 hours. Retry after the time in Retry-After.")
        raise Refused(Outcome.THROTTLED, message.format(most=most), retry_after=math.ceil(wait.total_seconds()))


def _held(profile: Profile, actor: Actor) -> dict[str, Any]:
    """The stored data, by field of `ExportSerializer`: a value, or an iterator of pages of rows."""
    writes = Change.objects.filter(actor=profile).exclude(profile=profile).select_related("profile")
    return {
        "profile": profile,
        "account": _account(profile),
        "history": _pages(profile.history.select_related("actor"), "version"),
        "writes_to_others": _pages(writes, "id"),
        "sign_ins": _pages(profile.token_families.all(), "created_at", "id"),
        "personal_tokens": _pages(profile.personal_tokens.all(), "created_at", "id"),
        "external_identities": _pages(profile.external_identities.all(), "id"),
        "codes": _pages(profile.codes.all(), "id"),
        "email_undos": _pages(profile.email_undos.all(), "id"),
        "idempotency_keys": _pages(IdempotencyKey.objects.filter(profile=profile), "id"),
        "admin_sessions": _pages(profile.admin_sessions.all(), "session_key"),
        "admin_log": _admin_log(profile, actor),
        "exports": _pages(profile.exports.all(), "id"),
    }


def _account(profile: Profile) -> dict[str, Any]:
    return {
        "is_staff": profile.is_staff,
        "is_superuser": profile.is_superuser,
        "groups": list(profile.groups.order_by("pk").values_list("name", flat=True)),
        "permissions": list(profile.user_permissions.order_by("pk").values_list("codename", flat=True)),
        "sign_outs": profile.sign_outs,
    }


def _pages(rows: QuerySet[Row], *ordering: str) -> Iterator[list[Row]]:
    """The rows in pages of `AT_ONCE`, one statement each; the last field of the ordering is unique."""
    cursor = None
    while True:
        page = paginate(rows, ordering, page_size=AT_ONCE, cursor=cursor)
        yield page.rows
        if not page.has_next:
            return
        cursor = page.cursor(-1)


def _admin_log(profile: Profile, actor: Actor) -> Iterator[list[dict[str, Any]]]:
    """The admin's log entries by and about this account, with the keys that the actor may see."""
    profile_type = ContentType.objects.get_for_model(Profile)
    entries = LogEntry.objects.filter(Q(user=profile) | logged_about(profile)).select_related("user")
    for page in _pages(entries, "id"):
        visible = _visible_targets(page, actor)
        yield [
            {
                "at": entry.action_time,
                "action": ACTIONS[entry.action_flag],
                "actor": visible_key(actor, entry.user),
                "profile": visible.get(entry.object_id) if entry.content_type_id == profile_type.pk else None,
            }
            for entry in page
        ]


def _visible_targets(page: list[LogEntry], actor: Actor) -> dict[str | None, int]:
    """The keys of the profiles in these log entries that the actor may see, by their text."""
    keys = [key for entry in page if (key := parse_key(entry.object_id or ""))]
    return {str(key): key for key in Profile.objects.visible_to(actor).filter(pk__in=keys).values_list("pk", flat=True)}


def _document(profile: Profile, actor: Actor) -> Iterator[bytes]:
    """A JSON object in chunks: each list is rendered page by page."""
    held = _held(profile, actor)
    before = b"{"
    for name, field in ExportSerializer(context={"actor": actor}).fields.items():
        member = before + _json(name) + b":"
        if isinstance(field, serializers.ListSerializer):
            yield member + b"["
            yield from _rows(held[name], cast("serializers.BaseSerializer[Any]", field.child))
            yield b"]"
        else:
            yield member + _json(field.to_representation(held[name]))
        before = b","
    yield b"}"


def _rows(pages: Iterator[list[Any]], serializer: serializers.BaseSerializer[Any]) -> Iterator[bytes]:
    before = b""
    for page in pages:
        if page:
            yield before + b",".join(_json(serializer.to_representation(row)) for row in page)
            before = b","


def _json(value: Any) -> bytes:
    return JSONRenderer().render(value)


def _after(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others
