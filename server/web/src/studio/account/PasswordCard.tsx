/** A new password. */

import { useMutation } from "@tanstack/react-query";
import type { Profile } from "../../apis/api";
import { Form, Input, Trouble } from "../controls";
import { RULE_OF_PASSWORDS } from "../fields";
import { session, useApi } from "../service";
import { Card } from "./Card";

export function PasswordCard({ profile }: { profile: Profile }) {
  const api = useApi();
  const { mutate, error, isPending, isSuccess } = useMutation({
    mutationFn: async (form: FormData) => {
      session.begin(await api.changePassword(String(form.get("oldPassword")), String(form.get("newPassword"))));
    },
  });
  return (
    <Card title="Password">
      <Form error={error} onSubmit={(values, form) => mutate(values, { onSuccess: () => form.reset() })}>
        <Trouble error={error} fields={["oldPassword", "newPassword"]} />
        <input hidden readOnly autoComplete="username" value={profile.username} />
        <Input label="Current password" name="oldPassword" type="password" error={error} autoComplete="current-password" />
        <Input label="New password" name="newPassword" type="password" error={error} autoComplete="new-password" hint={RULE_OF_PASSWORDS} />
        <button disabled={isPending}>Change the password</button>
      </Form>
      <p role="status" className="note">{isSuccess && "The password is changed, and every other sign-in has ended."}</p>
    </Card>
  );
}
