"""Whether the schema has an answer for a document: the specification's rules, and ours."""

from functools import lru_cache

from graphql import GraphQLError, NoSchemaIntrospectionCustomRule, specified_rules, validate
from graphql.validation import MaxIntrospectionDepthRule

from graphql_api.core import limits
from graphql_api.core.attempts import OneWithCredentials
from graphql_api.core.costs import graphql_schema

RULES = [*specified_rules, MaxIntrospectionDepthRule, OneWithCredentials]


class Invalid(Exception):
    """A document that the schema has no answer for, with validation's `errors`."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


@lru_cache(limits.KEPT)
def require_valid(query: str, *, shows_schema: bool) -> None:
    """Pass where the schema has an answer for this document. Raises `Invalid`."""
    rules = RULES if shows_schema else [*RULES, NoSchemaIntrospectionCustomRule]
    if errors := validate(graphql_schema(), limits.parse_tokens(query), rules):
        raise Invalid(errors)
