/** The look of the editors, which follows the system's light or dark while the page is open. */

import { useGraphiQLActions } from "@graphiql/react";
import { useEffect } from "react";

const DARK = matchMedia("(prefers-color-scheme: dark)");

/** GraphiQL asks the system for its editors' theme when it begins, and its stylesheets at each change. */
export function Scheme() {
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const follow = () => setTheme(null); // the system's
    DARK.addEventListener("change", follow);
    return () => DARK.removeEventListener("change", follow);
  }, [setTheme]);
  return null;
}
