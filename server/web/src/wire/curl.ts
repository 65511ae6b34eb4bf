/** A request as a command line. */

import type { Exchange } from "./exchanges";
import type { Redacted } from "./secrets";

/**
 * For a POSIX shell, which expands nothing of it but the secrets: they stand as variables, so `TOKEN` and its like
 * must be set where it is run.
 */
export function curl({ method, path, headers, body }: Pick<Exchange, "method" | "path" | "headers" | "body">, origin: string): string {
  const words = [`curl -i --globoff -X ${quoted(method)} ${quoted(origin + path)}`];
  for (const [name, value] of headers) {
    words.push(`-H ${name === "authorization" ? '"Authorization: Bearer $TOKEN"' : quoted(`${name}: ${value}`)}`);
  }
  if (body !== null) words.push(`--data-raw ${inParts(body)}`);
  return words.join(" \\\n  ");
}

/** One word of text in single quotes, and of variables in double ones, each in the quotes of its JSON string. */
function inParts(body: Redacted): string {
  return body.map((part) => (typeof part === "string" ? quoted(part) : `'"'"$${part.variable}"'"'`)).join("");
}

/** In single quotes (POSIX, Shell Command Language, section 2.2.2). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
