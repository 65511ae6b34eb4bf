"""When, and from where, a sign-in or a personal token was last used.

Of a sign-in that is known to five minutes without a further write: an access token lives no longer, and was given at
the sign-in or at a refresh, which write the row anyway. The use of a personal token is noted after the response, every
five minutes at the most.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from profiles.core.addresses import address_of
from profiles.models import CLIENT_LENGTH, PersonalToken

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
USED = "profiles.used"  # in a request's META: the personal token whose use is to be noted


def use_of(request: HttpRequest | Request | None) -> dict[str, Any]:
    """The fields of a sign-in that say by what and when it was last used: by this request, now."""
    used: dict[str, Any] = {"last_used_at": timezone.now()}
    if request is not None:
        used |= {"client": client_of(request), "address": address_of(request)}
    return used


def client_of(request: HttpRequest | Request) -> str:
    """What a request came from, by its User-Agent: printable ASCII (RFC 9110, section 10.1.5), and blanks for the
    rest."""
    text = request.META.get("HTTP_USER_AGENT", "")
    return re.sub(r"[^\x21-\x7e]+", " ", text).strip()[:CLIENT_LENGTH]


def note_later(request: HttpRequest | Request, token: PersonalToken) -> None:
    """Have the use of a personal token noted after the response, where the last that was is five minutes old."""
    if token.last_used_at is None or token.last_used_at <= timezone.now() - EVERY:
        request.META[USED] = token


def note_uses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware that notes a use when the response is closed: the server has sent it by then (PEP 3333)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if token := request.META.get(USED):
            closers: list[Any] = response._resource_closers  # type: ignore[attr-defined]  # what Django's close() calls
            closers.append(partial(_note, token))
        return response

    return middleware


def _note(token: PersonalToken) -> None:
    """Save a use, unless another request has meanwhile. A failure is only logged."""
    now = timezone.now()
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - EVERY)
    try:
        PersonalToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
    except Exception:
        logger.warning("The use of a personal token could not be noted", exc_info=True)
