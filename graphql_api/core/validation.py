"""Validation of documents against the schema, by the specification's rules and ours."""

from functools import lru_cache

from graphql import GraphQLError, NoSchemaIntrospectionCustomRule, specified_rules, validate
from graphql.validation import MaxIntrospectionDepthRule

from graphql_api.core import limits
from graphql_api.core.attempts import OneWithCredentials
from graphql_api.core.costs import graphql_schema

RULES = [*specified_rules, MaxIntrospectionDepthRule, OneWithCredentials]


class Invalid(Exception):
    """The document is not valid for the schema. `errors`: the errors of validation."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


@lru_cache(limits.KEPT)
def require_valid(query: str, *, shows_schema: bool) -> None:
    """Validate a document against the schema. Raises `Invalid`."""
    rules = RULES if shows_schema else [*RULES, NoSchemaIntrospectionCustomRule]
    if errors := validate(graphql_schema(), limits.parse_tokens(query), rules):
        raise Invalid(errors)
