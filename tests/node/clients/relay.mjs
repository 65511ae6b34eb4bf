// `node relay.mjs URL PASSWORD ARTIFACTS`: Relay drives the server, as `owner`, by what its compiler made: by texts, or
// by ids where it persisted these.
import assert from "node:assert/strict";
import { test } from "node:test";
import relay from "relay-runtime";
import { ERRORS, INVALID } from "./expected.mjs";
import { watched } from "./wire.mjs";

const [url, password, artifacts] = process.argv.slice(2);
const artifact = async (name) => (await import(`${artifacts}/${name}.graphql.js`)).default;

const connect = (token) => {
  const { fetch, exchanges } = watched();
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const post = async (path, body) =>
    (await fetch(new URL(path, url), { method: "POST", headers, body: JSON.stringify(body) })).json();
  const environment = new relay.Environment({
    network: relay.Network.create(({ id, text: query }, variables) =>
      post("/graphql/", query ? { query, variables } : { doc_id: id, variables }),
    ),
    store: new relay.Store(new relay.RecordSource()),
  });
  return { environment, exchanges, post };
};

const signIn = async () => {
  const { token } = await connect().post("/auth/token/", { username: "owner", password });
  return token;
};
const token = await signIn();

const query = async (environment, name, variables = {}) =>
  relay.fetchQuery(environment, await artifact(name), variables).toPromise();

/** What a component that declares this fragment is shown. */
const shown = async (environment, fragment, reference) =>
  environment.lookup(relay.getSingularSelector(await artifact(fragment), reference)).data;

const update = async (environment, input) => {
  const mutation = await artifact("ProfilesUpdateMutation");
  return new Promise((onCompleted, onError) => {
    relay.commitMutation(environment, { mutation, variables: { input }, onCompleted, onError });
  });
};

const queryMe = async (environment) =>
  shown(environment, "Profiles_card", (await query(environment, "ProfilesMeQuery")).me);

test("query", async () => {
  const { environment } = connect(token);
  const me = await queryMe(environment);
  assert.equal(me.username, "owner");
});

test("mutation", async () => {
  const { environment } = connect(token);
  const { me: reference } = await query(environment, "ProfilesMeQuery");
  const me = await shown(environment, "Profiles_card", reference);
  const { updateProfile } = await update(environment, { id: me.id, bio: "By relay." });
  assert.deepEqual(updateProfile.errors, []);
  assert.deepEqual(await shown(environment, "Profiles_card", reference), {
    ...me,
    bio: "By relay.",
    version: me.version + 1,
  });
});

test("validation error", async () => {
  const { environment } = connect(token);
  const { id } = await queryMe(environment);
  const { updateProfile } = await update(environment, { id, ...INVALID });
  assert.deepEqual(updateProfile, { profile: null, errors: ERRORS });
});

test("bad token", async () => {
  const { environment, exchanges } = connect("bad");
  await assert.rejects(query(environment, "ProfilesMeQuery"), /The token is invalid/);
  const sent = (await artifact("ProfilesMeQuery")).params.text ? "text" : "id";
  assert.deepEqual(exchanges, [{ sent, status: 401, codes: ["UNAUTHENTICATED"] }]);
});

test("pages", async () => {
  const { environment } = connect(token);
  const list = await query(environment, "ProfilesQuery");
  const { profiles: first } = await shown(environment, "Profiles_list", list);
  await query(environment, "ProfilesPageQuery", { after: first.pageInfo.endCursor });
  const { profiles } = await shown(environment, "Profiles_list", list);
  assert.deepEqual(profiles.edges.map(({ node }) => node.username), ["known", "mailed", "owner", "shown"]);
  assert.equal(profiles.pageInfo.hasNextPage, false);
});

test("node", async () => {
  const { environment } = connect(token);
  const list = await query(environment, "ProfilesQuery");
  const { profiles } = await shown(environment, "Profiles_list", list);
  const known = await shown(environment, "Profiles_card", profiles.edges[0].node);
  const { node } = await query(environment, "ProfilesCardQuery", { id: known.id });
  assert.deepEqual(await shown(environment, "Profiles_card", node), known);
});
