// `node apollo.mjs URL PASSWORD [MANIFEST]`: Apollo Client drives the server, as `owner`; with a manifest, by its ids
// alone.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import * as texts from "./documents.mjs";
import { ERRORS, INVALID, PERSISTED, UNKNOWN } from "./expected.mjs";
import { watched } from "./wire.mjs";

const [url, password, manifest] = process.argv.slice(2);
const parsed = Object.entries(texts).map(([name, text]) => [name, gql(text)]);
const { SIGN_IN, ME, NODE, PAGE, UPDATE } = Object.fromEntries(parsed);

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const loadManifest = async () => JSON.parse(await readFile(manifest));

const connect = (token) => {
  const { fetch, exchanges } = watched();
  const http = new HttpLink({ uri: url, fetch, headers: token && { authorization: `Bearer ${token}` } });
  const byId = () => new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest })).concat(http);
  const link = manifest ? byId() : http;
  const cache = new InMemoryCache({
    possibleTypes: { Node: ["Profile"] },
    typePolicies: { Query: { fields: { profiles: relayStylePagination(["orderBy"]) } } },
  });
  return { client: new ApolloClient({ link, cache }), http, exchanges };
};

const signIn = async () => {
  const { data } = await connect().client.mutate({ mutation: SIGN_IN, variables: { username: "owner", password } });
  return data.tokenAuth.token;
};
const token = await signIn();

const refused = async (answer) => {
  const error = await answer.catch((thrown) => thrown);
  assert(CombinedGraphQLErrors.is(error), `${error}`);
  return error.errors.map(({ extensions }) => extensions);
};

test("query", async () => {
  const { client } = connect(token);
  const { data } = await client.query({ query: ME });
  assert.equal(data.me.username, "owner");
});

test("mutation", async () => {
  const { client, exchanges } = connect(token);
  const { data: { me } } = await client.query({ query: ME });
  const input = { id: me.id, bio: "By apollo." };
  const { data } = await client.mutate({ mutation: UPDATE, variables: { input } });
  assert.deepEqual(data.updateProfile.errors, []);
  const cached = await client.query({ query: ME });
  assert.equal(cached.data.me.bio, "By apollo.");
  assert.equal(cached.data.me.version, me.version + 1);
  assert.equal(exchanges.length, 2);
});

test("validation error", async () => {
  const { client } = connect(token);
  const { data: { me } } = await client.query({ query: ME });
  const input = { id: me.id, ...INVALID };
  const { data } = await client.mutate({ mutation: UPDATE, variables: { input } });
  assert.equal(data.updateProfile.profile, null);
  assert.deepEqual(data.updateProfile.errors.map(({ __typename, ...error }) => error), ERRORS);
});

test("conflict", async () => {
  const { client } = connect(token);
  const { data: { me } } = await client.query({ query: ME });
  const input = { id: me.id, bio: "Too late.", ifMatch: '"0-stale"' };
  const [extensions] = await refused(client.mutate({ mutation: UPDATE, variables: { input } }));
  assert.deepEqual(extensions, { code: "CONFLICT", version: me.version });
});

test("no token", async () => {
  const { client, exchanges } = connect();
  assert.deepEqual(await refused(client.query({ query: ME })), [{ code: "UNAUTHENTICATED" }]);
  assert.equal(exchanges[0].status, 200);
});

test("bad token", async () => {
  const { client, exchanges } = connect("bad");
  assert.deepEqual(await refused(client.query({ query: ME })), [{ code: "UNAUTHENTICATED" }]);
  assert.equal(exchanges[0].status, 401);
});

const query = gql("query NewFromApollo { me { id } }");

test("persisted query", { skip: manifest }, async () => {
  const { client, http, exchanges } = connect(token);
  client.setLink(new PersistedQueryLink({ sha256 }).concat(http));
  for (let time = 0; time < 2; time += 1) await client.query({ query, fetchPolicy: "network-only" });
  assert.deepEqual(exchanges, PERSISTED);
});

test("document that is not registered", { skip: !manifest }, async () => {
  const { client, http, exchanges } = connect(token);
  for (const link of [http, new PersistedQueryLink({ sha256 }).concat(http)]) {
    client.setLink(link);
    assert.deepEqual(await refused(client.query({ query })), [{ code: "DOCUMENT_UNKNOWN" }]);
  }
  assert.deepEqual(exchanges, UNKNOWN);
});

test("pages", async () => {
  const { client, exchanges } = connect(token);
  const { data: { profiles: first } } = await client.query({ query: PAGE });
  assert.equal(first.pageInfo.hasNextPage, true);
  await client.watchQuery({ query: PAGE }).fetchMore({ variables: { after: first.pageInfo.endCursor } });
  const { edges, pageInfo } = client.readQuery({ query: PAGE }).profiles;
  assert.deepEqual(edges.map(({ node }) => node.username), ["known", "mailed", "owner", "shown"]);
  assert.equal(pageInfo.hasNextPage, false);
  assert.equal(exchanges.length, 2);
});

test("node", async () => {
  const { client } = connect(token);
  const { data: { profiles } } = await client.query({ query: PAGE });
  const { data: { node } } = await client.query({ query: NODE, variables: { id: profiles.edges[0].node.id } });
  assert.equal(node.__typename, "Profile");
  assert.equal(node.username, "known");
});
