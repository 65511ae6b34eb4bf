"""The account that a command is about."""

from django.core.management.base import CommandError

from profiles.models import Profile


def account_named(username: str) -> Profile:
    """The account of this username, in any case. Raises `CommandError`: there is none."""
    profile: Profile | None = Profile.objects.named(username).first()
    if profile is None:
        raise CommandError(f"There is no account {username}.")
    return profile
