/** How a call ends other than well: the service's catalogue of outcomes. */

import type { graphql } from "../contracts/graphql";

export type OutcomeCode = ReturnType<typeof graphql.scalar<"OutcomeCode">>;

/** A refusal of the whole call. */
export class Refused extends Error {
  constructor(
    readonly code: OutcomeCode,
    message: string,
    /** Seconds to wait, where the outcome says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

export interface FieldError {
  code: string;
  message: string;
  /** The input's field; null where it is none of them. */
  field: string | null;
}

/** An input that has something wrong with it, field by field. */
export class Invalid extends Error {
  constructor(readonly errors: FieldError[]) {
    super(errors.map((error) => error.message).join(" "));
  }
}
