/** A new password. */

import { useMutation } from "@tanstack/react-query";
import { Form, Input, Trouble } from "./controls";
import { Heading } from "./Heading";
import { useProfile } from "./profiles";
import { session, useDoor } from "./service";

export function PasswordPage() {
  const door = useDoor();
  const { data: me } = useProfile(null);
  const { mutate, error, isPending, isSuccess } = useMutation({
    mutationFn: async (form: FormData) => {
      session.begin(await door.changePassword(String(form.get("oldPassword")), String(form.get("newPassword"))));
    },
  });
  return (
    <div className="card narrow">
      <Heading title="Password" />
      <Form error={error} onSubmit={(values, form) => mutate(values, { onSuccess: () => form.reset() })}>
        <Trouble error={error} fields={["oldPassword", "newPassword"]} />
        <input hidden readOnly autoComplete="username" value={me?.profile.username ?? ""} />
        <Input label="Password to this day" name="oldPassword" type="password" error={error} autoComplete="current-password" />
        <Input label="New password" name="newPassword" type="password" error={error} autoComplete="new-password" />
        <button disabled={isPending}>Change the password</button>
      </Form>
      <p role="status" className="note">{isSuccess && "The password is changed, and every other sign-in has ended."}</p>
    </div>
  );
}
