/** The studio: its bar, its pages, and the panel beside them. */

import { type ComponentType, useEffect } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { AccountPage } from "./account/AccountPage";
import { ApiSwitch } from "./ApiSwitch";
import { Heading } from "./Heading";
import { HistoryPage } from "./HistoryPage";
import { mayLeave, usePath, useQueryText } from "./location";
import { PeoplePage } from "./People";
import { ProfilePage } from "./ProfilePage";
import { keyIn, useProfile } from "./profiles";
import { RecoverPage } from "./Recover";
import { signOut, useApi, useSession } from "./service";
import { SignInPage } from "./SignIn";
import { UndoPage } from "./Undo";
import { WirePanel } from "./WirePanel";

export function App() {
  const { name } = useApi();
  useEffect(() => void (document.documentElement.dataset.api = name), [name]);
  return (
    <Router hook={usePath} searchHook={useQueryText}>
      <a className="skip" href="#content" onClick={skipToContent}>Skip to the content</a>
      <Bar />
      <div className="columns">
        <main id="content" tabIndex={-1}><Pages /></main>
        <WirePanel />
      </div>
    </Router>
  );
}

/** The fragment is the router's, so the link's own jump is not to be followed. */
function skipToContent(event: { preventDefault: () => void }) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Bar() {
  const { isSignedIn } = useSession();
  return (
    <header className="bar">
      <Link className="brand" href="/"><Brand /> One profile, two APIs</Link>
      <nav aria-label="Pages">
        {isSignedIn && <NavLink href="/me">My profile</NavLink>}
        <NavLink href="/people">People</NavLink>
        {isSignedIn && <NavLink href="/account">Account</NavLink>}
        <a href="/graphql/">GraphiQL</a>
        <a href="/docs/">REST docs</a>
        <a href="/guide/">Guide</a>
      </nav>
      <ApiSwitch />
      {isSignedIn ? <Account /> : <Link className="account" href="/">Sign in</Link>}
    </header>
  );
}

function NavLink({ href, children }: { href: string; children: string }) {
  const [path] = useLocation();
  return <Link href={href} aria-current={path.startsWith(href) ? "page" : undefined}>{children}</Link>;
}

function Account() {
  const { data } = useProfile(null);
  return (
    <div className="account">
      <span className="muted">{data && `@${data.profile.username}`}</span>
      <button className="plain" onClick={() => mayLeave() && void signOut()}>Sign out</button>
    </div>
  );
}

function Pages() {
  const { isSignedIn } = useSession();
  return (
    <Switch>
      <Route path="/people"><PeoplePage /></Route>
      <Route path="/people/:id">{({ id }) => <OfKey text={id} page={ProfilePage} />}</Route>
      <Route path="/recover/:step?">{({ step }) => <RecoverPage hasCode={step === "code"} />}</Route>
      <Route path="/undo/:token?">{({ token }) => <UndoPage token={token ?? ""} />}</Route>
      {!isSignedIn && <Route><SignInPage /></Route>}
      <Route path="/"><Redirect to="/me" replace /></Route>
      <Route path="/me"><ProfilePage id={null} /></Route>
      <Route path="/me/history"><HistoryPage id={null} /></Route>
      <Route path="/people/:id/history">{({ id }) => <OfKey text={id} page={HistoryPage} />}</Route>
      <Route path="/account"><AccountPage /></Route>
      <Route><NotFound /></Route>
    </Switch>
  );
}

/** A page of the profile whose key stands in the path. */
function OfKey({ text, page: Page }: { text: string; page: ComponentType<{ id: number }> }) {
  const id = keyIn(text);
  return id === null ? <NotFound /> : <Page key={id} id={id} />;
}

function NotFound() {
  return (
    <>
      <Heading title="There is nothing here" />
      <p><Link href="/">Go to the start</Link></p>
    </>
  );
}

/** Two APIs; the one in use is open. */
function Brand() {
  return (
    <svg className="apis" viewBox="0 0 28 24" aria-hidden="true">
      <rect className="rest" x="2" y="2" width="11" height="20" rx="1.5" />
      <rect className="graphql" x="15" y="2" width="11" height="20" rx="1.5" />
      <circle cx="10.3" cy="12.4" r="1.2" /><circle cx="17.7" cy="12.4" r="1.2" />
    </svg>
  );
}
