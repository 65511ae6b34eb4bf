/** The bar over GraphiQL: signing in, and who is. */

import { type FormEvent, useState } from "react";
import { useStore } from "zustand";
import { caller, session, signIn, signOut } from "./service";

export function Bar() {
  const { tokens } = useStore(session.state);
  return (
    <header className="bar">
      <a className="brand" href="/">One profile, two APIs</a>
      <h1>GraphiQL</h1>
      {tokens ? <SignedIn /> : <SignIn />}
    </header>
  );
}

function SignIn() {
  const [trouble, setTrouble] = useState(session.state.getState().news);
  const [isBusy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setTrouble("");
    try {
      await signIn({ username: String(form.get("username")), password: String(form.get("password")) });
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <form className="sign-in" onSubmit={submit} aria-label="Sign in">
      <p role="alert">{trouble}</p>
      <label>Username <input name="username" autoComplete="username" required /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
      <button disabled={isBusy}>Sign in</button>
    </form>
  );
}

function SignedIn() {
  const { me } = useStore(caller);
  return (
    <div className="sign-in">
      <p role="status">
        Signed in{me && <> as <strong>{me.username}</strong></>}. Each request carries <code>Authorization: Bearer …</code>
      </p>
      <button onClick={() => void signOut()}>Sign out</button>
    </div>
  );
}
