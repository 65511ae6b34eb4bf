/** The head of a profile's pages: whose it is, and its two sides. */

import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { Profile } from "../apis/api";
import { Heading } from "./Heading";
import { Portrait } from "./Portrait";

interface Props {
  /** Null for the caller's own. */
  id: number | null;
  profile: Profile;
  /** What can be done to it here. */
  children?: ReactNode;
}

export function ProfileHead({ id, profile, children }: Props) {
  return (
    <>
      <header className="profile">
        <Portrait profile={profile} />
        <div>
          <Heading title={profile.displayName || profile.username} />
          <p className="muted">@{profile.username}</p>
        </div>
        {children}
      </header>
      {profile.editableFields.length > 0 && <Sides of={id === null ? "/me" : `/people/${id}`} />}
    </>
  );
}

/** The history is for whoever may edit: the owner and staff. */
function Sides({ of }: { of: string }) {
  const [path] = useLocation();
  const sides = { Profile: of, History: `${of}/history` };
  return (
    <nav className="tabs" aria-label="Sides of the profile">
      {Object.entries(sides).map(([name, href]) => (
        <Link key={name} href={href} aria-current={path === href ? "page" : undefined}>{name}</Link>
      ))}
    </nav>
  );
}
