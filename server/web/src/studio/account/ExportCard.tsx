/** A copy of all that is held about the account, as a file. */

import { useMutation } from "@tanstack/react-query";
import type { Profile } from "../../apis/api";
import { Trouble } from "../controls";
import { useApi } from "../service";
import { Card } from "./Card";

const LONG = 60_000; // milliseconds after which the browser has surely begun to save the file

export function ExportCard({ profile }: { profile: Profile }) {
  const api = useApi();
  const { mutate, error, isPending, isSuccess } = useMutation({
    mutationFn: async () => save(await api.exportMine(), `${profile.username}.json`),
  });
  return (
    <Card title="Your data">
      <p>A file in JSON with all that is held about you: profile, history, sign-ins. No password or token is in it.</p>
      <Trouble error={error} />
      <button className="plain" disabled={isPending} onClick={() => mutate()}>Download your data</button>
      <p role="status" className="note">{isSuccess && "The file is with your downloads."}</p>
    </Card>
  );
}

function save(file: Blob, name: string): void {
  const href = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), LONG);
}
