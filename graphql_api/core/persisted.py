"""Documents that clients ask for without their text: those registered by `manage.py documents add`, and those of
Apollo's automatic persisted queries.

Each process keeps both in its memory, so that a request for one makes no SQL statement: a registered one for `FRESH`
seconds, after which it is read again.
"""

import hashlib
import logging
import re

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q

from graphql_api.core.limits import Measured
from graphql_api.models import ID_PATTERN, Document
from profiles.core.metrics import DOCUMENTS, count_from_zero
from profiles.core.outcomes import Outcome, Refused

logger = logging.getLogger(__name__)

KEPT = 3_600  # seconds after an automatic persisted query was last sent whole
FRESH = 10  # seconds: as long an instance may not know what has been registered or removed
SHA_256 = "sha256:"  # before the digest, in an id of GraphQL over HTTP's draft
LONGEST_NAME = 100  # characters of an operation's name in the log

count_from_zero(DOCUMENTS, ("yes", "no"))


def digest_of(text: str) -> str:
    """The SHA-256 of a document, in hexadecimal."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def plain_id(document_id: str) -> str:
    """An id as it is stored: one that is a SHA-256 without the prefix which says so."""
    return document_id.removeprefix(SHA_256)


def find(digest: str | None, document_id: str | None) -> str:
    """The text of a document that was asked for by its SHA-256 or by the id that it is registered under.

    Raises:
        Refused: DOCUMENT_UNKNOWN: nothing is registered under the id. PERSISTED_QUERY_NOT_FOUND: the client may send
            the text that has this SHA-256, as Apollo's protocol has it.
    """
    takes_texts = settings.GRAPHQL_DOCUMENTS != "registered"
    text = cache.get(f"persisted:{digest}") if digest and takes_texts else None
    text = text or registered(digest or document_id or "")
    if not text:
        raise Refused(Outcome.PERSISTED_QUERY_NOT_FOUND if digest and takes_texts else Outcome.DOCUMENT_UNKNOWN)
    return text


def keep(digest: str, text: str) -> None:
    """Keep a valid document of an automatic persisted query under its SHA-256."""
    cache.set(f"persisted:{digest}", text, KEPT)


def registered(document_id: str) -> str | None:
    """The text that is registered under an id, or has this SHA-256; None where there is none."""
    key = plain_id(document_id)
    if not re.fullmatch(ID_PATTERN, key):
        return None
    text: str | None = cache.get(f"registered:{key}")
    if text is None:
        found = Document.objects.filter(Q(pk=key) | Q(digest=key)).values_list("text", flat=True)
        text = found.first() or ""
        cache.set(f"registered:{key}", text, FRESH)
    return text or None


def require_registered(text: str) -> None:
    """Pass where this text is registered. Raises `Refused`: DOCUMENT_UNKNOWN."""
    if not registered(digest_of(text)):
        raise Refused(Outcome.DOCUMENT_UNKNOWN)


def report(text: str, measured: Measured) -> None:
    """Count a document by whether it is registered, and log one that is not, once in `FRESH` seconds."""
    digest = digest_of(text)
    is_registered = bool(registered(digest))
    DOCUMENTS.labels("yes" if is_registered else "no").inc()
    if not is_registered and cache.add(f"reported:{digest}", True, FRESH):
        name = measured.operation.name.value if measured.operation and measured.operation.name else "without a name"
        logger.warning("A document is not registered: sha256:%s, operation %s", digest, name[:LONGEST_NAME])
