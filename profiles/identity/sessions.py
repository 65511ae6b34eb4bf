"""Sessions of the Django admin, with a foreign key to their account: for its deletion and its export."""

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

CREATED_AT = "created_at"  # in the session's data, because each save replaces the whole row


class AdminSession(AbstractBaseSession):
    """A session of the admin.

    The foreign key has no database constraint: Django's store would take a violation for a duplicate session key
    and retry forever.
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
    """Django's database store with the model `AdminSession`, set as `SESSION_ENGINE`."""

    @classmethod
    def get_model_class(cls) -> type[AdminSession]:
        return AdminSession

    def create_model_instance(self, data: MutableMapping[str, Any]) -> AdminSession:
        """The row for the session's data; the first save adds its time to the data."""
        created_at = data.setdefault(CREATED_AT, timezone.now().isoformat())
        row: AdminSession = super().create_model_instance(data)  # type: ignore[arg-type, assignment]
        row.profile_id = data.get(SESSION_KEY)
        row.created_at = datetime.fromisoformat(created_at)
        return row
