"""The catalogue of failures of operations. Both APIs render errors from it."""

import logging
from enum import Enum, StrEnum

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django_guid import get_guid
from psycopg import Error as PsycopgError
from rest_framework.exceptions import APIException

logger = logging.getLogger(__name__)

# SQLSTATEs of PostgreSQL
QUERY_CANCELED = "57014"  # a statement over its statement_timeout
LOCK_NOT_AVAILABLE = "55P03"  # a statement that waited for a row longer than lock_timeout
DEADLOCK = "40P01"
SERIALIZATION_FAILURE = "40001"
FOREIGN_KEY_VIOLATION = "23503"
READ_ONLY = "25006"  # a write to a replica: after a failover, the former primary
SHUTDOWN = ("57P01", "57P02", "57P03")  # the server is stopping, has crashed, or is starting
CONNECTION_EXCEPTION = "08"  # a class: the first two characters

RETRY_AFTER = 5  # seconds in Retry-After while the database or Redis is unavailable

OK = "OK"  # in metrics: a successful operation
INVALID = "INVALID"  # in metrics: an operation with invalid input, whatever its `InvalidCode`s are

# The `reason` of FORBIDDEN
NOT_PERMITTED = "not_permitted"  # the account lacks the permission
INSUFFICIENT_SCOPE = "insufficient_scope"  # the token lacks the scope; another token of the account may have it


class Outcome(Enum):
    """The outcomes that are not success: code, HTTP status over REST, and English message (contracts are English)."""

    BAD_REQUEST = 400, _("Malformed request. Correct it and try again.")
    TOO_COMPLEX = 400, _("The document is too complex. Request less, or split it into several requests.")
    CODE_INVALID = 400, _("The code is wrong, used or expired. Check it, or request a new one.")
    UNAUTHENTICATED = 401, _("Authentication required. Sign in and send 'Authorization: Bearer TOKEN'.")
    FORBIDDEN = 403, _("Permission denied. Sign in with an account that has the permission.")
    EMAIL_UNVERIFIED = 403, _("Verify your email address first: enter the mailed code, or request another one.")
    NOT_FOUND = 404, _("Not found, or you do not have access.")
    PERSISTED_QUERY_NOT_FOUND = 404, "PersistedQueryNotFound"  # compared by Apollo's clients
    DOCUMENT_UNKNOWN = 404, _("Document not registered. Send a registered one, by its id or its exact text.")
    METHOD_NOT_ALLOWED = 405, _("Method not allowed. See the Allow header.")
    NOT_ACCEPTABLE = 406, _("Responses are JSON. Send Accept: application/json.")
    CONFLICT = 412, _("Modified since you fetched it. Fetch it again and retry.")
    CONTENT_TOO_LARGE = 413, _("Request body too large. Send less in one request.")
    UNSUPPORTED_MEDIA_TYPE = 415, _("Unsupported media type. Send JSON with Content-Type: application/json.")
    KEY_REUSED = 422, _("The idempotency key was used with another request. Use a new key.")
    PRECONDITION_REQUIRED = 428, _("Send the etag that you fetched in If-Match (ifMatch), or 'version' in the input.")
    THROTTLED = 429, _("Too many requests. Retry after the time in Retry-After.")
    INTERNAL = 500, _("Internal server error. Quote the id when you report it.")
    UNAVAILABLE = 503, _("Service temporarily unavailable. Retry after the time in Retry-After.")
    TIMEOUT = 504, _("The query took too long. Narrow it and retry.")

    def __init__(self, status: int, meaning: str) -> None:
        self.code = self.name
        self.status = status
        self.meaning = meaning

    @property
    def message(self) -> str:
        """The message in the language of the request."""
        return gettext(self.meaning)

    @classmethod
    def with_status(cls, status: int) -> "Outcome | None":
        return next((outcome for outcome in cls if outcome.status == status), None)


class InvalidCode(StrEnum):
    """The codes of invalid fields, with their meanings for the contracts."""

    REQUIRED = "required", "The field is required."
    NULL = "null", "The field must not be null."
    BLANK = "blank", "The field must not be empty."
    INVALID = "invalid", "The value has the wrong form; the message says which form is required."
    INVALID_CHOICE = "invalid_choice", "The value is not one of the field's choices."
    MIN_VALUE = "min_value", "The number is too small."
    MAX_VALUE = "max_value", "The number is too large."
    MAX_LENGTH = "max_length", "The text is too long."
    PASSWORD_TOO_SHORT = "password_too_short", "The password is too short."
    PASSWORD_TOO_COMMON = "password_too_common", "The password is too common."
    PASSWORD_TOO_SIMILAR = "password_too_similar", "The password is too similar to other fields of the account."
    PASSWORD_ENTIRELY_NUMERIC = "password_entirely_numeric", "The password has only digits."
    UNIQUE = "unique", "Another profile has this value."
    RESERVED = "reserved", "The value is reserved by the service."
    READ_ONLY = "read_only", "The field is read-only for this caller."
    UNKNOWN = "unknown", "The field does not exist."

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "InvalidCode":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class Refused(Exception):
    """An operation ended with an outcome of the catalogue.

    Args:
        outcome: the outcome.
        message: a translated message that replaces the outcome's own.
        headers: HTTP headers of the response, in both APIs.
        details: data for clients: `version` (CONFLICT), `reason` (FORBIDDEN), `retry_after` in seconds (THROTTLED,
            UNAVAILABLE), `id` of the log line (INTERNAL), `row`: the number of the refused row in a bulk write, and
            for TOO_COMPLEX `limit`, the maximum `most` and the document's own `figure`.
    """

    def __init__(
        self,
        outcome: Outcome,
        message: str = "",
        *,
        headers: dict[str, str] | None = None,
        **details: int | str,
    ) -> None:
        self.outcome = outcome
        self.message = message or outcome.message
        self.details = details
        self.headers = dict(headers or {})
        if outcome is Outcome.UNAUTHENTICATED:
            self.headers.setdefault("WWW-Authenticate", "Bearer")  # RFC 9110, section 11.6.1
        if outcome is Outcome.FORBIDDEN:
            self.details.setdefault("reason", NOT_PERMITTED)
        if "retry_after" in details:
            self.headers["Retry-After"] = str(details["retry_after"])
        super().__init__(self.message)

    def of_row(self, number: int) -> "Refused":
        """This refusal, for a row of a bulk write; rows are numbered from 0."""
        return Refused(self.outcome, self.message, headers=self.headers, **self.details, row=number)


