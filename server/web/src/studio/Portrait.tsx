/** A letter for a face, in a colour of the name's own. */

import type { Profile } from "../apis/api";

const COLOURS = 6;

export function Portrait({ profile: { displayName, username } }: { profile: Profile }) {
  const sum = [...username.toLowerCase()].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const [letter = ""] = displayName || username;
  return <span className="portrait" data-colour={sum % COLOURS} aria-hidden="true">{letter.toUpperCase()}</span>;
}
