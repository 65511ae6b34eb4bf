/** Profiles as the pages have them in hand: fetched through the door in use. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Tagged } from "../doors/door";
import { queries, useDoor, useSession } from "./service";

const LARGEST_KEY = 2 ** 31 - 1;

/** The key that a path's text is, as the service writes it; null for any other text. */
export function keyIn(text: string): number | null {
  const key = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : null;
  return key !== null && key <= LARGEST_KEY ? key : null;
}

/** A profile by its id, or the caller's own for null. It stays in hand while the other door is asked. */
export function useProfile(id: number | null) {
  const door = useDoor();
  const { isSignedIn } = useSession();
  return useQuery({
    queryKey: ["profile", door.name, id],
    queryFn: () => (id === null ? door.me() : door.profile(id)),
    enabled: isSignedIn || id !== null,
    placeholderData: keepPreviousData,
  });
}

/** Puts what a write gave in the place of what was in hand. All else in hand is to be asked for again. */
export function useReplaceProfile(id: number | null) {
  const door = useDoor();
  return (tagged: Tagged) => {
    void queries.invalidateQueries({ refetchType: "none" });
    queries.setQueryData(["profile", door.name, id], tagged);
  };
}
