"""The complete list of intended differences. `test_differences.py` tests each, and `make reference` prints the list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    rest: str
    graphql: str
    reason: str


DIFFERENCES = {
    "names": Difference(
        "`id`, `node_id`, `display_name`, `public`",
        "`pk`, `id`, `displayName`, `PUBLIC`",
        "Each API has the names that its clients expect; Relay wants `id` for its global id.",
    ),
    "who last wrote it": Difference(
        "`updated_by` is a key",
        "`updatedBy` is the profile",
        "A graph is for following; a REST answer stays one resource.",
    ),
    "a value of another type": Difference(
        "400, one `invalid` for the field",
        "a top-level `BAD_REQUEST`: the schema refuses it",
        "GraphQL checks types before anything of ours runs.",
    ),
    "a field that does not exist": Difference(
        "400, one `unknown` for the field",
        "a top-level `BAD_REQUEST`: the schema refuses it",
        "The same.",
    ),
    "a choice that does not exist": Difference(
        "400, one `invalid_choice` for the field",
        "a top-level `BAD_REQUEST`: the schema refuses it",
        "The choices are one enum, in outputs and inputs.",
    ),
    "what the server keeps, in an input": Difference(
        "ignored: a body can be sent back as it came",
        "not in the input types",
        "A GraphQL client picks what it reads, and never has a whole body to send back.",
    ),
    "invalid input": Difference(
        "400",
        "200, in the payload's `errors`",
        "The codes, messages and number are the same; a GraphQL answer can hold several operations.",
    ),
    "a refusal": Difference(
        "401, 403, 404, 412",
        "200, a top-level error with the code",
        "The same; an invalid token is 401 and an unavailable database 503 in both APIs.",
    ),
    "credentials left out": Difference(
        "400, `required`",
        "a top-level `BAD_REQUEST`: the arguments are not null",
        "django-graphql-jwt's signatures of `tokenAuth` and its like.",
    ),
    "two sets of credentials at once": Difference(
        "two requests",
        "a top-level `BAD_REQUEST`: at most one in a document",
        "Guesses are not sent by the dozen; each that is made counts.",
    ),
    "a tag that still holds": Difference(
        "304 to `If-None-Match`",
        "the data, with its `etag`",
        "HTTP caches a URL; a GraphQL client caches by id.",
    ),
    "a list's arguments that are wrong": Difference(
        "400, an error for the parameter",
        "a top-level `BAD_REQUEST` with the same words",
        "A query has no payload to put errors in.",
    ),
    "an export": Difference(
        "the document, as a stream",
        "its URL, to be fetched with the same token",
        "A GraphQL answer is built in memory, and an export has no bound on its size.",
    ),
    "a page of long texts": Difference(
        "sent, however many bytes it takes",
        "`TOO_COMPLEX` beyond `GRAPHQL_MAX_BYTES`",
        "A document can ask for many pages at once; a REST answer is one page.",
    ),
    "the scopes for a member": Difference(
        "a history needs `listProfileHistory`",
        "it needs `getProfile` too, for the row that it is a member of",
        "A personal token is for operations by their names, and each root field is one.",
    ),
    "a document that is not registered": Difference(
        "not concerned: there are no documents",
        "`DOCUMENT_UNKNOWN`, where `GRAPHQL_DOCUMENTS` is `registered`",
        "What REST can be asked is a list already.",
    ),
    "a key of more than 32 bits": Difference(
        "`NOT_FOUND`",
        "`BAD_REQUEST`",
        "GraphQL's `Int` has 32 bits, and so have our keys.",
    ),
}
