"""The admin's sessions, each with the account that it is of: they end with it, and its export lists them."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

CREATED_AT = "created_at"  # in a session's data: each save writes the whole row anew


class AdminSession(AbstractBaseSession):
    """A session of the admin.

    The foreign key has no constraint in the database: Django's store takes a violation of one for a session key
    that is in use, and tries the next for ever.
    """

    profile = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="admin_sessions",
        db_constraint=False,
        help_text="Null before the sign-in.",
    )
    created_at = models.DateTimeField()

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    """Django's database store, over `AdminSession`: the engine that `SESSION_ENGINE` names."""

    @classmethod
    def get_model_class(cls) -> type[AdminSession]:
        return AdminSession

    def create_model_instance(self, data: MutableMapping[str, Any]) -> AdminSession:
        """The row of this data, which carries the time of the first save from then on."""
        created_at = data.setdefault(CREATED_AT, timezone.now().isoformat())
        row: AdminSession = super().create_model_instance(data)  # type: ignore[arg-type, assignment]
        row.profile_id = data.get(SESSION_KEY)
        row.created_at = datetime.fromisoformat(created_at)
        return row
