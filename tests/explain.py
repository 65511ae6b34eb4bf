"""`python -m tests.explain [ROWS]`: how PostgreSQL answers each list, over a made-up crowd.

Prints, for each page, search, filter and ordering, the rows that the plan touched and its indexes, and
ends with 1 where one reads the table from end to end or touches more rows than a list may.
It makes a database of its own on TEST_DATABASE_URL's server, and drops it.
"""

import os
import secrets
import sys
from datetime import timedelta
from math import isqrt

import psycopg

from tests.databases import POSTGRESQL

MOST_ROWS = 2_000  # a page's 20, a hundredfold: what lies between two rows that the reader may see
MOST_FOUND = 8_000  # what a search looks at by its words, where half of the `filters.FEW` can't be seen
SERVER = POSTGRESQL.rpartition("/")[0]


def lists(actor):
    """Each list that is explained, by a label: what is asked for."""
    from django.utils import timezone

    from profiles.listing import ORDERINGS, list_profiles
    from profiles.models import Profile

    some = Profile.objects.order_by("pk")[Profile.objects.count() // 2]
    long_ago = (timezone.now() - timedelta(days=900)).isoformat()
    for name in ORDERINGS:
        last, _ = list_profiles(actor, {"ordering": name, "direction": "back"})
        yield f"first page by {name}", {"ordering": name}
        yield f"far end by {name}", {"ordering": name, "cursor": last.cursors[0]}
        yield f"backwards by {name}", {"ordering": name, "cursor": last.cursors[0], "direction": "back"}
    yield "filter: username", {"username": some.username}
    yield "filter: username_prefix, one", {"username_prefix": some.username[:-1]}
    yield "filter: username_prefix, many", {"username_prefix": "k"}
    yield "filter: location", {"location": "Graz"}
    yield "filter: location of nobody", {"location": "Atlantis"}
    for field in ("created", "updated"):
        yield f"filter: {field}_before", {f"{field}_before": long_ago}
        yield f"filter: {field}_after", {f"{field}_after": long_ago}
    if actor.is_staff:
        yield "filter: visibility", {"visibility": "private"}
        yield "filter: is_active", {"is_active": "false"}
    yield "search: a name", {"search": some.username.replace(".", " ")}
    yield "search: a common word", {"search": "compilers"}
    yield "search: two names", {"search": "ada castro"}
    yield "search: a place and a name", {"search": "oslo ada"}
    yield "search: two names and a place", {"search": "ada castro oslo"}
    yield "search: three words", {"search": "grows roses sea"}
    yield "search: nothing", {"search": "nothingofthekind"}


def explain(actor, values):
    """The plan of a page: rows touched, and the nodes' names with their indexes."""
    from django.db import connection

    from profiles.listing import list_profiles

    plans = []

    def capture(execute, sql, params, many, context):
        if not sql.startswith("EXPLAIN"):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                plans.append(cursor.fetchone()[0][0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(capture):
        list_profiles(actor, values)
    touched, nodes = 0, []
    stack = [plan["Plan"] for plan in plans]
    while stack:
        node = stack.pop()
        stack += node.get("Plans", [])
        if "Scan" in node["Node Type"]:
            if node["Node Type"] != "Bitmap Index Scan":  # entries of the index, and no rows yet
                touched += node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
            nodes.append(f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}")
    return int(touched), nodes, sum(plan["Execution Time"] for plan in plans)


def main(count):
    name = f"explain_{os.getpid()}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            return report(count, f"{SERVER}/{name}")
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def report(count, url):
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "server.settings",
        "DATABASE_URL": url,
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_hex(32),
        "JWT_KEYS": f"k={secrets.token_hex(32)}",
    }
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from profiles.models import Profile
    from profiles.policy import Actor

    settings.DEBUG = True
    call_command("migrate", verbosity=0)
    call_command("demo", profiles=count)
    settings.DEBUG = False
    connection.cursor().execute("VACUUM ANALYZE")
    bad = 0
    for who in (None, "jane_doe", "sam_staff"):
        actor = Actor(who and Profile.objects.get(username=who))
        for label, values in lists(actor):
            touched, nodes, milliseconds = explain(actor, values)
            most = MOST_FOUND + 2 * isqrt(20 * count) if "search" in values else MOST_ROWS
            wrong = touched > most or any(node.startswith("Seq Scan") for node in nodes)
            bad += wrong
            found = f"{touched:8} rows {milliseconds:8.2f} ms  {', '.join(nodes)}"
            print(f"{'BAD' if wrong else 'ok':4}{who or 'anonymous':10} {label:30} {found}")  # noqa: T201
    print(f"{count} profiles: {bad} of the plans read more than a page's worth")  # noqa: T201
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000) else 0)
