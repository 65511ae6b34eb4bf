/** A panel of GraphiQL: the examples, each opened in a tab of its own. */

import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useStore } from "zustand";
import { EXAMPLES, type Example, type Me } from "./examples";
import { caller } from "./service";

const STRANGER: Me = { nodeId: "the id of a profile", username: "john_doe" };

export const EXAMPLES_PANEL: GraphiQLPlugin = { title: "Examples", icon: Icon, content: Examples };

function Examples() {
  const { me } = useStore(caller);
  const open = useOpen();
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>One for each operation. {!me && "Sign in above, and they are about your own profile."}</p>
      {Object.entries(EXAMPLES).map(([group, examples]) => (
        <section key={group} aria-label={group}>
          <h3>{group}</h3>
          <ul>
            {examples.map((example) => (
              <li key={example.name}>
                <button onClick={() => open(example, me ?? STRANGER)}>{example.name}</button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

/** Opens an example: in the tab that is open where nothing is written in it, else in a new one. */
function useOpen() {
  const { addTab, setOperationName } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  return (example: Example, me: Me) => {
    if (queryEditor?.getValue().trim()) addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(example.variables(me));
    setOperationName(example.operation); // the editor's own look at the document comes a moment later
  };
}

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M5 4h14v16H5zM8.5 8.5h7M8.5 12h7M8.5 15.5h4" />
    </svg>
  );
}
