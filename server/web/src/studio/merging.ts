/** What two people have made of one profile, field by field. */

import type { Editable, Field, Profile } from "../apis/api";
import { FIELD_NAMES } from "./fields";

export type Draft = Partial<Editable>;

/** What of a draft is another value than the profile's. */
export function changed(profile: Profile, draft: Draft): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([name, value]) => value !== profile[name as Field]));
}

export interface Difference {
  name: Field;
  before: unknown;
  theirs: unknown;
  mine: unknown;
  /** Whether both changed it, so that somebody must choose. */
  isContested: boolean;
}

/** The fields that somebody changed since `before`, and that are not now the same to both. */
export function differences(before: Profile, theirs: Profile, draft: Draft): Difference[] {
  return FIELD_NAMES.map((name) => {
    const mine = draft[name] ?? before[name];
    const isContested = mine !== before[name] && theirs[name] !== before[name];
    return { name, before: before[name], theirs: theirs[name], mine, isContested };
  }).filter(({ theirs, mine }) => theirs !== mine);
}
