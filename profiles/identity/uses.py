"""Recording when and from where a sign-in or a personal token was last used.

For a sign-in this needs no extra write: its row is written at the sign-in and at each refresh, and access tokens expire
after five minutes, so the time is accurate to five minutes. The use of a personal token is saved after the response, at
most every five minutes.
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
USED = "profiles.used"  # in a request's META: the personal token whose use will be saved


def use_of(request: HttpRequest | Request | None) -> dict[str, Any]:
    """The fields of a sign-in that record its last use: now, with the client and network of this request."""
    used: dict[str, Any] = {"last_used_at": timezone.now()}
    if request is not None:
        used |= {"client": client_of(request), "address": address_of(request)}
    return used


def client_of(request: HttpRequest | Request) -> str:
    """The client's User-Agent in printable ASCII (RFC 9110, section 10.1.5), with blanks in place of other
    characters."""
    text = request.META.get("HTTP_USER_AGENT", "")
    return re.sub(r"[^\x21-\x7e]+", " ", text).strip()[:CLIENT_LENGTH]


def note_later(request: HttpRequest | Request, token: PersonalToken) -> None:
    """Save the use of a personal token after the response, if the last saved one is at least five minutes ago."""
    if token.last_used_at is None or token.last_used_at <= timezone.now() - EVERY:
        request.META[USED] = token


def note_uses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that saves a use when the response is closed, after the server has sent it (PEP 3333)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if token := request.META.get(USED):
            closers: list[Any] = response._resource_closers  # type: ignore[attr-defined]  # what Django's close() calls
            closers.append(partial(_note, token))
        return response

    return middleware


def _note(token: PersonalToken) -> None:
    """Save a use, unless another request has saved one meanwhile. A failure is only logged."""
    now = timezone.now()
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - EVERY)
    try:
        PersonalToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
    except Exception:
        logger.warning("The use of a personal token could not be noted", exc_info=True)
