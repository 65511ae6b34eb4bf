"""The cast: who acts in the tests, and on which profiles."""

from profiles.identity import families, tokens
from profiles.models import Profile
from profiles.policy import Visibility

PASSWORD = "correct horse battery staple"
NOBODY = 2_000_000_000  # a key that is never given


class Cast:
    """Three profiles that act, and one of each visibility that they act on, active and not."""

    def __init__(self):
        self.profiles = {
            name: Profile.objects.create_user(name, f"{name}@example.com", PASSWORD, **fields)
            for name, fields in {
                "owner": {"bio": "Mine.", "location": "Here"},
                "member": {"visibility": Visibility.PRIVATE},
                "staff": {"is_staff": True, "visibility": Visibility.PRIVATE},
                "shown": {"visibility": Visibility.PUBLIC},
                "mailed": {"visibility": Visibility.PUBLIC, "email_public": True},
                "known": {"visibility": Visibility.MEMBERS},
                "hidden": {"visibility": Visibility.PRIVATE},
                "gone": {"visibility": Visibility.PUBLIC, "is_active": False},
            }.items()
        }

    def __getitem__(self, name):
        return self.profiles[name]

    def pk(self, name):
        return self.profiles[name].pk if name in self.profiles else NOBODY

    def token(self, actor):
        """The token that this actor sends: `owner (read)` has one of read scope, `anonymous` has none."""
        if actor == "anonymous":
            return None
        name, _, scope = actor.partition(" ")
        return families.start(self[name], tokens.READ if scope == "(read)" else tokens.READ_WRITE).token
