/** The requests and answers of this page, as they went over the wire, without their secrets. */

import { createStore } from "zustand/vanilla";
import { abbreviated, type Redacted, shown, withoutSecrets } from "./secrets";

export interface Exchange {
  id: number;
  method: string;
  /** Path and query. */
  path: string;
  headers: [string, string][];
  body: Redacted | null;
  /** Null until it has come. */
  answer: Answer | null;
}

export interface Answer {
  /** Null where nobody answered. */
  status: number | null;
  statusText: string;
  headers: [string, string][];
  body: string;
  /** From the request to the last byte. */
  milliseconds: number;
}

const MOST = 30;

let count = 0;

/** The newest first. */
export const exchanges = createStore<Exchange[]>(() => []);

/** `fetch`, noted. */
export async function noted(request: Request): Promise<Response> {
  const exchange = await begun(request);
  const start = performance.now();
  exchanges.setState((earlier) => [exchange, ...earlier].slice(0, MOST), true);
  try {
    const response = await fetch(request);
    ended(exchange, await answerOf(response, start));
    return response;
  } catch (error) {
    ended(exchange, { status: null, statusText: String(error), headers: [], body: "", milliseconds: since(start) });
    throw error;
  }
}

async function begun(request: Request): Promise<Exchange> {
  const { pathname, search } = new URL(request.url);
  const body = request.body ? withoutSecrets(await request.clone().text()) : null;
  const headers = [...request.headers].map(([name, value]): [string, string] => [name, abbreviated(value)]);
  return { id: ++count, method: request.method, path: pathname + search, headers, body, answer: null };
}

async function answerOf(response: Response, start: number): Promise<Answer> {
  const body = shown(withoutSecrets(await response.clone().text()));
  const { status, statusText } = response;
  return { status, statusText, headers: [...response.headers], body, milliseconds: since(start) };
}

function ended(exchange: Exchange, answer: Answer): void {
  exchanges.setState((all) => all.map((each) => (each.id === exchange.id ? { ...each, answer } : each)), true);
}

function since(start: number): number {
  return Math.round(performance.now() - start);
}
