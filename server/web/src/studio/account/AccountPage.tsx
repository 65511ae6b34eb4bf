/** The caller's account: a card for each thing that can be done with it. */

import { Trouble } from "../controls";
import { Heading } from "../Heading";
import { Loading } from "../Loading";
import { useProfile } from "../profiles";
import { DeleteCard } from "./DeleteCard";
import { ExportCard } from "./ExportCard";
import { PasswordCard } from "./PasswordCard";
import { SignOutCard } from "./SignOutCard";

export function AccountPage() {
  const { data, error } = useProfile(null);
  return (
    <>
      <Heading title="Account" />
      <Trouble error={error} />
      {data ? (
        <>
          <PasswordCard profile={data.profile} />
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
