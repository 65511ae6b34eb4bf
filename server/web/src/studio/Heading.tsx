/** A page's heading, or a part's: where the focus goes when it appears. */

import { useEffect, useRef } from "react";

let isFirst = true;

export function Heading({ title }: { title: string }) {
  const heading = useFocus();
  useEffect(() => void (document.title = `${title} · One profile, two APIs`), [title]);
  return <h1 ref={heading} tabIndex={-1}>{title}</h1>;
}

export function PartHeading({ title }: { title: string }) {
  return <h2 ref={useFocus()} tabIndex={-1}>{title}</h2>;
}

/** Moves the focus to what has appeared, so that a screen reader reads it; not when the page has just come. */
function useFocus() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, []);
  return heading;
}
