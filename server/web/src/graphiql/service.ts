/** What GraphiQL's page speaks to, and as whom. */

import { createStore } from "zustand/vanilla";
import type { Credentials } from "../apis/api";
import { graphqlApi } from "../apis/graphql";
import { Session } from "../session";
import type { Me } from "./examples";

const open = (request: Request) => fetch(request);

export const session = new Session(open, (refreshToken) => api.refresh(refreshToken));
const api = graphqlApi({ open, signedIn: session.fetch });

/** Who is signed in. */
export const caller = createStore<{ me: Me | null }>(() => ({ me: null }));
session.state.subscribe(({ tokens }) => tokens || caller.setState({ me: null }));

export async function signIn(credentials: Credentials): Promise<void> {
  session.begin(await api.signIn(credentials));
  await look();
}

/** Goes on as whoever is signed in on this tab's other pages. */
export async function goOn(): Promise<void> {
  if (session.state.getState().tokens) await look();
}

async function look(): Promise<void> {
  const { profile } = await api.me();
  caller.setState({ me: profile });
}

export async function signOut(): Promise<void> {
  const { tokens } = session.state.getState();
  session.end();
  if (tokens) await api.signOut(tokens.refreshToken);
}
