/**
 * What the pages ask of an API, and what they are given: the same of both.
 *
 * The shapes are REST's, by the OpenAPI document, in camelCase; which fields can be written is what GraphQL's
 * input has. Where the two contracts part, this page does not build.
 */

import type { graphql } from "../contracts/graphql";
import type { Camelized, Schemas } from "../contracts/openapi";

/** A profile as the caller is shown it: null is what it may not see. */
export type Profile = Camelized<Schemas["Profile"]>;

type UpdateInput = ReturnType<typeof graphql.scalar<"UpdateProfileInput">>;

/** A field that somebody may write. */
export type Field = Exclude<keyof UpdateInput, "id" | "version" | "ifMatch" | "idempotencyKey" | "clientMutationId">;

export type Editable = { [name in Field]: NonNullable<Profile[name]> };

/** A profile and its entity tag, which a write gives back. */
export interface Tagged {
  profile: Profile;
  etag: string;
}

/** A write that changed a profile. */
export type Change = Camelized<Schemas["Change"]>;

export interface Page<Row> {
  rows: Row[];
  /** The cursor of the next page. */
  next: string | null;
}

export const ORDERINGS = {
  username: "By username",
  "-created_at": "Newest first",
  created_at: "Oldest first",
  "-updated_at": "Last changed first",
} as const;

/** Which profiles are wanted. */
export interface Wanted {
  search: string;
  ordering: keyof typeof ORDERINGS;
}

/** A sign-in that goes on. */
export type SignedIn = Camelized<Schemas["Session"]>;

/** A personal token, without its text. */
export type PersonalToken = Camelized<Schemas["PersonalToken"]>;

export type NewPersonalToken = Camelized<Schemas["NewPersonalTokenRequest"]>;

export type Tokens = Pick<Camelized<Schemas["Tokens"]>, "token" | "refreshToken" | "expiresAt">;

export type Credentials = Omit<Schemas["SignInRequest"], "scope">;

export type SignUp = Credentials & { email: string };

export type ApiName = "REST" | "GraphQL";

/** Each call throws `Refused` or `Invalid` (outcomes.ts), or what `fetch` throws where nobody answers. */
export interface Api {
  readonly name: ApiName;
  signUp(values: SignUp): Promise<Profile>;
  signIn(credentials: Credentials): Promise<Tokens>;
  refresh(refreshToken: string): Promise<Tokens>;
  signOut(refreshToken: string): Promise<void>;
  changePassword(oldPassword: string, newPassword: string): Promise<Tokens>;
  logoutEverywhere(): Promise<void>;
  requestRecovery(email: string): Promise<void>;
  confirmRecovery(email: string, code: string, newPassword: string): Promise<Tokens>;
  verifyEmail(code: string): Promise<void>;
  resendVerification(): Promise<void>;
  undoEmailChange(token: string): Promise<void>;
  sessions(): Promise<SignedIn[]>;
  endSession(id: string): Promise<void>;
  endOtherSessions(): Promise<void>;
  personalTokens(): Promise<PersonalToken[]>;
  /** Gives the token's text. */
  createPersonalToken(wanted: NewPersonalToken): Promise<string>;
  revokePersonalToken(id: string): Promise<void>;
  me(): Promise<Tagged>;
  profile(id: number): Promise<Tagged>;
  profiles(wanted: Wanted, cursor: string | null): Promise<Page<Profile>>;
  history(id: number, cursor: string | null): Promise<Page<Change>>;
  /** Writes these fields over the representation with this tag. */
  update(profile: Profile, values: Partial<Editable>, etag: string): Promise<Tagged>;
  delete(profile: Profile): Promise<void>;
  /** All that is held about the caller, in JSON. */
  exportMine(): Promise<Blob>;
}
