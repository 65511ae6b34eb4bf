"""Documents that clients request without their text: documents registered with `manage.py documents add`, and Apollo's
automatic persisted queries.

Each process caches both in memory, so that a request needs no SQL statement. A registered document is read again after
`FRESH` seconds.
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

KEPT = 3_600  # seconds after the text of an automatic persisted query was last sent
FRESH = 10  # seconds until each instance has read a registration or removal
SHA_256 = "sha256:"  # prefix of a digest in an id, by GraphQL over HTTP's draft
LONGEST_NAME = 100  # characters of an operation's name in the log

count_from_zero(DOCUMENTS, ("yes", "no"))


def digest_of(text: str) -> str:
    """The SHA-256 of a document, in hexadecimal."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def plain_id(document_id: str) -> str:
    """An id as stored: a SHA-256 loses the prefix `SHA_256`."""
    return document_id.removeprefix(SHA_256)


def find(digest: str | None, document_id: str | None) -> str:
    """The text of a document, by its SHA-256 or the id of its registration.

    Raises:
        Refused: DOCUMENT_UNKNOWN: no document is registered under the id. PERSISTED_QUERY_NOT_FOUND: the text is not
            cached; by Apollo's protocol, the client may send it.
    """
    takes_texts = settings.GRAPHQL_DOCUMENTS != "registered"
    text = cache.get(f"persisted:{digest}") if digest and takes_texts else None
    text = text or registered(digest or document_id or "")
    if not text:
        raise Refused(Outcome.PERSISTED_QUERY_NOT_FOUND if digest and takes_texts else Outcome.DOCUMENT_UNKNOWN)
    return text


def keep(digest: str, text: str) -> None:
    """Cache a valid document of an automatic persisted query under its SHA-256."""
    cache.set(f"persisted:{digest}", text, KEPT)


def registered(document_id: str) -> str | None:
    """The registered text with this id or SHA-256, or None."""
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
    """Check that this text is registered. Raises `Refused`: DOCUMENT_UNKNOWN."""
    if not registered(digest_of(text)):
        raise Refused(Outcome.DOCUMENT_UNKNOWN)


def report(text: str, measured: Measured) -> None:
    """Count a document as registered or not. An unregistered one is also logged, at most once in `FRESH` seconds."""
    digest = digest_of(text)
    is_registered = bool(registered(digest))
    DOCUMENTS.labels("yes" if is_registered else "no").inc()
    if not is_registered and cache.add(f"reported:{digest}", True, FRESH):
        name = measured.operation.name.value if measured.operation and measured.operation.name else "without a name"
        logger.warning("A document is not registered: sha256:%s, operation %s", digest, name[:LONGEST_NAME])
