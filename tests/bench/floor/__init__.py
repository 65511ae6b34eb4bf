"""The floor: the least work a WSGI program needs for REST's read of one row and of a page of 100.

It checks a token, asks PostgreSQL for its owner and for the rows, with prepared statements on one connection per
thread, and writes JSON. It has no validation, no policy and no framework.
"""

import os
from http import HTTPStatus
from threading import local

import jwt
import orjson
import psycopg
from psycopg.rows import dict_row

COLUMNS = (
    "id, username, email, bio, display_name, location, website, time_zone, visibility, email_public, is_active, "
    "is_staff, last_login, created_at, updated_at, updated_by_id AS updated_by, version"
)
OWNER = "SELECT id FROM stock_profile WHERE id = %s AND is_active"
ROW = f"SELECT {COLUMNS} FROM stock_profile WHERE id = %s"  # noqa: S608
PAGE = f"SELECT {COLUMNS} FROM stock_profile ORDER BY id DESC LIMIT 100"  # noqa: S608

SECRET_KEY = os.environ["SECRET_KEY"]
threads = local()


def rows(statement, *values):
    """The rows of a statement. Each thread's connection prepares it once."""
    if not hasattr(threads, "connection"):
        threads.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, row_factory=dict_row)
    return threads.connection.execute(statement, values, prepare=True).fetchall()


def is_signed_in(authorization):
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET_KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return False
    return bool(rows(OWNER, int(claims["sub"])))


def response_to(environ):
    """The status and the value to send as JSON."""
    if not is_signed_in(environ.get("HTTP_AUTHORIZATION", "")):
        return HTTPStatus.UNAUTHORIZED, None
    match environ["PATH_INFO"].strip("/").split("/"):
        case ["profiles"]:
            return HTTPStatus.OK, {"results": rows(PAGE)}
        case ["profiles", pk] if pk.isdecimal() and (found := rows(ROW, int(pk))):
            return HTTPStatus.OK, found[0]
    return HTTPStatus.NOT_FOUND, None


def application(environ, start_response):
    status, answer = response_to(environ)
    body = orjson.dumps(answer)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
