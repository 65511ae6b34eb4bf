/** Personal tokens: what scripts send in the place of a password. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { NewPersonalToken } from "../../apis/api";
import { Form, Input, Labelled, Trouble } from "../controls";
import { Loading } from "../Loading";
import { queries, useApi } from "../service";
import { Time } from "../Time";
import { Card, News } from "./Card";

const KEY = "personal tokens";

type Scope = NewPersonalToken["scopes"][number];

/** What a token can be for, beside `read` and `write`: a profile's operations. Those of other resources can be added. */
const OPERATIONS = Object.keys({
  getOwnProfile: true, getProfile: true, listProfiles: true, listProfileHistory: true, listSessions: true,
  exportProfile: true, createProfile: true, updateProfile: true, updateProfiles: true, replaceProfile: true,
  deleteProfile: true,
} satisfies Partial<Record<Scope, true>>) as Scope[];

export function TokensCard() {
  const api = useApi();
  const { data, error } = useQuery({ queryKey: [KEY, api.name], queryFn: () => api.personalTokens() });
  const revoking = useMutation({
    mutationFn: async (id: string) => {
      await api.revokePersonalToken(id);
      await queries.invalidateQueries({ queryKey: [KEY] });
    },
  });
  return (
    <Card title="Personal tokens">
      <p>For a script, a CI job or an agent. None can change your password, your address or a token.</p>
      <Trouble error={error ?? revoking.error} />
      {!data && !error && <Loading what="the tokens" />}
      <ul className="rows">
        {data?.map(({ id, label, scopes, expiresAt, lastUsedAt }) => (
          <li key={id}>
            <div>
              <p>{label} {scopes.map((scope) => <span key={scope} className="tag">{scope}</span>)}</p>
              <p className="muted">
                Until <Time at={expiresAt} />, {lastUsedAt ? <>last used <Time at={lastUsedAt} /></> : "never used"}
              </p>
            </div>
            <button className="small" disabled={revoking.isPending} aria-label={`Revoke ${label}`} onClick={() => revoking.mutate(id)}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
      <News>{revoking.isSuccess && "The token is revoked."}</News>
      <Create />
    </Card>
  );
}

function Create() {
  const api = useApi();
  const [may, setMay] = useState<"read" | "write" | "operations">("read");
  const { mutate, data: text, error, isPending } = useMutation({
    mutationFn: async (form: FormData) => {
      const made = await api.createPersonalToken({
        label: String(form.get("label")),
        scopes: may === "operations" ? OPERATIONS.filter((name) => form.getAll("scopes").includes(name)) : [may],
        days: Number(form.get("days")),
      });
      await queries.invalidateQueries({ queryKey: [KEY] });
      return made;
    },
  });

  function clear(form: HTMLFormElement) {
    form.reset();
    setMay("read");
  }

  return (
    <Form error={error} onSubmit={(values, form) => mutate(values, { onSuccess: () => clear(form) })}>
      <Trouble error={error} fields={["label", "scopes", "days"]} />
      <div className="fields">
        <Input label="What it is for" name="label" error={error} autoComplete="off" />
        <Input label="Days until it ends" name="days" type="number" min={1} max={365} defaultValue={90} error={error} />
        <Labelled label="What it may do" name="scopes" error={error}>
          {(wiring) => (
            <select {...wiring} value={may} onChange={(event) => setMay(event.target.value as typeof may)}>
              <option value="read">Read</option>
              <option value="write">Read and write</option>
              <option value="operations">Some operations</option>
            </select>
          )}
        </Labelled>
      </div>
      {may === "operations" && (
        <fieldset className="operations">
          <legend>Which operations</legend>
          {OPERATIONS.map((name) => (
            <label key={name}><input type="checkbox" name="scopes" value={name} /> {name}</label>
          ))}
        </fieldset>
      )}
      <div className="actions"><button disabled={isPending}>Create a token</button></div>
      <div role="status">{text && <Created text={text} />}</div>
    </Form>
  );
}

function Created({ text }: { text: string }) {
  const { mutate, isSuccess } = useMutation({ mutationFn: () => navigator.clipboard.writeText(text) });
  return (
    <div className="secret">
      <p>Copy the token now: it is shown this once.</p>
      <p><code>{text}</code> <button type="button" className="small" onClick={() => mutate()}>{isSuccess ? "Copied" : "Copy"}</button></p>
    </div>
  );
}
