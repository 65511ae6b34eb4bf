"""`python -m tests.bench.explain [ROWS]`: check PostgreSQL's plan for each list.

Prints, for each page, search, filter and ordering, the rows that the plan read and its indexes. Exits with 1 if a plan
scans the whole table or reads more rows than the limit. The words of the profiles are correlated. Creates its own
database on TEST_DATABASE_URL's server, and drops it.
"""

import sys
from datetime import timedelta

from tests.bench.corpus import corpus

MOST_ROWS = 2_000  # a hundred times a page of 20: rows that the reader may not see lie between those it may
PAGE = 50  # rows read besides those a search looks up: the caller's own, and the last writer of each row of a page


SEARCHES = (
    "everyone",
    "even odd",
    "even everyone",
    "zebra",
    "needle",
    "north south",
    "fizz buzz bang",
    "hidden",
    "alpha bravo charlie delta echo foxtrot golf hotel india juliett",
    "nothingofthekind",
)


def lists(actor):
    """The label and query values of each list."""
    from profiles.core.listing import list_rows
    from profiles.models import Profile
    from profiles.resource import PROFILES

    some = Profile.objects.order_by("pk")[Profile.objects.count() // 2]
    long_ago = (some.created_at - timedelta(days=10)).isoformat()
    for name in PROFILES.orderings:
        rows = PROFILES.model.objects.visible_to(actor)
        last, _ = list_rows(PROFILES, rows, actor, {"ordering": name, "direction": "back"})
        yield f"first page by {name}", {"ordering": name}
        yield f"far end by {name}", {"ordering": name, "cursor": last.cursor(0)}
        yield f"backwards by {name}", {"ordering": name, "cursor": last.cursor(0), "direction": "back"}
    yield "filter: username", {"username": some.username}
    yield "filter: username_prefix, one", {"username_prefix": some.username[:-1]}
    yield "filter: username_prefix, many", {"username_prefix": "user"}
    yield "filter: location", {"location": "Graz"}
    yield "filter: location of nobody", {"location": "Atlantis"}
    for field in ("created", "updated"):
        yield f"filter: {field}_before", {f"{field}_before": long_ago}
        yield f"filter: {field}_after", {f"{field}_after": long_ago}
    if actor.is_staff:
        yield "filter: visibility", {"visibility": "private"}
        yield "filter: is_active", {"is_active": "false"}
    for text in SEARCHES:
        for name in PROFILES.orderings:
            yield f"search: {text} by {name}", {"search": text, "ordering": name}
        yield f"search: {text}, filtered", {"search": text, "location": "Graz", "created_after": long_ago}


def explain(actor, values):
    """Explain a page: return the rows read, each scan with its index, and the milliseconds."""
    from django.db import connection

    from profiles.core.listing import list_rows
    from profiles.resource import PROFILES

    plans = []

    def capture(execute, sql, params, many, context):
        if not sql.startswith("EXPLAIN"):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                plans.append(cursor.fetchone()[0][0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(capture):
        list_rows(PROFILES, PROFILES.model.objects.visible_to(actor), actor, values)
    touched, nodes = 0, []
    stack = [plan["Plan"] for plan in plans]
    while stack:
        node = stack.pop()
        stack += node.get("Plans", [])
        if "Scan" in node["Node Type"]:
            if node["Node Type"] != "Bitmap Index Scan":  # this scan counts index entries, not rows
                touched += node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
            nodes.append(f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}")
    return int(touched), nodes, sum(plan["Execution Time"] for plan in plans)


def main(count):
    with corpus(count) as actors:
        return report(count, actors)


def report(count, actors):
    from profiles.filters import MOST_LOOKUPS

    bad = 0
    for who, actor in actors.items():
        for label, values in lists(actor):
            touched, nodes, milliseconds = explain(actor, values)
            most = MOST_LOOKUPS + PAGE if "search" in values else MOST_ROWS
            wrong = touched > most or any(node.startswith("Seq Scan") for node in nodes)
            bad += wrong
            found = f"{touched:8} rows {milliseconds:8.2f} ms  {', '.join(nodes)}"
            print(f"{'BAD' if wrong else 'ok':4}{who:10} {label:50.50} {found}")  # noqa: T201
    print(f"{count} profiles: {bad} of the plans read more than a page's worth")  # noqa: T201
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000) else 0)
