/** Documents of GraphQL, typed by the service's schema: for urql, Apollo Client and what else takes typed documents. */

import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./schema.js";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: { DateTime: string; GenericScalar: unknown };
}>();

export type { ResultOf, VariablesOf } from "gql.tada";
