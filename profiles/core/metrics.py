"""The definitions of all metrics. `server.observability` exports them to Prometheus.

Label values come from fixed lists of names, so that requests cannot create new time series.
"""

from collections.abc import Iterable
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

OUTCOME = "profiles.outcome"  # in a request's META: the outcome of a failed operation
ENDED = "profiles.ended"  # in a request's META: a function that returns the labels of its operations

OTHER = "other"  # operation or API of a request without one: an unknown path, a page, a static file
SEVERAL = "several"  # operation of a request that performed more than one

OPERATIONS = Counter(
    "profiles_operations",
    "Operations by API (rest, graphql, admin, other) and outcome: OK, INVALID or a code of the catalogue.",
    ["operation", "api", "outcome"],
)
REQUEST_SECONDS = Histogram(
    "profiles_request_seconds",
    "Time until the response to a request was made, by its operation ('several' for more than one) and API.",
    ["operation", "api"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DEPRECATED_USES = Counter(
    "profiles_deprecated_uses",
    "Uses of what is deprecated, by its name in the table of deprecations and by API (rest, graphql).",
    ["name", "api"],
)
DOCUMENTS = Counter(
    "profiles_documents",
    "GraphQL documents that were executed, by whether they are registered, where GRAPHQL_DOCUMENTS is report.",
    ["registered"],
)
RATE_LIMITED = Counter("profiles_rate_limited", "Requests over a rate limit, by the limit.", ["limit"])
SECURITY_EVENTS = Counter(
    "profiles_security_events", "Lines of the security log: sign-ins, failed ones, revocations, by event.", ["event"]
)
REDIS_FAILURES = Counter("profiles_redis_failures", "Calls that Redis did not answer in time.")
REDIS_AWAY = Gauge(
    "profiles_redis_away", "1 while a process does not get an answer from Redis.", multiprocess_mode="livemax"
)
ISSUER_FAILURES = Counter(
    "profiles_issuer_failures", "Fetches of an OpenID issuer's keys that failed, by issuer.", ["issuer"]
)
DATABASE_AWAY = Gauge(
    "profiles_database_away", "1 while /readyz finds that the database does not answer.", multiprocess_mode="livemax"
)
MAIL = Gauge(
    "profiles_mail_messages",
    "Messages that wait to be sent, and that can't be (failed), as /readyz last found them.",
    ["state"],
    multiprocess_mode="livemostrecent",
)
MAIL_WAIT_SECONDS = Gauge(
    "profiles_mail_wait_seconds",
    "How long the oldest message that is due has waited to be sent, as /readyz last found it.",
    multiprocess_mode="livemostrecent",
)
STATEMENT_SECONDS = Histogram(
    "profiles_database_statement_seconds",
    "Time of a SQL statement, with BEGIN and COMMIT.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5),
)
CONNECTIONS = Gauge(
    "profiles_database_connections", "Database connections that threads hold.", multiprocess_mode="livesum"
)
POOL = Gauge(
    "profiles_database_pool",
    "The connection pool: its size, its available connections, and the requests that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
)
POOL_WAIT_SECONDS = Counter("profiles_database_pool_wait_seconds", "Time that requests waited for a connection.")
POOL_ERRORS = Counter("profiles_database_pool_errors", "Requests that got no connection from the pool.")


def count_from_zero(counter: Counter, values: Iterable[str]) -> None:
    """Export a counter as 0 for each label value: Prometheus sees no increase in a series' first sample."""
    for value in values:
        counter.labels(value)


class Children(dict[tuple[str, ...], Any]):
    """A cache of a metric's children, by label values."""

    def __init__(self, metric: Counter | Histogram) -> None:
        super().__init__()
        self.metric = metric

    def __missing__(self, values: tuple[str, ...]) -> Any:
        child = self[values] = self.metric.labels(*values)
        return child
