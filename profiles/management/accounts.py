"""Finding the account that a command acts on."""

from django.core.management.base import CommandError

from profiles.models import Profile


def account_named(username: str) -> Profile:
    """The account with this username, ignoring case. Raises `CommandError`: there is none."""
    profile: Profile | None = Profile.objects.named(username).first()
    if profile is None:
        raise CommandError(f"There is no account {username}.")
    return profile
