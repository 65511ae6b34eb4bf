/** What is said while something is fetched. */

export function Loading({ what }: { what: string }) {
  return <p role="status" className="muted">Fetching {what}…</p>;
}
