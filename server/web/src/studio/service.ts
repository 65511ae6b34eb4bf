/** What the studio speaks to: two doors, one of them in use, and one session for both. */

import { QueryClient } from "@tanstack/react-query";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Credentials, Door, DoorName, Profile, SignUp } from "../doors/door";
import { graphqlDoor } from "../doors/graphql";
import { restDoor } from "../doors/rest";
import { Session } from "../session";
import { exchanges, noted } from "../wire/exchanges";

export const session = new Session(noted, (refreshToken) => doorInUse().refresh(refreshToken));

const wire = { open: noted, signedIn: session.fetch };

export const DOORS: Record<DoorName, Door> = { REST: restDoor(wire), GraphQL: graphqlDoor(wire) };

const choice = createStore<{ door: DoorName }>(() => ({ door: "REST" }));

export function chooseDoor(door: DoorName): void {
  choice.setState({ door });
}

export function doorInUse(): Door {
  return DOORS[choice.getState().door];
}

export function useDoor(): Door {
  return DOORS[useStore(choice).door];
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
  session.begin(await doorInUse().signIn(credentials));
}

export async function signUp(values: SignUp): Promise<void> {
  await doorInUse().signUp(values);
  await signIn({ username: values.username, password: values.password });
}

/** Signs in with a new password, for a code that was mailed; perhaps to another account than the one in use. */
export async function recover(email: string, code: string, newPassword: string): Promise<void> {
  const tokens = await doorInUse().confirmRecovery(email, code, newPassword);
  queries.clear();
  session.begin(tokens);
}

/** Ends this sign-in on the page, and at the service. */
export async function signOut(): Promise<void> {
  const { tokens } = session.state.getState();
  forget();
  if (tokens) await doorInUse().signOut(tokens.refreshToken);
}

export async function signOutEverywhere(): Promise<void> {
  await doorInUse().logoutEverywhere();
  forget("Every sign-in of your account has ended.");
}

export async function deleteAccount(own: Profile): Promise<void> {
  await doorInUse().delete(own);
  forget("Your account is deleted.");
}

/** Leaves nothing of this sign-in on the page but the news. */
function forget(news = ""): void {
  session.end(news);
  exchanges.setState([], true);
}
