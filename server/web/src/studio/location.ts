/** Where the studio is: a path and a query, both in the URL's fragment. And the question before edits are lost. */

import { useEffect, useSyncExternalStore } from "react";

function current(): [path: string, query: string] {
  const [path = "", query = ""] = location.hash.replace(/^#?\/?/, "").split("?");
  return [`/${path}`, query];
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}

function navigate(to: string, { replace = false, state = null }: { replace?: boolean; state?: unknown } = {}): void {
  history[replace ? "replaceState" : "pushState"](state, "", `#${to}`);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The path, and how to go to another, for wouter's `Router`. */
export const usePath = Object.assign(
  (): [string, typeof navigate] => [useSyncExternalStore(subscribe, () => current()[0]), navigate],
  { hrefs: (href: string) => `#${href}` },
);

/** The query, for wouter's `Router`. */
export function useQueryText(): string {
  return useSyncExternalStore(subscribe, () => current()[1]);
}

const QUESTION = "Your changes are not saved. Leave, and lose them?";

let isUnsaved = false;

/** Whether what is entered may be lost: nothing is, or whoever entered it says so. */
export function mayLeave(): boolean {
  return !isUnsaved || confirm(QUESTION);
}

/** Asks, while `is`, before a link, Back, a reload or the tab's end loses what is entered. */
export function useUnsaved(is: boolean): void {
  useEffect(() => {
    if (!is) return;
    isUnsaved = true;
    addEventListener("beforeunload", keep);
    return () => {
      isUnsaved = false;
      removeEventListener("beforeunload", keep);
    };
  }, [is]);
}

function keep(event: Event): void {
  event.preventDefault();
}

/** Of the Navigation API, what TypeScript does not know yet. A browser without it asks only before the page ends. */
interface NavigateEvent extends Event {
  destination: { sameDocument: boolean };
}

(window as { navigation?: EventTarget }).navigation?.addEventListener("navigate", (event) => {
  const isWithin = (event as NavigateEvent).destination.sameDocument; // else `beforeunload` asks
  if (isWithin && event.cancelable && !mayLeave()) event.preventDefault();
});
