/** JSON text, indented, its parts in colours. */

const PARTS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d[\d.eE+-]*/g;

export function Code({ text }: { text: string }) {
  return <pre tabIndex={0}><code>{[...coloured(indented(text))]}</code></pre>;
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function* coloured(text: string) {
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    const [part, string, colon] = match;
    yield text.slice(end, match.index);
    end = match.index + part.length;
    yield <span key={end} className={colon ? "name" : string ? "string" : "literal"}>{part}</span>;
  }
  yield text.slice(end);
}
