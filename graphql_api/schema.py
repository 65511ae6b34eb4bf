"""The schema. `graphql_api/schema.graphql` is its published text: `make schema` writes it."""

import graphene

from graphql_api.core.deprecations import deprecate
from graphql_api.core.types import CodeOfInput, OutcomeCode
from graphql_api.mutations import Mutation
from graphql_api.queries import Query

schema = graphene.Schema(query=Query, mutation=Mutation, types=[OutcomeCode, CodeOfInput])
deprecate(schema.graphql_schema)
