"""The parity table of identity: who signs in, refreshes, looks, revokes, leaves, changes the password.

`{…}` in a value stands for what a test has in hand: a token, a refresh token, the password.
"""

from dataclasses import dataclass

from tests.cast import PASSWORD

NEW = "a staple for the horse"
LONG = "x" * 2_001  # more than any token has


@dataclass(frozen=True)
class IdentityCase:
    label: str
    operation: str
    values: tuple = ()
    actor: str | None = None  # who sends a token along, where the operation takes one
    outcome: str = "done"
    errors: tuple = ()  # of (code, field)
    ends: bool = False  # every token that the owner had
    starts: bool = False  # a family of tokens, which both doors take


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
]  # fmt: skip
