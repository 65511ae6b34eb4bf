/** What must not be shown: passwords and tokens, in whatever a request or an answer carries them. */

const SECRET = /^(.*password|.*token)$/i;

/** JSON text with each password and token replaced by the name of a shell variable: $REFRESH_TOKEN. */
export function withoutSecrets(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), (name, value: unknown) => {
      return typeof value === "string" && SECRET.test(name) ? variable(name) : value;
    });
  } catch {
    return text;
  }
}

/** `Bearer eyJhbGci…x3Qk` for a whole token. */
export function abbreviated(header: string): string {
  return header.replace(/^(Bearer \w{8})\S*(\S{4})$/, "$1…$2");
}

/** `refreshToken` or `refresh_token` as $REFRESH_TOKEN. */
function variable(name: string): string {
  return `$${name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase()}`;
}
