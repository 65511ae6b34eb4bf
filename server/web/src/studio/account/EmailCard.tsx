/** The account's address: whether it is verified, the one that waits for its code, and a change of it. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Tagged } from "../../apis/api";
import { Form, Input, Trouble } from "../controls";
import { KeptMail, SENDS_MAIL } from "../Mail";
import { useReplaceProfile } from "../profiles";
import { queries, useApi } from "../service";
import { Card, News } from "./Card";

export function EmailCard({ tagged }: { tagged: Tagged }) {
  const { email, emailVerified, pendingEmail } = tagged.profile;
  const [news, setNews] = useState("");
  return (
    <Card title="Email">
      <p>{email} {SENDS_MAIL && <span className="tag">{emailVerified ? "verified" : "not verified"}</span>}</p>
      {pendingEmail && <p>It will be {pendingEmail}, once you have entered the code that was mailed there.</p>}
      <News>{news}</News>
      {SENDS_MAIL && (pendingEmail || !emailVerified) && <Verify key={pendingEmail} onNews={setNews} />}
      <Change tagged={tagged} onNews={setNews} />
    </Card>
  );
}

interface PartProps {
  /** Called with what became of the action. */
  onNews: (news: string) => void;
}

function Verify({ onNews }: PartProps) {
  const api = useApi();
  const verifying = useMutation({
    mutationFn: async (code: string) => {
      await api.verifyEmail(code);
      await queries.invalidateQueries();
      onNews("The address is verified.");
    },
  });
  const sending = useMutation({
    mutationFn: async () => {
      await api.resendVerification();
      onNews("Another code is on its way. Earlier ones end.");
    },
  });
  return (
    <Form error={verifying.error} onSubmit={(values) => verifying.mutate(String(values.get("code")))}>
      <Trouble error={verifying.error ?? sending.error} fields={["code"]} />
      <Input label="Code" name="code" error={verifying.error} autoComplete="one-time-code" hint="As it was mailed: WDJB-MJHT, for example." />
      <div className="actions">
        <button disabled={verifying.isPending}>Verify the address</button>
        <button type="button" className="plain" disabled={sending.isPending} onClick={() => sending.mutate()}>Mail another code</button>
      </div>
      <KeptMail />
    </Form>
  );
}

function Change({ tagged: { profile, etag }, onNews }: PartProps & { tagged: Tagged }) {
  const api = useApi();
  const replace = useReplaceProfile(null);
  const { mutate, error, isPending } = useMutation({
    mutationFn: async ({ email }: { email: string; form?: HTMLFormElement }) => {
      const now = await api.update(profile, { email }, etag);
      replace(now);
      return now.profile;
    },
    onSuccess(now, { form }) {
      form?.reset();
      onNews(now.pendingEmail ? `A code was mailed to ${now.pendingEmail}.` : `The email is ${now.email}.`);
    },
    onError: () => queries.invalidateQueries({ queryKey: ["profile"] }), // after a conflict, to be tried again
  });
  return (
    <Form error={error} onSubmit={(values, form) => mutate({ email: String(values.get("email")), form })}>
      <Trouble error={error} fields={["email"]} />
      <Input label="New email" name="email" type="email" error={error} autoComplete="email" />
      <div className="actions">
        <button disabled={isPending}>Change the email</button>
        {profile.pendingEmail && (
          <button type="button" className="plain" disabled={isPending} onClick={() => mutate({ email: profile.email ?? "" })}>
            Keep {profile.email}
          </button>
        )}
      </div>
    </Form>
  );
}
