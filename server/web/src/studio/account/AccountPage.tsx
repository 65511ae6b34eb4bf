/** The caller's account: a card for each thing that can be done with it. */

import { Trouble } from "../controls";
import { Heading } from "../Heading";
import { Loading } from "../Loading";
import { useProfile } from "../profiles";
import { DeleteCard } from "./DeleteCard";
import { EmailCard } from "./EmailCard";
import { ExportCard } from "./ExportCard";
import { PasswordCard } from "./PasswordCard";
import { SessionsCard } from "./SessionsCard";
import { SignOutCard } from "./SignOutCard";
import { TokensCard } from "./TokensCard";

export function AccountPage() {
  const { data, error } = useProfile(null);
  return (
    <>
      <Heading title="Account" />
      <Trouble error={error} />
      {data ? (
        <>
          <EmailCard tagged={data} />
          <PasswordCard profile={data.profile} />
          <SessionsCard />
          <TokensCard />
          <SignOutCard />
          <ExportCard profile={data.profile} />
          <DeleteCard profile={data.profile} />
        </>
      ) : (
        !error && <Loading what="the account" />
      )}
    </>
  );
}
