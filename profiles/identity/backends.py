"""Where a password is looked at: for both APIs and for the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from profiles.identity import accounts, security
from profiles.identity.throttling import count_sign_in
from profiles.models import Profile


class CountedBackend(ModelBackend):
    """Django's own check of a password, each attempt counted before it is made."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Profile | None:
        """The profile of this username, if this is its password and the account is active.

        A missing account costs the same hashing as a wrong password. Raises `Refused` where the
        attempt is one too many.
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
