/** Profiles as the pages have them in hand: fetched through the API in use. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Tagged } from "../apis/api";
import { queries, useApi, useSession } from "./service";

const LARGEST_KEY = 2 ** 31 - 1;

/** The key that a path's text is, as the service writes it; null for any other text. */
export function keyIn(text: string): number | null {
  const key = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : null;
  return key !== null && key <= LARGEST_KEY ? key : null;
}

/** A profile by its id, or the caller's own for null. It stays in hand while the other API is asked. */
export function useProfile(id: number | null) {
  const api = useApi();
  const { isSignedIn } = useSession();
  return useQuery({
    queryKey: ["profile", api.name, id],
    queryFn: () => (id === null ? api.me() : api.profile(id)),
    enabled: isSignedIn || id !== null,
    placeholderData: keepPreviousData,
  });
}

/** Puts what a write gave in the place of what was in hand. All else in hand is to be asked for again. */
export function useReplaceProfile(id: number | null) {
  const api = useApi();
  return (tagged: Tagged) => {
    void queries.invalidateQueries({ refetchType: "none" });
    queries.setQueryData(["profile", api.name, id], tagged);
  };
}
