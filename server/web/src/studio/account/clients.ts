/** What a person calls a client, by its User-Agent header (RFC 9110, section 10.1.5). */

/** In the order in which they are looked for: most browsers also name those that they are like. */
const BROWSERS = { Edg: "Edge", OPR: "Opera", Firefox: "Firefox", Chrome: "Chrome", Safari: "Safari" };

const SYSTEMS = { Android: "Android", iPhone: "iPhone", iPad: "iPad", Windows: "Windows", "Mac OS X": "macOS", Linux: "Linux" };

/** `Firefox on Windows` for a browser; of any other client, what it says of itself. */
export function nameOf(client: string): string {
  const browser = Object.entries(BROWSERS).find(([token]) => client.includes(`${token}/`))?.[1];
  const system = Object.entries(SYSTEMS).find(([token]) => client.includes(token))?.[1];
  return browser && system ? `${browser} on ${system}` : client || "A client without a name";
}
