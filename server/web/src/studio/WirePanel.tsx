/** The very requests and answers of this page. */

import { useState } from "react";
import { useStore } from "zustand";
import { curl } from "../wire/curl";
import { type Answer, type Exchange, exchanges } from "../wire/exchanges";
import { shown } from "../wire/secrets";
import { Code } from "./Code";
import { session, useApi } from "./service";

export function WirePanel() {
  const all = useStore(exchanges);
  const { tokens } = useStore(session.state);
  const { name } = useApi();
  return (
    <aside className="wire" aria-labelledby="wire">
      <div className="scroll">
        <header>
          <h2 id="wire">On the wire <span className="muted">through {name}</span></h2>
          {tokens?.token && <CopyButton text={`TOKEN='${tokens.token}'`}>Copy the token</CopyButton>}
        </header>
        {all.length === 0 && <p className="muted">Each request and its answer will stand here, as they went.</p>}
        <ol>
          {all.map((exchange, index) => <Entry key={exchange.id} exchange={exchange} isNewest={index === 0} />)}
        </ol>
      </div>
    </aside>
  );
}

function Entry({ exchange, isNewest }: { exchange: Exchange; isNewest: boolean }) {
  const { method, path, headers, answer } = exchange;
  const body = exchange.body && shown(exchange.body);
  return (
    <li>
      <details open={isNewest}>
        <summary>
          <code><b>{method}</b> {decodeURI(path)}</code>
          {operationOf(body) && <span className="operation">{operationOf(body)}</span>}
          <Status answer={answer} />
        </summary>
        <section aria-label="Request">
          <div className="row"><h3>Request</h3> <CopyButton text={curl(exchange, location.origin)}>Copy as curl</CopyButton></div>
          <Headers headers={headers} isOpen />
          {body && <Body text={body} />}
        </section>
        {answer && (
          <section aria-label="Answer">
            <div className="row"><h3>Answer</h3> <span className="muted">{answer.milliseconds} ms</span></div>
            <Headers headers={answer.headers} />
            {answer.body && <Body text={answer.body} />}
          </section>
        )}
      </details>
    </li>
  );
}

function Status({ answer }: { answer: Answer | null }) {
  if (!answer) return <span className="status">…</span>;
  const { status, statusText } = answer;
  return <span className="status" data-went={status && status < 400 ? "well" : "wrong"} title={statusText}>{status ?? "no answer"}</span>;
}

function Headers({ headers, isOpen = false }: { headers: [string, string][]; isOpen?: boolean }) {
  return (
    <details className="headers" open={isOpen}>
      <summary>{headers.length} {headers.length === 1 ? "header" : "headers"}</summary>
      <dl>
        {headers.map(([name, value]) => <div key={name}><dt>{name}</dt> <dd>{value}</dd></div>)}
      </dl>
    </details>
  );
}

/** A body; of a GraphQL request, the document and the variables apart. */
function Body({ text }: { text: string }) {
  const { query, variables } = parsed(text);
  if (typeof query !== "string") return <Code text={text} />;
  return (
    <>
      <pre tabIndex={0}><code>{query}</code></pre>
      {variables ? <><h4>Variables</h4><Code text={JSON.stringify(variables)} /></> : null}
    </>
  );
}

function operationOf(body: string | null): string | null {
  return (body && /^(?:query|mutation) (\w+)/.exec(String(parsed(body).query))?.[1]) || null;
}

function parsed(text: string): { query?: unknown; variables?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function CopyButton({ text, children }: { text: string; children: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <>
      <button
        className="small"
        onBlur={() => setCopied(false)}
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {isCopied ? "Copied" : children}
      </button>
      <span role="status" className="unseen">{isCopied && "Copied"}</span>
    </>
  );
}
