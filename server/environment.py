"""Every environment variable, declared once.

The service reads its variables by these declarations; the guide's page of settings and `.env.example` are written from
them by `make reference`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One environment variable.

    Args:
        does: what it does, in Markdown, for the reference.
        kind: the type that its text is read as.
        default: its value where it is not set or empty.
        in_debug: another default under DEBUG.
        in_service: another default in processes that serve requests, not in commands.
        required: whether a start without it fails, but under DEBUG.
        choices: its only values, where they are few.
        form: what its text looks like, where `kind` does not say it.
        shown: the default in words, where the value says too little.
        example: the value that `.env.example` proposes, commented out.
        read_by: the program that reads it, where that is not the service's own code.
    """

    does: str
    kind: type = str
    default: Any = None
    in_debug: Any = None
    in_service: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    form: str = ""
    shown: str = ""
    example: str = ""
    read_by: str = ""


def text(does: str, default: str = "", **more: Any) -> Variable:
    return Variable(does=does, default=default, **more)


def number(does: str, default: float | None, **more: Any) -> Variable:
    return Variable(does=does, default=default, kind=int if isinstance(default, int) else float, **more)


def switch(does: str, *, default: bool = False) -> Variable:
    return Variable(does=does, default=default, kind=bool)


def rate(does: str, default: str) -> Variable:
    return Variable(does=does, default=default, form="rate")


def listed(does: str, **more: Any) -> Variable:
    return Variable(does=does, kind=list, default=[], **more)


