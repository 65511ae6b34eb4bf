/** The sign-ins that go on, each with a button that ends it. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { Trouble } from "../controls";
import { Loading } from "../Loading";
import { queries, useApi } from "../service";
import { Time } from "../Time";
import { Card, News } from "./Card";
import { nameOf } from "./clients";

const KEY = "sessions";

export function SessionsCard() {
  const api = useApi();
  const { data, error } = useQuery({ queryKey: [KEY, api.name], queryFn: () => api.sessions() });
  const ending = useMutation({
    mutationFn: async (id: string | null) => {
      await (id === null ? api.endOtherSessions() : api.endSession(id));
      await queries.invalidateQueries({ queryKey: [KEY] });
    },
  });
  return (
    <Card title="Sessions">
      <p>Where you are signed in. If you do not recognise one, end it and change your password.</p>
      <Trouble error={error ?? ending.error} />
      {!data && !error && <Loading what="the sessions" />}
      <ul className="rows">
        {data?.map(({ id, client, address, createdAt, lastUsedAt, scope, current }) => (
          <li key={id}>
            <div>
              <p><span title={client}>{nameOf(client)}</span> {current && <span className="tag">this one</span>}</p>
              <p className="muted">
                From {address}, last used <Time at={lastUsedAt} />, since <Time at={createdAt} />
                {scope === "read" && ", only to read"}
              </p>
            </div>
            {!current && (
              <button className="small" disabled={ending.isPending} aria-label={`End the session of ${nameOf(client)}, from ${address}`} onClick={() => ending.mutate(id)}>
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      {data && data.length > 1 && (
        <div className="actions">
          <button className="plain" disabled={ending.isPending} onClick={() => ending.mutate(null)}>End all others</button>
        </div>
      )}
      <News>{ending.isSuccess && (ending.variables === null ? "All others have ended." : "The session has ended.")}</News>
    </Card>
  );
}
