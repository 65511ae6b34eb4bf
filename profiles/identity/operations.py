"""The identity operations: both APIs and their contracts are generated from `OPERATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.identity import (
    codes,
    credentials,
    families,
    personal_tokens,
    recovery,
    sign_ins,
    tokens,
    undoing,
    verification,
)
from profiles.identity.counters import Count
from profiles.identity.throttling import (
    Attempts,
    guesses,
    mail_attempts,
    password_attempts,
    recovery_attempts,
    sign_in_attempts,
)
from profiles.models import Profile
from profiles.policy import AccountAction, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An identity operation in both APIs.

    Attributes:
        name: GraphQL mutation and OpenAPI operationId.
        path: REST path, without trailing slash.
        method: REST method: POST; DELETE for a row, with `id` in the path; GET for a list, without input.
        member: for a list: its field of a profile over GraphQL.
        status: HTTP status over REST; 204 for a response without body.
        title: description in GraphQL, before the reference to REST.
        summary, description, result: texts in OpenAPI; `result` describes the output.
        input: serializer of the input. If its context needs the `profile`, the operation has an `action`.
        output: serializer of the output, for a list that of each row; or the name of the one field, which is true.
        function: takes the request, the caller's profile if there is an `action`, and the validated values by name.
        action: the action that the caller must be allowed on its own profile; None if the input authenticates it.
        attempts: rate limit counts, in addition to one write.
        keeps_history: whether `function` also takes `source`, because it writes to the profile.
        counts_input: whether `attempts` depends on the input; REST then reads the body before it counts.
    """

    name: str
    path: str
    title: str
    summary: str
    description: str
    result: str
    input: type[Serializer[Any]]
    output: type[Serializer[Any]] | str
    function: Callable[..., Any]
    action: AccountAction | None = None
    attempts: Attempts | None = None
    keeps_history: bool = False
    counts_input: bool = False
    method: str = "POST"
    member: str = ""
    status: int = 200

    @property
    def is_list(self) -> bool:
        return self.method == "GET"

    def authorize(self, actor: Actor) -> Profile | None:
        """The actor's own profile, if there is an `action`. Raises `Refused` as `policy.own` does."""
        return policy.own(actor, self.action) if self.action else None

    def perform(
        self, request: HttpRequest | Request, profile: Profile | None, source: Source, **values: Any
    ) -> dict[str, Any]:
        """Perform the operation for the profile that `authorize` returned, with validated values; return the output.

        Raises what `function` raises: `Refused`, `ValidationError`.
        """
        if self.keeps_history:
            values["source"] = source
        done = self.function(request, **values) if profile is None else self.function(request, profile, **values)
        if isinstance(self.output, str):
            return {self.output: True}
        return {"results": self.output(done, many=True).data} if self.is_list else self.output(done).data


def _sign_in_attempts(request: HttpRequest | Request, actor: Actor, sent: Any) -> list[Count]:
    return sign_in_attempts(request, sent.get("username") if isinstance(sent, dict) else None)


def _recovery_attempts(request: HttpRequest | Request, actor: Actor, sent: Any) -> list[Count]:
    return recovery_attempts(request, sent.get("email") if isinstance(sent, dict) else None)


