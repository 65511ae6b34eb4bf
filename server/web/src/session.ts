/**
 * Who is signed in, and the renewal of the tokens.
 *
 * The access token is in memory. The refresh token is in this tab's sessionStorage: a reload, and the other pages of
 * the tab, go on with it, and it is gone when the tab is closed. Each load uses it up for the next one, so that a copy
 * of it ends the sign-in at its second use (RFC 9700, section 4.14.2). It is never in localStorage, which every tab
 * reads and no closing empties, in a URL, or in a cookie, which no API reads.
 */

import { createStore } from "zustand/vanilla";
import type { Tokens } from "./apis/api";
import { Refused } from "./apis/outcomes";
import type { Fetch } from "./wire/wire";

const EARLY = 10_000; // milliseconds before a token's end at which the next is asked for
const KEY = "refresh-token";

interface State {
  tokens: Tokens | null;
  /** Why the sign-in ended, where its end needs words. */
  news: string;
}

/** What a renewal tells the other tabs: a duplicated one has the same refresh token, which is used up now. */
interface Renewal {
  spent: string;
  tokens: Tokens;
}

export class Session {
  readonly state = createStore<State>(() => ({ tokens: kept(), news: "" }));
  #renewing: Promise<Tokens> | null = null;
  #tabs = new BroadcastChannel("renewals");

  constructor(
    private readonly carry: Fetch,
    private readonly renew: (refreshToken: string) => Promise<Tokens>,
  ) {
    this.#tabs.onmessage = ({ data: { spent, tokens } }: MessageEvent<Renewal>) => {
      if (this.state.getState().tokens?.refreshToken === spent) this.begin(tokens);
    };
    addEventListener("pageshow", ({ persisted }) => persisted && this.#catchUp());
  }

  begin(tokens: Tokens): void {
    storage()?.setItem(KEY, tokens.refreshToken);
    this.state.setState({ tokens, news: "" });
  }

  end(news = ""): void {
    storage()?.removeItem(KEY);
    this.state.setState({ tokens: null, news });
  }

  /**
   * Sends a request with the token of who is signed in, if somebody is. A token that has ended, or that the
   * service refuses, is renewed once. Throws `Refused` where the service ended the sign-in.
   */
  readonly fetch: Fetch = async (request) => {
    const { tokens } = this.state.getState();
    if (!tokens || request.headers.has("Authorization")) return this.carry(request);
    const isEnding = Date.parse(tokens.expiresAt) - EARLY < Date.now();
    const sent = isEnding ? await this.#after(tokens) : tokens;
    const again = request.clone();
    const response = await this.carry(withToken(request, sent));
    return response.status === 401 ? this.carry(withToken(again, await this.#after(sent))) : response;
  };

  /**
   * The tokens after these. A refresh token is used once, so calls that need the next ones wait for the same
   * renewal.
   */
  async #after(tokens: Tokens): Promise<Tokens> {
    const { tokens: newest } = this.state.getState();
    if (newest && newest !== tokens) return newest;
    this.#renewing ??= this.#renewed(tokens).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewed({ refreshToken: spent }: Tokens): Promise<Tokens> {
    try {
      const tokens = await this.renew(spent);
      this.begin(tokens);
      this.#tabs.postMessage({ spent, tokens } satisfies Renewal);
      return tokens;
    } catch (error) {
      if (error instanceof Refused && error.code === "UNAUTHENTICATED") {
        this.end("Your sign-in has ended. Sign in again to go on.");
      }
      throw error;
    }
  }

  /** A page that the browser kept and shows again has the tokens of then: another page has used them up, or ended them. */
  #catchUp(): void {
    const { tokens } = this.state.getState();
    if ((tokens?.refreshToken ?? null) !== (storage()?.getItem(KEY) ?? null)) location.reload();
  }
}

/** The tokens that this tab goes on with: the first request asks for the next ones. */
function kept(): Tokens | null {
  const refreshToken = storage()?.getItem(KEY);
  return refreshToken ? { token: "", refreshToken, expiresAt: new Date(0).toISOString() } : null;
}

/** This tab's storage; null where the browser's settings forbid it. */
function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

function withToken(request: Request, { token }: Tokens): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}
