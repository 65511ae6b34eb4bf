"""The floor: the least that a WSGI program does for the same answers. REST's read of a row and of a page of 100.

It checks a token, asks PostgreSQL whose it is and for the rows, by prepared statements on a connection of each
thread, and writes JSON. It validates nothing, knows no policy, and uses no framework.
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
    """The rows of a statement, prepared once by each thread's connection."""
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
    """The status and what is sent as JSON."""
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
