/** A client of REST: openapi-fetch's, typed by the service's OpenAPI document. */

import createFetchClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./openapi.js";

export type { paths };

export type Schemas = components["schemas"];

export type ProfilesClient = Client<paths, "application/json">;

/** `baseUrl` is the service's; `headers` or a middleware carries the token. */
export function createClient(options: ClientOptions): ProfilesClient {
  return createFetchClient<paths, "application/json">(options);
}
