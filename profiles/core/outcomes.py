"""The catalogue: every way that an operation can end other than well, once. Both APIs render from it."""

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
LOCK_NOT_AVAILABLE = "55P03"  # one that waited for a row longer than lock_timeout
DEADLOCK = "40P01"
SERIALIZATION_FAILURE = "40001"
FOREIGN_KEY_VIOLATION = "23503"
READ_ONLY = "25006"  # a write to a replica: after a failover, to the server that was the leader
SHUTDOWN = ("57P01", "57P02", "57P03")  # the server stops, has crashed, or is not ready yet
CONNECTION_EXCEPTION = "08"  # the class

RETRY_AFTER = 5  # seconds that a client is asked to wait where a store is away

OK = "OK"  # the outcome of an operation that succeeded, in metrics
INVALID = "INVALID"  # of one whose input was invalid, whatever its `InvalidCode`s are

# The `reason` of FORBIDDEN
NOT_PERMITTED = "not_permitted"  # the account lacks the permission
INSUFFICIENT_SCOPE = "insufficient_scope"  # the token lacks the scope; another token of the account may have it


class Outcome(Enum):
    """A code, the status of its REST answer, and what to do about it, in English: contracts know one language."""

    BAD_REQUEST = 400, _("Malformed request. Correct it and try again.")
    TOO_COMPLEX = 400, _("The document is too complex. Request less, or split it into several requests.")
    CODE_INVALID = 400, _("The code is wrong, used or expired. Check it, or request a new one.")
    UNAUTHENTICATED = 401, _("Authentication required. Sign in and send 'Authorization: Bearer TOKEN'.")
    FORBIDDEN = 403, _("Permission denied. Sign in with an account that has the permission.")
    EMAIL_UNVERIFIED = 403, _("Verify your email address first: enter the mailed code, or request another one.")
    NOT_FOUND = 404, _("Not found, or you do not have access.")
    PERSISTED_QUERY_NOT_FOUND = 404, "PersistedQueryNotFound"  # what Apollo's clients look for, in any language
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
        """What to do about it, in the language of the request."""
        return gettext(self.meaning)

    @classmethod
    def with_status(cls, status: int) -> "Outcome | None":
        return next((outcome for outcome in cls if outcome.status == status), None)


class InvalidCode(StrEnum):
    """What can be wrong with one field of an input, and what it means, for the contracts."""

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
    """An operation that ended with an outcome of the catalogue.

    Args:
        outcome: which one.
        message: what to say instead of the outcome's own message, translated.
        headers: HTTP headers that its answer carries, over either API.
        details: what a client can use: `version` (CONFLICT), `reason` (FORBIDDEN), `retry_after` in seconds
            (THROTTLED, UNAVAILABLE), `id` of the log line (INTERNAL), `row` of several that was refused, and of
            TOO_COMPLEX the `limit`, the `most` that passes and the document's own `figure`.
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
        """The same, of one row of several, counted from 0."""
        return Refused(self.outcome, self.message, headers=self.headers, **self.details, row=number)


def bad_token(message: str) -> Refused:
    """The refusal of what a client sent as its token (RFC 6750, section 3.1)."""
    return Refused(Outcome.UNAUTHENTICATED, message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def insufficient_scope(message: str) -> Refused:
    """The refusal of a token whose scope does not cover the operation (RFC 6750, section 3.1)."""
    headers = {"WWW-Authenticate": f'Bearer error="{INSUFFICIENT_SCOPE}"'}
    return Refused(Outcome.FORBIDDEN, message, headers=headers, reason=INSUFFICIENT_SCOPE)


def sign_in_ended() -> Refused:
    """The refusal of a token that is not valid, or whose account or session has ended."""
    return bad_token(gettext("The token is invalid or expired. Sign in again."))


def _sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code of a database error; None for SQLite's."""
    return getattr(error.__cause__, "sqlstate", None)


class CommitLost(OperationalError):
    """The connection was lost after COMMIT was sent: whether the transaction was committed is not known."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection to the database was lost, or there was none, or only one to a replica."""
    state = _sqlstate(error)
    if state is None:
        return isinstance(error, (OperationalError, InterfaceError)) and isinstance(error.__cause__, PsycopgError)
    return state in SHUTDOWN or state == READ_ONLY or state.startswith(CONNECTION_EXCEPTION)


def is_aborted(error: BaseException) -> bool:
    """Whether PostgreSQL has certainly undone this transaction, for a reason that need not be there a second time: a
    deadlock, a serialization failure, or a connection that was lost before COMMIT was sent."""
    if isinstance(error, CommitLost):
        return False
    return _sqlstate(error) in (DEADLOCK, SERIALIZATION_FAILURE) or is_lost(error)


def _refers_to_deleted(error: BaseException) -> bool:
    """Whether a row that was deleted meanwhile is referred to. SQLite has a text and no code."""
    return isinstance(error, IntegrityError) and (
        _sqlstate(error) == FOREIGN_KEY_VIOLATION or "FOREIGN KEY constraint failed" in str(error)
    )


OF_DJANGO: dict[type[Exception], Outcome] = {  # the first that an exception is of
    RequestDataTooBig: Outcome.CONTENT_TOO_LARGE,
    SuspiciousOperation: Outcome.BAD_REQUEST,
    BadRequest: Outcome.BAD_REQUEST,
    MultiPartParserError: Outcome.BAD_REQUEST,
    PermissionDenied: Outcome.FORBIDDEN,
    Http404: Outcome.NOT_FOUND,
}


def refusal(error: BaseException) -> Refused:
    """The outcome that an exception stands for.

    Takes any exception but an invalid input: Django's, REST framework's, the database's, or one that nobody
    expected. The last becomes INTERNAL, is logged with its trace under the request's id, and keeps its text to itself.
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
    """The outcome that one of Django's or REST framework's exceptions names."""
    if isinstance(error, APIException):
        return Outcome.with_status(error.status_code)
    return next((outcome for kind, outcome in OF_DJANGO.items() if isinstance(error, kind)), None)
