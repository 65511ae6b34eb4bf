"""Millions of profiles with correlated words, on PostgreSQL."""

import os
import secrets
from contextlib import contextmanager

import psycopg

from tests.bench.service import production
from tests.databases import POSTGRESQL

SERVER = POSTGRESQL.rpartition("/")[0]
BEFORE_WORDS = "0004"  # filling the table before this migration takes a tenth of the time: no trigger runs per row

CORPUS = """
INSERT INTO {table} (
    password, is_superuser, username, email, display_name, location, website, time_zone, visibility, email_public,
    is_active, is_staff, created_at, updated_at, version, updated_by_id, bio{columns})
SELECT '!', false, 'user' || n, 'user' || n || '@example.com', 'Name' || n %% 1000 || ' Family' || n %% 777,
    (ARRAY['Graz', 'Lagos', 'León', 'Lima', 'Oslo', 'Osaka', 'Pune', 'Riga', 'Tunis', ''])[1 + n %% 10], '', 'UTC',
    (ARRAY['public', 'public', 'members', 'members', 'private'])[1 + n %% 5], false, n %% 50 <> 0, false,
    start + n * interval '1 minute', start + n * interval '1 minute' + (hashint4(n) & 1048575) * interval '10 seconds',
    1, CASE WHEN n %% 3 = 0 THEN n END,
    concat_ws(' ',
        'everyone',
        CASE n %% 2 WHEN 0 THEN 'even' ELSE 'odd' END,
        CASE WHEN n <= count * 0.04 THEN 'zebra' WHEN n > count * 0.96 THEN 'giraffe' END,
        CASE WHEN n IN (1, count / 2, count - 1) THEN 'needle' END,
        CASE WHEN n %% 3 = 0 THEN 'alpha bravo charlie delta echo foxtrot golf hotel india juliett' END,
        CASE WHEN n %% 7 = 0 THEN 'fizz' END,
        CASE WHEN n %% 11 = 0 THEN 'buzz' END,
        CASE WHEN n %% 13 = 0 THEN 'bang' END,
        CASE WHEN n %% 10 < 5 OR n <= 20 THEN 'north' END,
        CASE WHEN n %% 10 >= 5 THEN 'south' END,
        CASE n %% 5 WHEN 4 THEN 'hidden' WHEN 0 THEN 'open' END,
        'rare' || n / 50,
        'seldom' || floor(power(2, 14 * ((hashint4(n) & 65535) / 65536.0)))){values}
FROM generate_series(1, %(count)s) AS n, (SELECT %(count)s AS count, timestamptz '2020-01-01' AS start) AS constants
"""


@contextmanager
def database():
    """The URL of a new, empty database. It is dropped at the end."""
    name = f"corpus_{secrets.token_hex(4)}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{SERVER}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def corpus(count):
    """Set Django up on its own database with `count` profiles; yield the actors by name.

    Words of the corpus: `everyone` is in every profile; `even` and `odd` alternate; `zebra` is in the oldest 4 %,
    `giraffe` in the newest; `alpha` to `juliett` occur together in a third; `fizz`, `buzz` and `bang` are frequent and
    seldom occur together; `north` and `south` are in half each, and together in ten of the oldest; `hidden` is in
    private profiles only, `open` in public ones.
    """
    with database() as url:
        os.environ |= production(url)
        fill(count)
        yield actors()


def fill(count):
    """Set Django up from the environment, migrate its empty database, and add `count` profiles."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", "profiles", BEFORE_WORDS, verbosity=0)
    insert(count, "profiles_profile", columns=", sign_outs", values=", 0")
    call_command("migrate", verbosity=0)
    vacuum()


def insert(count, table, *, columns="", values=""):
    """Add `count` profiles to a table, with values for more columns."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(CORPUS.format(table=table, columns=columns, values=values), {"count": count})


def vacuum():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def actors():
    """Actors by name: anonymous, a new member, and a new staff member."""
    from profiles.core.actors import Actor
    from profiles.models import Profile

    users = Profile.objects
    member = users.create_user("member", "member@example.com", "x", bio="everyone even odd", visibility="private")
    staff = users.create_user("staff", "staff@example.com", "x", is_staff=True)
    return {"anonymous": Actor(), "member": Actor(member), "staff": Actor(staff)}
