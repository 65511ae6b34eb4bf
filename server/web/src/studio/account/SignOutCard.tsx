/** The end of every sign-in. */

import { useMutation } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { Trouble } from "../controls";
import { signOutEverywhere } from "../service";
import { Card } from "./Card";

export function SignOutCard() {
  const [, navigate] = useLocation();
  const { mutate, error, isPending } = useMutation({
    mutationFn: async () => {
      await signOutEverywhere();
      navigate("/");
    },
  });
  return (
    <Card title="Sign out everywhere">
      <p>Ends every sign-in of this account, this one too: on every device, and in the admin.</p>
      <Trouble error={error} />
      <button className="plain" disabled={isPending} onClick={() => mutate()}>Sign out everywhere</button>
    </Card>
  );
}
