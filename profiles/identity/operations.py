"""The identity operations, each defined once: both APIs and REST's contract are generated from `OPERATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from profiles.core.actors import Actor
from profiles.core.models import Door
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
    """One operation of both APIs.

    Attributes:
        name: GraphQL's mutation and OpenAPI's operation id.
        path: REST's, without the last slash.
        method: REST's: POST; DELETE for a row, by the `id` of its path; GET for a list, without input.
        member: of a list, its name in a profile over GraphQL.
        status: of REST's answer; 204 for one without a body.
        title: GraphQL's description, before the reference to REST.
        summary, description, result: OpenAPI's texts; `result` is about the output.
        input: the input's serializer. One whose context must name the `profile` has an `action`.
        output: the output's serializer, of a list that of each row; or, of an operation without output, the one field
            that is true.
        function: takes the request, the caller's profile if there is an `action`, and the input's values by name.
        action: what the caller must be allowed to do to its own profile; None if the input proves who is calling.
        attempts: what the operation is counted as, in addition to one write.
        keeps_history: whether `function` takes the `door` too, because it writes to the profile.
        counts_input: whether `attempts` depends on the input. REST then reads the body before it counts.
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
        self, request: HttpRequest | Request, profile: Profile | None, door: Door, **values: Any
    ) -> dict[str, Any]:
        """Perform the operation for the profile that `authorize` returned, with validated values; return the output.

        Raises what `function` raises: `Refused`, `ValidationError`.
        """
        if self.keeps_history:
            values["door"] = door
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
        title="Tokens for a username and a password",
        summary="Sign in",
        description="Gives an access token, for five minutes, and a refresh token for the next. Attempts are counted, "
        "whichever way they end.",
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
        title="The next tokens for a refresh token",
        summary="Refresh the tokens",
        description="A refresh token is used once. Used again, it ends the sign-in that it is of, but for ten seconds "
        "after its first use, in which it gives the same again. Leave out the `Authorization` header: an expired token "
        "is refused.",
        result="The tokens.",
        input=credentials.Refresh,
        output=credentials.Tokens,
        function=families.refresh,
    ),
    Operation(
        name="verifyToken",
        path="/auth/token/verify",
        title="What an access token says",
        summary="Look at an access token",
        description="Whose it is, until when, and what for.",
        result="What the token says.",
        input=credentials.Verify,
        output=credentials.TokenFacts,
        function=lambda request, token: tokens.read(token),
    ),
    Operation(
        name="revokeToken",
        path="/auth/token/revoke",
        title="The end of a refresh token's family",
        summary="Sign out",
        description="Ends the sign-in that a refresh token is of, and all its tokens. One that is none is no error.",
        result="It has ended.",
        input=credentials.Refresh,
        output="revoked",
        function=families.revoke,
    ),
    Operation(
        name="logoutEverywhere",
        path="/auth/logout-everywhere",
        title="The end of every token and session of the caller",
        summary="Sign out everywhere",
        description="Ends every token and session of yours.",
        result="They have ended.",
        input=credentials.Nothing,
        output="logged_out",
        function=families.sign_out_everywhere,
        action=AccountAction.SIGN_OUT,
    ),
    Operation(
        name="changePassword",
        path="/auth/password",
        title="A new password for the caller, and new tokens",
        summary="Change your password",
        description="Ends every token of yours, and gives new ones.",
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
        title="A code for a new password, by mail",
        summary="Have a code for a new password mailed",
        description="Mails a code to the address, for each account that has it and a password. The answer is the same, "
        "and takes as long, where there is none. Requests are counted by the caller and by the address.",
        result="It was asked for.",
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
        title="A new password and tokens for a code that was mailed",
        summary="Choose a new password with a code",
        description=f"The code is good for {LIFE_OF_CODES} and {codes.MOST_ATTEMPTS} attempts. Ends every token and "
        "session of the account, and gives new ones.",
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
        title="The proof that the caller reads what is sent to its address",
        summary="Verify your address",
        description="Verifies your email, or puts the pending one in its place: then the old one, where it was "
        f"verified, is mailed a link that undoes that, for {LIFE_OF_UNDO}. A code is good for {LIFE_OF_CODES} and "
        f"{codes.MOST_ATTEMPTS} attempts.",
        result="It was verified.",
        input=credentials.EmailCode,
        output="verified",
        function=verification.verify,
        action=AccountAction.VERIFY_EMAIL,
        keeps_history=True,
    ),
    Operation(
        name="resendVerification",
        path="/profiles/me/email/resend",
        title="Another code for the address that is to be verified",
        summary="Have another code mailed",
        description="Mails a new code to your pending email, or to your email where it is not verified. Earlier codes "
        "end when it is sent.",
        result="It was asked for.",
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
        title="The return to the address that an account had",
        summary="Undo a change of address",
        description="Gives the account its old address back, ends every token and session of it, and mails that "
        "address a code for a new password: until then nobody knows the password. Later changes can't be undone any "
        "more.",
        result="It was undone.",
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
        title="The caller's sign-ins that go on, the last used first",
        summary="List your sessions",
        description=f"The sign-ins that go on, the last used first, {sign_ins.MOST_SHOWN} at the most. A session of "
        "the admin is none of them.",
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
        title="The end of one sign-in of the caller",
        summary="End a session",
        description="Ends the sign-in and all its tokens. It may be the one that the request is of.",
        result="It has ended.",
        input=credentials.ById,
        output="ended",
        function=sign_ins.end_session,
        action=AccountAction.END_SESSIONS,
        status=204,
    ),
    Operation(
        name="endOtherSessions",
        path="/auth/sessions/end-others",
        title="The end of every sign-in of the caller but this one",
        summary="End your other sessions",
        description="Ends every sign-in of yours but the one that the request is of, and your sessions of the admin.",
        result="They have ended.",
        input=credentials.Nothing,
        output="ended",
        function=sign_ins.end_other_sessions,
        action=AccountAction.END_SESSIONS,
    ),
    Operation(
        name="createPersonalToken",
        path="/auth/tokens",
        title="A new personal token of the caller",
        summary="Create a personal token",
        description=f"For a script, a CI job or an agent: it is sent as an access token is. An account has "
        f"{personal_tokens.MOST} at the most. None can change a password, an address, a session or a token, or delete "
        "its own account. A new password, a sign-out everywhere and the account's end revoke all.",
        result="The token, whose text is shown this once.",
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
        title="The caller's personal tokens that can be used, the newest first",
        summary="List your personal tokens",
        description="The tokens that can be used, the newest first. The text of a token is not shown again.",
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
        title="The end of one personal token of the caller",
        summary="Revoke a personal token",
        description="It is refused from the next request on.",
        result="It was revoked.",
        input=credentials.ById,
        output="revoked",
        function=personal_tokens.revoke,
        action=AccountAction.CHANGE_PERSONAL_TOKENS,
        status=204,
    ),
)
