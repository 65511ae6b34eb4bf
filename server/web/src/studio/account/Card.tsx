/** A card of the account page: a title, and what it is about. */

import { type ReactNode, useEffect, useId, useRef } from "react";

export function Card({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** What became of an action. It has the focus where the control that did it is gone. */
export function News({ children }: { children: string | false }) {
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (children && document.activeElement === document.body) line.current?.focus();
  }, [children]);
  return <p role="status" tabIndex={-1} ref={line} className="note">{children}</p>;
}
