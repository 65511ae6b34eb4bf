// `node urql.mjs URL PASSWORD [MANIFEST]`: urql drives the server, as `owner`; with a manifest, by its ids alone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import { ME, NODE, PAGE, SIGN_IN, UPDATE } from "./documents.mjs";
import { ERRORS, INVALID, PERSISTED, UNKNOWN } from "./expected.mjs";
import { watched } from "./wire.mjs";

const [url, password, manifest] = process.argv.slice(2);

const { operations } = manifest ? JSON.parse(await readFile(manifest)) : { operations: [] };
const ids = Object.fromEntries(operations.map(({ name, id }) => [name, id]));
const byId = persistedExchange({
  enforcePersistedQueries: true,
  enableForMutation: true,
  generateHash: async (_text, { definitions }) => ids[definitions[0].name.value],
});

const connect = (token, ...extra) => {
  const { fetch, exchanges } = watched();
  const cache = cacheExchange({ resolvers: { Query: { profiles: relayPagination() } } });
  const client = new Client({
    url,
    fetch,
    fetchOptions: { headers: token && { authorization: `Bearer ${token}` } },
    exchanges: [cache, ...extra, ...(manifest ? [byId] : []), fetchExchange],
  });
  return { client, exchanges };
};

const signIn = async () => {
  const { data } = await connect().client.mutation(SIGN_IN, { username: "owner", password });
  return data.tokenAuth.token;
};
const token = await signIn();

const refused = async (answer) => {
  const { error } = await answer;
  assert.equal(error.networkError, undefined);
  return error.graphQLErrors.map(({ extensions }) => extensions);
};

test("query", async () => {
  const { client } = connect(token);
  const { data } = await client.query(ME, {});
  assert.equal(data.me.username, "owner");
});

test("mutation", async () => {
  const { client, exchanges } = connect(token);
  const { data: { me } } = await client.query(ME, {});
  const { data } = await client.mutation(UPDATE, { input: { id: me.id, bio: "By urql." } });
  assert.deepEqual(data.updateProfile.errors, []);
  const cached = await client.query(ME, {});
  assert.equal(cached.data.me.bio, "By urql.");
  assert.equal(cached.data.me.version, me.version + 1);
  assert.equal(exchanges.length, 2);
});

test("validation error", async () => {
  const { client } = connect(token);
  const { data: { me } } = await client.query(ME, {});
  const input = { id: me.id, ...INVALID };
  const { data } = await client.mutation(UPDATE, { input });
  assert.equal(data.updateProfile.profile, null);
  assert.deepEqual(data.updateProfile.errors.map(({ __typename, ...error }) => error), ERRORS);
});

test("conflict", async () => {
  const { client } = connect(token);
  const { data: { me } } = await client.query(ME, {});
  const input = { id: me.id, bio: "Too late.", ifMatch: '"0-stale"' };
  const [extensions] = await refused(client.mutation(UPDATE, { input }));
  assert.deepEqual(extensions, { code: "CONFLICT", version: me.version });
});

test("no token", async () => {
  const { client, exchanges } = connect();
  assert.deepEqual(await refused(client.query(ME, {})), [{ code: "UNAUTHENTICATED" }]);
  assert.equal(exchanges[0].status, 200);
});

test("bad token", async () => {
  const { client, exchanges } = connect("bad");
  assert.deepEqual(await refused(client.query(ME, {})), [{ code: "UNAUTHENTICATED" }]);
  assert.equal(exchanges[0].status, 401);
});

const query = "query NewFromUrql { me { id } }";

test("document that is not registered", { skip: !manifest }, async () => {
  for (const [number, extra] of [[], [persistedExchange()]].entries()) {
    const { client, exchanges } = connect(token, ...extra);
    assert.deepEqual(await refused(client.query(query, {})), [{ code: "DOCUMENT_UNKNOWN" }]);
    assert.deepEqual(exchanges, [UNKNOWN[number]]);
  }
});

test("documentId", { skip: !manifest }, async () => {
  process.env.NODE_ENV = "production"; // in development urql looks for the operation in the document
  const { fetch, exchanges } = watched();
  const fetchOptions = { headers: { authorization: `Bearer ${token}` } };
  const document = { kind: "Document", definitions: [], documentId: `sha256:${ids.Me}` };
  for (const preferGetMethod of [false, "force"]) {
    const client = new Client({ url, fetch, fetchOptions, preferGetMethod, exchanges: [fetchExchange] });
    const { data } = await client.query(document, {});
    assert.equal(data.me.username, "owner");
  }
  assert.deepEqual(exchanges, Array(2).fill({ sent: "id", status: 200, codes: [] }));
});

test("persisted query", { skip: manifest }, async () => {
  const { client, exchanges } = connect(token, persistedExchange());
  for (let time = 0; time < 2; time += 1) await client.query(query, {}, { requestPolicy: "network-only" });
  assert.deepEqual(exchanges, PERSISTED);
});

test("pages", async () => {
  const { client, exchanges } = connect(token);
  const { data: { profiles: first } } = await client.query(PAGE, {});
  assert.equal(first.pageInfo.hasNextPage, true);
  const { data: { profiles } } = await client.query(PAGE, { after: first.pageInfo.endCursor });
  assert.deepEqual(profiles.edges.map(({ node }) => node.username), ["known", "mailed", "owner", "shown"]);
  assert.equal(profiles.pageInfo.hasNextPage, false);
  assert.equal(exchanges.length, 2);
});

test("node", async () => {
  const { client } = connect(token);
  const { data: { profiles } } = await client.query(PAGE, {});
  const { data: { node } } = await client.query(NODE, { id: profiles.edges[0].node.id });
  assert.equal(node.__typename, "Profile");
  assert.equal(node.username, "known");
});
