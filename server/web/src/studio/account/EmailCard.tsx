/** The account's address: whether it is verified, the one that waits for its code, and a change of it. */

import { useMutation } from "@tanstack/react-query";
import type { Tagged } from "../../doors/door";
import { Form, Input, Trouble } from "../controls";
import { KeptMail } from "../Development";
import { useReplaceProfile } from "../profiles";
import { queries, useDoor } from "../service";
import { Card } from "./Card";

export function EmailCard({ tagged }: { tagged: Tagged }) {
  const { email, emailVerified, pendingEmail } = tagged.profile;
  const isToVerify = pendingEmail !== null || !emailVerified;
  return (
    <Card title="Email">
      <p>
        {email} <span className="tag">{emailVerified ? "verified" : "not verified"}</span>
      </p>
      {pendingEmail && <p>It will be {pendingEmail}, once you have entered the code that was mailed there.</p>}
      {isToVerify && <Verify />}
      <Change key={pendingEmail} tagged={tagged} />
    </Card>
  );
}

function Verify() {
  const door = useDoor();
  const verifying = useMutation({
    mutationFn: async (code: string) => {
      await door.verifyEmail(code);
      await queries.invalidateQueries();
    },
  });
  const sending = useMutation({ mutationFn: () => door.resendVerification() });
  return (
    <Form error={verifying.error} onSubmit={(values) => verifying.mutate(String(values.get("code")))}>
      <Trouble error={verifying.error ?? sending.error} fields={["code"]} />
      <Input label="Code" name="code" error={verifying.error} autoComplete="one-time-code" hint="As it was mailed: WDJB-MJHT, for example." />
      <div className="actions">
        <button disabled={verifying.isPending}>Verify the address</button>
        <button type="button" className="plain" disabled={sending.isPending} onClick={() => sending.mutate()}>Mail another code</button>
      </div>
      <p role="status" className="note">{sending.isSuccess && "Another code is on its way."}</p>
      <KeptMail />
    </Form>
  );
}

function Change({ tagged: { profile, etag } }: { tagged: Tagged }) {
  const door = useDoor();
  const replace = useReplaceProfile(null);
  const { mutate, error, isPending } = useMutation({
    mutationFn: async (email: string) => replace(await door.update(profile, { email }, etag)),
  });
  return (
    <Form error={error} onSubmit={(values) => mutate(String(values.get("email")))}>
      <Trouble error={error} fields={["email"]} />
      <Input label="New email" name="email" type="email" error={error} autoComplete="email" />
      <div className="actions">
        <button disabled={isPending}>Change the email</button>
        {profile.pendingEmail && (
          <button type="button" className="plain" disabled={isPending} onClick={() => mutate(profile.email ?? "")}>
            Keep {profile.email}
          </button>
        )}
      </div>
    </Form>
  );
}
