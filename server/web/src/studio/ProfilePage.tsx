/** One profile: read, and edited by whoever may. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Profile, Tagged } from "../doors/door";
import { Trouble } from "./controls";
import { Editor } from "./Editor";
import { VISIBILITIES } from "./fields";
import { Heading } from "./Heading";
import { ProfileHead } from "./ProfileHead";
import { useProfile, useReplaceProfile } from "./profiles";
import { Time } from "./Time";

/** `id` is null for the caller's own. */
export function ProfilePage({ id }: { id: number | null }) {
  const { data, error } = useProfile(id);
  if (data) return <Shown id={id} tagged={data} />;
  if (!error) return <p role="status" className="muted">Fetching the profile</p>;
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

function Facts({ profile }: { profile: Profile }) {
  const { email, emailPublic, visibility, isActive } = profile;
  return (
    <dl className="facts">
      <Fact name="Bio">{profile.bio}</Fact>
      <Fact name="Location">{profile.location}</Fact>
      <Fact name="Website">
        {profile.website && <a href={profile.website} rel="noopener noreferrer nofollow">{profile.website}</a>}
      </Fact>
      <Fact name="Time zone">{profile.timeZone}</Fact>
      {email !== null && <Fact name="Email">{email}{emailPublic && <span className="muted"> · shown to others</span>}</Fact>}
      {visibility !== null && <Fact name="Who sees it">{VISIBILITIES[visibility]}</Fact>}
      {isActive !== null && <Fact name="Account">{isActive ? "Active" : "Not active"}</Fact>}
      <Fact name="Signed up"><Time at={profile.createdAt} /></Fact>
      <Fact name="Last changed"><Time at={profile.updatedAt} /> · version {profile.version}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children || <span className="muted">Nothing yet</span>}</dd>
    </div>
  );
}
