"""How our service's times grow with the number of profiles, rows on a page, fields of a row, and connections."""

from contextlib import ExitStack

from tests.bench.speed import report
from tests.bench.speed.cases import ALL, FOUR, PAGE, Case, camel, graphql
from tests.bench.speed.load import check, measure_all
from tests.bench.speed.projects import running

PROFILES = (1_000, 10_000, 100_000, 1_000_000)
SMOKE = (200,)
PAGES = (1, 10, 25, 50, 100)
CONNECTIONS = (1, 2, 4, 8, 16, 32, 64)
FIELDS = ("bio", *(name for name in ALL if name not in ("bio", "updated_by")))  # `updated_by` is an object in GraphQL
COUNTS = (1, 4, 8, len(FIELDS))
FIGURE = {"connections": "rate"}  # a panel's figure, if not the median latency


def rest_page(rows, fields=None):
    selection = f"&fields={','.join(fields)}" if fields else ""
    return Case("GET", f"/profiles/?page_size={rows}{selection}", fields or ALL, count=rows)


def graphql_page(rows, fields):
    names = " ".join(map(camel, fields))
    return graphql(fields, f"{{ profiles(first: {rows}) {{ edges {{ node {{ {names} }} }} }} }}", count=rows)


def plan_of(projects):
    """The measurements of our service over databases of several sizes.

    Args:
        projects: the running service, by the number of profiles.

    Returns:
        `measure`'s arguments except the seconds, by panel, line and value. Latency is measured with one connection, so
            that no request waits for another.
    """
    plan = {}
    for profiles, project in projects.items():
        for name in ("rest-read", "graphql-read", "rest-list-17", "graphql-list-4", "patch"):
            plan["profiles", name, profiles] = (project, project.cases[name], 1)
    project = projects.get(10_000) or project
    for rows in PAGES:
        plan["rows on a page", "REST, all fields", rows] = (project, rest_page(rows), 1)
        plan["rows on a page", "GraphQL, 4 fields", rows] = (project, graphql_page(rows, FOUR), 1)
    for count in COUNTS:
        plan["fields of each of 100 rows", "GraphQL", count] = (project, graphql_page(PAGE, FIELDS[:count]), 1)
        plan["fields of each of 100 rows", "REST", count] = (project, rest_page(PAGE, FIELDS[:count]), 1)
    for connections in CONNECTIONS:
        for name in ("rest-read", "graphql-read"):
            plan["connections", name, connections] = (project, project.cases[name], connections)
    return plan


def main(options):
    with ExitStack() as stack:
        sizes = SMOKE if options.smoke else [size for size in PROFILES if size <= options.profiles]
        plan = plan_of({size: stack.enter_context(running("ours", size)) for size in sizes})
        for project, case, _ in plan.values():
            check(project, case)
        report.write_growth(options, measure_all(plan, options), FIGURE)
