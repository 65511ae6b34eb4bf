"""The authentication backend for passwords, for both APIs and the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from profiles.identity import accounts, security
from profiles.identity.throttling import count_sign_in
from profiles.models import Profile


class CountedBackend(ModelBackend):
    """Django's password check, with each attempt rate-limited before it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Profile | None:
        """The profile with this username, if the password is right and the account is active; otherwise None.

        A missing account takes the same hashing time as a wrong password. Raises `Refused`: THROTTLED.
        """
        if username is None or password is None:
            return None
        count_sign_in(request, username)
        profile = super().authenticate(request, username, password)
        if not isinstance(profile, Profile):
            security.log("sign_in_failed", Profile.objects.named(username).first(), request=request)
            return None
        security.log("sign_in", profile, request=request)
        return accounts.rehash(profile, password)
