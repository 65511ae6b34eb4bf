// `node --import ./ended.mjs …`: the first token that is sent is one that has ended.
const { fetch } = globalThis;
let ended = false;

globalThis.fetch = (url, init) => {
  const headers = new Headers(init?.headers);
  if (headers.has("Authorization") && !ended) {
    headers.set("Authorization", "Bearer ended");
    ended = true;
  }
  return fetch(url, { ...init, headers });
};
