"""Manifests: files with a client's documents, written by its compiler."""

import json
from pathlib import Path
from typing import Any

from graphql_api.core.persisted import plain_id

APOLLO = "apollo-persisted-query-manifest"
APOLLO_VERSION = 1


def read_manifest(path: Path) -> dict[str, str]:
    """The texts of a manifest's documents, by id.

    Reads Apollo's format (`generate-persisted-query-manifest`), and Relay's object of texts by id
    (`persistConfig.file` of its compiler), which other compilers write too.

    Raises:
        ValueError: the file has neither format.
        OSError: the file cannot be read.
    """
    try:
        content = json.loads(path.read_text())
    except ValueError:
        raise ValueError("Not a file of JSON.") from None
    documents = _of_apollo(content) if isinstance(content, dict) and content.get("format") == APOLLO else content
    if not isinstance(documents, dict) or not all(isinstance(each, str) for pair in documents.items() for each in pair):
        raise ValueError("Neither Apollo's manifest, version 1, nor Relay's, an object of texts by id.")
    return {plain_id(document_id): text for document_id, text in documents.items()}


def _of_apollo(content: dict[str, Any]) -> dict[str, str] | None:
    """The documents of Apollo's manifest; None if its version or form is unknown."""
    try:
        if content["version"] != APOLLO_VERSION:
            return None
        return {each["id"]: each["body"] for each in content["operations"]}
    except (KeyError, TypeError):
        return None
