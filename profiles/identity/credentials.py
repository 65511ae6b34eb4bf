"""What the operations of identity take and give, in both APIs."""

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
    """The credentials of a sign-in, right or wrong."""

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
    """A refresh token, to use or to revoke."""

    refresh_token = Line(max_length=tokens.LONGEST, trim_whitespace=False, help_text="Refresh token.")


class Verify(StrictSerializer):
    """An access token, to look at."""

    token = Line(max_length=tokens.LONGEST, help_text="Access token.")


class NewPassword(StrictSerializer):
    """A change of password."""

    old_password = Password(help_text="Current password.")
    new_password = Password(help_text=RULE_OF_PASSWORDS)

    def validate_new_password(self, password: str) -> str:  # the context says whose: `profile`
        check_new_password(password, self.context["profile"])
        return password


class RecoveryWanted(StrictSerializer):
    """The address of an account whose password was forgotten."""

    email = Email(max_length=EMAIL_LENGTH, help_text="Email of the account, ignoring case.")


class Recovery(RecoveryWanted):
    """A code that was mailed, and the new password."""

    code = Line(max_length=codes.LONGEST, help_text=CODE)
    new_password = Password(help_text=RULE_OF_PASSWORDS)

    def validate_new_password(self, password: str) -> str:  # what it has in common with the account is checked later
        check_new_password(password, None)
        return password


class EmailCode(StrictSerializer):
    """A code that was mailed to the address that it verifies."""

    code = Line(max_length=codes.LONGEST, help_text=CODE)


class UndoToken(StrictSerializer):
    """What was mailed to an account's old address."""

    token = Line(max_length=tokens.LONGEST, help_text="Last path segment of the mailed link.")


class Nothing(StrictSerializer):
    """The input of an operation that takes none."""


class ById(StrictSerializer):
    """The row that an operation is about."""

    id = Key(help_text="`id` from the list.")


class Tokens(serializers.Serializer[Any]):
    """The tokens that a sign-in or a refresh gives."""

    token = serializers.CharField(help_text="Value for the header 'Authorization: Bearer TOKEN'.")
    refresh_token = serializers.CharField(help_text="Value for obtaining the next tokens. Valid once.")
    expires_at = serializers.DateTimeField(help_text="Expiry of the access token.")
    refresh_expires_at = serializers.DateTimeField(help_text="Expiry of the sign-in, however often it is refreshed.")
    scope = serializers.CharField(help_text="Scope of the tokens: 'read' or 'read write'.")


class TokenFacts(serializers.Serializer[Any]):
    """What a good access token says."""

    id = serializers.IntegerField(source="profile.pk", help_text="Key of the account.")
    node_id = serializers.CharField(source="profile.node_id", help_text="Global id of the account.")
    username = serializers.CharField(source="profile.username", help_text="Current username of the account.")
    expires_at = serializers.DateTimeField(help_text="Time of expiry.")
    scope = serializers.CharField(help_text="Scope of the token: 'read' or 'read write'.")
