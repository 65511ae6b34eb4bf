"""The parity table: the actor, operation, profile and input of each case, and its one outcome in both APIs.

Each case runs through both APIs, on both databases. `tests/parity/test_cases.py` checks that a case that fails changes
nothing.
"""

from dataclasses import dataclass, field

NOBODY = "nobody"  # a profile that does not exist
OF_AN_OWNER = [  # fields that an owner may write
    "username", "email", "bio", "display_name", "location",
    "website", "time_zone", "language", "visibility", "email_public",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    label: str
    actor: str  # a name in the cast, with " (read)" for a token of read scope; or "anonymous"
    operation: str  # a method of both API clients
    target: str | None = None  # a name in the cast; for view_by_username, the username sent
    values: dict | None = None  # the input
    if_match: str | None = None  # "current", "stale", or the header's value
    outcome: str = "done"
    errors: tuple = ()  # tuples of (code, field)
    changed: dict = field(default_factory=dict)  # the row's changed fields
    shown: dict = field(default_factory=dict)  # fields expected in the answer


def view(label, actor, target, *, outcome="done", **shown):
    return Case(label, actor, "view", target, outcome=outcome, shown=shown)


def named(label, actor, target, *, outcome="done", **shown):
    return Case(label, actor, "view_by_username", target, outcome=outcome, shown=shown)


def me(label, actor, *, outcome="done", **shown):
    return Case(label, actor, "view_me", outcome=outcome, shown=shown)


def write(label, values, *, actor="owner", operation="update", target="owner", **expected):
    return Case(label, actor, operation, target, values, **expected)


def written(label, values, *, changed=None, **case):
    """A write whose input is stored, or `changed` if given."""
    return write(label, values, changed=values if changed is None else changed, **case)


def refused(label, values, outcome, **case):
    return write(label, values, outcome=outcome, **case)


def invalid(label, values, *errors, **case):
    return write(label, values, outcome="invalid", errors=errors, **case)


READS = [
    view("anyone sees a public profile", "anonymous", "shown", username="shown", email=None),
    view("anyone sees an email that is public", "anonymous", "mailed", email="mailed@example.com"),
    view("nobody in particular may change nothing", "anonymous", "shown", editable_fields=[]),
    view("visibility is not shown to all", "anonymous", "shown", visibility=None, email_public=None),
    view("members only is not for anyone", "anonymous", "known", outcome="UNAUTHENTICATED"),
    view("private is not for anyone", "anonymous", "hidden", outcome="UNAUTHENTICATED"),
    view("disabled is not for anyone", "anonymous", "gone", outcome="UNAUTHENTICATED"),
    view("what never was is no different for anyone", "anonymous", NOBODY, outcome="UNAUTHENTICATED"),
    view("a member sees a member", "member", "known", email=None, is_active=None),
    view("a member sees a public profile", "member", "shown", visibility=None),
    view("a member does not see a private profile", "member", "hidden", outcome="NOT_FOUND"),
    view("a member does not see a disabled account", "member", "gone", outcome="NOT_FOUND"),
    view("a member does not find what never was", "member", NOBODY, outcome="NOT_FOUND"),
    view("an owner sees itself", "owner", "owner", email="owner@example.com", visibility="members"),
    view("an owner is not shown is_active", "owner", "owner", is_active=None),
    view("a private profile sees itself", "member", "member", visibility="private"),
    view("staff see a private profile", "staff", "hidden", visibility="private", is_active=True),
    view("staff see a disabled account", "staff", "gone", is_active=False),
    view("a read token sees what its owner sees", "owner (read)", "owner", visibility="members"),
    view("a read token may edit nothing", "owner (read)", "owner", editable_fields=[]),
    view("a read token sees no more than its owner", "owner (read)", "hidden", outcome="NOT_FOUND"),
    me("me is the caller", "owner", username="owner"),
    me("me is nobody without a token", "anonymous", outcome="UNAUTHENTICATED"),
    named("by username", "member", "known", username="known"),
    named("by username, in any case", "member", "KnoWN", username="known"),
    named("by username, in full-width letters", "member", "ｋnown", username="known"),
    named("by the username of a hidden one", "member", "hidden", outcome="NOT_FOUND"),
    named("by the username of nobody", "member", "nobody", outcome="NOT_FOUND"),
    named("by a username of nobody, for anyone", "anonymous", "nobody", outcome="UNAUTHENTICATED"),
    named("by what no username looks like", "member", "a b", outcome="NOT_FOUND"),
]

PERMISSIONS = [
    written("an owner updates", {"bio": "New."}),
    written("staff update", {"bio": "Seen to."}, actor="staff", target="hidden"),
    refused("a stranger does not update what it sees", {"bio": "x"}, "FORBIDDEN", actor="member", target="known"),
    refused("a stranger's invalid update says no more", {"email": "x"}, "FORBIDDEN", actor="member", target="known"),
    refused("a stranger does not find what is hidden", {"bio": "x"}, "NOT_FOUND", actor="member", target="hidden"),
    refused("a stranger does not find what never was", {"bio": "x"}, "NOT_FOUND", actor="member", target=NOBODY),
    refused("nobody in particular does not update", {"bio": "x"}, "UNAUTHENTICATED", actor="anonymous", target="shown"),
    refused("nor what is hidden", {"bio": "x"}, "UNAUTHENTICATED", actor="anonymous", target="hidden"),
    refused("a read token does not update its own", {"bio": "x"}, "FORBIDDEN", actor="owner (read)"),
    refused("a read token of staff does not update", {"bio": "x"}, "FORBIDDEN", actor="staff (read)", target="known"),
    refused("a read token does not replace", {"bio": "x"}, "FORBIDDEN", actor="owner (read)", operation="replace"),
    refused(
        "a stranger does not replace",
        {"username": "x"},
        "FORBIDDEN",
        actor="member",
        operation="replace",
        target="shown",
    ),
    refused(
        "replace does not create",
        {"username": "x", "email": "x@example.com"},
        "NOT_FOUND",
        actor="staff",
        operation="replace",
        target=NOBODY,
    ),
    written("staff disable an account", {"is_active": False}, actor="staff", target="known"),
    invalid("an owner does not disable itself", {"is_active": False}, ("read_only", "is_active")),
    invalid("an owner was not shown that it is active", {"is_active": True}, ("read_only", "is_active")),
    invalid(
        "staff do not disable themselves",
        {"is_active": False},
        ("read_only", "is_active"),
        actor="staff",
        target="staff",
    ),
    written(
        "staff give back what they were shown of themselves",
        {"is_active": True, "bio": "B"},
        changed={"bio": "B"},
        actor="staff",
        target="staff",
    ),
    invalid(
        "staff do not disable themselves in a replacement",
        {"username": "staff", "email": "staff@example.com", "is_active": False},
        ("read_only", "is_active"),
        actor="staff",
        operation="replace",
        target="staff",
    ),
    view("staff are not offered their own is_active", "staff", "staff", editable_fields=OF_AN_OWNER),
    view("staff are offered another's is_active", "staff", "owner", editable_fields=[*OF_AN_OWNER, "is_active"]),
    written("an owner gives back what it was shown", {"is_active": None, "bio": "B"}, changed={"bio": "B"}),
]

VALIDATION = [
    written("a write of nothing", {}),
    written("a write of what is there", {"bio": "Mine."}, changed={}),
    written("several fields", {"bio": "B", "location": "L"}),
    written("blanks are trimmed", {"location": "  There \n"}, changed={"location": "There"}),
    invalid("a control character at the end of a line", {"location": "There\x1f"}, ("invalid", "location")),
    invalid("control characters and no more", {"bio": "\x1c\x85"}, ("invalid", "bio")),
    invalid("a separator at the end of a line", {"location": "There\u2028"}, ("invalid", "location")),
    written("blanks of any kind are trimmed", {"location": "\u3000 There\xa0\t"}, changed={"location": "There"}),
    written("to empty", {"bio": ""}),
    written("lines and tabs in a bio", {"bio": "a\n\tb"}),
    written("the line ends of a form", {"bio": "a\r\nb"}, changed={"bio": "a\nb"}),
    written("a longest bio", {"bio": "é" * 2000}),
    invalid("a bio too long", {"bio": "x" * 2001}, ("max_length", "bio")),
    invalid("NUL", {"bio": "a\x00b"}, ("invalid", "bio")),
    invalid("a lone surrogate", {"bio": "\ud800"}, ("invalid", "bio")),
    invalid("an escape character", {"display_name": "\x1b[2J"}, ("invalid", "display_name")),
    invalid("a line break in a line", {"location": "a\nb"}, ("invalid", "location")),
    invalid("a direction override in a line", {"display_name": "a\u202eb"}, ("invalid", "display_name")),
    invalid("null", {"bio": None}, ("null", "bio")),
    invalid("null for a flag", {"email_public": None}, ("null", "email_public")),
    invalid("null for a choice", {"visibility": None}, ("null", "visibility")),
    written("an email", {"email": "new@example.org"}),
    invalid("no email", {"email": "nobody"}, ("invalid", "email")),
    invalid("an empty email", {"email": ""}, ("blank", "email")),
    written("an email of somebody else", {"email": "known@example.com"}),
    written("a website", {"website": "https://example.com/me"}),
    invalid("a script for a website", {"website": "javascript:alert(1)"}, ("invalid", "website")),
    invalid("a website by ftp", {"website": "ftp://example.com"}, ("invalid", "website")),
    written("a time zone", {"time_zone": "Europe/Madrid"}),
    invalid("no time zone", {"time_zone": "Mars/Olympus"}, ("invalid", "time_zone")),
    invalid("an empty time zone", {"time_zone": ""}, ("blank", "time_zone")),
    invalid("a path for a time zone", {"time_zone": "../../etc/passwd"}, ("invalid", "time_zone")),
    written("visibility", {"visibility": "public"}),
    written("a flag", {"email_public": True}),
    invalid(
        "errors in one order, whatever the input's",
        {"version": None, "is_active": True},
        ("read_only", "is_active"),
        ("invalid", "version"),
    ),
    invalid(
        "several errors", {"email": "x", "website": "x", "bio": "ok"}, ("invalid", "email"), ("invalid", "website")
    ),
    invalid(
        "an error beside what can't be written",
        {"email": "x", "is_active": True},
        ("invalid", "email"),
        ("read_only", "is_active"),
    ),
    written("a username", {"username": "someone.else_1-2"}),
    written("its own username, otherwise cased", {"username": "OWNER"}),
    invalid("a username that is taken", {"username": "known"}, ("unique", "username")),
    invalid("a username that is taken, otherwise cased", {"username": "KNOWN"}, ("unique", "username")),
    invalid("a username that a hidden one has", {"username": "hidden"}, ("unique", "username")),
    invalid(
        "a username that is taken, in full width",
        {"username": "\uff4b\uff4e\uff4f\uff57\uff4e"},
        ("unique", "username"),
    ),
    written("a username in full width", {"username": "\uff4e\uff45\uff57"}, changed={"username": "new"}),
    invalid("a Cyrillic а", {"username": "\u0430lice"}, ("invalid", "username")),
    invalid("a zero-width space in a username", {"username": "al\u200bice"}, ("invalid", "username")),
    invalid("a right-to-left mark in a username", {"username": "alice\u200f"}, ("invalid", "username")),
    invalid("a newline in a username", {"username": "al\nice"}, ("invalid", "username")),
    invalid("a composed é in a username", {"username": "\xe9"}, ("invalid", "username")),
    invalid("a decomposed é in a username", {"username": "e\u0301"}, ("invalid", "username")),
    invalid("a username that begins with a dot", {"username": ".a"}, ("invalid", "username")),
    invalid("a reserved username", {"username": "Admin"}, ("reserved", "username")),
    written("a longest username", {"username": "a" * 50}),
    invalid("a username too long", {"username": "a" * 51}, ("max_length", "username")),
    invalid("a username too long before it is normalised", {"username": "\ufdfa" * 51}, ("max_length", "username")),
    invalid("a username too long once normalised", {"username": "ﬃ" * 17}, ("max_length", "username")),
]

WHOLE = {"username": "owner", "email": "owner@example.com"}

REPLACEMENTS = [
    written(
        "what is left out goes back to its default",
        {"username": "owner", "email": "owner@example.com"},
        changed={"bio": "", "location": ""},
        operation="replace",
    ),
    written(
        "what is given stands",
        {"username": "owner", "email": "owner@example.com", "bio": "B"},
        changed={"bio": "B", "location": ""},
        operation="replace",
    ),
    invalid("a required field left out", {"username": "owner"}, ("required", "email"), operation="replace"),
    invalid("both required fields left out", {}, ("required", "username"), ("required", "email"), operation="replace"),
    written(
        "visibility goes back too",
        {"username": "member", "email": "member@example.com"},
        changed={"visibility": "members"},
        actor="member",
        operation="replace",
        target="member",
    ),
    written(
        "a reserved username that a command gave is sent back",
        {"username": "staff", "email": "staff@example.com", "visibility": "private", "bio": "B"},
        changed={"bio": "B"},
        actor="staff",
        operation="replace",
        target="staff",
    ),
    written(
        "an owner's replacement leaves is_active",
        {"username": "owner", "email": "owner@example.com", "bio": "Mine.", "location": "Here"},
        changed={},
        operation="replace",
    ),
    written(
        "staff's replacement enables an account",
        {"username": "gone", "email": "gone@example.com"},
        changed={"is_active": True, "visibility": "members"},
        actor="staff",
        operation="replace",
        target="gone",
    ),
]

PRECONDITIONS = [
    written("the current tag", {"bio": "B"}, if_match="current"),
    refused("a stale tag", {"bio": "B"}, "CONFLICT", if_match="stale"),
    written("any tag", {"bio": "B"}, if_match="*"),
    written("one of several tags", {"bio": "B"}, if_match='"x", current'),
    refused("a weak tag never matches", {"bio": "B"}, "CONFLICT", if_match="W/current"),
    refused("the current tag in too long a list", {"bio": "B"}, "CONFLICT", if_match="current" + ', "x"' * 1_000),
    refused("no tag at all", {"bio": "B"}, "CONFLICT", if_match="nonsense"),
    refused("an empty field names no tag", {"bio": "B"}, "CONFLICT", if_match=""),
    refused("the current tag beside no tag", {"bio": "B"}, "CONFLICT", if_match="nonsense, current"),
    refused("the current tag without a comma", {"bio": "B"}, "CONFLICT", if_match='"x" current'),
    refused("any tag among others", {"bio": "B"}, "CONFLICT", if_match="*, current"),
    written("the current tag between empty elements", {"bio": "B"}, if_match=", current ,,"),
    refused("a stale tag beside invalid input", {"email": "x"}, "CONFLICT", if_match="stale"),
    refused("a stale tag of a stranger", {"bio": "x"}, "FORBIDDEN", actor="member", target="known", if_match="stale"),
    refused(
        "a stale tag on a replacement",
        {"username": "owner", "email": "owner@example.com"},
        "CONFLICT",
        operation="replace",
        if_match="stale",
    ),
    written("the current version", {"version": 1, "bio": "B"}, changed={"bio": "B"}),
    refused("a stale version", {"version": 7, "bio": "B"}, "CONFLICT"),
    invalid("no version", {"version": None, "bio": "B"}, ("invalid", "version")),
]

CASES = [*READS, *PERMISSIONS, *VALIDATION, *REPLACEMENTS, *PRECONDITIONS]
