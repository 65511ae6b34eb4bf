"""Filters and full-text search of the list of profiles."""

import django_filters
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value

from profiles.core.actors import Actor
from profiles.core.filters import MomentFilter
from profiles.models import Profile, ProfileQuerySet, normalize_username
from profiles.policy import Visibility, policy

SEARCHED = ("username", "display_name", "location", "bio")
MOST_WORDS = 10
MOST_LOOKUPS = 5_000  # index entries that a search reads, and the maximum number of profiles that it finds


class ProfileFilter(django_filters.FilterSet):
    """By username, visibility, location and time."""

    username = django_filters.CharFilter(method="by_username", label="Equal, ignoring case.")
    username_prefix = django_filters.CharFilter(
        "username", method="by_username_prefix", label="Begins with this, ignoring case."
    )
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices, label="Equal. Staff only.")
    location = django_filters.CharFilter(method="by_location", label="Equal, ignoring case.")
    created_after = MomentFilter("created_at", "gte", label="At or after this time.")
    created_before = MomentFilter("created_at", "lt", label="Before this time.")
    updated_after = MomentFilter("updated_at", "gte", label="At or after this time.")
    updated_before = MomentFilter("updated_at", "lt", label="Before this time.")
    is_active = django_filters.TypedChoiceFilter(
        choices=[("true", "It is."), ("false", "It is not.")],
        coerce="true".__eq__,
        label="Equal. Staff only.",
    )

    class Meta:
        model = Profile
        fields: tuple[str, ...] = ()

    def by_username(self, rows: ProfileQuerySet, name: str, value: str) -> ProfileQuerySet:
        return rows.named(value)

    def by_username_prefix(self, rows: ProfileQuerySet, name: str, value: str) -> ProfileQuerySet:
        return rows.filter(username__lower__startswith=normalize_username(value).lower())

    def by_location(self, rows: ProfileQuerySet, name: str, value: str) -> ProfileQuerySet:
        return rows.filter(location__lower=value.lower())


def searched(rows: ProfileQuerySet, actor: Actor, text: str) -> ProfileQuerySet:
    """The profiles that contain every word of the text in username, display name, location or bio.

    PostgreSQL matches whole words. It searches the newest profiles that contain the rarest word and that the
    actor sees, at most MOST_LOOKUPS divided by the number of words (migration 0005). The limit counts visible
    profiles only, so results reveal nothing about others; the actor's own profile is always searched.
    SQLite matches any substring, by scanning all rows: it has no index for substrings, and searching only the
    newest rows would miss most profiles in a trial.
    """
    if connection.vendor == "postgresql":
        # Joining updated_by for every match, though a page shows few of them, costs as much as the search.
        return rows.select_related(None).prefetch_related("updated_by").filter(_is_found(actor, text))
    for word in text.split()[:MOST_WORDS]:
        rows = rows.filter(Q(*((f"{field}__icontains", word) for field in SEARCHED), _connector=Q.OR))
    return rows


def _is_found(actor: Actor, text: str) -> Func:
    """The condition that the search finds a profile.

    The search runs once, into an array of keys. PostgreSQL estimates an array at ten rows, so it never scans
    an index of the ordering to find them.
    """
    actives, visibilities = zip(*policy.visible_groups(actor), strict=True)
    arguments = (text, MOST_WORDS, MOST_LOOKUPS, list(actives), list(visibilities), actor.profile and actor.profile.pk)
    found = Func(
        *(Value(argument) for argument in arguments),
        function="profiles_search",
        template="ANY(ARRAY(SELECT %(function)s(%(expressions)s)))",
    )
    return Func(F("pk"), found, template="%(expressions)s", arg_joiner=" = ", output_field=BooleanField())
