/** A moment, in the reader's own time zone. */

const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function Time({ at }: { at: string }) {
  return <time dateTime={at} title={at}>{FORMAT.format(new Date(at))}</time>;
}
