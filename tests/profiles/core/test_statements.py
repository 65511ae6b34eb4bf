"""Precompiled statements find the same rows as Django's querysets."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Upper

from profiles.core import statements
from profiles.core.actors import Actor
from profiles.core.models import Saved
from profiles.core.statements import Unsplittable, Wanted, find
from profiles.models import Change, Profile, TokenFamily
from profiles.policy import Visibility
from tests.cast import NOBODY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONDITIONS = {
    "nothing": Q(),
    "a key": Q(pk=1),
    "keys": Q(pk__in=[1, 2, 3]),
    "no keys": Q(pk__in=[]),
    "texts in any case": Q(username__lower="owner") | Q(username__lower="KNOWN"),
    "a constant and a value": Q(is_active=True, visibility__in={Visibility.PUBLIC, Visibility.MEMBERS}) | Q(pk=2),
    "not so": ~Q(visibility=Visibility.PRIVATE) & ~(Q(pk=1) | Q(username="shown")),
    "moments": Q(created_at__gt=NOW, updated_at__gte=NOW) & Q(updated_by=None),
    "none": Q(created_at__lt=NOW),
    "another table": Q(updated_by__username="staff"),
}


@pytest.fixture
def some(cast):
    """A function that moves a condition's primary keys to those of the cast."""
    first = min(profile.pk for profile in cast.profiles.values()) - 1
    Profile.objects.filter(username="known").update(updated_by=cast["staff"])

    def moved(condition):
        return Q(
            *(
                moved(each) if isinstance(each, Q) else (each[0], keys(each[1])) if each[0].startswith("pk") else each
                for each in condition.children
            ),
            _connector=condition.connector,
            _negated=condition.negated,
        )

    def keys(value):
        return [first + each for each in value] if isinstance(value, list) else first + value

    return moved


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("lock", [False, True])
def test_the_same_rows_as_a_queryset_finds(name, lock, some, django_assert_num_queries):
    condition = some(CONDITIONS[name])
    expected = list(Profile.objects.filter(condition).select_related("updated_by").order_by("pk"))
    assert name == "none" or name == "no keys" or expected
    for _ in range(2):
        with django_assert_num_queries(name != "no keys"):
            found = find(Profile, condition, Wanted(lock=lock))
            found = found if lock else sorted(found, key=lambda row: row.pk)
            assert [vars(row) | {"_state": None} for row in found if row.updated_by is None] == [
                vars(row) | {"_state": None} for row in expected if row.updated_by is None
            ]
            assert [row.updated_by and vars(row.updated_by) | {"_state": None} for row in found] == [
                row.updated_by and vars(row.updated_by) | {"_state": None} for row in expected
            ]
        assert not any(row._state.adding for row in found)


def test_a_form_is_compiled_once_whatever_its_values(cast):
    statements._compiled.cache_clear()
    for profile in cast.profiles.values():
        for condition in (Q(pk=profile.pk), Q(username__lower=profile.username), Q(pk__in=[profile.pk, 0])):
            assert find(Profile, condition, Wanted()) == [profile]
    assert statements._compiled.cache_info().misses == 3


def test_identifiers_that_no_database_has_natively(cast):
    family = TokenFamily.objects.create(
        profile=cast["owner"], scope="read", session_version="1", expires_at=NOW, digest="x"
    )
    assert find(TokenFamily, Q(pk=family.pk, expires_at=NOW), Wanted(related="profile")) == [family]
    assert find(TokenFamily, Q(pk=uuid4()), Wanted(related="profile")) == []


def test_a_condition_with_a_subquery_is_left_to_django(cast, monkeypatch):
    has_family = Exists(TokenFamily.objects.filter(profile=OuterRef("pk")))
    for condition in (Q(has_family), Q(pk__in=Profile.objects.all()), Q(version__gt=0.5), Q(version__lt=2**40)):
        with pytest.raises(Unsplittable):
            find(Profile, condition, Wanted())
    monkeypatch.setattr(Profile.policy, "visible", lambda actor: Q(~has_family))
    assert Profile.objects.visible_to(Actor()).one({"pk": cast["known"].pk}) == cast["known"]


def test_a_queryset_that_was_filtered_stays_so(cast):
    rows = Profile.objects.filter(username="owner").visible_to(Actor(cast["staff"]))
    assert rows.one({"pk": cast["owner"].pk}) == cast["owner"]
    assert rows.one({"pk": cast["known"].pk}) is None
    assert Profile.objects.visible_to(Actor(cast["staff"])).exclude(username="owner").one({"username": "owner"}) is None
    assert rows.one(None) is None


def test_a_row_is_saved_as_by_django(cast, monkeypatch):
    """Our SQL writes the same as Django's: all kinds of fields, timestamps and texts, and NULL."""
    made = {}
    for name in ("django", "ours"):
        with monkeypatch.context() as patch:
            if name == "django":
                patch.delattr(Saved, "_do_insert")
                patch.delattr(Saved, "_do_update")
            profile = Profile.objects.create(username=f"new-{name}", email="a@example.com", bio="it's 100 %s \\ €")
            assert profile.pk
            profile.updated_at, profile.is_active, profile.updated_by, profile.version = NOW, False, cast["staff"], 7
            profile.save(update_fields=["updated_at", "is_active", "updated_by", "version"])
            change = profile.history.create(version=7, at=NOW, source="rest", fields={"bio": ["", "\u2028 %s"]})
            with pytest.raises(DatabaseError), transaction.atomic():
                Profile(pk=NOBODY).save(update_fields=["bio"])
        row = Profile.objects.filter(pk=profile.pk).values().get()
        kept = Change.objects.filter(pk=change.pk).values().get()
        made[name] = [
            {
                key: value
                for key, value in each.items()
                if key not in ("id", "username", "created_at", "wrote_at", "profile_id")
            }
            for each in (row, kept)
        ]
    assert made["ours"] == made["django"]


def test_an_expression_is_left_to_django(cast):
    owner = cast["owner"]
    owner.version = F("version") + 1
    owner.save(update_fields=["version"])
    owner.refresh_from_db()
    assert owner.version == 2
    assert Profile.objects.create(username="expressed", email="e@example.com", bio=Upper(Value("loud")))
    assert Profile.objects.get(username="expressed").bio == "LOUD"
