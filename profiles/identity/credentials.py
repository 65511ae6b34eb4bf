"""What the operations of identity take and give, at both doors."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from profiles.core.fields import Choice, Key, Line, StrictSerializer
from profiles.fields import RULE_OF_PASSWORDS, Password, check_new_password
from profiles.identity import tokens
from profiles.models import USERNAME_LENGTH

SCOPES = {"read": tokens.READ, "write": tokens.READ_WRITE}


class SignIn(StrictSerializer):
    """The credentials of a sign-in, right or wrong."""

    username = Line(max_length=USERNAME_LENGTH, help_text="In any case.")
    password = Password(help_text="As it was chosen, blanks and all.")
    scope = Choice(
        choices=[("read", "To read, and to write nothing."), ("write", "To read and to write.")],
        default="write",
        help_text="What the tokens are good for.",
    )

    def validate_scope(self, scope: str) -> str:
        return SCOPES[scope]


class Refresh(StrictSerializer):
    """A refresh token, to use or to revoke."""

    refresh_token = Line(max_length=tokens.LONGEST, trim_whitespace=False, help_text="As it was given.")


class Verify(StrictSerializer):
    """An access token, to look at."""

    token = Line(max_length=tokens.LONGEST, help_text="As it was given.")


class NewPassword(StrictSerializer):
    """A change of password."""

    old_password = Password(help_text="The one to this day.")
    new_password = Password(help_text=RULE_OF_PASSWORDS)

    def validate_new_password(self, password: str) -> str:  # the context says whose: `profile`
        check_new_password(password, self.context["profile"])
        return password


class Nothing(StrictSerializer):
    """The input of an operation that takes none."""


class ById(StrictSerializer):
    """The row that an operation is about."""

    id = Key(help_text="Its id, as the list shows it.")


class Tokens(serializers.Serializer[Any]):
    """The tokens that a sign-in or a refresh gives."""

    token = serializers.CharField(help_text="For the header 'Authorization: Bearer TOKEN'.")
    refresh_token = serializers.CharField(help_text="For the next tokens. It can be used once.")
    expires_at = serializers.DateTimeField(help_text="When the token ends.")
    refresh_expires_at = serializers.DateTimeField(help_text="When the sign-in ends, however often it is refreshed.")
    scope = serializers.CharField(help_text="What they are good for: 'read', or 'read write'.")


class TokenFacts(serializers.Serializer[Any]):
    """What a good access token says."""

    id = serializers.IntegerField(source="profile.pk", help_text="Whose it is.")
    node_id = serializers.CharField(source="profile.node_id", help_text="Whose it is.")
    username = serializers.CharField(source="profile.username", help_text="Whose it is, by today's name.")
    expires_at = serializers.DateTimeField(help_text="When it ends.")
    scope = serializers.CharField(help_text="What it is good for: 'read', or 'read write'.")
