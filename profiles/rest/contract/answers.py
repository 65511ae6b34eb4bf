"""OpenAPI components for the error responses of the catalogue."""

from typing import Any, TypeAlias

from profiles.core.negotiation import JSON, PROBLEM
from profiles.core.outcomes import INSUFFICIENT_SCOPE, NOT_PERMITTED, RETRY_AFTER, InvalidCode, Outcome, Refused
from profiles.rest import exceptions
from profiles.rest.exceptions import body_of, problem_of, section_of

REQUEST_ID = "6f1c2d1e-8a60-4f0a-9b0e-3d1f0c6a7b52"

DETAILS: dict[Outcome, dict[str, Any]] = {
    Outcome.FORBIDDEN: {"reason": NOT_PERMITTED},
    Outcome.CONFLICT: {"version": 3},
    Outcome.THROTTLED: {"retry_after": 42},
    Outcome.UNAVAILABLE: {"retry_after": RETRY_AFTER},
    Outcome.INTERNAL: {"id": REQUEST_ID},
}
"""Example details of a refusal, by outcome."""


MORE = {Outcome.FORBIDDEN: (Outcome.EMAIL_UNVERIFIED,)}
"""Other outcomes with the same status."""


def component_name(outcome: Outcome) -> str:
    return outcome.name.title().replace("_", "")


def refused(outcome: Outcome) -> dict[str, Any]:
    """The OpenAPI response of an outcome, rendered like the real error."""
    example = Refused(outcome, outcome.meaning, **DETAILS.get(outcome, {}))
    more = [Refused(other, other.meaning) for other in MORE.get(outcome, ())]
    return {
        "description": outcome.meaning,
        "headers": {
            name: {"required": True, "schema": {"type": "string"}, "example": value}
            for name, value in example.headers.items()
        },
        "content": _content(_schema("Refusal"), _examples_of(example, *more)),
    }


Examples: TypeAlias = dict[str, tuple[dict[str, Any], dict[str, Any]]]  # by name: the body, and the problem


def _examples_of(*refusals: Refused) -> Examples:
    return {
        refused.outcome.code: _example(
            body_of(refused), refused.outcome.status, section_of(refused.outcome), refused.outcome.meaning
        )
        for refused in refusals
    }


def _example(body: dict[str, Any], status: int, section: str, title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return body, problem_of(body, status=status, section=section, title=title, request_id=REQUEST_ID)


def _content(schema: dict[str, Any], examples: Examples) -> dict[str, Any]:
    """The OpenAPI content of an error in both formats."""
    plain = {name: {"value": body} for name, (body, _problem) in examples.items()}
    problems = {name: {"value": problem} for name, (_body, problem) in examples.items()}
    return {
        JSON: {"schema": schema, "examples": plain},
        PROBLEM: {"schema": _schema("Problem"), "examples": problems},
    }


def _schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _codes(description: str, meanings: dict[str, str]) -> dict[str, Any]:
    lines = [f"* `{code}` - {meaning}" for code, meaning in meanings.items()]
    return {"type": "string", "enum": list(meanings), "description": "\n".join([description, "", *lines])}


def _errors(code: dict[str, Any], attr: str) -> dict[str, Any]:
    """The schema of a list of errors with code, detail and attr."""
    error = {
        "code": code,
        "detail": {"type": "string", "description": "What is wrong and what to do, in the caller's language."},
        "attr": {"type": ["string", "null"], "description": attr},
    }
    item = {"type": "object", "properties": error, "required": list(error)}
    return {"type": "array", "minItems": 1, "items": item}


def _body(description: str, kind: dict[str, Any], code: str, attr: str, **details: Any) -> dict[str, Any]:
    """The schema of drf-standardized-errors: a type, and errors."""
    return {
        "type": "object",
        "description": description,
        "properties": {"type": kind, "errors": _errors(_schema(code), attr), **details},
        "required": ["type", "errors"],
    }


MEMBERS: dict[str, dict[str, Any]] = {
    "version": {"type": "integer", "description": "For `CONFLICT`: the current version."},
    "reason": {
        "type": "string",
        "enum": [NOT_PERMITTED, INSUFFICIENT_SCOPE],
        "description": "For `FORBIDDEN`: the account lacks the permission, or its token lacks the scope.",
    },
    "retry_after": {"type": "integer", "description": "For `THROTTLED` and `UNAVAILABLE`: seconds to wait."},
    "id": {"type": "string", "description": "For `INTERNAL`: id of the request, to quote."},
    "row": {"type": "integer", "description": "For several profiles: number of the refused one, from 0."},
}
"""Schemas of the details of a refusal."""

OF_A_PROBLEM: dict[str, dict[str, Any]] = {
    "type": {"type": "string", "format": "uri-reference", "description": "Section of the guide about the outcome."},
    "title": {"type": "string", "description": "Summary of the outcome, in the caller's language."},
    "status": {"type": "integer", "description": "HTTP status."},
    "detail": {"type": "string", "description": "`detail` of the first error."},
    "instance": {"type": "string", "format": "uri", "description": "Id of the request, as a URN."},
}


SCHEMAS = {
    "InvalidCode": _codes("Error of a field.", {code.value: code.meaning for code in InvalidCode}),
    "OutcomeCode": _codes("Reason why the operation failed.", {outcome.code: outcome.meaning for outcome in Outcome}),
    "ValidationError": _body(
        "All errors of an input.",
        {"const": "validation_error"},
        "InvalidCode",
        "Path of the field; of one of several rows: `0.bio`.",
    ),
    "Refusal": _body(
        "Refusal of an operation: one error, and details for programs.",
        {"type": "string", "enum": ["client_error", "server_error"]},
        "OutcomeCode",
        "Always null.",
        **MEMBERS,
    ),
    "Problem": {
        "type": "object",
        "description": "Error as a problem (RFC 9457), if `Accept` names `application/problem+json`.",
        "properties": {
            **OF_A_PROBLEM,
            "errors": _errors(
                {"anyOf": [_schema("InvalidCode"), _schema("OutcomeCode")]}, "Path of the field, or null."
            ),
            **MEMBERS,
        },
        "required": [*OF_A_PROBLEM, "errors"],
    },
}

INVALID_INPUT = {
    "description": "The input is invalid, or malformed.",
    "content": _content(
        {"oneOf": [_schema("ValidationError"), _schema("Refusal")]},
        {
            "invalid": _example(
                {
                    "type": "validation_error",
                    "errors": [
                        {
                            "code": InvalidCode.INVALID.value,
                            "detail": "Must be an email address, such as name@example.com.",
                            "attr": "email",
                        }
                    ],
                },
                400,
                exceptions.INVALID_INPUT,
                exceptions.INVALID_TITLE,
            ),
            **_examples_of(
                *(Refused(outcome, outcome.meaning) for outcome in (Outcome.BAD_REQUEST, Outcome.CODE_INVALID))
            ),
        },
    ),
}
