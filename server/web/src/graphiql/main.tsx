/** GraphiQL, on this service. */

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { buildSchema } from "graphql";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import sdl from "../../../../graphql_api/schema.graphql?raw";
import { Bar } from "./Bar";
import { EXAMPLES_PANEL } from "./Examples";
import { EXAMPLES } from "./examples";
import { Scheme } from "./Scheme";
import { goOn, session } from "./service";
import "./workers";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/plugin-explorer/style.css";
import "graphiql/graphiql.css";
import "../base.css";
import "./graphiql.css";

const SCHEMA = buildSchema(sdl);
const PANELS = [EXAMPLES_PANEL, explorerPlugin(), HISTORY_PLUGIN];

const fetcher = createGraphiQLFetcher({
  url: "/graphql/",
  fetch: (url, init) => session.fetch(new Request(url, init)),
  enableIncrementalDelivery: false,
});

// What is typed here may be a password or a token, in a header, a variable or the document itself: none of it
// goes into the browser's storage.
const KEEPS_NOTHING = { length: 0, getItem: () => null, setItem() {}, removeItem() {}, clear() {} };

goOn().catch(() => {}); // what is wrong, each request of the page says too

const [first] = EXAMPLES.Read!;
const isWide = matchMedia("(min-width: 45rem)").matches;

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Bar />
    <main>
      <GraphiQL
        fetcher={fetcher}
        schema={SCHEMA}
        storage={KEEPS_NOTHING}
        plugins={PANELS}
        {...(isWide && { visiblePlugin: EXAMPLES_PANEL })}
        defaultTabs={[{ query: first!.query }]}
        defaultEditorToolsVisibility="variables"
        forcedTheme="system"
      >
        <GraphiQL.Logo>{null}</GraphiQL.Logo>
        <Scheme />
      </GraphiQL>
    </main>
  </StrictMode>,
);
