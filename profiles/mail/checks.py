"""System check: mail is configured in production."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as Warned

from profiles.mail import queue


def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A warning if mail is off: addresses are then not verified, and a forgotten password cannot be reset."""
    if queue.is_on():
        return []
    text = "No mail is sent: nobody can recover an account, no address is verified, and a new one takes effect at once."
    hint = "Set EMAIL_URL, MAIL_FROM and SITE_URL, and run `manage.py mail` beside the service."
    return [Warned(text, hint=hint, id="profiles.W001")]
