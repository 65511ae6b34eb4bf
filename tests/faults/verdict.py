"""Compare the clients' results with the database: a row of the table."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import psycopg

from profiles.core.outcomes import Outcome

TEMPORARY = {Outcome.UNAVAILABLE.code, Outcome.TIMEOUT.code, Outcome.CONFLICT.code}
"""The error codes that a fault may cause.

CONFLICT: an earlier write of the client succeeded, but its response was lost.
"""

WRITTEN = """
    SELECT profile.username, profile.version, profile.bio, array_agg(change.version ORDER BY change.version),
           array_agg(change.fields->'bio'->>1 ORDER BY change.version)
    FROM profiles_profile profile JOIN profiles_change change ON change.profile_id = profile.id
    WHERE profile.username = ANY(%s) GROUP BY profile.id"""


@dataclass
class Row:
    """A fault, and the results of the requests during it.

    `lost` are acknowledged writes missing from the history, `twice` writes that it has twice. `refused` are TEMPORARY
    errors from the service, `proxied` those from nginx, `wrong` all other errors. `broken` are connections that ended
    without a complete response. `anonymous` and `signed_in` count the reads that failed.
    """

    fault: str
    times: int
    requests: int
    acknowledged: int
    lost: list
    twice: list
    refused: Counter
    proxied: Counter
    broken: Counter
    wrong: Counter
    anonymous: int
    signed_in: int
    slowest: float  # seconds
    pause: float  # seconds, the longest time between two acknowledged writes

    def cells(self):
        return {
            "fault": self.fault,
            "times": f"{self.times}",
            "requests": f"{self.requests:,}",
            "acknowledged": f"{self.acknowledged:,}",
            "lost": f"{len(self.lost)}",
            "twice": f"{len(self.twice)}",
            "refused": shown(self.refused),
            "reads among them": f"{self.signed_in} + {self.anonymous} anonymous",
            "by nginx": f"{self.proxied.total()}",
            "broken": f"{self.broken.total()}",
            "wrong": shown(self.wrong),
            "slowest": f"{self.slowest:.2f} s",
            "no write for": f"{self.pause:.1f} s",
        }


def shown(counted):
    return ", ".join(f"{many} {code}" for code, many in counted.most_common()) or "0"


def examine(fault, times, load, database_url):
    """The row of a load that has ended.

    Raises:
        AssertionError: a profile does not match its history, or a stored text was in no client's request.
    """
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(WRITTEN, [[writer.username for writer in load.writers]]).fetchall()
    histories = {username: list(zip(versions, texts, strict=True)) for username, _, _, versions, texts in rows}
    for username, version, bio, *_ in rows:
        assert histories[username][-1] == (version, bio)
    lost, twice = [], []
    for writer in load.writers:
        history = histories[writer.username]
        lost += set(writer.acknowledged) - set(history)
        texts = Counter(text for _, text in history)
        twice += [text for text, many in texts.items() if many > 1]
        assert texts.keys() <= {text for _, text in writer.acknowledged} | {*writer.unknown, writer.text}
    answers = [answer for client in load.clients for answer in client.answers]
    kinds = defaultdict(Counter)
    for answer in answers:
        if answer.code:
            kinds[kind_of(answer)][answer.code] += 1
    return Row(
        fault,
        times,
        len(answers),
        sum(len(writer.acknowledged) for writer in load.writers),
        lost,
        twice,
        *(kinds[name] for name in ("refused", "proxied", "broken", "wrong")),
        failures(load.anonymous),
        failures(load.signed_in),
        max(answer.seconds for answer in answers),
        load.longest_pause(),
    )


def kind_of(answer):
    """The row's field that counts this failed request."""
    if answer.is_broken:
        return "broken"
    if answer.code not in TEMPORARY:
        return "wrong"
    return "refused" if answer.is_of_service else "proxied"


def failures(client):
    return sum(bool(answer.code) for answer in client.answers)


def table(rows):
    """The rows as lines of text, below a header."""
    cells = [row.cells() for row in rows]
    lines = [*cells[:1], *(each.values() for each in cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
