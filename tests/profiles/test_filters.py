"""The search: the index of words, and the limit on a search's work."""

from itertools import product

import pytest
from django.db import connection, transaction

from profiles import filters
from profiles.core.actors import Actor
from profiles.core.listing import list_rows
from profiles.filters import searched
from profiles.models import Profile
from profiles.policy import Visibility, policy
from profiles.resource import PROFILES

postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no words, and no limit")
ANYONE = Actor()
ACTORS = ["anonymous", "member", "owner", "staff"]


def actor_of(cast, name):
    return ANYONE if name == "anonymous" else Actor(cast[name])


def crowd(count, bio, **values):
    """Create `count` profiles, named by their number n; `bio` and `values` compute a field from n."""
    return Profile.objects.bulk_create(
        Profile(
            username=f"n{n}",
            email=f"{n}@example.com",
            bio=bio(n),
            **{"visibility": Visibility.PUBLIC} | {name: value(n) for name, value in values.items()},
        )
        for n in range(count)
    )


def found(text, actor=ANYONE):
    """The usernames that a search finds, in the order of their sign-up."""
    rows = searched(Profile.objects.visible_to(actor), actor, text)
    return list(rows.order_by("pk").values_list("username", flat=True))


def entries():
    with connection.cursor() as cursor:
        cursor.execute("SELECT profile_id, word, is_active, visibility FROM profiles_word")
        return sorted(cursor.fetchall())


