/** What was written to a profile, newest first. */

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Change, Field, Profile } from "../apis/api";
import { More, Trouble } from "./controls";
import { FIELDS, shownValue } from "./fields";
import { Heading } from "./Heading";
import { Loading } from "./Loading";
import { ProfileHead } from "./ProfileHead";
import { useProfile } from "./profiles";
import { useApi } from "./service";
import { Time } from "./Time";

/** `id` is null for the caller's own. */
export function HistoryPage({ id }: { id: number | null }) {
  const { data, error } = useProfile(id);
  if (!data && !error) return <Loading what="the profile" />;
  if (!data) return <><Heading title="History" /><Trouble error={error} /></>;
  return (
    <>
      <ProfileHead id={id} profile={data.profile} />
      <Changes profile={data.profile} />
    </>
  );
}

function Changes({ profile }: { profile: Profile }) {
  const api = useApi();
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["history", api.name, profile.id],
    queryFn: ({ pageParam }) => api.history(profile.id, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const changes = data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <>
      <Trouble error={error} />
      {!data && !error && <Loading what="the history" />}
      {data && changes.length === 0 && <p className="muted">Nothing has been changed since the sign-up.</p>}
      <ol className="history" aria-busy={isFetching}>
        {changes.map((change) => <Entry key={change.version} change={change} owner={profile.id} />)}
      </ol>
      <More isThere={hasNextPage} isBusy={isFetching} onClick={() => void fetchNextPage()} />
    </>
  );
}

function Entry({ change: { version, at, source, actor, changes }, owner }: { change: Change; owner: number }) {
  return (
    <li>
      <p className="muted">
        <strong>Version {version}</strong> · <Time at={at} /> · {SOURCES[source]} ·{" "}
        by {actor === owner ? "its owner" : actor ? <Author id={actor} /> : "somebody else"}
      </p>
      {changes.map(({ field, from, to }) => (
        <p key={field}>
          <strong>{field === "isStaff" ? "Member of the staff" : (FIELDS[field as Field]?.label ?? field)}</strong>{" "}
          <del>{shownValue(field as Field, from)}</del> <ins>{shownValue(field as Field, to)}</ins>
        </p>
      ))}
    </li>
  );
}

/** Somebody whom the caller may see. */
function Author({ id }: { id: number }) {
  const { data, error } = useProfile(id);
  return <Link href={`/people/${id}`}>{data ? `@${data.profile.username}` : error ? "somebody else" : "…"}</Link>;
}

const SOURCES: Record<Change["source"], string> = {
  rest: "through REST",
  graphql: "through GraphQL",
  admin: "in the admin",
  command: "by a command",
};