def bad_token(message: str) -> Refused:
    """UNAUTHENTICATED with error="invalid_token" (RFC 6750, section 3.1)."""
    return Refused(Outcome.UNAUTHENTICATED, message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def insufficient_scope(message: str) -> Refused:
    """FORBIDDEN with error="insufficient_scope" (RFC 6750, section 3.1)."""
    headers = {"WWW-Authenticate": f'Bearer error="{INSUFFICIENT_SCOPE}"'}
    return Refused(Outcome.FORBIDDEN, message, headers=headers, reason=INSUFFICIENT_SCOPE)


def sign_in_ended() -> Refused:
    """UNAUTHENTICATED for an invalid token, or one whose account or session has ended."""
    return bad_token(gettext("The token is invalid or expired. Sign in again."))


def _sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error; None on SQLite."""
    return getattr(error.__cause__, "sqlstate", None)


class CommitLost(OperationalError):
    """The connection was lost after COMMIT was sent; the transaction may or may not be committed."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection to the database was lost, could not be opened, or is read-only (a replica)."""
    state = _sqlstate(error)
    if state is None:
        return isinstance(error, (OperationalError, InterfaceError)) and isinstance(error.__cause__, PsycopgError)
    return state in SHUTDOWN or state == READ_ONLY or state.startswith(CONNECTION_EXCEPTION)


def is_aborted(error: BaseException) -> bool:
    """Whether PostgreSQL certainly rolled the transaction back and a retry can succeed: after a deadlock, a
    serialization failure, or a connection lost before COMMIT was sent."""
    if isinstance(error, CommitLost):
        return False
    return _sqlstate(error) in (DEADLOCK, SERIALIZATION_FAILURE) or is_lost(error)


def _refers_to_deleted(error: BaseException) -> bool:
    """Whether a foreign key refers to a row that was deleted concurrently. SQLite gives a message and no code."""
    return isinstance(error, IntegrityError) and (
        _sqlstate(error) == FOREIGN_KEY_VIOLATION or "FOREIGN KEY constraint failed" in str(error)
    )


OF_DJANGO: dict[type[Exception], Outcome] = {  # the first matching class counts
    RequestDataTooBig: Outcome.CONTENT_TOO_LARGE,
    SuspiciousOperation: Outcome.BAD_REQUEST,
    BadRequest: Outcome.BAD_REQUEST,
    MultiPartParserError: Outcome.BAD_REQUEST,
    PermissionDenied: Outcome.FORBIDDEN,
    Http404: Outcome.NOT_FOUND,
}


def refusal(error: BaseException) -> Refused:
    """The refusal that renders an exception.

    Accepts every exception except ValidationError: Django's, REST framework's, the database's, or an unexpected one.
    An unexpected one becomes INTERNAL: its traceback is logged under the request's id, its text is not sent.
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, OperationalError) and _sqlstate(error) == QUERY_CANCELED:
        logger.error("The database cancelled a statement: it took too long", exc_info=error)
        return Refused(Outcome.TIMEOUT)
    if isinstance(error, OperationalError) and _sqlstate(error) == LOCK_NOT_AVAILABLE:
        logger.warning("A statement waited too long for a lock")
        return Refused(Outcome.UNAVAILABLE, retry_after=1)
    if isinstance(error, CommitLost):
        logger.error("The database's answer to COMMIT was lost", exc_info=error)
        message = gettext("It is not known whether the write was done. Retry it with the same idempotency key.")
        return Refused(Outcome.UNAVAILABLE, message, retry_after=RETRY_AFTER)
    if isinstance(error, (OperationalError, InterfaceError)) or is_lost(error):
        logger.error("The database is away", exc_info=error)
        return Refused(Outcome.UNAVAILABLE, retry_after=RETRY_AFTER)
    if _refers_to_deleted(error):
        return Refused(Outcome.CONFLICT)
    outcome = _outcome_of(error)
    if outcome and outcome is not Outcome.INTERNAL:
        return Refused(outcome)
    logger.error("Unexpected %s", type(error).__name__, exc_info=error)
    return Refused(Outcome.INTERNAL, id=get_guid() or "")


def _outcome_of(error: BaseException) -> Outcome | None:
    """The outcome of an exception of Django or REST framework; None for another exception."""
    if isinstance(error, APIException):
        return Outcome.with_status(error.status_code)
    return next((outcome for kind, outcome in OF_DJANGO.items() if isinstance(error, kind)), None)
