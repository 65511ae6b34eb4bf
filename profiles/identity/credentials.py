"""What the operations of identity take and give, at both doors."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from profiles.core.fields import Choice, Email, Key, Line, StrictSerializer
from profiles.fields import RULE_OF_PASSWORDS, Password, check_new_password
from profiles.identity import codes, tokens
from profiles.models import EMAIL_LENGTH, USERNAME_LENGTH

CODE = "As it was mailed: in any case, with or without its dash."
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


class RecoveryWanted(StrictSerializer):
    """The address of an account whose password was forgotten."""

    email = Email(max_length=EMAIL_LENGTH, help_text="As the account has it, in any case.")


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

    token = Line(max_length=tokens.LONGEST, help_text="The end of the link that was mailed, behind its last slash.")


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
