"""Entity tags and preconditions: `If-Match`, `If-None-Match` and GraphQL's `ifMatch`."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils.http import quote_etag

ETAG_DIGITS = 16
LONGEST = 4_000  # characters of a header field that is parsed
TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'  # RFC 9110, section 8.8.3
TAGS = re.compile(rf"[ \t]*(?:{TAG}[ \t]*)?(?:,[ \t]*(?:{TAG}[ \t]*)?)*")  # section 5.6.1: an element may be empty
ANY = "*"
CANONICAL = json.JSONEncoder(sort_keys=True)


def entity_tag(shown: Mapping[str, Any], version: int) -> str:
    """The strong entity tag of a representation: the row's version and a digest of the shown fields."""
    digest = hashlib.sha256(CANONICAL.encode(shown).encode()).hexdigest()
    return quote_etag(f"{version}-{digest[:ETAG_DIGITS]}")


def if_match(value: str | None, tag: str) -> bool:
    """Whether the precondition `If-Match` holds for this tag (RFC 9110, section 13.1.1).

    Tags are compared strongly: a weak tag never matches. A malformed value has no tags and so never holds: ignoring
    it would perform a write that the client meant to be conditional.
    """
    return value is None or not {ANY, tag}.isdisjoint(_tags(value))


def if_none_match(value: str | None, tag: str) -> bool:
    """Whether the precondition `If-None-Match` holds for this tag (RFC 9110, section 13.1.2); tags are compared
    weakly."""
    return value is None or {ANY, tag}.isdisjoint(each.removeprefix("W/") for each in _tags(value))


def _tags(value: str) -> list[str]:
    """The tags in a header field, or `*`; empty if the value is malformed or too long."""
    if len(value) > LONGEST:
        return []
    if value.strip(" \t") == ANY:
        return [ANY]
    return re.findall(TAG, value) if TAGS.fullmatch(value) else []
