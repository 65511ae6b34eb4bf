/** Where the link leads that was mailed to an account's old address: it undoes the change. */

import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { Trouble } from "./controls";
import { Heading } from "./Heading";
import { useApi } from "./service";

export function UndoPage({ token: given }: { token: string }) {
  const api = useApi();
  const [, navigate] = useLocation();
  const [token, setToken] = useState(given);
  useEffect(() => {
    if (!given) return;
    setToken(given);
    navigate("/undo", { replace: true }); // the address bar and the history keep no token
  }, [given, navigate]);
  const { mutate, error, isPending, isSuccess } = useMutation({ mutationFn: () => api.undoEmailChange(token) });
  return (
    <div className="card narrow">
      <Heading key={String(isSuccess)} title={isSuccess ? "The change is undone" : "Give the account its old address back?"} />
      {!token && <p>Open the link in the mail: it says which change is to be undone.</p>}
      {isSuccess && (
        <p role="status">
          The account has its old address again, and everybody is signed out. A code is on its way to that
          address: <Link href="/recover/code">choose a new password</Link> with it.
        </p>
      )}
      {token && !isSuccess && (
        <>
          <p>
            The account gets the address that this link was mailed to. Everybody is signed out of it, and you are mailed
            a code for a new password.
          </p>
          <Trouble error={error} />
          <div className="actions"><button disabled={isPending} onClick={() => mutate()}>Undo the change</button></div>
        </>
      )}
    </div>
  );
}
