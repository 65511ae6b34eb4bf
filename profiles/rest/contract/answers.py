"""OpenAPI components for the error responses of the catalogue."""

from typing import Any

from profiles.core.outcomes import INSUFFICIENT_SCOPE, NOT_PERMITTED, RETRY_AFTER, InvalidCode, Outcome, Refused
from profiles.rest.exceptions import body_of

DETAILS: dict[Outcome, dict[str, Any]] = {
    Outcome.FORBIDDEN: {"reason": NOT_PERMITTED},
    Outcome.CONFLICT: {"version": 3},
    Outcome.THROTTLED: {"retry_after": 42},
    Outcome.UNAVAILABLE: {"retry_after": RETRY_AFTER},
    Outcome.INTERNAL: {"id": "6f1c2d1e8a604f0a9b0e3d1f0c6a7b52"},
}
"""Example details of a refusal, by outcome."""


MORE = {Outcome.FORBIDDEN: (Outcome.EMAIL_UNVERIFIED,)}
"""Other outcomes with the same status."""


def component_name(outcome: Outcome) -> str:
    return outcome.name.title().replace("_", "")


def refused(outcome: Outcome) -> dict[str, Any]:
    """The OpenAPI response of an outcome, rendered like the real error."""
    example = Refused(outcome, outcome.meaning, **DETAILS.get(outcome, {}))
    more = {other.code: body_of(Refused(other, other.meaning)) for other in MORE.get(outcome, ())}
    return {
        "description": outcome.meaning,
        "headers": {
            name: {"required": True, "schema": {"type": "string"}, "example": value}
            for name, value in example.headers.items()
        },
        "content": _content(_schema("Refusal"), {outcome.code: body_of(example), **more}),
    }


def _content(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    values = {name: {"value": value} for name, value in examples.items()}
    return {"application/json": {"schema": schema, "examples": values}}


def _schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _codes(description: str, meanings: dict[str, str]) -> dict[str, Any]:
    lines = [f"* `{code}` - {meaning}" for code, meaning in meanings.items()]
    return {"type": "string", "enum": list(meanings), "description": "\n".join([description, "", *lines])}


def _body(description: str, kind: dict[str, Any], code: str, attr: dict[str, Any], **details: Any) -> dict[str, Any]:
    """The schema of drf-standardized-errors: a type, and errors with code, detail and attr."""
    error = {
        "code": _schema(code),
        "detail": {"type": "string", "description": "What is wrong and what to do, in the caller's language."},
        "attr": attr,
    }
    item = {"type": "object", "properties": error, "required": list(error)}
    errors = {"type": "array", "minItems": 1, "items": item}
    return {
        "type": "object",
        "description": description,
        "properties": {"type": kind, "errors": errors, **details},
        "required": ["type", "errors"],
    }


SCHEMAS = {
    "InvalidCode": _codes("Error of a field.", {code.value: code.meaning for code in InvalidCode}),
    "OutcomeCode": _codes("Reason why the operation failed.", {outcome.code: outcome.meaning for outcome in Outcome}),
    "ValidationError": _body(
        "All errors of an input.",
        {"const": "validation_error"},
        "InvalidCode",
        {
            "type": ["string", "null"],
            "description": "Path of the field; of one of several rows: `0.bio`.",
        },
    ),
    "Refusal": _body(
        "Refusal of an operation: one error, and details for programs.",
        {"type": "string", "enum": ["client_error", "server_error"]},
        "OutcomeCode",
        {"type": ["string", "null"], "description": "Always null."},
        version={"type": "integer", "description": "For `CONFLICT`: the current version."},
        reason={
            "type": "string",
            "enum": [NOT_PERMITTED, INSUFFICIENT_SCOPE],
            "description": "For `FORBIDDEN`: the account lacks the permission, or its token lacks the scope.",
        },
        retry_after={"type": "integer", "description": "For `THROTTLED` and `UNAVAILABLE`: seconds to wait."},
        id={"type": "string", "description": "For `INTERNAL`: id of the request, to quote."},
        row={"type": "integer", "description": "For several profiles: number of the refused one, from 0."},
    ),
}

INVALID_INPUT = {
    "description": "The input is invalid, or malformed.",
    "content": _content(
        {"oneOf": [_schema("ValidationError"), _schema("Refusal")]},
        {
            "invalid": {
                "type": "validation_error",
                "errors": [
                    {"code": InvalidCode.INVALID.value, "detail": "Enter a valid email address.", "attr": "email"}
                ],
            },
            **{
                outcome.code: body_of(Refused(outcome, outcome.meaning))
                for outcome in (Outcome.BAD_REQUEST, Outcome.CODE_INVALID)
            },
        },
    ),
}
