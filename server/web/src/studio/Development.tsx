/** On a developer's machine mail is kept on a page of the service: where a code is asked for, a link to it. */

import { useQuery } from "@tanstack/react-query";

const PAGE = "/mail/";

export function KeptMail() {
  const { data } = useQuery({
    queryKey: ["kept mail"],
    queryFn: async () => (await fetch(PAGE, { method: "HEAD" })).ok,
    staleTime: Infinity,
  });
  return data ? <p className="aside">In development, mail is sent to nobody: <a href={PAGE} target="_blank">read it here</a>.</p> : null;
}
