"""The security log: one line per identity event."""

import logging
from typing import Literal, get_args

from django.http import HttpRequest
from rest_framework.request import Request

from profiles.core.addresses import address_of
from profiles.core.metrics import SECURITY_EVENTS, count_from_zero
from profiles.models import Profile

logger = logging.getLogger("profiles.security")  # operators filter by this name

Event = Literal[
    "sign_in",
    "sign_in_failed",
    "refresh_reuse",
    "revoked",
    "session_ended",
    "signed_out_everywhere",
    "password_changed",
    "password_change_failed",
    "recovery_requested",
    "recovered",
    "code_refused",
    "email_verified",
    "email_change_undone",
    "personal_token_created",
    "personal_token_revoked",
    "external_sign_up",
    "external_identity_linked",
    "external_identity_unlinked",
    "staff_granted",
    "staff_withdrawn",
    "exported",
    "deleted",
]
EVENTS: tuple[Event, ...] = get_args(Event)
count_from_zero(SECURITY_EVENTS, EVENTS)


def log(
    event: Event, profile: Profile | None, *, request: HttpRequest | Request | None = None, **facts: object
) -> None:
    """Log and count an event: `event=… profile=… address=…`; JSON logs also have an object `security`.

    Accounts are logged by primary key, never by the typed username, because users sometimes type a password there.
    """
    SECURITY_EVENTS.labels(event).inc()
    facts = {"profile": profile.pk if profile else "none", **facts}
    if request is not None:
        facts["address"] = address_of(request)
    text = " ".join(f"{name}={value}" for name, value in facts.items())
    logger.info("event=%s %s", event, text, extra={"security": {"event": event, **facts}})
