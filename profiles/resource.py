"""The declaration of profiles as a resource of both APIs."""

from profiles.core.resources import BY_TIME, OtherKey, Resource, Search, register
from profiles.filters import MOST_LOOKUPS, MOST_WORDS, ProfileFilter, searched
from profiles.models import comparable_username
from profiles.serializers import ProfileSerializer

SEARCH_OPERATIONS = 5
"""Operations that a search costs in addition to the page's one: over 1,000,000 profiles it takes up to 45 ms."""

PROFILES = register(
    Resource(
        ProfileSerializer,
        about="An account and its public profile.",
        about_history="For its owner and staff. The service may delete changes after a retention period, two years by "
        "default.",
        other_key=OtherKey("username", "username__lower", comparable_username, "Its username, ignoring case."),
        plural="profiles",
        filters=ProfileFilter,
        orderings={"username": ("username__lower",), "-username": ("-username__lower",), **BY_TIME},
        search=Search(
            searched,
            SEARCH_OPERATIONS,
            f"Words, all of which a profile must contain; those after the first {MOST_WORDS} are ignored. Of the "
            f"profiles that you see and that contain the rarest word, the newest are searched: {MOST_LOOKUPS:,} "
            f"divided by the number of words. Counts as {SEARCH_OPERATIONS} more operations.",
        ),
    )
)
