/** Signing in, and signing up. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { Form, Input, Trouble } from "./controls";
import { RULE_OF_PASSWORDS } from "./fields";
import { Heading } from "./Heading";
import { SENDS_MAIL } from "./Mail";
import { signIn, signUp, useSession } from "./service";

export function SignInPage() {
  const [isNew, setNew] = useState(false);
  return (
    <>
      <p className="lead">
        One profile, two APIs. What you do here goes through the API that you choose above, and is shown as it
        went over the wire.
      </p>
      <Card isNew={isNew} onTurn={() => setNew(!isNew)} />
    </>
  );
}

function Card({ isNew, onTurn }: { isNew: boolean; onTurn: () => void }) {
  const { news } = useSession();
  return (
    <div className="card narrow">
      <Heading key={String(isNew)} title={isNew ? "Sign up" : "Sign in"} />
      {news && <p role="status" className="note">{news}</p>}
      {isNew ? <SignUp /> : <SignIn />}
      <p className="aside">
        {isNew ? "You have an account?" : "No account yet?"}{" "}
        <button type="button" className="link" onClick={onTurn}>{isNew ? "Sign in" : "Sign up"}</button>
      </p>
      {SENDS_MAIL && !isNew && <p className="aside"><Link href="/recover">Forgot your password?</Link></p>}
    </div>
  );
}

function SignIn() {
  const { mutate, error, isPending } = useMutation({ mutationFn: signIn });
  return (
    <Form error={error} onSubmit={(form) => mutate({ username: text(form, "username"), password: text(form, "password") })}>
      <Trouble error={error} fields={["username", "password"]} />
      <Input label="Username" name="username" error={error} autoComplete="username" />
      <Input label="Password" name="password" type="password" error={error} autoComplete="current-password" />
      <button disabled={isPending}>Sign in</button>
    </Form>
  );
}

function SignUp() {
  const { mutate, error, isPending } = useMutation({ mutationFn: signUp });
  const submit = (form: FormData) =>
    mutate({ username: text(form, "username"), email: text(form, "email"), password: text(form, "password") });
  return (
    <Form error={error} onSubmit={submit}>
      <Trouble error={error} fields={["username", "email", "password"]} />
      <Input label="Username" name="username" error={error} autoComplete="username" />
      <Input label="Email" name="email" type="email" error={error} autoComplete="email" hint="Shown to nobody, unless you say so." />
      <Input label="Password" name="password" type="password" error={error} autoComplete="new-password" hint={RULE_OF_PASSWORDS} />
      <button disabled={isPending}>Sign up</button>
    </Form>
  );
}

function text(form: FormData, name: string): string {
  return String(form.get(name));
}
