/** Editing a profile: a form, and where somebody else was quicker, the merge of both. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Tagged } from "../apis/api";
import { Refused } from "../apis/outcomes";
import { useUnsaved } from "./location";
import { Merge } from "./Merge";
import { changed, type Draft } from "./merging";
import { ProfileForm } from "./ProfileForm";
import { useApi } from "./service";

interface Props {
  start: Tagged;
  /** Called with the profile as it now is, and with what became of the editing. */
  onLeave: (current: Tagged, news: string) => void;
}

export function Editor({ start, onLeave }: Props) {
  const api = useApi();
  const [base, setBase] = useState(start);
  const [draft, setDraft] = useState<Draft>({});
  const [theirs, setTheirs] = useState<Tagged | null>(null);
  useUnsaved(Object.keys(changed(base.profile, draft)).length > 0);

  /** Writes over `onto`. Where that is no longer the current version, fetches it, for the merge. */
  async function write({ onto, draft }: { onto: Tagged; draft: Draft }): Promise<Tagged | null> {
    const values = changed(onto.profile, draft);
    if (Object.keys(values).length === 0) return onto;
    try {
      return await api.update(onto.profile, values, onto.etag);
    } catch (error) {
      if (!(error instanceof Refused && error.code === "CONFLICT")) throw error;
      setTheirs(await api.profile(onto.profile.id));
      return null;
    }
  }

  const { mutate, error, isPending, reset } = useMutation({
    mutationFn: write,
    onSuccess(saved, { onto }) {
      if (saved) onLeave(saved, saved === onto ? "Nothing is changed." : `Saved, as version ${saved.profile.version}.`);
    },
  });

  if (theirs) {
    return (
      <Merge
        key={theirs.etag}
        before={base.profile}
        theirs={theirs.profile}
        draft={draft}
        error={error}
        isBusy={isPending}
        onSave={(draft) => mutate({ onto: theirs, draft })}
        onEdit={(draft) => {
          reset();
          setBase(theirs);
          setDraft(draft);
          setTheirs(null);
        }}
        onCancel={() => onLeave(theirs, "Yours is dropped.")}
      />
    );
  }
  return (
    <ProfileForm
      profile={base.profile}
      draft={draft}
      onDraft={setDraft}
      error={error}
      isBusy={isPending}
      onSave={() => mutate({ onto: base, draft })}
      onCancel={() => onLeave(base, "Nothing is changed.")}
    />
  );
}