LIFE_OF_CODES = f"{codes.LIFE.total_seconds() / 60:.0f} minutes"
LIFE_OF_UNDO = f"{undoing.LIFE.total_seconds() / 3_600:.0f} hours"
OPERATIONS = (
    Operation(
        name="tokenAuth",
        path="/auth/token",
        title="Sign in with a username and a password",
        summary="Sign in",
        description="Returns an access token, valid for five minutes, and a refresh token. Attempts are rate-limited, "
        "successful ones too.",
        result="The tokens.",
        input=credentials.SignIn,
        output=credentials.Tokens,
        function=families.sign_in,
        attempts=_sign_in_attempts,
        counts_input=True,
    ),
    Operation(
        name="refreshToken",
        path="/auth/token/refresh",
        title="Obtain new tokens for a refresh token",
        summary="Refresh the tokens",
        description="A refresh token is valid once. A second use ends its sign-in, except within ten seconds "
        "of the first use, which returns the same tokens again. Leave out the `Authorization` header: an expired token "
        "is refused.",
        result="The tokens.",
        input=credentials.Refresh,
        output=credentials.Tokens,
        function=families.refresh,
    ),
    Operation(
        name="verifyToken",
        path="/auth/token/verify",
        title="Read an access token",
        summary="Read an access token",
        description="Returns the account, the expiry and the scope.",
        result="The content of the token.",
        input=credentials.Verify,
        output=credentials.TokenFacts,
        function=lambda request, token: tokens.read(token),
    ),
    Operation(
        name="revokeToken",
        path="/auth/token/revoke",
        title="End the sign-in of a refresh token",
        summary="Sign out",
        description="Ends the sign-in of a refresh token, and all its tokens. An unknown token is not an error.",
        result="The sign-in has ended.",
        input=credentials.Refresh,
        output="revoked",
        function=families.revoke,
    ),
    Operation(
        name="logoutEverywhere",
        path="/auth/logout-everywhere",
        title="End every token and session of the caller",
        summary="Sign out everywhere",
        description="Ends all your tokens and sessions.",
        result="The tokens and sessions have ended.",
        input=credentials.Nothing,
        output="logged_out",
        function=families.sign_out_everywhere,
        action=AccountAction.SIGN_OUT,
    ),
    Operation(
        name="changePassword",
        path="/auth/password",
        title="Change the caller's password",
        summary="Change your password",
        description="Ends all your tokens, and returns new ones.",
        result="The tokens.",
        input=credentials.NewPassword,
        output=credentials.Tokens,
        function=families.change_password,
        action=AccountAction.CHANGE_PASSWORD,
        attempts=lambda request, actor, sent: password_attempts(actor),
    ),
    Operation(
        name="requestRecovery",
        path="/auth/recovery",
        title="Mail a code for a new password",
        summary="Request a code for a new password",
        description="Mails a code to the address, for each account with that address and a password. The response and "
        "its time are the same if there is none. Requests are rate-limited by caller and by address.",
        result="The mail was requested.",
        input=credentials.RecoveryWanted,
        output="requested",
        function=recovery.ask,
        attempts=_recovery_attempts,
        counts_input=True,
        status=202,
    ),
    Operation(
        name="confirmRecovery",
        path="/auth/recovery/confirm",
        title="Set a new password with a mailed code",
        summary="Set a new password with a code",
        description=f"A code is valid for {LIFE_OF_CODES} and {codes.MOST_ATTEMPTS} attempts. Ends every token and "
        "session of the account, and returns new tokens.",
        result="The tokens.",
        input=credentials.Recovery,
        output=credentials.Tokens,
        function=recovery.confirm,
        attempts=guesses,
        keeps_history=True,
    ),
    Operation(
        name="verifyEmail",
        path="/profiles/me/email/verify",
        title="Verify the caller's email with a mailed code",
        summary="Verify your email",
        description="Verifies your email, or replaces it by the pending one: the old email, if it was "
        f"verified, is then mailed a link that undoes this for {LIFE_OF_UNDO}. A code is valid for {LIFE_OF_CODES} and "
        f"{codes.MOST_ATTEMPTS} attempts.",
        result="The email is verified.",
        input=credentials.EmailCode,
        output="verified",
        function=verification.verify,
        action=AccountAction.VERIFY_EMAIL,
        keeps_history=True,
    ),
    Operation(
        name="resendVerification",
        path="/profiles/me/email/resend",
        title="Mail another code for the email to verify",
        summary="Request another code",
        description="Mails a new code to your pending email, or to your unverified email. Earlier codes "
        "become invalid when it is sent.",
        result="The mail was requested.",
        input=credentials.Nothing,
        output="requested",
        function=verification.resend,
        action=AccountAction.VERIFY_EMAIL,
        attempts=lambda request, actor, sent: mail_attempts(actor),
        status=202,
    ),
    Operation(
        name="undoEmailChange",
        path="/auth/email/undo",
        title="Undo a change of an account's email",
        summary="Undo a change of email",
        description="Restores the old email of the account, ends its tokens and sessions, and mails that "
        "address a code for a new password; the old password is no longer valid. Later changes can no longer be "
        "undone.",
        result="The change is undone.",
        input=credentials.UndoToken,
        output="undone",
        function=undoing.undo,
        attempts=guesses,
        keeps_history=True,
    ),
    Operation(
        name="listSessions",
        method="GET",
        path="/auth/sessions",
        member="sessions",
        title="Active sign-ins of the caller, last used first",
        summary="List your sessions",
        description=f"Active sign-ins, last used first, at most {sign_ins.MOST_SHOWN}. Sessions of "
        "the admin are not included.",
        result="The sessions.",
        input=credentials.Nothing,
        output=sign_ins.Session,
        function=sign_ins.list_sessions,
        action=AccountAction.LIST_SESSIONS,
    ),
    Operation(
        name="endSession",
        method="DELETE",
        path="/auth/sessions/{id}",
        title="End one sign-in of the caller",
        summary="End a session",
        description="Ends the sign-in and all its tokens. It can be the sign-in of this request.",
        result="The sign-in has ended.",
        input=credentials.ById,
        output="ended",
        function=sign_ins.end_session,
        action=AccountAction.END_SESSIONS,
        status=204,
    ),
    Operation(
        name="endOtherSessions",
        path="/auth/sessions/end-others",
        title="End every other sign-in of the caller",
        summary="End your other sessions",
        description="Ends all your sign-ins except that of this request, and your sessions of the admin.",
        result="The tokens and sessions have ended.",
        input=credentials.Nothing,
        output="ended",
        function=sign_ins.end_other_sessions,
        action=AccountAction.END_SESSIONS,
    ),
    Operation(
        name="createPersonalToken",
        path="/auth/tokens",
        title="Create a personal token for the caller",
        summary="Create a personal token",
        description=f"A personal token is for scripts and is sent like an access token. An account has at most "
        f"{personal_tokens.MOST}. It cannot change a password, an email, a session or a token, or delete "
        "its own account. A new password, signing out everywhere and deleting the account revoke all of them.",
        result="The token. Its text is shown once.",
        input=personal_tokens.NewPersonalToken,
        output=personal_tokens.PersonalTokenCreated,
        function=personal_tokens.create,
        action=AccountAction.CHANGE_PERSONAL_TOKENS,
        status=201,
    ),
    Operation(
        name="listPersonalTokens",
        method="GET",
        path="/auth/tokens",
        member="personal_tokens",
        title="Valid personal tokens of the caller, newest first",
        summary="List your personal tokens",
        description="Valid tokens, newest first, without their texts.",
        result="The tokens.",
        input=credentials.Nothing,
        output=personal_tokens.PersonalToken,
        function=personal_tokens.list_all,
        action=AccountAction.LIST_PERSONAL_TOKENS,
    ),
    Operation(
        name="revokePersonalToken",
        method="DELETE",
        path="/auth/tokens/{id}",
        title="Revoke one personal token of the caller",
        summary="Revoke a personal token",
        description="The token is refused from the next request on.",
        result="The token or sign-in is revoked.",
        input=credentials.ById,
        output="revoked",
        function=personal_tokens.revoke,
        action=AccountAction.CHANGE_PERSONAL_TOKENS,
        status=204,
    ),
)
