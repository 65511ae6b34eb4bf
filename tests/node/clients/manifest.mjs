// `node manifest.mjs`: what the clients ask the server, as Apollo's generate-persisted-query-manifest writes it.
import { createHash } from "node:crypto";
import { gql, InMemoryCache } from "@apollo/client";
import { sortTopLevelDefinitions } from "@apollo/persisted-query-lists";
import { print } from "graphql";
import * as texts from "./documents.mjs";

const cache = new InMemoryCache();
const operations = Object.values(texts).map((text) => {
  const document = sortTopLevelDefinitions(cache.transformDocument(gql(text)));
  const { name, operation } = document.definitions[0];
  const body = print(document);
  return { id: createHash("sha256").update(body).digest("hex"), name: name.value, type: operation, body };
});
process.stdout.write(JSON.stringify({ format: "apollo-persisted-query-manifest", version: 1, operations }));
