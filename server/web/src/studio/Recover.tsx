/** A new password for whoever has forgotten theirs: a code is mailed, and given back with the new password. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Form, Input, Trouble } from "./controls";
import { KeptMail } from "./Development";
import { RULE_OF_PASSWORDS } from "./fields";
import { Heading } from "./Heading";
import { session, useDoor } from "./service";

export function RecoverPage() {
  const [email, setEmail] = useState<string | null>(null);
  return (
    <div className="card narrow">
      {email === null ? <Ask onAsked={setEmail} /> : <Confirm email={email} onAgain={() => setEmail(null)} />}
      <p className="aside"><Link href="/">Sign in</Link></p>
    </div>
  );
}

function Ask({ onAsked }: { onAsked: (email: string) => void }) {
  const door = useDoor();
  const { mutate, error, isPending } = useMutation({
    mutationFn: async (email: string) => {
      await door.requestRecovery(email);
      onAsked(email);
    },
  });
  return (
    <>
      <Heading title="Forgot your password?" />
      <Form error={error} onSubmit={(form) => mutate(String(form.get("email")))}>
        <Trouble error={error} fields={["email"]} />
        <Input label="Email" name="email" type="email" error={error} autoComplete="email" hint="A code is mailed to it, for each account that has it." />
        <button disabled={isPending}>Send a code</button>
      </Form>
      <p className="aside">
        You have a code? <button type="button" className="link" onClick={() => onAsked("")}>Enter it</button>
      </p>
    </>
  );
}

function Confirm({ email, onAgain }: { email: string; onAgain: () => void }) {
  const door = useDoor();
  const [, navigate] = useLocation();
  const { mutate, error, isPending } = useMutation({
    mutationFn: async (form: FormData) => {
      const [address, code, password] = ["email", "code", "newPassword"].map((name) => String(form.get(name)));
      session.begin(await door.confirmRecovery(address ?? "", code ?? "", password ?? ""));
      navigate("/me");
    },
  });
  return (
    <>
      <Heading title="Choose a new password" />
      {email && <p role="status" className="note">If an account has this address, a code is on its way to it.</p>}
      {email && <KeptMail />}
      <Form error={error} onSubmit={(form) => mutate(form)}>
        <Trouble error={error} fields={["email", "code", "newPassword"]} />
        <Input label="Email" name="email" type="email" error={error} autoComplete="username" defaultValue={email} />
        <Input label="Code" name="code" error={error} autoComplete="one-time-code" hint="As it was mailed: WDJB-MJHT, for example." />
        <Input label="New password" name="newPassword" type="password" error={error} autoComplete="new-password" hint={RULE_OF_PASSWORDS} />
        <button disabled={isPending}>Change the password</button>
      </Form>
      <p className="aside">
        No code came? <button type="button" className="link" onClick={onAgain}>Have another one sent</button>
      </p>
    </>
  );
}
