"""The profiles in the tests: those that act and those that are acted on."""

from datetime import timedelta
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from profiles.identity import families, tokens
from profiles.models import Profile
from profiles.policy import Visibility

PASSWORD = "correct horse battery staple"
NOBODY = 2_000_000_000  # a primary key that no profile has
FIELDS = {
    "owner": {"bio": "Mine.", "location": "Here"},
    "member": {"visibility": Visibility.PRIVATE},
    "staff": {"is_staff": True, "visibility": Visibility.PRIVATE},
    "shown": {"visibility": Visibility.PUBLIC},
    "mailed": {"visibility": Visibility.PUBLIC, "email_public": True},
    "known": {"visibility": Visibility.MEMBERS},
    "hidden": {"visibility": Visibility.PRIVATE},
    "gone": {"visibility": Visibility.PUBLIC, "is_active": False},
}


@cache
def hashed(name, hasher):
    """The password's hash, computed once for each profile and hasher."""
    return make_password(PASSWORD)


class Cast:
    """Three profiles that act, and profiles of each visibility to act on, one of them inactive.

    One statement inserts all of them: validating and saving each would take 14 statements a row, and these constants
    are valid.
    """

    issuer = None

    def __init__(self):
        hasher = settings.PASSWORD_HASHERS[0]
        rows = [
            Profile(username=name, email=f"{name}@example.com", password=hashed(name, hasher), **fields)
            for name, fields in FIELDS.items()
        ]
        self.profiles = {row.username: row for row in Profile.objects.bulk_create(rows)}

    def __getitem__(self, name):
        return self.profiles[name]

    def pk(self, name):
        return self.profiles[name].pk if name in self.profiles else NOBODY

    def token(self, actor):
        """The actor's token, or None for `anonymous`.

        `owner (read)` has a token of read scope, `owner (personal read)` a personal token with these scopes, and `owner
        (external read)` a token of the `issuer` fixture.
        """
        if actor == "anonymous":
            return None
        name, _, way = actor.partition(" ")
        kind, *scopes = way.strip("()").split() or [""]
        if kind == "personal":
            return self.personal_token(name, *scopes)
        if kind == "external":
            return self.issuer.token_of(self[name], " ".join(scopes))
        return families.start(self[name], tokens.READ if kind == "read" else tokens.READ_WRITE).token

    def personal_token(self, name, *scopes):
        """Create a personal token of this profile; return its text."""
        text, now = tokens.personal_text(), timezone.now()
        self[name].personal_tokens.create(
            label="A script",
            scope=" ".join(scopes),
            session_version=self[name].session_version,
            digest=tokens.digest(text),
            last_used_at=now,
            expires_at=now + timedelta(days=1),
        )
        return text
