/** What must not be shown: passwords and tokens, in whatever a request or an answer carries them. */

const SECRET = /^(.*password|.*token)$/i;

/** The place of a secret, which the variable of this name has in a shell. */
export interface Secret {
  variable: string;
}

/** JSON in parts: its text, as it went, and the places of secrets between. No text can be taken for a place. */
export type Redacted = (string | Secret)[];

/** JSON text without its passwords and tokens; what is no JSON is one part. */
export function withoutSecrets(text: string): Redacted {
  try {
    return joined(partsOf("", JSON.parse(text)));
  } catch {
    return [text];
  }
}

/** For a reader: a secret as the name of its variable. */
export function shown(redacted: Redacted): string {
  return redacted.map((part) => (typeof part === "string" ? part : JSON.stringify(`$${part.variable}`))).join("");
}

/** `Bearer eyJhbGci…x3Qk` for a whole token. */
export function abbreviated(header: string): string {
  return header.replace(/^(Bearer \w{8})\S*(\S{4})$/, "$1…$2");
}

function partsOf(name: string, value: unknown): Redacted {
  if (typeof value === "string" && SECRET.test(name)) return [{ variable: variable(name) }];
  if (Array.isArray(value)) return listed("[", value.map((item) => partsOf("", item)), "]");
  if (typeof value !== "object" || value === null) return [JSON.stringify(value)];
  const members = Object.entries(value).map(([key, member]) => [`${JSON.stringify(key)}:`, ...partsOf(key, member)]);
  return listed("{", members, "}");
}

function listed(open: string, items: Redacted[], close: string): Redacted {
  return [open, ...items.flatMap((item, index) => (index ? [",", ...item] : item)), close];
}

/** The same, no two of its texts side by side. */
function joined(parts: Redacted): Redacted {
  const whole: Redacted = [];
  for (const part of parts) {
    const last = whole.at(-1);
    if (typeof part === "string" && typeof last === "string") whole[whole.length - 1] = last + part;
    else whole.push(part);
  }
  return whole;
}

/** `refreshToken` or `refresh_token` as REFRESH_TOKEN: a name that a shell takes. */
function variable(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase().replace(/[^A-Z_]/g, "_");
}
