"""The GraphQL schema. `make schema` writes its published text, `graphql_api/schema.graphql`."""

import graphene

from graphql_api.core.deprecations import deprecate
from graphql_api.core.types import CodeOfInput, OutcomeCode
from graphql_api.mutations import Mutation
from graphql_api.queries import Query

schema = graphene.Schema(query=Query, mutation=Mutation, types=[OutcomeCode, CodeOfInput])
deprecate(schema.graphql_schema)
