/** The fields that can be written: what a person calls each, and how it is entered; where it is read, its `fact`. */

import type { Editable, Field } from "../apis/api";

type Kind = "text" | "email" | "url" | "lines" | "time zone" | "flag" | "visibility" | "language";

interface Words {
  label: string;
  kind: Kind;
  hint?: string;
  autoComplete?: string;
  fact?: string;
}

export const FIELDS: Record<Field, Words> = {
  displayName: { label: "Display name", kind: "text", autoComplete: "name" },
  username: { label: "Username", kind: "text", hint: "To sign in with, and to be found by.", autoComplete: "username" },
  bio: { label: "Bio", kind: "lines", hint: "A few words, in lines." },
  location: { label: "Location", kind: "text", autoComplete: "address-level2" },
  website: { label: "Website", kind: "url", hint: "Beginning with http:// or https://", autoComplete: "url" },
  timeZone: { label: "Time zone", kind: "time zone", hint: "An IANA name, such as Europe/Madrid." },
  email: { label: "Email", kind: "email", autoComplete: "email" },
  language: { label: "Language of mail", kind: "language" },
  emailPublic: { label: "Show the email to whoever sees the profile", kind: "flag" },
  visibility: { label: "Who sees the profile", kind: "visibility", fact: "Who sees it" },
  isActive: { label: "The account can sign in and be seen", kind: "flag", fact: "Active" },
};

/** As the contracts say it. */
export const RULE_OF_PASSWORDS =
  "At least 8 characters, not all digits, not a common password, and not like the username or the email.";

const VISIBILITIES: Record<Editable["visibility"], string> = {
  public: "Everybody",
  members: "Members: whoever is signed in",
  private: "Nobody else",
};

const LANGUAGES: Record<Editable["language"], string> = { en: "English", de: "Deutsch", es: "Español" };

/** The values of a field that has a few, with what a person calls each. */
export const CHOICES = { visibility: VISIBILITIES, language: LANGUAGES };

export const FIELD_NAMES = Object.keys(FIELDS) as Field[];

/** A field's value, for reading. */
export function shownValue(name: Field, value: unknown): string {
  if (name === "visibility" || name === "language") return CHOICES[name][value as never];
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return value ? String(value) : "Nothing";
}
