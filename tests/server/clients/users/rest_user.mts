/** `node rest_user.mjs URL`: a session through the generated TypeScript package of REST. */

import { createClient, type Schemas } from "profiles-rest";

const [baseUrl = ""] = process.argv.slice(2);

const anonymous = createClient({ baseUrl });
const credentials = { username: "john_doe", password: "demo-pass-123" };
const { data: tokens } = await anonymous.POST("/auth/token", { body: credentials });
if (!tokens) throw new Error("no tokens");
const client = createClient({ baseUrl, headers: { Authorization: `Bearer ${tokens.token}` } });

const { data: me, response } = await client.GET("/profiles/me");
if (!me) throw new Error("no profile");
console.log("read", me.username, me.version);

const params = { path: { id: me.id }, header: { "If-Match": response.headers.get("ETag") ?? "" } };
const body = { bio: "By a generated client." };
const { data: updated } = await client.PATCH("/profiles/{id}", { params, body });
console.log("updated", updated?.version, updated?.bio);

const conflict = await client.PATCH("/profiles/{id}", { params, body: { bio: "Too late." } });
if (conflict.error?.type === "client_error") console.log("refused", conflict.error.errors[0]?.code, conflict.error.version);

const invalid = await client.PATCH("/profiles/{id}", {
  params: { path: { id: me.id } },
  body: { username: "jane_doe", bio: "x".repeat(2001) },
});
if (invalid.error?.type === "validation_error") {
  for (const { code, attr } of invalid.error.errors) console.log("invalid", code, attr);
}

let cursor: string | null | undefined;
do {
  const query = { page_size: 2, ordering: "username", ...(cursor && { cursor }) } as const;
  const { data: page } = await client.GET("/profiles", { params: { query } });
  console.log("page", ...(page?.results ?? []).map(({ username }: Schemas["Profile"]) => username));
  cursor = page?.next_cursor;
} while (cursor);

const { refresh_token } = tokens;
await anonymous.POST("/auth/token/revoke", { body: { refresh_token } });
const { error } = await anonymous.POST("/auth/token/refresh", { body: { refresh_token } });
console.log("signed out", error?.errors[0]?.code);
