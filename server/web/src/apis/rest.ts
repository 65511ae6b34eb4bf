/** The REST API. */

import createClient from "openapi-fetch";
import { camel, camelized, type paths, type Schemas, snaked } from "../contracts/openapi";
import type { Fetch, Wire } from "../wire/wire";
import type { Api, Change, Page, Profile, Tagged } from "./api";
import { Invalid, Refused } from "./outcomes";

export function restApi(wire: Wire): Api {
  const baseUrl = location.origin;
  const open = createClient<paths, "application/json">({ baseUrl, fetch: wire.open });
  const signedIn = createClient<paths, "application/json">({ baseUrl, fetch: wire.signedIn });
  return {
    name: "REST",
    async signUp(body) {
      return shown(done(await open.POST("/profiles", { body })));
    },
    async signIn(body) {
      return camelized(done(await open.POST("/auth/token", { body })));
    },
    async refresh(refresh_token) {
      return camelized(done(await open.POST("/auth/token/refresh", { body: { refresh_token } })));
    },
    async signOut(refresh_token) {
      done(await open.POST("/auth/token/revoke", { body: { refresh_token } }));
    },
    async changePassword(old_password, new_password) {
      return camelized(done(await signedIn.POST("/auth/password", { body: { old_password, new_password } })));
    },
    async logoutEverywhere() {
      done(await signedIn.POST("/auth/logout-everywhere", { body: {} }));
    },
    async requestRecovery(email) {
      done(await open.POST("/auth/recovery", { body: { email } }));
    },
    async confirmRecovery(email, code, new_password) {
      return camelized(done(await open.POST("/auth/recovery/confirm", { body: { email, code, new_password } })));
    },
    async verifyEmail(code) {
      done(await signedIn.POST("/profiles/me/email/verify", { body: { code } }));
    },
    async resendVerification() {
      done(await signedIn.POST("/profiles/me/email/resend", { body: {} }));
    },
    async undoEmailChange(token) {
      done(await open.POST("/auth/email/undo", { body: { token } }));
    },
    async sessions() {
      return done(await signedIn.GET("/auth/sessions")).results.map(camelized);
    },
    async endSession(id) {
      check((await signedIn.DELETE("/auth/sessions/{id}", { params: { path: { id } } })).error);
    },
    async endOtherSessions() {
      done(await signedIn.POST("/auth/sessions/end-others", { body: {} }));
    },
    async personalTokens() {
      return done(await signedIn.GET("/auth/tokens")).results.map(camelized);
    },
    async createPersonalToken(body) {
      return done(await signedIn.POST("/auth/tokens", { body })).token;
    },
    async revokePersonalToken(id) {
      check((await signedIn.DELETE("/auth/tokens/{id}", { params: { path: { id } } })).error);
    },
    async me() {
      return tagged(await signedIn.GET("/profiles/me"));
    },
    async profile(id) {
      return tagged(await signedIn.GET("/profiles/{id}", { params: { path: { id } } }));
    },
    async profiles({ search, ordering }, cursor) {
      const query = { ordering, ...(search && { search }), ...(cursor && { cursor }) };
      return page(done(await signedIn.GET("/profiles", { params: { query } })), shown);
    },
    async history(id, cursor) {
      const params = { path: { id }, query: cursor ? { cursor } : {} };
      return page(done(await signedIn.GET("/profiles/{id}/history", { params })), changed);
    },
    async update({ id }, values, etag) {
      const params = { path: { id }, header: { "If-Match": etag } };
      return tagged(await signedIn.PATCH("/profiles/{id}", { params, body: snaked(values) }));
    },
    async delete({ id }) {
      check((await signedIn.DELETE("/profiles/{id}", { params: { path: { id } } })).error);
    },
    exportMine() {
      return download(wire.signedIn, "/profiles/me/export" satisfies keyof paths);
    },
  };
}

type Refusal = Omit<Schemas["Refusal"], "errors"> & { errors: Omit<Schemas["Refusal"]["errors"][number], "attr">[] };

type Answer<Data> = { data?: Data | undefined; error?: Refusal | Schemas["ValidationError"] | undefined };

/** A file that REST serves, which GraphQL gives the path of. */
export async function download(fetch: Fetch, path: string): Promise<Blob> {
  const response = await fetch(new Request(path));
  if (!response.ok) check((await response.json()) as Refusal);
  return response.blob();
}

/** The body of an answer that went well. */
function done<Data>({ data, error }: Answer<Data>): Data {
  check(error);
  if (data === undefined) throw new Error("The answer is empty.");
  return data;
}

/** Throws what an answer says is wrong, if it says so. */
function check(error: Answer<unknown>["error"]): void {
  if (error?.type === "validation_error") {
    throw new Invalid(error.errors.map(({ code, detail, attr }) => ({ code, message: detail, field: attr && camel(attr) })));
  }
  for (const { code, detail } of error?.errors ?? []) {
    throw new Refused(code, detail, error?.retry_after ?? null);
  }
}

function tagged(answer: Answer<Schemas["Profile"]> & { response: Response }): Tagged {
  return { profile: shown(done(answer)), etag: answer.response.headers.get("ETag") ?? "*" };
}

function shown(body: Schemas["Profile"]): Profile {
  const profile = camelized(body);
  return { ...profile, editableFields: profile.editableFields.map(camel) };
}

function changed(body: Schemas["Change"]): Change {
  const change = camelized(body);
  return { ...change, changes: change.changes.map((each) => ({ ...each, field: camel(each.field) })) };
}

function page<Body, Row>({ results, next }: { results: Body[]; next: string | null }, row: (body: Body) => Row): Page<Row> {
  return { rows: results.map(row), next: next && new URL(next).searchParams.get("cursor") };
}
