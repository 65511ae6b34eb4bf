/** A request as a command line. */

import type { Exchange } from "./exchanges";

/** Secrets stand as shell variables: `TOKEN` and its like must be set where it is run. */
export function curl({ method, path, headers, body }: Exchange, origin: string): string {
  const words = [`curl -i -X ${method} ${quoted(origin + path)}`];
  for (const [name, value] of headers) {
    words.push(name === "authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body !== null) words.push(`--data-raw ${quoted(body).replace(/"(\$\w*(?:PASSWORD|TOKEN))"/g, `"'"$1"'"`)}`);
  return words.join(" \\\n  ");
}

/** For a POSIX shell, in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
