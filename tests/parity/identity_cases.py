"""The parity table of identity: sign-ins, refreshes, sessions, codes, tokens and passwords.

Mail is on. `{…}` in a value is a placeholder for a token, a refresh token, a session's id or a mailed code.
"""

from dataclasses import dataclass

from tests.cast import PASSWORD

NEW = "a staple for the horse"
EVERY_OPERATION = [
    "createProfile", "deleteProfile", "exportProfile", "getOwnProfile", "getProfile", "listProfileHistory",
    "listProfiles", "listSessions", "replaceProfile", "updateProfile", "updateProfiles",
]  # fmt: skip
LONG = "x" * 2_001  # longer than any token


@dataclass(frozen=True)
class IdentityCase:
    label: str
    operation: str
    values: tuple = ()
    actor: str | None = None  # whose token is sent, if the operation takes one
    outcome: str = "done"
    errors: tuple = ()  # tuples of (code, field)
    ends: bool = False  # every token of the owner
    starts: bool = False  # a family of tokens, accepted by both APIs
    writes: bool = False  # changes stored rows, but ends no token


def case(label, operation, *values, **expected):
    return IdentityCase(label, operation, values, **expected)


CASES = [
    case("sign in", "sign_in", "owner", PASSWORD, starts=True),
    case("sign in, in another case", "sign_in", "OWNER", PASSWORD, starts=True),
    case("sign in, in full-width letters", "sign_in", "ｏｗｎｅｒ", PASSWORD, starts=True),
    case("a wrong password", "sign_in", "owner", "wrong", outcome="UNAUTHENTICATED"),
    case("a password with a blank more", "sign_in", "owner", PASSWORD + " ", outcome="UNAUTHENTICATED"),
    case("no such account", "sign_in", "nobody", PASSWORD, outcome="UNAUTHENTICATED"),
    case("a disabled account", "sign_in", "gone", PASSWORD, outcome="UNAUTHENTICATED"),
    case("what no username looks like", "sign_in", "a b", PASSWORD, outcome="UNAUTHENTICATED"),
    case("an empty username", "sign_in", "", "x", outcome="invalid", errors=(("blank", "username"),)),
    case("NUL in a username", "sign_in", "a\0", "x", outcome="invalid", errors=(("invalid", "username"),)),
    case("a surrogate in it", "sign_in", "owner", "\ud800", outcome="invalid", errors=(("invalid", "password"),)),
    case("one too long", "sign_in", "owner", "x" * 1025, outcome="invalid", errors=(("max_length", "password"),)),
    case("a username too long", "sign_in", "x" * 51, "x", outcome="invalid", errors=(("max_length", "username"),)),
    case("one that NFKC shortens", "sign_in", "e\u0301" * 26, "x",
         outcome="invalid", errors=(("max_length", "username"),)),
    case("one that NFKC lengthens", "sign_in", "\ufdfa" * 50, "x", outcome="UNAUTHENTICATED"),
    case("blanks around a username", "sign_in", " " * 99 + "owner", PASSWORD, starts=True),
    case("refresh", "refresh", "{refresh}", starts=True),
    case("refresh with an access token", "refresh", "{token}", outcome="UNAUTHENTICATED"),
    case("refresh with nothing that we gave", "refresh", "x", outcome="UNAUTHENTICATED"),
    case("refresh with an empty text", "refresh", "", outcome="invalid", errors=(("blank", "refresh_token"),)),
    case("refresh with NUL", "refresh", "\0", outcome="invalid", errors=(("invalid", "refresh_token"),)),
    case("refresh with a surrogate", "refresh", "\ud800", outcome="invalid", errors=(("invalid", "refresh_token"),)),
    case("refresh with a long text", "refresh", LONG, outcome="invalid", errors=(("max_length", "refresh_token"),)),
    case("verify", "verify", "{token}"),
    case("verify a long text", "verify", LONG, outcome="invalid", errors=(("max_length", "token"),)),
    case("verify a refresh token", "verify", "{refresh}", outcome="UNAUTHENTICATED"),
    case("verify nonsense", "verify", "x.y.z", outcome="UNAUTHENTICATED"),
    case("revoke", "revoke", "{refresh}", ends=True),
    case("revoke what we never gave", "revoke", "x"),
    case("revoke an access token, which is none", "revoke", "{token}"),
    case("revoke a long text", "revoke", LONG, outcome="invalid", errors=(("max_length", "refresh_token"),)),
    case("log out everywhere", "log_out_everywhere", actor="owner", ends=True),
    case("log out everywhere as nobody", "log_out_everywhere", actor="anonymous", outcome="UNAUTHENTICATED"),
    case("log out everywhere with a read token", "log_out_everywhere", actor="owner (read)", outcome="FORBIDDEN"),
    case("change the password", "change_password", PASSWORD, NEW, actor="owner", ends=True, starts=True),
    case("change nobody's password", "change_password", PASSWORD, NEW, actor="anonymous", outcome="UNAUTHENTICATED"),
    case("change it with a read token", "change_password", PASSWORD, NEW, actor="owner (read)", outcome="FORBIDDEN"),
    case("a forbidden change says no more", "change_password", "", "", actor="owner (read)", outcome="FORBIDDEN"),
    case(
        "not the old password", "change_password", "wrong", NEW,
        actor="owner", outcome="invalid", errors=(("invalid", "old_password"),),
    ),
    case(
        "a new password of little worth", "change_password", PASSWORD, "12345",
        actor="owner", outcome="invalid",
        errors=tuple((f"password_{what}", "new_password") for what in ("too_short", "too_common", "entirely_numeric")),
    ),
    case(
        "a new password like the account", "change_password", PASSWORD, "owner@example.com",
        actor="owner", outcome="invalid", errors=(("password_too_similar", "new_password"),),
    ),
    case(
        "a new password too long", "change_password", PASSWORD, "x" * 1025,
        actor="owner", outcome="invalid", errors=(("max_length", "new_password"),),
    ),
    case("ask for a code", "request_recovery", "owner@example.com", writes=True),
    case("ask for a code for nobody's address", "request_recovery", "nobody@example.com", writes=True),
    case("ask for a code for no address", "request_recovery", "owner",
         outcome="invalid", errors=(("invalid", "email"),)),
    case("recover", "confirm_recovery", "owner@example.com", "{recovery}", NEW, ends=True, starts=True),
    case("recover, in other cases", "confirm_recovery", "Owner@Example.com", "{RECOVERY}", NEW, ends=True, starts=True),
    *[
        case(f"recover with {label}", "confirm_recovery", email, code, NEW, outcome="CODE_INVALID", writes=writes)
        for label, email, code, writes in [
            ("a wrong code", "owner@example.com", "BCDF-GHJK", True),
            ("no code", "owner@example.com", "-", True),
            ("the code of another address", "member@example.com", "{recovery}", False),
            ("the code of another use", "owner@example.com", "{verification}", True),
            ("nobody's address", "nobody@example.com", "{recovery}", False),
        ]
    ],
    case(
        "recover with a poor password", "confirm_recovery", "owner@example.com", "{recovery}", "12345",
        outcome="invalid",
        errors=tuple((f"password_{what}", "new_password") for what in ("too_short", "too_common", "entirely_numeric")),
    ),
    case(
        "recover with a password like the account", "confirm_recovery", "owner@example.com", "{recovery}",
        "owner@example.com", outcome="invalid", errors=(("password_too_similar", "new_password"),), writes=True,
    ),
    case(
        "recover with a long code", "confirm_recovery", "owner@example.com", "B" * 21, NEW,
        outcome="invalid", errors=(("max_length", "code"),),
    ),
    case("verify the address", "verify_email", "{verification}", actor="owner", writes=True),
    case("verify it with a code of another use", "verify_email", "{recovery}", actor="owner", outcome="CODE_INVALID",
         writes=True),
    case("verify it with another's code", "verify_email", "{another's}", actor="owner", outcome="CODE_INVALID",
         writes=True),
    case("verify it with an empty code", "verify_email", "", actor="owner", outcome="invalid",
         errors=(("blank", "code"),)),
    case("have another code sent", "resend_verification", actor="owner", writes=True),
    *[
        case(f"{label} as {actor}", operation, *values, actor=actor, outcome=outcome)
        for label, operation, *values in [
            ("verify the address", "verify_email", "{verification}"),
            ("have another code sent", "resend_verification"),
        ]
        for actor, outcome in [
            ("anonymous", "UNAUTHENTICATED"),
            ("owner (read)", "FORBIDDEN"),
            ("owner (personal write)", "FORBIDDEN"),
        ]
    ],
    case("undo a change of address", "undo_email_change", "{undo}", ends=True),
    case("undo with nothing that was sent", "undo_email_change", "x", outcome="CODE_INVALID"),
    case("undo with a code", "undo_email_change", "{recovery}", outcome="CODE_INVALID"),
    case("sessions", "list_sessions", actor="owner"),
    case("sessions of nobody", "list_sessions", actor="anonymous", outcome="UNAUTHENTICATED"),
    case("sessions with a read token", "list_sessions", actor="owner (read)"),
    case("sessions with a personal token", "list_sessions", actor="owner (personal read)"),
    case("end a session", "end_session", "{session}", actor="owner", writes=True),
    case("end the caller's own session", "end_session", "{own session}", actor="owner", ends=True),
    *[
        case(f"end {what}", "end_session", what, actor="owner", outcome="NOT_FOUND")
        for what in ("{another's session}", "{ended session}", "{personal token}", "{SESSION}", "x", "ü x")
    ],
    *[
        case(f"{label} as {actor}", operation, *values, actor=actor, outcome=outcome)
        for label, operation, *values in [
            ("end a session", "end_session", "{session}"),
            ("end no session", "end_session", "x"),
            ("end other sessions", "end_other_sessions"),
            ("create a personal token", "create_personal_token", "Mine", ["read"], 1),
            ("create nonsense", "create_personal_token", "", [], 0),
            ("revoke a personal token", "revoke_personal_token", "{personal token}"),
            ("sign out everywhere", "log_out_everywhere"),
            ("change the password", "change_password", PASSWORD, NEW),
        ]
        for actor, outcome in [
            ("anonymous", "UNAUTHENTICATED"),
            ("owner (read)", "FORBIDDEN"),
            ("owner (personal read)", "FORBIDDEN"),
            ("owner (personal write)", "FORBIDDEN"),
            ("owner (personal getOwnProfile updateProfile)", "FORBIDDEN"),
        ]
    ],
    case("end other sessions", "end_other_sessions", actor="owner", writes=True),
    case("create a token that reads", "create_personal_token", "Mine", ["read"], 1, actor="owner", writes=True),
    case("create a token that writes", "create_personal_token", "Mine", ["write"], 365, actor="owner", writes=True),
    case(
        "create a token for operations", "create_personal_token", " Mine ", ["updateProfile", "getOwnProfile"], 30,
        actor="owner", writes=True,
    ),
    case("create a token for every operation", "create_personal_token", "Mine", EVERY_OPERATION, 30,
         actor="owner", writes=True),
    *[
        case(f"a token with {label}", "create_personal_token", *sent, actor="owner", outcome="invalid", errors=(error,))
        for label, sent, error in [
            ("no label", (" ", ["read"], 1), ("blank", "label")),
            ("a long label", ("x" * 101, ["read"], 1), ("max_length", "label")),
            ("NUL in its label", ("a\0", ["read"], 1), ("invalid", "label")),
            ("no scope", ("x", [], 1), ("invalid", "scopes")),
            ("too many scopes", ("x", ["read"] * 51, 1), ("invalid", "scopes")),
            ("an unknown scope", ("x", ["getOwnProfile", "get"], 1), ("invalid_choice", "scopes")),
            ("reads and a write", ("x", ["read", "updateProfile"], 1), ("invalid_choice", "scopes")),
            ("reads and writes", ("x", ["read", "write"], 1), ("invalid_choice", "scopes")),
            ("what no token may", ("x", ["changePassword"], 1), ("invalid_choice", "scopes")),
            ("ended before it begins", ("x", ["read"], 0), ("min_value", "days")),
            ("longer than a year", ("x", ["read"], 366), ("max_value", "days")),
        ]
    ],
    case("personal tokens", "list_personal_tokens", actor="owner"),
    case("personal tokens with a read token", "list_personal_tokens", actor="owner (read)"),
    case("personal tokens of nobody", "list_personal_tokens", actor="anonymous", outcome="UNAUTHENTICATED"),
    *[
        case(f"personal tokens as {actor}", "list_personal_tokens", actor=actor, outcome="FORBIDDEN")
        for actor in ("owner (personal read)", "owner (personal write)")
    ],
    case("revoke a personal token", "revoke_personal_token", "{personal token}", actor="owner", writes=True),
    *[
        case(f"revoke {what}", "revoke_personal_token", what, actor="owner", outcome="NOT_FOUND")
        for what in ("{another's token}", "{revoked token}", "{session}", "x")
    ],
    case("verify a personal token", "verify", "{personal}", outcome="UNAUTHENTICATED"),
]  # fmt: skip
