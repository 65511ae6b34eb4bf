"""The reference of outcomes, from the catalogue in `profiles.core.outcomes`."""

from textwrap import fill

from graphql_api.core.views import SAID_BY_STATUS
from profiles.core.outcomes import InvalidCode, Outcome

WIDTH = 120
HEAD = """<!-- Written by `make reference` from profiles/core/outcomes.py and tests/guide/outcomes.py. -->

# Outcomes

Every way in which an operation can end, other than well. The codes are for clients and never change; messages are for
people, in the language of `Accept-Language`. A client needs one rule for each code, whichever API it calls.

- **REST** answers with the status and `{"type": …, "errors": [{"code", "detail", "attr"}]}`.
- **REST's problems** (`application/problem+json`, RFC 9457) are for a client whose `Accept` names that type with no
  less weight than JSON: `Accept: application/json, application/problem+json`. The `type` leads to the outcome's section
  on this page, `instance` is the request's id as a URN, and `errors` and the other members of the default form stay.
  Requests that never reached Django, such as one that is no HTTP, have the default form.
- **GraphQL** answers with a top-level error, whose `extensions` have the `code`. With `Accept: application/json` the
  status is 200, unless the request could not be read or a code says otherwise. With
  `Accept: application/graphql-response+json` it is the code's status where nothing was executed
  ([GraphQL over HTTP](https://graphql.github.io/graphql-over-http/draft/), section 6.4).
- **Invalid input** is 400 in REST. In GraphQL it is 200, with the same codes and messages in the payload's `errors`:
  see [Codes of invalid input](#codes-of-invalid-input).
"""
ADVICE = {
    Outcome.BAD_REQUEST: "Correct the request: the message says what is malformed.",
    Outcome.TOO_COMPLEX: "Request fewer fields, rows or levels. `extensions` have the `limit`, the `most` that passes, "
    "and the document's `figure`. [Settings](settings.md#graphql-documents) lists the limits.",
    Outcome.CODE_INVALID: "Check the code that was mailed, or request a new one; only the newest is valid.",
    Outcome.UNAUTHENTICATED: "Sign in, or refresh the token, and send the request again. Send a refresh without an "
    "`Authorization` header.",
    Outcome.FORBIDDEN: "`reason` says which of two it is. `not_permitted`: the account may not do this. "
    "`insufficient_scope`: the token may not; use one with the scope that the message names.",
    Outcome.EMAIL_UNVERIFIED: "Verify the address with the mailed code, or request another code.",
    Outcome.NOT_FOUND: "Check the id, or sign in with an account that may see it. A profile that you may not see and "
    "one that does not exist have the same answer.",
    Outcome.PERSISTED_QUERY_NOT_FOUND: "Send the document with its hash: Apollo's clients do so by themselves.",
    Outcome.DOCUMENT_UNKNOWN: "Register the document, or send a registered one: "
    "[Register GraphQL documents](../how-to/documents.md).",
    Outcome.METHOD_NOT_ALLOWED: "Use a method that the `Allow` header lists.",
    Outcome.NOT_ACCEPTABLE: "Accept `application/json`.",
    Outcome.CONFLICT: "Fetch the resource again, merge, and write with its new version; `version` names it.",
    Outcome.CONTENT_TOO_LARGE: "Send less in one request: a body has at most 100 KB.",
    Outcome.UNSUPPORTED_MEDIA_TYPE: "Send JSON with `Content-Type: application/json`.",
    Outcome.KEY_REUSED: "Use a new idempotency key for a new request.",
    Outcome.PRECONDITION_REQUIRED: "Fetch the resource, and send its ETag in `If-Match` (`ifMatch`), or its "
    "`version` in the input. [Write safely](../how-to/write.md#refuse-lost-updates) shows it.",
    Outcome.THROTTLED: "Wait for the seconds in `Retry-After` (`retryAfter` in GraphQL), then send it again.",
    Outcome.INTERNAL: "Report it with its `id`, which is that of the log record.",
    Outcome.UNAVAILABLE: "Wait for the seconds in `Retry-After`, then send it again. A write needs an idempotency key "
    "or a precondition, so that it is not done twice.",
    Outcome.TIMEOUT: "Narrow the query: fewer rows, or another filter or ordering.",
}
"""What a client does about each. An outcome without advice has no page, so `make reference` fails."""

ALWAYS_BY_STATUS = {
    *SAID_BY_STATUS, Outcome.NOT_ACCEPTABLE, Outcome.CONTENT_TOO_LARGE, Outcome.UNSUPPORTED_MEDIA_TYPE,
}  # fmt: skip
"""The outcomes that GraphQL answers by their own status, whatever the client accepts."""


def page() -> str:
    return HEAD + "".join(section(outcome) for outcome in Outcome) + codes()


def section(outcome: Outcome) -> str:
    return f"""
## {outcome.code}

> {outcome.meaning}

| REST | GraphQL |
|---|---|
| {outcome.status} | {graphql_form(outcome)} |

{fill(ADVICE[outcome], WIDTH)}
"""


def graphql_form(outcome: Outcome) -> str:
    error = f'top-level error, `"code": "{outcome.code}"`'
    if outcome is Outcome.UNAUTHENTICATED:
        return f"{error}; with a token that is invalid, status 401 and nothing is executed"
    return f"{error}, status {outcome.status}" if outcome in ALWAYS_BY_STATUS else error


def codes() -> str:
    rows = "".join(f'| <a id="{code}"></a>`{code}` | {code.meaning} |\n' for code in InvalidCode)
    return f"""
## Codes of invalid input

One error for each wrong field. `attr` (`field` in GraphQL, in camelCase) names the field.

| code | meaning |
|---|---|
{rows}"""
