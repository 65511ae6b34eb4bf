/** `node graphql_user.mjs URL`: a session through urql, by the generated TypeScript package of GraphQL. */

import { Client, fetchExchange } from "@urql/core";
import { graphql } from "profiles-graphql";

const url = `${process.argv[2]}/graphql/`;

const SIGN_IN = graphql(`
  mutation SignIn($username: String!, $password: String!) {
    tokenAuth(username: $username, password: $password) { token refreshToken }
  }
`);
const SIGN_OUT = graphql(`mutation SignOut($refreshToken: String!) { revokeToken(refreshToken: $refreshToken) { revoked } }`);
const REFRESH = graphql(`mutation Refresh($refreshToken: String!) { refreshToken(refreshToken: $refreshToken) { token } }`);
const ME = graphql(`query Me { me { id username version etag } }`);
const UPDATE = graphql(`
  mutation Update($input: UpdateProfileInput!) {
    updateProfile(input: $input) { profile { version bio } errors { code field } }
  }
`);
const PAGE = graphql(`
  query Page($after: String) {
    profiles(first: 2, after: $after, orderBy: USERNAME) { nodes { username } pageInfo { hasNextPage endCursor } }
  }
`);

const anonymous = new Client({ url, exchanges: [fetchExchange] });
const credentials = { username: "john_doe", password: "demo-pass-123" };
const tokens = (await anonymous.mutation(SIGN_IN, credentials)).data?.tokenAuth;
if (!tokens?.refreshToken) throw new Error("no tokens");
const client = new Client({
  url,
  exchanges: [fetchExchange],
  fetchOptions: { headers: { Authorization: `Bearer ${tokens.token}` } },
});

const me = (await client.query(ME, {})).data?.me;
if (!me) throw new Error("no profile");
console.log("read", me.username, me.version);

const { id, etag: ifMatch } = me;
const updated = (await client.mutation(UPDATE, { input: { id, bio: "By a generated client.", ifMatch } })).data;
console.log("updated", updated?.updateProfile?.profile?.version, updated?.updateProfile?.profile?.bio);

const conflict = (await client.mutation(UPDATE, { input: { id, bio: "Too late.", ifMatch } })).error;
const extensions = conflict?.graphQLErrors[0]?.extensions;
console.log("refused", extensions?.code, extensions?.version);

const invalid = (await client.mutation(UPDATE, { input: { id, username: "jane_doe", bio: "x".repeat(2001) } })).data;
for (const { code, field } of invalid?.updateProfile?.errors ?? []) console.log("invalid", code, field);

let after: string | null | undefined;
do {
  const page = (await client.query(PAGE, { after: after ?? null })).data?.profiles;
  console.log("page", ...(page?.nodes ?? []).map(({ username }) => username));
  after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
} while (after);

const { refreshToken } = tokens;
await anonymous.mutation(SIGN_OUT, { refreshToken });
const { error } = await anonymous.mutation(REFRESH, { refreshToken });
console.log("signed out", error?.graphQLErrors[0]?.extensions.code);
