"""Freshness of replicas, watched by one thread per replica in each process.

Twice a second, the thread notes the position of the primary's WAL and the time there, and asks the replica how far it
has replayed the WAL. The replica has every transaction committed before the time of the newest note whose position it
has reached. All times are from the primary's clock, so the processes' clocks need not agree.
"""

import logging
import random
import threading
import time
from collections import deque
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from profiles.core.cpus import run_on_any
from server.postgresql.base import Connection

logger = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two checks
NOTES = 40  # WAL positions that are kept: those of 20 seconds
MOST_LAG = 10  # seconds that a replica may be behind
LONGEST_WRITE = timedelta(seconds=5)  # from a write's `wrote_at` to its commit
PATIENCE = 1.0  # seconds to wait for an answer
PRIMARY = "SELECT pg_current_wal_lsn() - '0/0', clock_timestamp()"
REPLICA = "SELECT pg_last_wal_replay_lsn() - '0/0'"


class Replica:
    """The state of a replica as this process knows it.

    Attributes:
        has_until: the replica has all commits before this time of the primary's clock; None: unknown.
        known_at: the same time by this process's monotonic clock.
        replayed: how far it had replayed the WAL at the last check; None: unknown.
        answers: whether the replica answered the last check.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.has_until: datetime | None = None
        self.known_at = 0.0
        self.replayed: Any = None
        self.answers = self.primary_answers = True
        self._notes: deque[tuple[Any, datetime, float]] = deque(maxlen=NOTES)
        self._connections: dict[str, Connection] = {}
        threading.Thread(target=self._run, name=f"freshness of {alias}", daemon=True).start()

    def has_writes_of(self, wrote_at: datetime | None) -> bool:
        """Whether the replica has all writes of an account that last wrote at this time, and is not too far behind.

        While the primary does not answer, no newer data is written, so the lag is not limited.
        """
        has_until = self.has_until
        is_behind = self.primary_answers and time.monotonic() > self.known_at + MOST_LAG
        if has_until is None or not self.answers or is_behind:
            return False
        return wrote_at is None or wrote_at + LONGEST_WRITE < has_until

    def _run(self) -> None:
        run_on_any()  # not only on the CPU of the request that created this thread, where it would wait
        while True:
            self._look()
            time.sleep(INTERVAL)

    def _look(self) -> None:
        now = time.monotonic()
        try:
            self._notes.append((*self._ask(DEFAULT_DB_ALIAS, PRIMARY), now))
            self.primary_answers = True
        except psycopg.Error as error:
            self.primary_answers = False
            logger.warning("The primary does not answer (%s)", type(error).__name__)
        try:
            (self.replayed,) = self._ask(self.alias, REPLICA)
        except psycopg.Error as error:
            self.answers = False
            logger.warning("Replica %s does not answer (%s)", self.alias, type(error).__name__)
            return
        for place, noted, at in reversed(self._notes):
            if self.replayed is not None and place <= self.replayed:
                self.has_until, self.known_at = noted, at
                break
        self.answers = True

    def _ask(self, alias: str, sql: str) -> Any:
        """The row that a statement returns. Raises `psycopg.Error`: no answer."""
        connection = self._connections.get(alias)
        if connection is None or connection.closed:
            connection = self._connections[alias] = Connection.connect(**_parameters(alias))
            connection.patience = PATIENCE
        return connection.execute(sql).fetchone()


def _parameters(alias: str) -> dict[str, Any]:
    """The parameters of a connection to this database outside the pool."""
    database = connections[alias]
    options = {name: value for name, value in database.settings_dict["OPTIONS"].items() if name != "pool"}
    alone: Any = type(database)(database.settings_dict | {"OPTIONS": options}, f"{alias}, for its freshness")
    return cast("dict[str, Any]", alone.get_connection_params() | {"autocommit": True, "connect_timeout": 2})


class Replicas:
    """All replicas of the settings, as this process knows them."""

    def __init__(self) -> None:
        self.all = [Replica(alias) for alias in connections if alias != DEFAULT_DB_ALIAS]

    def for_reader(self, wrote_at: datetime | None) -> str:
        """The alias of the database for an account that last wrote at this time: a random replica that has its writes,
        or the primary."""
        usable = [each.alias for each in self.all if each.has_writes_of(wrote_at)]
        return random.choice(usable) if usable else DEFAULT_DB_ALIAS  # noqa: S311

    def instead_of(self, alias: str) -> str:
        """The alias of the database to read from after this replica did not answer: the primary. If the primary does
        not answer either, a replica that has replayed at least as much. `has_until` would not do: replicas that have
        the same data are checked at different times."""
        failed = next(each for each in self.all if each.alias == alias)
        failed.answers = False
        if failed.primary_answers or failed.replayed is None:
            return DEFAULT_DB_ALIAS
        others = (each for each in self.all if each.answers and each.replayed is not None)
        return next((each.alias for each in others if each.replayed >= failed.replayed), DEFAULT_DB_ALIAS)


@cache
def replicas() -> Replicas:
    return Replicas()
