"""How much of the primary's writes each replica has: known by one thread for each replica of a process.

Twice a second the thread notes how far the primary's log is, with the time there, and how far the replica has replayed
it. So the replica has every transaction that was committed before the newest of these times whose place it has passed.
All times are of the primary's clock; those of the processes need not agree.
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

from server.postgresql.base import Connection

logger = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two looks
NOTES = 40  # places that are kept: 20 seconds of them
MOST_LAG = 10  # seconds that a replica may be behind
LONGEST_WRITE = timedelta(seconds=5)  # from the time that it notes to its end
PATIENCE = 1.0  # seconds to wait for an answer
PRIMARY = "SELECT pg_current_wal_lsn() - '0/0', clock_timestamp()"
REPLICA = "SELECT pg_last_wal_replay_lsn() - '0/0'"


class Replica:
    """One replica, as this process knows it.

    Attributes:
        has_until: the replica has what was committed before this time of the primary's clock; None: not known.
        known_at: when that was so, by this process's monotonic clock.
        answers: whether it did when it was asked last.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.has_until: datetime | None = None
        self.known_at = 0.0
        self.answers = self.primary_answers = True
        self._notes: deque[tuple[Any, datetime, float]] = deque(maxlen=NOTES)
        self._connections: dict[str, Connection] = {}
        threading.Thread(target=self._run, name=f"freshness of {alias}", daemon=True).start()

    def has_writes_of(self, wrote_at: datetime | None) -> bool:
        """Whether it has all that an account wrote which last wrote then, and is not too far behind.

        Where the primary does not answer, nothing newer is written, and the replica may be read however old it is.
        """
        has_until = self.has_until
        is_behind = self.primary_answers and time.monotonic() > self.known_at + MOST_LAG
        if has_until is None or not self.answers or is_behind:
            return False
        return wrote_at is None or wrote_at + LONGEST_WRITE < has_until

    def _run(self) -> None:
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
            (replayed,) = self._ask(self.alias, REPLICA)
        except psycopg.Error as error:
            self.answers = False
            logger.warning("Replica %s does not answer (%s)", self.alias, type(error).__name__)
            return
        for place, noted, at in reversed(self._notes):
            if replayed is not None and place <= replayed:
                self.has_until, self.known_at = noted, at
                break
        self.answers = True

    def _ask(self, alias: str, sql: str) -> Any:
        """The row of this statement. Raises `psycopg.Error`: there was no answer."""
        connection = self._connections.get(alias)
        if connection is None or connection.closed:
            connection = self._connections[alias] = Connection.connect(**_parameters(alias))
            connection.patience = PATIENCE
        return connection.execute(sql).fetchone()


def _parameters(alias: str) -> dict[str, Any]:
    """What a connection to this database is made with that is of no pool."""
    database = connections[alias]
    options = {name: value for name, value in database.settings_dict["OPTIONS"].items() if name != "pool"}
    alone: Any = type(database)(database.settings_dict | {"OPTIONS": options}, f"{alias}, for its freshness")
    return cast("dict[str, Any]", alone.get_connection_params() | {"autocommit": True, "connect_timeout": 2})


class Replicas:
    """The replicas of the settings, as this process knows them."""

    def __init__(self) -> None:
        self.all = [Replica(alias) for alias in connections if alias != DEFAULT_DB_ALIAS]

    def for_reader(self, wrote_at: datetime | None) -> str:
        """The database that an account reads which last wrote then: one of the replicas that have its writes."""
        usable = [each.alias for each in self.all if each.has_writes_of(wrote_at)]
        return random.choice(usable) if usable else DEFAULT_DB_ALIAS  # noqa: S311

    def instead_of(self, alias: str) -> str:
        """The database to read from where this replica did not answer: the primary; while that does not either, a
        replica that has as much."""
        failed = next(each for each in self.all if each.alias == alias)
        failed.answers = False
        if failed.primary_answers or failed.has_until is None:
            return DEFAULT_DB_ALIAS
        others = (each for each in self.all if each.answers and each.has_until and each.has_until >= failed.has_until)
        return next((each.alias for each in others), DEFAULT_DB_ALIAS)


@cache
def replicas() -> Replicas:
    return Replicas()
