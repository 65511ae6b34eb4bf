/** The GraphQL API. */

import { print } from "@0no-co/graphql.web";
import type { graphql, ResultOf, TadaDocumentNode } from "../contracts/graphql";
import type { Fetch, Wire } from "../wire/wire";
import {
  CHANGE_PASSWORD,
  CONFIRM_RECOVERY,
  CREATE_PERSONAL_TOKEN,
  DELETE,
  END_OTHER_SESSIONS,
  END_SESSION,
  EXPORT,
  HISTORY,
  LOGOUT_EVERYWHERE,
  MANY,
  ME,
  ONE,
  PERSONAL_TOKENS,
  PROFILE,
  REFRESH,
  REQUEST_RECOVERY,
  RESEND_VERIFICATION,
  REVOKE_PERSONAL_TOKEN,
  SESSIONS,
  SIGN_IN,
  SIGN_OUT,
  SIGN_UP,
  UNDO_EMAIL_CHANGE,
  UPDATE,
  VERIFY_EMAIL,
} from "./documents";
import type { Api, Change, Page, Tagged, Tokens, Wanted } from "./api";
import { type FieldError, Invalid, type OutcomeCode, Refused } from "./outcomes";
import { download } from "./rest";

const ORDERS = {
  username: "USERNAME",
  "-created_at": "CREATED_AT_DESC",
  created_at: "CREATED_AT",
  "-updated_at": "UPDATED_AT_DESC",
} as const satisfies Record<Wanted["ordering"], ReturnType<typeof graphql.scalar<"ProfileOrder">>>;

export function graphqlApi({ open, signedIn }: Wire): Api {
  return {
    name: "GraphQL",
    async signUp(input) {
      const { profile } = done((await send(open, SIGN_UP, { input })).done);
      return tagged(profile).profile;
    },
    async signIn(credentials) {
      return tokens((await send(open, SIGN_IN, credentials)).done);
    },
    async refresh(refreshToken) {
      return tokens((await send(open, REFRESH, { refreshToken })).done);
    },
    async signOut(refreshToken) {
      done((await send(open, SIGN_OUT, { refreshToken })).done);
    },
    async changePassword(oldPassword, newPassword) {
      return tokens((await send(signedIn, CHANGE_PASSWORD, { oldPassword, newPassword })).done);
    },
    async logoutEverywhere() {
      done((await send(signedIn, LOGOUT_EVERYWHERE, {})).done);
    },
    async requestRecovery(email) {
      done((await send(open, REQUEST_RECOVERY, { email })).done);
    },
    async confirmRecovery(email, code, newPassword) {
      return tokens((await send(open, CONFIRM_RECOVERY, { email, code, newPassword })).done);
    },
    async verifyEmail(code) {
      done((await send(signedIn, VERIFY_EMAIL, { code })).done);
    },
    async resendVerification() {
      done((await send(signedIn, RESEND_VERIFICATION, {})).done);
    },
    async undoEmailChange(token) {
      done((await send(open, UNDO_EMAIL_CHANGE, { token })).done);
    },
    async sessions() {
      return there(there((await send(signedIn, SESSIONS, {})).me).sessions);
    },
    async endSession(id) {
      done((await send(signedIn, END_SESSION, { id })).done);
    },
    async endOtherSessions() {
      done((await send(signedIn, END_OTHER_SESSIONS, {})).done);
    },
    async personalTokens() {
      return there(there((await send(signedIn, PERSONAL_TOKENS, {})).me).personalTokens);
    },
    async createPersonalToken(wanted) {
      return there(done((await send(signedIn, CREATE_PERSONAL_TOKEN, wanted)).done).token);
    },
    async revokePersonalToken(id) {
      done((await send(signedIn, REVOKE_PERSONAL_TOKEN, { id })).done);
    },
    async me() {
      return tagged((await send(signedIn, ME, {})).found);
    },
    async profile(pk) {
      return tagged((await send(signedIn, ONE, { pk })).found);
    },
    async profiles({ search, ordering }, after) {
      const wanted = { after, search: search || null, orderBy: ORDERS[ordering] };
      return page((await send(signedIn, MANY, wanted)).page, (node) => tagged(node).profile);
    },
    async history(pk, after) {
      const { profile } = await send(signedIn, HISTORY, { pk, after });
      return page(there(there(profile).history), changed);
    },
    async update({ nodeId }, { visibility, language, ...values }, etag) {
      const spelled = {
        ...(visibility && { visibility: upper(visibility) }),
        ...(language && { language: upper(language) }),
      };
      const input = { ...values, ...spelled, id: nodeId, ifMatch: etag };
      return tagged(done((await send(signedIn, UPDATE, { input })).done).profile);
    },
    async delete({ nodeId: id }) {
      done((await send(signedIn, DELETE, { input: { id } })).done);
    },
    async exportMine() {
      const { me } = await send(signedIn, EXPORT, {});
      return download(signedIn, new URL(there(there(me).export).url, location.origin).pathname);
    },
  };
}

interface Body<Data> {
  data: Data;
  errors?: { message: string; extensions: { code: OutcomeCode; retryAfter?: number } }[];
}

async function send<Data, Variables>(
  fetch: Fetch,
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const headers = { Accept: "application/graphql-response+json, application/json", "Content-Type": "application/json" };
  const body = JSON.stringify({ query: print(document), variables });
  const response = await fetch(new Request("/graphql/", { method: "POST", headers, body }));
  const { data, errors = [] } = (await response.json()) as Body<Data>;
  for (const { message, extensions } of errors) {
    throw new Refused(extensions.code, message, extensions.retryAfter ?? null);
  }
  return data;
}

/** A mutation's payload, where nothing was wrong with its input. */
function done<Payload extends { errors: FieldError[] }>(payload: Payload | null): Payload {
  const { errors } = there(payload);
  if (errors.length) throw new Invalid(errors);
  return there(payload);
}

/** What is null in the schema only beside an error, which has been thrown by now. */
function there<Value>(value: Value | null): Value {
  if (value === null) throw new Error("The answer lacks what was asked for.");
  return value;
}

function tokens(payload: ResultOf<typeof SIGN_IN>["done"]): Tokens {
  const { token, refreshToken, expiresAt } = done(payload);
  return { token: there(token), refreshToken: there(refreshToken), expiresAt: there(expiresAt) };
}

function tagged(whole: ResultOf<typeof PROFILE> | null): Tagged {
  const { pk, id, visibility, language, updatedBy, etag, ...same } = there(whole);
  const profile = {
    ...same,
    id: pk,
    nodeId: id,
    visibility: visibility && lower(visibility),
    language: language && lower(language),
    updatedBy: updatedBy?.pk ?? null,
  };
  return { profile, etag };
}

type ChangeNode = NonNullable<
  NonNullable<NonNullable<NonNullable<ResultOf<typeof HISTORY>["profile"]>["history"]>["edges"][number]>["node"]
>;

function changed({ actor, source, ...same }: ChangeNode): Change {
  return { ...same, source: lower(source), actor: actor?.pk ?? null };
}

interface Connection<Node> {
  edges: ({ node: Node | null } | null)[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

function page<Node, Row>({ edges, pageInfo }: Connection<Node>, row: (node: Node) => Row): Page<Row> {
  return { rows: edges.map((edge) => row(there(there(edge).node))), next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}

function lower<Text extends string>(text: Text): Lowercase<Text> {
  return text.toLowerCase() as Lowercase<Text>;
}

function upper<Text extends string>(text: Text): Uppercase<Text> {
  return text.toUpperCase() as Uppercase<Text>;
}
