/** A new password for whoever has forgotten theirs: a code is mailed, and given back with the new password. */

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { Form, Input, Trouble } from "./controls";
import { RULE_OF_PASSWORDS } from "./fields";
import { Heading } from "./Heading";
import { KeptMail } from "./Mail";
import { recover, useApi } from "./service";

/** `hasCode`: whether a code was mailed already. */
export function RecoverPage({ hasCode }: { hasCode: boolean }) {
  const [email, setEmail] = useState("");
  const [wasAsked, setAsked] = useState(false);
  const [, navigate] = useLocation();

  function goOn(email: string, wasAsked: boolean) {
    setEmail(email);
    setAsked(wasAsked);
    navigate("/recover/code");
  }

  return (
    <div className="card narrow">
      {hasCode ? <Confirm email={email} wasAsked={wasAsked} /> : <Ask email={email} onCode={goOn} />}
      <p className="aside"><Link href="/">Back to the start</Link></p>
    </div>
  );
}

interface AskProps {
  email: string;
  /** Called with the address when a code was asked for, or is in hand. */
  onCode: (email: string, wasAsked: boolean) => void;
}

function Ask({ email, onCode }: AskProps) {
  const api = useApi();
  const part = useRef<HTMLDivElement>(null);
  const { mutate, error, isPending } = useMutation({
    mutationFn: async (email: string) => {
      await api.requestRecovery(email);
      onCode(email, true);
    },
  });
  return (
    <div ref={part}>
      <Heading title="Forgot your password?" />
      <Form error={error} onSubmit={(values) => mutate(String(values.get("email")))}>
        <Trouble error={error} fields={["email"]} />
        <Input label="Email" name="email" type="email" error={error} autoComplete="email" defaultValue={email} hint="The address of your account. A code for a new password is mailed to it." />
        <div className="actions">
          <button disabled={isPending}>Send a code</button>
          <button type="button" className="plain" onClick={() => onCode(part.current?.querySelector("input")?.value ?? "", false)}>
            I have a code
          </button>
        </div>
      </Form>
    </div>
  );
}

function Confirm({ email, wasAsked }: { email: string; wasAsked: boolean }) {
  const [, navigate] = useLocation();
  const { mutate, error, isPending } = useMutation({
    mutationFn: async (form: FormData) => {
      await recover(String(form.get("email")), String(form.get("code")), String(form.get("newPassword")));
      navigate("/me", { replace: true });
    },
  });
  return (
    <>
      <Heading title="Choose a new password" />
      <p role="status" className="note">{wasAsked && `If an account has ${email}, a code was mailed to it.`}</p>
      <KeptMail />
      <Form error={error} onSubmit={(values) => mutate(values)}>
        <Trouble error={error} fields={["email", "code", "newPassword"]} />
        <Input label="Email" name="email" type="email" error={error} autoComplete="username" defaultValue={email} />
        <Input label="Code" name="code" error={error} autoComplete="one-time-code" hint="As it was mailed: WDJB-MJHT, for example." />
        <Input label="New password" name="newPassword" type="password" error={error} autoComplete="new-password" hint={RULE_OF_PASSWORDS} />
        <button disabled={isPending}>Change the password</button>
      </Form>
      <p className="aside">No code came? Look among the spam, or <Link href="/recover">have another one sent</Link>.</p>
    </>
  );
}