def words_of_rows():
    """The expected entries: PostgreSQL's own words of the rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, lexeme, is_active, visibility FROM profiles_profile, LATERAL unnest(to_tsvector('simple',"
            " concat_ws(' ', username, display_name, location, bio)))"
        )
        return sorted(cursor.fetchall())


@pytest.mark.parametrize("actor", ACTORS)
def test_the_groups_of_the_search_are_what_the_actor_sees(cast, actor):
    who = actor_of(cast, actor)
    groups = policy.visible_groups(who)
    for is_active, visibility in product((True, False), Visibility):
        stranger = Profile(pk=10**6, is_active=is_active, visibility=visibility)
        assert policy.sees(who, stranger) == ((is_active, visibility) in groups)


# PostgreSQL's words


@postgresql
def test_each_write_keeps_the_words(cast):
    crowd(20, lambda n: f"word{n} twice twice Ärger e-mail a.b http://example.com/x")
    assert entries() == words_of_rows() != []
    rows = Profile.objects.filter(username__startswith="n")
    for values in (
        {"bio": "else"},
        {"display_name": "A Name", "location": "Graz"},
        {"visibility": Visibility.PRIVATE},
        {"is_active": False, "bio": ""},
        {"version": 7},
    ):
        rows.update(**values)
        assert entries() == words_of_rows()
    rows.first().delete()
    rows.filter(username__gt="n5").delete()
    assert entries() == words_of_rows()
    with transaction.atomic():
        rows.update(bio="undone")
        transaction.set_rollback(True)
    assert entries() == words_of_rows()


@postgresql
def test_a_write_through_both_apis_keeps_the_words(cast, apis):
    for n, api in enumerate(apis):
        api.update(cast.pk("owner"), {"bio": f"gardener{n}", "visibility": "public"}, token=cast.token("owner"))
        assert entries() == words_of_rows()
        assert found(f"gardener{n}") == ["owner"]


@postgresql
def test_the_longest_words_are_kept_or_ignored(cast):
    bios = ["x" * 2_000, "é" * 1_500, " ".join(f"{n:x}" for n in range(450)), "."]
    crowd(len(bios), bios.__getitem__)
    assert entries() == words_of_rows()


@postgresql
@pytest.mark.django_db(transaction=True)
def test_an_emptied_table_has_no_words():
    crowd(3, lambda n: "word")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE profiles_profile CASCADE")
    assert entries() == []


@postgresql
@pytest.mark.django_db(transaction=True)
def test_the_migration_fills_the_words_and_is_undone(monkeypatch):
    from django.core.management import call_command

    crowd(30, lambda n: f"word{n % 3} everyone")
    before = entries()
    call_command("migrate", "profiles", "0004", verbosity=0)
    with pytest.raises(Exception, match="profiles_word"), transaction.atomic():
        entries()
    monkeypatch.setattr("profiles.migrations.0005_words.BATCH", 7)
    call_command("migrate", verbosity=0)
    assert entries() == before == words_of_rows()


# The limit


@postgresql
@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("everyone", range(28, 40)),
        ("everyone even", range(28, 40, 2)),
        ("even odd", ()),
        ("zebra", range(2)),
        ("zebra everyone even", range(0, 2, 2)),
        ("third fourth", (24, 36)),
        ("everyone even third", (30, 36)),
        ("everyone nowhere", ()),
    ],
)
def test_the_newest_with_the_rarest_word_are_searched(db, monkeypatch, text, numbers):
    """The newest 12 with one word, 6 with the rarer of two, 4 with the rarest of three."""
    monkeypatch.setattr(filters, "MOST_LOOKUPS", 12)
    parts = {"zebra": lambda n: n < 2, "third": lambda n: n % 3 == 0, "fourth": lambda n: n % 4 == 0}
    crowd(
        40,
        lambda n: " ".join(
            ["everyone", "odd" if n % 2 else "even", *(word for word, holds in parts.items() if holds(n))]
        ),
    )
    assert found(text) == [f"n{n}" for n in numbers]


@postgresql
def test_profiles_that_the_actor_does_not_see_use_up_nothing_of_the_limit(cast, monkeypatch):
    """Otherwise the oldest profile found would reveal how many hidden ones have the word."""
    monkeypatch.setattr(filters, "MOST_LOOKUPS", 5)
    groups = list(product(Visibility, (True, False)))
    rows = crowd(60, lambda n: "everyone", visibility=lambda n: groups[n % 6][0], is_active=lambda n: groups[n % 6][1])
    for name in ("anonymous", "member", "staff"):
        actor = actor_of(cast, name)
        seen = [row.username for row in rows if policy.sees(actor, row)]
        assert found("everyone", actor) == seen[-5:]
    Profile.objects.filter(visibility=Visibility.PRIVATE).update(bio="nothing")
    assert found("everyone") == [row.username for row in rows if policy.sees(ANYONE, row)][-5:]


@postgresql
def test_the_actors_own_profile_is_found_however_old(cast, monkeypatch):
    monkeypatch.setattr(filters, "MOST_LOOKUPS", 4)
    Profile.objects.filter(pk=cast.pk("owner")).update(bio="everyone even", visibility=Visibility.PRIVATE)
    crowd(9, lambda n: "everyone even")
    owner = Actor(cast["owner"])
    assert found("everyone", owner) == ["owner", "n5", "n6", "n7", "n8"]
    assert found("everyone even", owner) == ["owner", "n7", "n8"]
    assert "owner" not in found("everyone odd", owner) + found("everyone", Actor(cast["member"]))


@postgresql
def test_words_after_the_tenth_are_ignored(db):
    crowd(2, lambda n: " ".join(f"w{m}" for m in range(10)))
    ten = " ".join(f"w{m}" for m in range(10))
    assert found(ten) == found(f"{ten} eleventh") == ["n0", "n1"]
    assert found(f"nowhere {ten}") == []


def test_a_search_of_an_empty_set_is_empty(db):
    crowd(2, lambda n: "word")
    assert list(searched(Profile.objects.none(), Actor(), "word")) == []


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("direction", ["forward", "back"])
@pytest.mark.parametrize("ordering", ["username", "-created_at", "updated_at"])
def test_the_pages_of_a_search_lead_through_all_of_it(cast, monkeypatch, actor, direction, ordering):
    monkeypatch.setattr(filters, "MOST_LOOKUPS", 60)
    crowd(50, lambda n: "even everyone" if n % 2 else "everyone", visibility=lambda n: Visibility.values[n % 3])
    who, seen, cursor = actor_of(cast, actor), [], {}
    while cursor is not None:
        values = {"search": "even everyone", "ordering": ordering, "page_size": "7", "direction": direction, **cursor}
        page, _ = list_rows(PROFILES, Profile.objects.visible_to(who), who, values)
        seen += page.rows
        more, last = (page.has_next, -1) if direction == "forward" else (page.has_previous, 0)
        cursor = {"cursor": page.cursor(last)} if more else None
    assert len(seen) == len({row.pk for row in seen})
    assert {row.username for row in seen} == set(found("even everyone", who)) != set()


def test_a_search_passes_the_filters(cast, apis):
    crowd(12, lambda n: "everyone", location=lambda n: "Graz" if n % 2 else "Oslo")
    for api in apis:
        page = api.list(search="everyone", location="graz", count="true").body
        assert page["count"] == 6
        assert {row["location"] for row in page["rows"]} == {"Graz"}
