"""Documents that clients ask for by their hash: Apollo's automatic persisted queries."""

import hashlib
import re
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from profiles.core.outcomes import Outcome, Refused

VERSION = 1  # of the protocol
KEPT = 3_600  # seconds after it was last sent whole


def digest_of(query: str | None, extensions: dict[str, Any] | None) -> str | None:
    """The SHA-256, in hexadecimal, that a request names its document by; None where it names none.

    Raises:
        Refused: BAD_REQUEST: it names it otherwise, or the document that it brings is another one.
    """
    named = (extensions or {}).get("persistedQuery")
    if named is None:
        return None
    version, digest = (named.get("version"), named.get("sha256Hash")) if isinstance(named, dict) else (None, None)
    if version != VERSION or not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        message = _("'persistedQuery' must have version {version} and the SHA-256 of the document in hexadecimal.")
        raise Refused(Outcome.BAD_REQUEST, message.format(version=VERSION))
    if query and hashlib.sha256(query.encode(errors="surrogatepass")).hexdigest() != digest:
        message = _("The SHA-256 of the document differs from 'persistedQuery'. Correct it, or leave one of them out.")
        raise Refused(Outcome.BAD_REQUEST, message)
    return digest


def find(digest: str | None) -> str:
    """The document that was kept under this hash. Raises `Refused`: PERSISTED_QUERY_NOT_FOUND."""
    query: str | None = cache.get(f"persisted:{digest}")
    if query is None:
        raise Refused(Outcome.PERSISTED_QUERY_NOT_FOUND)
    return query


def keep(digest: str, query: str) -> None:
    """Keep a valid document under its hash."""
    cache.set(f"persisted:{digest}", query, KEPT)
