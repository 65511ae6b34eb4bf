"""The security log: what happened to whose identity, a line an event."""

import logging

from django.http import HttpRequest
from rest_framework.request import Request

from profiles.core.addresses import address_of
from profiles.models import Profile

logger = logging.getLogger("profiles.security")  # a name that operators filter by


def log(event: str, profile: Profile | None, *, request: HttpRequest | Request | None = None, **facts: object) -> None:
    """Write one line: `event=… profile=… address=…`; the formatter adds the request's id.

    It names an account by its key and never by what was typed, which may have been a password.
    """
    facts = {"profile": profile.pk if profile else "none", **facts}
    if request is not None:
        facts["address"] = address_of(request)
    logger.info("event=%s %s", event, " ".join(f"{name}={value}" for name, value in facts.items()))