SECTIONS: dict[str, dict[str, Variable]] = {
    "Keys and names": {
        "SECRET_KEY": text(
            "Django's key for signatures. `openssl rand -hex 32` makes one.",
            required=True,
        ),
        "JWT_KEYS": Variable(
            does="The keys of access tokens as `kid=secret` pairs, by commas: first the one that signs, then those "
            "that are still accepted. A secret has 32 bytes or more (RFC 7518, section 3.2): `openssl rand -hex 32` "
            "makes one. With `EdDSA` or `RS256` they are `kid=path` pairs, of PEM files.",
            kind=dict,
            default={},
            required=True,
        ),
        "ALLOWED_HOSTS": listed(
            "The host names that the service answers to, by commas.",
            in_debug=[".localhost", "127.0.0.1", "[::1]"],
            required=True,
        ),
        "JWT_ALGORITHM": text("How access tokens are signed.", "HS256", choices=("HS256", "RS256", "EdDSA")),
        "REFRESH_TOKEN_DAYS": number("Days until a sign-in ends, however often it is refreshed.", 14),
        "DEBUG": switch(
            "A developer's own machine: plain http, details of errors, and keys that are generated and kept in "
            "`.env.debug`. Never set it in production."
        ),
    },
    "Data": {
        "DATABASE_URL": text(
            "The database: PostgreSQL, or SQLite, which serves one machine well.",
            f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
            form="`postgres://user:password@host:port/name` or `sqlite:////path/to/file`",
            shown="the SQLite file `db.sqlite3`",
            example="postgres://profiles:PASSWORD@127.0.0.1:5432/profiles",
        ),
        "DATABASE_REPLICA_URLS": listed(
            "Replicas of PostgreSQL, by commas, that serve reads. An account reads from one only when that is 5 "
            "seconds past the account's last write, and nobody reads from one that is 10 seconds behind."
        ),
        "DATABASE_STATEMENT_TIMEOUT": number(
            "Seconds after which PostgreSQL cancels a statement (`TIMEOUT`, 504).", None, in_service=2
        ),
        "DATABASE_LOCK_TIMEOUT": number(
            "Seconds that a statement waits for a row that another transaction writes (`UNAVAILABLE`, 503).",
            None,
            in_service=1,
        ),
        "DATABASE_POOL_SIZE": number(
            "Connections of a process to PostgreSQL at most. 0: no pool.",
            0,
            shown="`0`; as many as `THREADS` in processes that serve requests",
        ),
        "DATABASE_POOL_TIMEOUT": number(
            "Seconds that a request waits for a connection of the pool, then it is `UNAVAILABLE`.", 2.0
        ),
        "REDIS_URL": text(
            "Where operations and attempts are counted for all processes. Without it each process counts for itself.",
            example="redis://127.0.0.1:6379/0",
        ),
        "REDIS_TIMEOUT": number("Seconds that an answer of Redis may take.", 0.08),
        "HISTORY_DAYS": number("Age in days at which `manage.py history clear` deletes a change.", 730),
    },
    "Server": {
        "HOST": text("The address that gunicorn listens on.", "127.0.0.1"),
        "PORT": number("The port that gunicorn listens on.", 8000),
        "WEB_CONCURRENCY": number("Number of gunicorn's worker processes.", 2),
        "THREADS": number("Threads of each worker process.", 1, in_service=8),
        "STOP_DELAY": number("Seconds that `/readyz` answers 503 before a stop begins, for a load balancer.", 0.0),
        "FORWARDED_ALLOW_IPS": text(
            "The proxies whose `X-Forwarded-Proto` is believed, by commas.", "127.0.0.1,::1", read_by="gunicorn"
        ),
        "TRUSTED_PROXIES": listed(
            "The proxies whose `X-Forwarded-For` is believed: addresses or networks, by commas. Without it all clients "
            "of a proxy share one address, and so its rate limits.",
            example="127.0.0.1",
        ),
        "CORS_ALLOWED_ORIGINS": listed("The origins whose pages may call both APIs from a browser, by commas."),
        "HSTS_INCLUDE_SUBDOMAINS": switch("Whether browsers use TLS alone with every name of the domain."),
        "HSTS_PRELOAD": switch("Whether the domain may be listed in browsers in advance (hstspreload.org)."),
    },
    "Mail": {
        "EMAIL_URL": text(
            "The mail server. Without it no mail is sent, and nobody can recover an account.",
            form="`smtp+tls://user:password@host:587` or `smtp+ssl://user:password@host:465`",
            example="smtp+tls://USER:PASSWORD@smtp.example.com:587",
        ),
        "MAIL_FROM": text("The address that mail is from; required with `EMAIL_URL`.", example="profiles@example.com"),
        "SITE_URL": text(
            "The service's own https URL, where links in mail lead; required with `EMAIL_URL`.",
            shown="none; under DEBUG this machine's",
            example="https://profiles.example.com",
        ),
        "REQUIRE_VERIFIED_EMAIL": switch(
            "Whether an account must verify its address before it writes anything else (`EMAIL_UNVERIFIED`)."
        ),
    },
    "Accounts and writes": {
        "SIGN_UP_IS_OPEN": switch("Whether anybody may create an account, or staff alone.", default=True),
        "OIDC_ISSUERS": text(
            "OpenID issuers whose access tokens are accepted too: see the guide's page on OpenID Connect.",
            "[]",
            form="JSON list of objects",
            shown="none",
            example='[{"issuer": "https://id.example.com", "audience": "https://profiles.example.com"}]',
        ),
        "REQUIRE_PRECONDITION": switch(
            "Whether an update, a replacement or a deletion must carry `If-Match`, `ifMatch` or a `version`."
        ),
        "EXPORTS_PER_DAY": number("Exports of one account in 24 hours, whoever asks.", 5),
    },
    "Rate limits": {
        "READ_LIMIT": rate("Reads of one caller.", "600 per minute"),
        "WRITE_LIMIT": rate("Writes of one caller.", "120 per minute"),
        "READ_LIMIT_PER_ADDRESS": rate("Reads of all accounts at one network address.", "6000 per minute"),
        "WRITE_LIMIT_PER_ADDRESS": rate("Writes of all accounts at one network address.", "1200 per minute"),
        "SIGN_IN_LIMIT_PER_ADDRESS": rate("Attempts to sign in from one network address.", "100 per 5 minutes"),
        "SIGN_IN_LIMIT_PER_ACCOUNT": rate(
            "Attempts to sign in to one account from one network, and to change its password.", "10 per 5 minutes"
        ),
        "SIGN_IN_CEILING_PER_ACCOUNT": rate(
            "Attempts to sign in to one account from all networks.", "100 per 5 minutes"
        ),
        "SIGN_UP_LIMIT_PER_ADDRESS": rate(
            "Attempts to sign up from one network address; staff's are not counted.", "20 per hour"
        ),
        "RECOVERY_LIMIT_PER_EMAIL": rate(
            "Requests to recover the accounts of one mail address, from one network.", "5 per hour"
        ),
        "RECOVERY_CEILING_PER_EMAIL": rate(
            "Requests to recover the accounts of one mail address, from all networks.", "20 per hour"
        ),
        "RECOVERY_LIMIT_PER_ADDRESS": rate("Requests to recover any account from one network address.", "50 per hour"),
        "MAIL_LIMIT_PER_ACCOUNT": rate(
            "Messages that one account has mailed to addresses that it names.", "10 per hour"
        ),
    },
    "GraphQL documents": {
        "GRAPHQL_INTROSPECTION": text(
            "Who is shown the schema.",
            "members",
            in_debug="everybody",
            choices=("everybody", "members", "nobody"),
        ),
        "GRAPHQL_DOCUMENTS": text(
            "Which documents are executed: `any`, only those `registered` by `manage.py documents add`, or any with a "
            "`report` of unregistered ones: see the guide's page on registered documents.",
            "any",
            choices=("any", "report", "registered"),
        ),
        "GRAPHQL_MAX_SIZE": number("Characters of a document.", 20_000),
        "GRAPHQL_MAX_VARIABLES": number("Values in the variables, however deep.", 2_000),
        "GRAPHQL_MAX_TOKENS": number("Tokens of a document.", 500),
        "GRAPHQL_MAX_DEPTH": number("Levels of fields; GraphiQL's introspection has 16.", 16),
        "GRAPHQL_MAX_ROOT_FIELDS": number("Fields of the operation's root.", 10),
        "GRAPHQL_MAX_ALIASES": number("Aliases.", 30),
        "GRAPHQL_MAX_REPEATED_FIELDS": number("Fields beside one of the same name.", 30),
        "GRAPHQL_MAX_DIRECTIVES": number("Directives.", 20),
        "GRAPHQL_MAX_FRAGMENTS": number("Fragment spreads and inline fragments, each as often as it is reached.", 50),
        "GRAPHQL_MAX_ROWS": number("Rows; pages multiply.", 350),
        "GRAPHQL_MAX_VALUES": Variable(
            does="Fields of the response; lists multiply.",
            kind=int,
            shown="as many as a page of 100 rows of the largest resource has",
        ),
        "GRAPHQL_MAX_BYTES": number("Bytes of the response, if each text is as long as it may be.", 4_000_000),
    },
    "Observability": {
        "LOG_FORMAT": text(
            "The form of log records on the standard error.", "json", in_debug="line", choices=("json", "line")
        ),
        "ACCESS_LOG": switch(
            "Whether each request is a line on the standard output: its target with the query, its status, its ids."
        ),
        "METRICS_PORT": number("The port that Prometheus scrapes. 0: no metrics.", 0),
        "METRICS_HOST": text("The address that Prometheus scrapes.", "127.0.0.1"),
        "PROMETHEUS_MULTIPROC_DIR": text(
            "The directory of the workers' metric files.",
            shown="a new directory in `TMPDIR`",
            read_by="prometheus-client",
        ),
        "OTEL_EXPORTER_OTLP_ENDPOINT": text(
            "Where spans are sent, with the extra `otel`. OpenTelemetry's other variables apply."
        ),
        "SENTRY_DSN": text("Where errors are reported, with the extra `sentry`."),
    },
    "compose.yaml alone": {
        "POSTGRES_PASSWORD": text(
            "The password of the database that `compose.yaml` starts. `openssl rand -hex 32` makes one.",
            required=True,
            read_by="compose.yaml",
        ),
        "COMPOSE_PROFILES": text(
            "`mail` starts the worker that sends mail, beside `EMAIL_URL`.", example="mail", read_by="compose.yaml"
        ),
    },
}
"""The variables by name, in the sections of the reference."""

VARIABLES: dict[str, Variable] = {name: each for section in SECTIONS.values() for name, each in section.items()}


def default_to_service() -> None:
    """Put the defaults of processes that serve requests into the environment, where it has no value.

    A command, such as migrate, has one connection and no time limit.
    """
    for name, each in VARIABLES.items():
        if each.in_service is not None:
            os.environ.setdefault(name, str(each.in_service))
    os.environ.setdefault("DATABASE_POOL_SIZE", os.environ["THREADS"])
