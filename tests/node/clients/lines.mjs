// A reporter for node:test: a line of JSON for each test that ran, with its name and what was wrong, null where nothing was.
export default async function* (events) {
  for await (const { type, data } of events) {
    const error = type === "test:fail" ? (data.details.error.cause?.stack ?? data.details.error.message) : null;
    if (data.skip !== undefined) continue;
    if (type === "test:pass" || type === "test:fail") yield `${JSON.stringify({ check: data.name, error })}\n`;
  }
}
