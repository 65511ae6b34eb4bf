/** Pieces of forms: a labelled control with its error, a banner for what belongs to no control. */

import { type ComponentProps, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Link } from "wouter";
import { Invalid, Refused } from "../apis/outcomes";

/** What a labelled control must carry to be understood by a screen reader. */
interface Wiring {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

interface LabelledProps {
  label: string;
  name: string;
  error: unknown;
  hint?: string | undefined;
  /** Whether it takes the whole width of the form. */
  isWide?: boolean;
  /** Whether it is a checkbox, which stands before its label. */
  isFlag?: boolean;
  children: (wiring: Wiring) => ReactNode;
}

/** A control with its label, its hint, and what the service says is wrong with it. */
export function Labelled({ label, name, error, hint, isWide = false, isFlag = false, children }: LabelledProps) {
  const id = useId();
  const wrong = error instanceof Invalid ? error.errors.filter(({ field }) => field === name) : [];
  const described = [hint && `${id}-hint`, wrong.length && `${id}-error`].filter(Boolean).join(" ");
  const wiring: Wiring = { id, ...(described && { "aria-describedby": described }), ...(wrong.length && { "aria-invalid": true }) };
  return (
    <div className="field" data-wide={isWide} data-flag={isFlag}>
      <label htmlFor={id}>{label}</label>
      {children(wiring)}
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {wrong.length > 0 && (
        <div className="error" id={`${id}-error`}>
          {wrong.map(({ code, message }) => <p key={code}>{message} <code>{code}</code></p>)}
        </div>
      )}
    </div>
  );
}

interface InputProps extends Omit<ComponentProps<"input">, "name"> {
  label: string;
  name: string;
  error: unknown;
  hint?: string | undefined;
}

export function Input({ label, name, error, hint, ...rest }: InputProps) {
  return (
    <Labelled label={label} name={name} error={error} hint={hint}>
      {(wiring) => <input {...wiring} name={name} {...rest} />}
    </Labelled>
  );
}

interface FormProps extends Omit<ComponentProps<"form">, "onSubmit"> {
  error: unknown;
  onSubmit: (values: FormData, form: HTMLFormElement) => void;
}

/** A form whose first wrong control is gone to when the service has said what is wrong. */
export function Form({ error, onSubmit, ...rest }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error instanceof Invalid) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [error]);
  return (
    <form
      ref={form}
      noValidate // what is wrong is for the service to say, in its words
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(new FormData(event.currentTarget), event.currentTarget);
      }}
      {...rest}
    />
  );
}

/** What a refusal, or an error of none of the form's controls, says. `fields` are the controls. */
export function Trouble({ error, fields = [] }: { error: unknown; fields?: readonly string[] }) {
  if (!error) return null;
  if (error instanceof Invalid) {
    const others = error.errors.filter(({ field }) => field === null || !fields.includes(field));
    return others.map(({ code, message, field }) => (
      <Banner key={`${field} ${code}`} code={code}>{field && `${field}: `}{message}</Banner>
    ));
  }
  if (error instanceof Refused) {
    return (
      <Banner code={error.code}>
        {error.message} {error.code === "EMAIL_UNVERIFIED" && <Link href="/account">Do it here.</Link>}
        {error.retryAfter !== null && <ComeBack seconds={error.retryAfter} />}
      </Banner>
    );
  }
  return <Banner>The service does not answer. Check your connection, and try again.</Banner>;
}

function Banner({ code, children }: { code?: string; children: ReactNode }) {
  return <div className="banner" role="alert">{children} {code && <code>{code}</code>}</div>;
}

/** When to try again: said once, as a time; what is left of it is counted for the eyes alone. */
function ComeBack({ seconds }: { seconds: number }) {
  const [until] = useState(() => Date.now() + seconds * 1000);
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return (
    <>
      You can try again at {new Date(until).toLocaleTimeString()}
      <span aria-hidden="true">{left > 0 ? `, in ${left} s` : ": now"}</span>.
    </>
  );
}

/** For the next page of a list. */
export function More({ isThere, isBusy, onClick }: { isThere: boolean; isBusy: boolean; onClick: () => void }) {
  if (!isThere) return null;
  return <div className="actions"><button className="plain" disabled={isBusy} onClick={onClick}>Show more</button></div>;
}
