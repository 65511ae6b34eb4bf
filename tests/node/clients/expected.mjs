// What each client is to see: the errors of an invalid update, and how a document is persisted, or is not registered.
export const INVALID = { username: "shown", bio: "x".repeat(2001) };

export const ERRORS = [
  { code: "unique", field: "username", message: "This username is taken. Choose another one." },
  { code: "max_length", field: "bio", message: "Must have at most 2000 characters." },
];

export const UNKNOWN = [
  { sent: "text", status: 404, codes: ["DOCUMENT_UNKNOWN"] },
  { sent: "hash", status: 404, codes: ["DOCUMENT_UNKNOWN"] },
];

export const PERSISTED = [
  { sent: "hash", status: 404, codes: ["PERSISTED_QUERY_NOT_FOUND"] },
  { sent: "hash and text", status: 200, codes: [] },
  { sent: "hash", status: 200, codes: [] },
];
