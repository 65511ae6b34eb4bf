/** What carries the APIs' calls. */

export type Fetch = (request: Request) => Promise<Response>;

export interface Wire {
  /** For calls that prove who calls by what they send: sign-up, sign-in, refresh, sign-out. */
  open: Fetch;
  /** For all others: with the token of who is signed in, if somebody is. */
  signedIn: Fetch;
}
