/** One profile: read, and edited by whoever may. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Field, Profile, Tagged } from "../apis/api";
import { Trouble } from "./controls";
import { Editor } from "./Editor";
import { FIELD_NAMES, FIELDS, shownValue } from "./fields";
import { Heading } from "./Heading";
import { Loading } from "./Loading";
import { ProfileHead } from "./ProfileHead";
import { useProfile, useReplaceProfile } from "./profiles";
import { Time } from "./Time";

/** `id` is null for the caller's own. */
export function ProfilePage({ id }: { id: number | null }) {
  const { data, error } = useProfile(id);
  if (data) return <Shown id={id} tagged={data} />;
  if (!error) return <Loading what="the profile" />;
  return (
    <>
      <Heading title="Profile" />
      <Trouble error={error} />
    </>
  );
}

function Shown({ id, tagged }: { id: number | null; tagged: Tagged }) {
  const { profile } = tagged;
  const replace = useReplaceProfile(id);
  const [isEditing, setEditing] = useState(false);
  const [news, setNews] = useState("");

  function leave(current: Tagged, news: string) {
    replace(current);
    setNews(news);
    setEditing(false);
  }

  return (
    <>
      <ProfileHead id={id} profile={profile}>
        {profile.editableFields.length > 0 && !isEditing && <EditButton wasUsed={news !== ""} onClick={() => setEditing(true)} />}
      </ProfileHead>
      <p role="status" className="note">{news}</p>
      {isEditing ? <Editor start={tagged} onLeave={leave} /> : <Facts profile={profile} />}
    </>
  );
}

/** Where the focus comes back to when the editor, which it was in, is gone. */
function EditButton({ wasUsed, onClick }: { wasUsed: boolean; onClick: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (wasUsed) button.current?.focus();
  }, [wasUsed]);
  return <button ref={button} onClick={onClick}>Edit</button>;
}

/** What the page shows elsewhere: above the facts, or with the email. */
const ELSEWHERE: readonly Field[] = ["displayName", "username", "emailPublic"];

/** The fields that the caller may see, and when they were written. */
function Facts({ profile }: { profile: Profile }) {
  const names = FIELD_NAMES.filter((name) => !ELSEWHERE.includes(name) && profile[name] !== null);
  return (
    <dl className="facts">
      {names.map((name) => (
        <Fact key={name} name={FIELDS[name].fact ?? FIELDS[name].label}>
          <Value name={name} profile={profile} />
        </Fact>
      ))}
      <Fact name="Signed up"><Time at={profile.createdAt} /></Fact>
      <Fact name="Last changed"><Time at={profile.updatedAt} /> · version {profile.version}</Fact>
    </dl>
  );
}

function Value({ name, profile }: { name: Field; profile: Profile }) {
  const text = shownValue(name, profile[name]);
  if (profile[name] === "") return <span className="muted">Nothing yet</span>;
  if (FIELDS[name].kind === "url") return <a href={text} rel="noopener noreferrer nofollow">{text}</a>;
  return <>{text}{name === "email" && <AboutEmail profile={profile} />}</>;
}

/** Whether others see the email; and the one that is to come, for whoever may know of it. */
function AboutEmail({ profile: { emailPublic, pendingEmail } }: { profile: Profile }) {
  return (
    <>
      {emailPublic && <span className="muted"> · shown to others</span>}
      {pendingEmail && <> · will be {pendingEmail}, once its code is entered on the account page</>}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
