/** Who is signed in: the tokens, in memory alone, and their renewal. */

import { createStore } from "zustand/vanilla";
import type { Tokens } from "./doors/door";
import { Refused } from "./doors/outcomes";
import type { Fetch } from "./wire/wire";

const EARLY = 10_000; // milliseconds before a token's end at which the next is asked for

interface State {
  tokens: Tokens | null;
  /** Whether the service ended the sign-in: by a new password, a disabled account, time. */
  wasEnded: boolean;
}

export class Session {
  readonly state = createStore<State>(() => ({ tokens: null, wasEnded: false }));
  #renewing: Promise<Tokens> | null = null;

  constructor(
    private readonly carry: Fetch,
    private readonly renew: (refreshToken: string) => Promise<Tokens>,
  ) {}

  begin(tokens: Tokens): void {
    this.state.setState({ tokens, wasEnded: false });
  }

  end({ byService = false } = {}): void {
    this.state.setState({ tokens: null, wasEnded: byService });
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

  async #renewed({ refreshToken }: Tokens): Promise<Tokens> {
    try {
      const tokens = await this.renew(refreshToken);
      this.begin(tokens);
      return tokens;
    } catch (error) {
      if (error instanceof Refused && error.code === "UNAUTHENTICATED") this.end({ byService: true });
      throw error;
    }
  }
}

function withToken(request: Request, { token }: Tokens): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}
