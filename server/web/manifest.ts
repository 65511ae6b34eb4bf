/** Writes the documents that the pages send into a manifest of Apollo's form, for `manage.py documents add`. */

import { print } from "@0no-co/graphql.web";
import type { Plugin } from "vite";
import * as documents from "./src/apis/documents.ts";

const FILE = "documents.json";

export function manifest(): Plugin {
  return {
    name: "manifest",
    async generateBundle() {
      const operations = (await Promise.all(Object.values(documents).map(operationOf))).flat();
      const content = { format: "apollo-persisted-query-manifest", version: 1, operations };
      this.emitFile({ type: "asset", fileName: FILE, source: `${JSON.stringify(content, null, 2)}\n` });
    },
  };
}

/** A document's place in the manifest, by the text that the pages send; none for a fragment, which is part of others. */
async function operationOf(document: (typeof documents)[keyof typeof documents]) {
  const [first] = document.definitions;
  if (first?.kind !== "OperationDefinition") return [];
  const body = print(document);
  return [{ id: await sha256(body), name: first.name!.value, type: first.operation, body }];
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
