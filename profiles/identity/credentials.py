"""Serializers of the identity operations' input and output, for both APIs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from profiles.core.fields import Choice, Email, Key, Line, StrictSerializer
from profiles.fields import RULE_OF_PASSWORDS, Password, check_new_password
from profiles.identity import codes, tokens
from profiles.models import EMAIL_LENGTH, USERNAME_LENGTH

CODE = "Mailed code. Case and dash do not matter."
SCOPES = {"read": tokens.READ, "write": tokens.READ_WRITE}


class SignIn(StrictSerializer):
    """The credentials of a sign-in."""

    username = Line(max_length=USERNAME_LENGTH, help_text="Username, ignoring case.")
    password = Password(help_text="Password. Blanks count.")
    scope = Choice(
        choices=[("read", "To read, and to write nothing."), ("write", "To read and to write.")],
        default="write",
        help_text="Scope of the tokens.",
    )

    def validate_scope(self, scope: str) -> str:
        return SCOPES[scope]


class Refresh(StrictSerializer):
    """A refresh token to use or revoke."""

    refresh_token = Line(max_length=tokens.LONGEST, trim_whitespace=False, help_text="Refresh token.")


class Verify(StrictSerializer):
    """An access token to read."""

    token = Line(max_length=tokens.LONGEST, help_text="Access token.")


class NewPassword(StrictSerializer):
    """A change of password."""

    old_password = Password(help_text="Current password.")
    new_password = Password(help_text=RULE_OF_PASSWORDS)

    def validate_new_password(self, password: str) -> str:  # the context has the account: `profile`
        check_new_password(password, self.context["profile"])
        return password


class RecoveryWanted(StrictSerializer):
    """The email of an account with a forgotten password."""

    email = Email(max_length=EMAIL_LENGTH, help_text="Email of the account, ignoring case.")


class Recovery(RecoveryWanted):
    """A mailed code and the new password."""

    code = Line(max_length=codes.LONGEST, help_text=CODE)
    new_password = Password(help_text=RULE_OF_PASSWORDS)

    def validate_new_password(self, password: str) -> str:  # similarity to the account's fields is checked later
        check_new_password(password, None)
        return password


class EmailCode(StrictSerializer):
    """A code mailed to the address that it verifies."""

    code = Line(max_length=codes.LONGEST, help_text=CODE)


class UndoToken(StrictSerializer):
    """A token mailed to an account's old address."""

    token = Line(max_length=tokens.LONGEST, help_text="Last path segment of the mailed link.")


class Nothing(StrictSerializer):
    """The input of an operation without input fields."""


class ById(StrictSerializer):
    """The id of the row to act on."""

    id = Key(help_text="`id` from the list.")


class Tokens(serializers.Serializer[Any]):
    """The tokens from a sign-in or a refresh."""

    token = serializers.CharField(help_text="Value for the header 'Authorization: Bearer TOKEN'.")
    refresh_token = serializers.CharField(help_text="Value for obtaining the next tokens. Valid once.")
    expires_at = serializers.DateTimeField(help_text="Expiry of the access token.")
    refresh_expires_at = serializers.DateTimeField(help_text="Expiry of the sign-in, however often it is refreshed.")
    scope = serializers.CharField(help_text="Scope of the tokens: 'read' or 'read write'.")


class TokenFacts(serializers.Serializer[Any]):
    """The content of a valid access token."""

    id = serializers.IntegerField(source="profile.pk", help_text="Key of the account.")
    node_id = serializers.CharField(source="profile.node_id", help_text="Global id of the account.")
    username = serializers.CharField(source="profile.username", help_text="Current username of the account.")
    expires_at = serializers.DateTimeField(help_text="Time of expiry.")
    scope = serializers.CharField(help_text="Scope of the token: 'read' or 'read write'.")
