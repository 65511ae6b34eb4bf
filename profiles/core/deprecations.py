"""Deprecations: the rows of the setting `DEPRECATIONS`, from which both contracts, the headers and a metric follow."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.utils.http import http_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """Something that clients should stop using, wherever the contracts have it.

    Args:
        name: its label in the metrics.
        rest: where it is in OpenAPI: an operation as `GET /notes`, a query parameter of one as `GET /notes?title`, a
            property of a schema as `Note.body`.
        graphql: where it is in the SDL, by schema coordinates (GraphQL, section 3.14): `Note.body`,
            `Query.notes(search:)`, `NoteOrder.CREATED_AT`, `UpdateNoteInput.body`.
        since: the day from which it is deprecated, in UTC.
        until: the day on which it may be removed, in UTC.
        reason: why, in a sentence.
        replacement: what to use instead; empty where there is nothing.
        link: the URL of a page about it.
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
        """What both contracts say of it."""
        instead = f" Use {self.replacement}." if self.replacement else ""
        return f"Deprecated since {self.since}, may be removed on {self.until}. {self.reason}{instead} See {self.link}"


def headers_of(used: Collection[Deprecation], link: str | None = None) -> dict[str, str]:
    """The headers of an answer that used these: Deprecation (RFC 9745), Sunset (RFC 8594), and Link (RFC 8288).

    Args:
        used: at least one. Of several, the earliest days count.
        link: the `Link` that the answer has already.
    """
    links = [f'<{each.link}>; rel="{relation}"' for each in used for relation in ("deprecation", "sunset")]
    return {
        "Deprecation": f"@{timestamp(min(each.since for each in used))}",
        "Sunset": http_date(timestamp(min(each.until for each in used))),
        "Link": ", ".join([*([link] if link else []), *links]),
    }


def timestamp(day: date) -> int:
    """The Unix time of a day's beginning in UTC."""
    return int(datetime.combine(day, time(), UTC).timestamp())
