// `node audits.mjs URL TOKEN`: graphql-http's audits of a GraphQL server, a line each, as one who has signed in:
// some of them ask for the schema.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}`, "x-forwarded-proto": "https" };
const signedIn = (input, init) => fetch(input, { ...init, headers: { ...init?.headers, ...headers } });
for (const audit of serverAudits({ url, fetchFn: signedIn })) {
  const { status, reason } = await audit.fn();
  console.log([status, audit.id, audit.name, ...(reason ? [reason] : [])].join(" | "));
}
