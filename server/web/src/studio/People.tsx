/** Everybody whom the caller may see, by pages. */

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { ORDERINGS, type Profile, type Wanted } from "../apis/api";
import { More, Trouble } from "./controls";
import { Heading } from "./Heading";
import { Loading } from "./Loading";
import { Portrait } from "./Portrait";
import { useApi } from "./service";

export function PeoplePage() {
  const api = useApi();
  const wanted = wantedBy(useSearch());
  const [, navigate] = useLocation();
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["profiles", api.name, wanted],
    queryFn: ({ pageParam }) => api.profiles(wanted, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const profiles = data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <>
      <Heading title="People" />
      <SearchForm wanted={wanted} onChange={(wanted) => navigate(`/people${queryOf(wanted)}`)} />
      <Trouble error={error} />
      {!data && !error && <Loading what="people" />}
      <p role="status" className="muted">{data && counted(profiles.length, hasNextPage)}</p>
      <ul className="people" aria-busy={isFetching}>
        {profiles.map((profile) => <Person key={profile.id} profile={profile} />)}
      </ul>
      <More isThere={hasNextPage} isBusy={isFetching} onClick={() => void fetchNextPage()} />
    </>
  );
}

const NEWEST_FIRST = "-created_at";

/** What a query asks for; what it asks for without sense is as if left out. */
function wantedBy(query: string): Wanted {
  const parameters = new URLSearchParams(query);
  const ordering = parameters.get("ordering") ?? "";
  return {
    search: parameters.get("search") ?? "",
    ordering: Object.hasOwn(ORDERINGS, ordering) ? (ordering as Wanted["ordering"]) : NEWEST_FIRST,
  };
}

/** The query that asks for this, without what is so by default. */
function queryOf({ search, ordering }: Wanted): string {
  const query = new URLSearchParams({ ...(search && { search }), ...(ordering !== NEWEST_FIRST && { ordering }) });
  return query.size ? `?${query}` : "";
}

function counted(count: number, hasMore: boolean): string {
  if (count === 0) return "Nobody is found.";
  return `${count} ${count === 1 ? "profile" : "profiles"}${hasMore ? ", and there are more" : ""}.`;
}

function SearchForm({ wanted, onChange }: { wanted: Wanted; onChange: (wanted: Wanted) => void }) {
  const text = useRef<HTMLInputElement>(null);
  useEffect(() => {
    text.current!.value = wanted.search; // Back and Forward change it too
  }, [wanted.search]);
  return (
    <form
      role="search"
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ ...wanted, search: String(new FormData(event.currentTarget).get("search")).trim() });
      }}
    >
      <label className="grow">
        <span>Search</span>
        <input ref={text} name="search" type="search" placeholder="Words of a name, a place or a bio" defaultValue={wanted.search} />
      </label>
      <label>
        <span>Order</span>
        <select value={wanted.ordering} onChange={(event) => onChange({ ...wanted, ordering: event.target.value as Wanted["ordering"] })}>
          {Object.entries(ORDERINGS).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      </label>
      <button className="plain">Search</button>
    </form>
  );
}

function Person({ profile }: { profile: Profile }) {
  return (
    <li>
      <Portrait profile={profile} />
      <div>
        <Link href={`/people/${profile.id}`}>{profile.displayName || profile.username}</Link>
        <span className="muted"> @{profile.username}{profile.location && ` · ${profile.location}`}</span>
        {profile.bio && <p>{profile.bio}</p>}
      </div>
    </li>
  );
}
