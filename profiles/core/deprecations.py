"""Deprecations: rows of the setting `DEPRECATIONS`, the source of contract marks, response headers and a metric."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.utils.http import http_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """A deprecated part of the contracts.

    Args:
        name: label in the metrics.
        rest: its places in OpenAPI: an operation as `GET /notes`, a query parameter as `GET /notes?title`, a schema's
            property as `Note.body`.
        graphql: its schema coordinates in the SDL (GraphQL, section 3.14): `Note.body`, `Query.notes(search:)`,
            `NoteOrder.CREATED_AT`, `UpdateNoteInput.body`.
        since: first day of the deprecation, in UTC.
        until: first day on which it may be removed, in UTC.
        reason: why it is deprecated, in a sentence.
        replacement: what to use instead; empty if there is no replacement.
        link: URL of a page about the deprecation.
    """

    name: str
    rest: tuple[str, ...] = ()
    graphql: tuple[str, ...] = ()
    since: date
    until: date
    reason: str
    replacement: str = ""
    link: str

    @property
    def text(self) -> str:
        """The notice in both contracts."""
        instead = f" Use {self.replacement}." if self.replacement else ""
        return f"Deprecated since {self.since}, may be removed on {self.until}. {self.reason}{instead} See {self.link}"


def headers_of(used: Collection[Deprecation], link: str | None = None) -> dict[str, str]:
    """Headers of a response that used deprecated parts: Deprecation (RFC 9745), Sunset (RFC 8594), Link (RFC 8288).

    Args:
        used: at least one deprecation. The headers give the earliest dates.
        link: the response's own `Link`, if any; it is kept.
    """
    links = [f'<{each.link}>; rel="{relation}"' for each in used for relation in ("deprecation", "sunset")]
    return {
        "Deprecation": f"@{timestamp(min(each.since for each in used))}",
        "Sunset": http_date(timestamp(min(each.until for each in used))),
        "Link": ", ".join([*([link] if link else []), *links]),
    }


def timestamp(day: date) -> int:
    """The Unix time of midnight UTC at the start of a day."""
    return int(datetime.combine(day, time(), UTC).timestamp())
