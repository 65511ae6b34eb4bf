"""Parameters of a GraphQL request: a document, by its text or id, and the values of its variables."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from graphql_api.core.persisted import digest_of
from profiles.core.outcomes import Outcome, Refused

PARAMETERS = {"query": str, "variables": dict, "operationName": str, "extensions": dict}
IDS = ("documentId", "doc_id", "id")  # from GraphQL over HTTP's draft on persisted documents, and Relay's documentation
APQ_VERSION = 1  # of Apollo's protocol


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a request. At least one of `query`, `digest` and `document_id` is given."""

    query: str | None  # the document's text
    digest: str | None  # the text's SHA-256, by Apollo's automatic persisted queries
    document_id: str | None  # the id of its registration; None if the text is given
    variables: dict[str, Any] | None
    operation_name: str | None


def read_parameters(sent: Any) -> Parameters:
    """The parameters of a request's JSON (GraphQL over HTTP, section 5.1). Raises `Refused`: BAD_REQUEST.

    Unknown members are ignored, and so is an id beside a text.
    """
    if not isinstance(sent, dict):
        raise Refused(Outcome.BAD_REQUEST, _("Must be one JSON object. Batches of requests are not supported."))
    for name, kind in PARAMETERS.items():
        if not isinstance(sent.get(name), kind | None):
            message = _("'{name}' must be a string.") if kind is str else _("'{name}' must be an object.")
            raise Refused(Outcome.BAD_REQUEST, message.format(name=name))
    query, variables, operation_name, extensions = (sent.get(name) for name in PARAMETERS)
    digest = read_digest(query, extensions)
    document_id = None if query else read_id(sent)
    if not (query or digest or document_id):
        raise Refused(Outcome.BAD_REQUEST, _("'query' must be the document, as a string, or 'documentId' its id."))
    return Parameters(query, digest, document_id, variables, operation_name)


def read_digest(query: str | None, extensions: dict[str, Any] | None) -> str | None:
    """The SHA-256 of the requested document in hexadecimal; None if `extensions` has no `persistedQuery`.

    Raises:
        Refused: BAD_REQUEST: `persistedQuery` is malformed, or `query` has another SHA-256.
    """
    named = (extensions or {}).get("persistedQuery")
    if named is None:
        return None
    version, digest = (named.get("version"), named.get("sha256Hash")) if isinstance(named, dict) else (None, None)
    if version != APQ_VERSION or not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        message = _("'persistedQuery' must have version {version} and the SHA-256 of the document in hexadecimal.")
        raise Refused(Outcome.BAD_REQUEST, message.format(version=APQ_VERSION))
    if query and digest_of(query) != digest:
        message = _("The SHA-256 of the document differs from 'persistedQuery'. Correct it, or leave one of them out.")
        raise Refused(Outcome.BAD_REQUEST, message)
    return digest


def read_id(sent: dict[str, Any]) -> str | None:
    """The id of the requested document, or None. Raises `Refused`: BAD_REQUEST: the id is not a string."""
    name = next((name for name in IDS if sent.get(name) is not None), None)
    if name is None:
        return None
    if not isinstance(sent[name], str):
        raise Refused(Outcome.BAD_REQUEST, _("'{name}' must be a string.").format(name=name))
    return sent[name] or None
