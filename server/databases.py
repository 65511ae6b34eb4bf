"""Django's database settings, from environment variables."""

from typing import Any

from server.variables import Variables

MARGIN = 0.25  # seconds for the error of a cancelled statement to arrive
REPLICA_PATIENCE = 0.5  # seconds to wait for a connection to a replica, and the same for an answer
RECONNECT = 1.0  # seconds in which the pool tries twice to connect; after that, a request makes it try again


def configured(database: dict[str, Any], env: Variables) -> dict[str, Any]:
    """Django's settings of one database: those parsed from its URL (`database`), and this project's options."""
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # A transaction waits for the write lock when it begins, so that two concurrent writers do not fail with
        # 'database is locked'. Readers do not wait.
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
        "CONN_HEALTH_CHECKS": "pool" not in options,  # the backend checks connections that it takes from the pool
        "DISABLE_SERVER_SIDE_CURSORS": True,  # PgBouncer in transaction mode loses them between transactions
        "OPTIONS": options,
    }


def replica(database: dict[str, Any], env: Variables) -> dict[str, Any]:
    """Django's settings of a PostgreSQL replica. Timeouts are short, because reads then go to the primary."""
    made = configured(database, env)
    options = made["OPTIONS"] | {"patience": REPLICA_PATIENCE}
    if "pool" in options:
        options["pool"] = options["pool"] | {"timeout": REPLICA_PATIENCE}
    return made | {"ENGINE": "server.replicas", "OPTIONS": options, "TEST": {"MIRROR": "default"}}


def _options(env: Variables) -> dict[str, Any]:
    # PostgreSQL serves a request in one process: parallel workers read far more rows than a page of 20 needs.
    session = "-c max_parallel_workers_per_gather=0"
    options: dict[str, Any] = {}
    for name in ("statement_timeout", "lock_timeout"):
        variable = f"DATABASE_{name.upper()}"
        if (seconds := env.read(variable)) is not None:
            # PostgreSQL takes milliseconds, and 0 as no limit.
            env.require(variable, seconds >= 0.001, "Set a number of seconds above 0.")
            session += f" -c {name}={seconds * 1_000:.0f}"
            if name == "statement_timeout":
                options["patience"] = seconds + MARGIN
    if size := env.read("DATABASE_POOL_SIZE"):
        from server.postgresql.base import Connection  # not at the top: it needs settings

        options["pool"] = {
            "connection_class": Connection,
            "min_size": 0,
            "max_size": size,
            "timeout": env.read("DATABASE_POOL_TIMEOUT"),
            "reconnect_timeout": RECONNECT,
        }
        options["keep"] = size >= env.read("THREADS")
    return options | {"options": session}
