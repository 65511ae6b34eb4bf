/** What the studio speaks to: two APIs, one of them in use, and one session for both. */

import { QueryClient } from "@tanstack/react-query";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Credentials, Api, ApiName, Profile, SignUp } from "../apis/api";
import { graphqlApi } from "../apis/graphql";
import { restApi } from "../apis/rest";
import { Session } from "../session";
import { exchanges, noted } from "../wire/exchanges";

export const session = new Session(noted, (refreshToken) => apiInUse().refresh(refreshToken));

const wire = { open: noted, signedIn: session.fetch };

export const APIS: Record<ApiName, Api> = { REST: restApi(wire), GraphQL: graphqlApi(wire) };

const choice = createStore<{ api: ApiName }>(() => ({ api: "REST" }));

export function chooseApi(api: ApiName): void {
  choice.setState({ api });
}

export function apiInUse(): Api {
  return APIS[choice.getState().api];
}

export function useApi(): Api {
  return APIS[useStore(choice).api];
}

export function useSession() {
  const { tokens, news } = useStore(session.state);
  return { isSignedIn: tokens !== null, news };
}

const FRESH = 10_000; // milliseconds for which an answer is not asked for again

export const queries = new QueryClient({
  defaultOptions: {
    // "always": by default a call made offline waits without a word, and is sent when nobody expects it any more.
    queries: { networkMode: "always", retry: false, refetchOnWindowFocus: false, staleTime: FRESH },
    mutations: { networkMode: "always" },
  },
});

session.state.subscribe(({ tokens }) => tokens || queries.clear());

export async function signIn(credentials: Credentials): Promise<void> {
  session.begin(await apiInUse().signIn(credentials));
}

export async function signUp(values: SignUp): Promise<void> {
  await apiInUse().signUp(values);
  await signIn({ username: values.username, password: values.password });
}

/** Signs in with a new password, for a code that was mailed; perhaps to another account than the one in use. */
export async function recover(email: string, code: string, newPassword: string): Promise<void> {
  const tokens = await apiInUse().confirmRecovery(email, code, newPassword);
  queries.clear();
  session.begin(tokens);
}

/** Ends this sign-in on the page, and at the service. */
export async function signOut(): Promise<void> {
  const { tokens } = session.state.getState();
  forget();
  if (tokens) await apiInUse().signOut(tokens.refreshToken);
}

export async function signOutEverywhere(): Promise<void> {
  await apiInUse().logoutEverywhere();
  forget("Every sign-in of your account has ended.");
}

export async function deleteAccount(own: Profile): Promise<void> {
  await apiInUse().delete(own);
  forget("Your account is deleted.");
}

/** Leaves nothing of this sign-in on the page but the news. */
function forget(news = ""): void {
  session.end(news);
  exchanges.setState([], true);
}
