"""Registration of documents, and its requirements."""

import re
from collections.abc import Mapping

from django.db import transaction
from graphql import GraphQLError

from graphql_api.core import limits
from graphql_api.core.persisted import digest_of
from graphql_api.core.validation import Invalid, require_valid
from graphql_api.models import ID_LENGTH, ID_PATTERN, Document
from profiles.core.outcomes import Refused


def problems_of(key: str, text: str) -> list[str]:
    """The problems that prevent the registration of a document, or an empty list.

    Limits on cost are checked here as far as the text decides. Cost that depends on variables is measured per request.
    """
    return [*_problems_of_id(key, text), *_problems_of_text(text)]


def _problems_of_id(key: str, text: str) -> list[str]:
    if not re.fullmatch(ID_PATTERN, key):
        return [f"The id is not 1 to {ID_LENGTH} letters, digits or characters of -._~:+/=."]
    if re.fullmatch("[0-9a-f]{64}", key) and key != digest_of(text):
        return ["The id is the SHA-256 of another text."]
    kept = Document.objects.filter(pk=key).values_list("text", flat=True).first()
    return ["Another text is registered under this id: remove that first."] if kept not in (None, text) else []


def _problems_of_text(text: str) -> list[str]:
    try:
        limits.check_whatever_variables(text)
        require_valid(text, shows_schema=True)
    except Invalid as invalid:
        return [_located(error) for error in invalid.errors]
    except GraphQLError as error:
        return [_located(error)]
    except Refused as refused:
        return [refused.message]
    return []


def _located(error: GraphQLError) -> str:
    """An error's message, with its line and column."""
    place = error.locations[0] if error.locations else None
    return f"{error.message} (line {place.line}, column {place.column})" if place else error.message


@transaction.atomic
def register(documents: Mapping[str, str]) -> int:
    """Register documents by id, after `problems_of` found no problems. Returns the number of new ones."""
    rows = [Document(id=key, text=text, digest=digest_of(text)) for key, text in documents.items()]
    before = Document.objects.count()
    Document.objects.bulk_create(rows, ignore_conflicts=True)
    return Document.objects.count() - before
