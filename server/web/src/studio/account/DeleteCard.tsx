/** The end of the account. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Profile } from "../../apis/api";
import { Form, Input, Trouble } from "../controls";
import { deleteAccount } from "../service";
import { Card } from "./Card";

export function DeleteCard({ profile }: { profile: Profile }) {
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState("");
  const isConfirmed = typed === profile.username;
  const { mutate, error, isPending } = useMutation({
    mutationFn: async () => {
      await deleteAccount(profile);
      navigate("/");
    },
  });
  return (
    <Card title="Delete the account">
      <p>Deletes the profile, its history and every sign-in, for good. What you wrote to others stays, without your name.</p>
      <Form error={error} onSubmit={() => isConfirmed && mutate()}>
        <Trouble error={error} />
        <Input
          label="Your username, to confirm"
          name="confirmation"
          error={error}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          hint={`Type ${profile.username}. Then the button can be used.`}
        />
        <button className="danger" disabled={!isConfirmed || isPending}>Delete the account</button>
      </Form>
    </Card>
  );
}
