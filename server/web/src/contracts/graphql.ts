/** GraphQL documents, typed by the published schema. */

import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./graphql-env";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: { DateTime: string; GenericScalar: unknown };
}>();

export type { ResultOf, TadaDocumentNode, VariablesOf } from "gql.tada";
