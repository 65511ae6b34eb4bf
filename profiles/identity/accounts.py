"""Writes to an account that its profile does not show: password changes and the end of sign-ins."""

from typing import Any

from django.contrib.auth.hashers import get_hasher, make_password
from django.db import transaction

from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.outcomes import sign_in_ended
from profiles.core.writing import save_locked, transact
from profiles.models import Profile


def change_password(profile: Profile, password: str) -> Profile:
    """Set a new password, and end every token and session of the account.

    The version and the history do not change, because no reader sees the password.

    Args:
        profile: the account, as loaded when its old password was verified.
        password: the new password, in plain text.

    Raises:
        Refused: UNAUTHENTICATED: the account ended, or its password changed, since `profile` was loaded.
    """
    encoded = make_password(password)  # before the transaction: hashing takes time
    return _save_account(profile, password=encoded)


def rehash(profile: Profile, password: str) -> Profile:
    """Rehash a password that was just verified, if its hash has outdated parameters.

    The account's sign-ins and personal tokens stay valid, including refresh tokens. Earlier access tokens, which last
    minutes, and sessions of the admin depend on the old hash and become invalid.

    Returns:
        The profile, with the stored hash.
    """
    if not get_hasher().must_update(profile.password):
        return profile
    earlier, encoded = profile.session_version, make_password(password)
    with transaction.atomic():
        row = lock_account(profile)
        if row:
            row.password = encoded
            row.save(update_fields=["password"])
            for credentials in (row.token_families, row.personal_tokens):
                credentials.filter(session_version=earlier).update(session_version=row.session_version)
            return row
    # Another sign-in rehashed it first, or the password changed: verify it against the stored hash.
    current = Profile.objects.filter(pk=profile.pk).first()
    return current if current and current.check_password(password) else profile


def sign_out_everywhere(profile: Profile) -> Profile:
    """End every token and session of a profile. Raises as `change_password` does."""
    return _save_account(profile, sign_outs=profile.sign_outs + 1)


def _save_account(profile: Profile, **values: Any) -> Profile:
    return transact(Profile, lambda: save_locked_account(require_account(profile), **values))


def save_locked_account(row: Profile, **values: Any) -> Profile:
    """Save the given columns of an account that this transaction has locked, and end its sign-ins."""
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    row.end_sign_ins()
    return row


def confirm_address(row: Profile, address: str, source: Source) -> None:
    """Set a confirmed address of an account that this transaction has locked, and clear its pending address."""
    values = {"email": address, "email_verified": True, "pending_email": None}
    save_locked(row, values, Actor(row), source)


def lock_account(profile: Profile) -> Profile | None:
    """The locked row of an account; None if it was deleted or disabled, or its password or sign-outs
    changed, since `profile` was loaded."""
    row = Profile.objects.filter(pk=profile.pk).for_writing().first()
    return row if row and row.continues(profile) else None


def require_account(profile: Profile) -> Profile:
    """The locked row of an account. Raises `Refused`: UNAUTHENTICATED, if `lock_account` returns None."""
    row = lock_account(profile)
    if row is None:
        raise sign_in_ended()
    return row
