"""The settings of databases, from environment variables."""

from typing import Any

from server.variables import Variables

MARGIN = 0.25  # seconds in which the answer that a statement was cancelled arrives
REPLICA_PATIENCE = 0.5  # seconds to wait for a connection to a replica, and as long for an answer
RECONNECT = 1.0  # seconds in which the pool tries twice to make a connection, before a request makes it try again


def configured(database: dict[str, Any], env: Variables) -> dict[str, Any]:
    """A database as its URL names it, with what this project adds: Django's settings of one database."""
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # A transaction takes the write lock when it begins and waits its turn, so two writers never
        # meet in 'database is locked'; readers go on beside them.
        options: dict[str, Any] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
        return database | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
    options = _options(env) | database.get("OPTIONS", {})
    return database | {
        "ENGINE": "server.postgresql",
        "CONN_MAX_AGE": 0 if "pool" in options else 60,  # a pool takes its connection back after each request
        "CONN_HEALTH_CHECKS": "pool" not in options,  # the backend takes only living ones from the pool
        "DISABLE_SERVER_SIDE_CURSORS": True,  # PgBouncer in transaction mode has none between transactions
        "OPTIONS": options,
    }


def replica(database: dict[str, Any], env: Variables) -> dict[str, Any]:
    """A replica of PostgreSQL as its URL names it. One that does not answer is soon given up: the primary is read."""
    made = configured(database, env)
    options = made["OPTIONS"] | {"patience": REPLICA_PATIENCE}
    if "pool" in options:
        options["pool"] = options["pool"] | {"timeout": REPLICA_PATIENCE}
    return made | {"ENGINE": "server.replicas", "OPTIONS": options, "TEST": {"MIRROR": "default"}}


def _options(env: Variables) -> dict[str, Any]:
    # A request is served by one process of PostgreSQL: those that walk ahead for a page's 20 rows read far too many.
    session = "-c max_parallel_workers_per_gather=0"
    options: dict[str, Any] = {}
    for name in ("statement_timeout", "lock_timeout"):
        variable = f"DATABASE_{name.upper()}"
        if (seconds := env.float(variable, default=None)) is not None:
            # PostgreSQL counts milliseconds, and takes 0 for no limit.
            env.require(variable, seconds >= 0.001, "Set a number of seconds above 0.")
            session += f" -c {name}={seconds * 1_000:.0f}"
            if name == "statement_timeout":
                options["patience"] = seconds + MARGIN
    if size := env.int("DATABASE_POOL_SIZE", default=0):
        from server.postgresql.base import Connection  # not at the top: it needs settings

        options["pool"] = {
            "connection_class": Connection,
            "min_size": 0,
            "max_size": size,
            "timeout": env.float("DATABASE_POOL_TIMEOUT", default=2),
            "reconnect_timeout": RECONNECT,
        }
        options["keep"] = size >= env.int("THREADS", default=1)
    return options | {"options": session}
