"""Values that clients write to each field, and the model's normal form of them."""

import re
import unicodedata

from hypothesis import strategies as st

CONTROLS = {"bio": r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"}
LINE_CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
LENGTHS = {"username": 50, "email": 254, "bio": 2000, "display_name": 100, "location": 100, "website": 200}
REQUIRED = ("username", "email")
NEVER_EMPTY = (*REQUIRED, "time_zone")
DEFAULTS = {
    "bio": "",
    "display_name": "",
    "location": "",
    "website": "",
    "time_zone": "UTC",
    "language": "en",
    "visibility": "members",
    "email_public": False,
    "is_active": True,
}
FIELDS = (*REQUIRED, *DEFAULTS)
OF_ADDRESS = {"email_verified": False, "pending_email": None}  # a new account's; clients cannot write them
CHOICES = {"visibility": ("public", "members", "private"), "language": ("en", "de", "es")}
WRONG = {"email": ("nobody", "a@b", "@example.com"), "website": ("javascript:alert(1)", "ftp://example.com", "x")}
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata")

FREE = st.text(st.characters(codec=None), max_size=40)
LONG = st.sampled_from([99, 100, 101, 2000, 2001]).map("é".__mul__)
TEXT = st.one_of(FREE, LONG, st.sampled_from(["", " \t", "Grows roses.", "Writes compilers", " a\r\nb\tc "]))
USERNAMES = st.one_of(
    st.from_regex(r"\A[a-z0-9][A-Za-z0-9._-]{0,5}\Z"),
    st.sampled_from(
        [
            "owner",
            "KNOWN",
            "shown",
            "Hidden",
            "gone",
            "free",
            "FREE",
            "\uff46ree",
            " other ",
            "Root",
            "a b",
            ".a",
            "",
            "é",
            "a\u200b",
            "\u0430lice",
            "ﬃ" * 17,
            "a" * 50,
            "a" * 51,
            "x\0",
            "\ud800",
            "al\nice",
        ]
    ),
)
STRATEGIES = {
    "username": USERNAMES,
    "email": st.sampled_from(["new@example.com", " other@example.org", "", "a\n@example.com", *WRONG["email"]]),
    "bio": TEXT,
    "display_name": TEXT,
    "location": st.one_of(TEXT, st.sampled_from(["Graz", "GRAZ", "Here"])),
    "website": st.sampled_from(["", "https://example.com/me", "HTTP://example.org", *WRONG["website"]]),
    "time_zone": st.sampled_from([*ZONES, "", "Mars/Olympus", "../etc/passwd", "utc\0"]),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
    "email_public": st.booleans(),
    "is_active": st.booleans(),
}
NULS = "\0" * 20
PASSWORDS = {
    "correct horse battery staple": (),
    " blanks and all ": (),
    "x1!y": ("too_short",),
    "12345": ("too_short", "too_common", "entirely_numeric"),
    "": None,  # fails as a value, before the check of passwords
    NULS: None,
    "x" * 1025: None,
}
OF_ANOTHER_TYPE = st.one_of(st.integers(-5, 5), st.just([]), st.just({}), st.just(["a"]))


class Wrong(Exception):
    """An invalid value, with its error code."""


def cleaned(field, value):
    """The value to store. Raises `Wrong` as the contract's first section describes."""
    if value is None:
        raise Wrong("null")
    if field in CHOICES:
        return chosen(field, value)
    if field == "password":
        return cleaned_password(value)
    if type(value) is not (bool if isinstance(DEFAULTS.get(field), bool) else str):
        raise Wrong("invalid")
    return value if isinstance(value, bool) else cleaned_text(field, value)


def chosen(field, value):
    if value not in CHOICES[field]:
        raise Wrong("invalid_choice")
    return value


def cleaned_password(text):
    if PASSWORDS[text] is None:
        raise Wrong({"": "blank", NULS: "invalid"}.get(text, "max_length"))
    return text


def cleaned_text(field, value):
    text = value.replace("\r\n", "\n").strip(" \t\n")
    if re.search(CONTROLS.get(field, LINE_CONTROLS), text):
        raise Wrong("invalid")
    text = text.strip()
    if not text:
        if field in NEVER_EMPTY:
            raise Wrong("blank")
        return ""
    if field == "username":
        text = cleaned_username(text)
    if text in WRONG.get(field, ()) or (field == "time_zone" and text not in ZONES):
        raise Wrong("invalid")
    if len(text) > LENGTHS.get(field, 64):
        raise Wrong("max_length")
    return text


def cleaned_username(text):
    name = unicodedata.normalize("NFKC", text)
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise Wrong("invalid")
    return name


def comparable(name):
    """The normal form that two spellings of a username share, or None if it is not a username."""
    name = unicodedata.normalize("NFKC", name)
    return name.lower() if re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", name) else None


@st.composite
def inputs(draw):
    """Values for some fields: mostly valid in form, sometimes null, of another type, or of an unknown field."""
    names = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=3))
    values = {name: draw(STRATEGIES[name]) for name in names}
    match draw(st.integers(0, 19)), names:
        case 0, [first, *_]:
            values[first] = None
        case 1, [first, *_]:
            values[first] = draw(OF_ANOTHER_TYPE)
        case 2, _:
            values["nothing"] = 1
    return values
