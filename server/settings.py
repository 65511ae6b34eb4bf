"""Django's settings, from the environment variables that `server.environment` declares."""

from datetime import timedelta

from csp.constants import NONE, SELF

from server.databases import configured, replica
from server.debug_keys import load_debug_keys
from server.deprecations import DEPRECATIONS as DEPRECATIONS
from server.environment import BASE_DIR, VARIABLES
from server.issuers import configured as configured_issuers
from server.variables import Variables

WEB_BUILD = BASE_DIR / "server" / "web" / "dist"  # output of `make web`: pages and their static files
GUIDE_BUILD = BASE_DIR / "server" / "guide" / "dist"  # output of `make guide`

env = Variables()
DEBUG = env.read("DEBUG")
if DEBUG:
    load_debug_keys(BASE_DIR / ".env.debug")

SECRET_KEY = env.read("SECRET_KEY")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS")
CORS_ALLOWED_ORIGINS = env.read("CORS_ALLOWED_ORIGINS")
OTEL_EXPORTER_OTLP_ENDPOINT = env.read("OTEL_EXPORTER_OTLP_ENDPOINT")
SENTRY_DSN = env.read("SENTRY_DSN")
METRICS_PORT = env.read("METRICS_PORT")
METRICS_HOST = env.read("METRICS_HOST")
LOG_FORMAT = env.read("LOG_FORMAT")

INSTALLED_APPS = [
    "server.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "django_filters",
    "django_guid",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "graphene_django",
    "django_tasks_db",
    "profiles",
    "graphql_api",
]

MIDDLEWARE = [
    "server.edge.probes.probes",
    *(["server.observability.operations.count_operations"] if METRICS_PORT else []),
    "server.edge.request_ids.canonical",
    "django_guid.middleware.guid_middleware",
    "server.observability.traces.trace_context",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "server.edge.headers.content_policy",
    "server.edge.headers.for_the_caller_alone",
    "profiles.rest.deprecations.announce",
    "profiles.identity.throttling.rate_limit_headers",
    "profiles.identity.uses.note_uses",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "server.edge.languages.of_the_caller",
    # Sessions and cookies are for the admin only: the APIs do not read the session.
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "server.edge.targets.paths_alone",
    "server.edge.text.utf_8_alone",
    "server.edge.traffic.count_request",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "server.edge.pages.MessagesOfPages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "server.views.RefusalMiddleware",
    *(["server.observability.tracing.trace_operations"] if OTEL_EXPORTER_OTLP_ENDPOINT else []),
]

ROOT_URLCONF = "server.urls"
WSGI_APPLICATION = "server.wsgi.application"
APPEND_SLASH = False  # a path works with and without its trailing slash, without a redirect

TEMPLATE_LOADERS = [  # not cached under DEBUG: a rebuilt page names other static files
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "server" / "templates", WEB_BUILD],
        "OPTIONS": {
            "loaders": TEMPLATE_LOADERS if DEBUG else [("django.template.loaders.cached.Loader", TEMPLATE_LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Databases and caches

REDIS_URL = env.read("REDIS_URL")
REDIS_TIMEOUT = env.read("REDIS_TIMEOUT")
DATABASES = {"default": configured(env.db("DATABASE_URL"), env)}
if DATABASE_REPLICA_URLS := env.read("DATABASE_REPLICA_URLS"):
    replicas = enumerate(env.dbs("DATABASE_REPLICA_URLS"), 1)
    DATABASES |= {f"replica{number}": replica(each, env) for number, each in replicas}
    DATABASE_ROUTERS = ["server.replicas.router.Router"]
CACHES = {  # for documents, in each process's memory: a few megabytes, and no network
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 500}}
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"  # 32 bits: a key always fits GraphQL's Int

# Identity

LOGIN_REDIRECT_URL = "admin:index"  # only the admin has sessions
AUTH_USER_MODEL = "profiles.Profile"
# W004: the username is unique by an index on its lower case, which the check does not see.
# W005, W021: HSTS for subdomains and preloading are the domain owner's choice.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "security.W005", "security.W021"]
PASSWORD_HASHERS = ["profiles.identity.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SESSION_ENGINE = "profiles.identity.sessions"
AUTHENTICATION_BACKENDS = ["profiles.identity.backends.CountedBackend"]

SIGN_UP_IS_OPEN = env.read("SIGN_UP_IS_OPEN")

JWT_KEYS = env.read("JWT_KEYS")
JWT_ALGORITHM = env.read("JWT_ALGORITHM")
SHORTEST_SECRET = 32  # bytes: RFC 7518, section 3.2
env.require(
    "JWT_KEYS",
    JWT_ALGORITHM != "HS256" or all(len(key.encode()) >= SHORTEST_SECRET for key in JWT_KEYS.values()),
    f"Set secrets of at least {SHORTEST_SECRET} bytes: `openssl rand -hex 32` makes one.",
)
REFRESH_TOKEN_DAYS = env.read("REFRESH_TOKEN_DAYS")
OIDC_ISSUERS = configured_issuers(env, debug=DEBUG)  # OpenID issuers whose access tokens are also accepted

# Mail, sent by the worker `manage.py mail`

EMAIL_URL = env.read("EMAIL_URL")
MAIL_IS_ON = DEBUG or bool(EMAIL_URL)
if EMAIL_URL:
    vars().update(env.mail("EMAIL_URL"))
elif DEBUG:
    EMAIL_BACKEND, EMAIL_FILE_PATH = "server.mail.Backend", BASE_DIR / ".mail"
EMAIL_TIMEOUT = 10  # seconds for each answer of the mail server
DEFAULT_FROM_EMAIL = env.read("MAIL_FROM") or ("profiles@localhost" if MAIL_IS_ON and not EMAIL_URL else "")
env.require("MAIL_FROM", bool(DEFAULT_FROM_EMAIL) or not EMAIL_URL, "Set the address that mail is from.")
REQUIRE_VERIFIED_EMAIL = env.read("REQUIRE_VERIFIED_EMAIL")
env.require("REQUIRE_VERIFIED_EMAIL", MAIL_IS_ON or not REQUIRE_VERIFIED_EMAIL, "Codes are mailed: set EMAIL_URL too.")
# The base of links in mail: never a request's Host header, which the client controls
SITE_URL = env.read("SITE_URL") or (f"http://127.0.0.1:{env.read('PORT')}" if DEBUG else "")
env.require(
    "SITE_URL",
    SITE_URL.startswith(("https://", "http://") if DEBUG else "https://") or not EMAIL_URL,
    "Set the service's own https URL, for the links in mail.",
)
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Rate limits, counted in Redis, or without REDIS_URL in each process's memory. An address is an IPv4 address or the /64
# prefix of an IPv6 address.
READ_LIMIT = env.read("READ_LIMIT")
WRITE_LIMIT = env.read("WRITE_LIMIT")
READ_LIMIT_PER_ADDRESS = env.read("READ_LIMIT_PER_ADDRESS")
WRITE_LIMIT_PER_ADDRESS = env.read("WRITE_LIMIT_PER_ADDRESS")
SIGN_IN_LIMIT_PER_ACCOUNT = env.read("SIGN_IN_LIMIT_PER_ACCOUNT")
SIGN_IN_CEILING_PER_ACCOUNT = env.read("SIGN_IN_CEILING_PER_ACCOUNT")
SIGN_IN_LIMIT_PER_ADDRESS = env.read("SIGN_IN_LIMIT_PER_ADDRESS")
REQUIRE_PRECONDITION = env.read("REQUIRE_PRECONDITION")
EXPORTS_PER_DAY = env.read("EXPORTS_PER_DAY")
HISTORY_DAYS = env.read("HISTORY_DAYS")
SIGN_UP_LIMIT_PER_ADDRESS = env.read("SIGN_UP_LIMIT_PER_ADDRESS")
RECOVERY_LIMIT_PER_EMAIL = env.read("RECOVERY_LIMIT_PER_EMAIL")
RECOVERY_CEILING_PER_EMAIL = env.read("RECOVERY_CEILING_PER_EMAIL")
RECOVERY_LIMIT_PER_ADDRESS = env.read("RECOVERY_LIMIT_PER_ADDRESS")
MAIL_LIMIT_PER_ACCOUNT = env.read("MAIL_LIMIT_PER_ACCOUNT")
TRUSTED_PROXIES = env.read("TRUSTED_PROXIES")

# django-graphql-jwt issues and reads access tokens, through our handlers.
GRAPHQL_JWT = {
    "JWT_AUDIENCE": "profiles",
    "JWT_ISSUER": "profiles",
    "JWT_VERIFY_EXPIRATION": True,
    "JWT_EXPIRATION_DELTA": timedelta(minutes=5),
    "JWT_AUTH_HEADER_PREFIX": "Bearer",
    "JWT_PAYLOAD_HANDLER": "profiles.identity.tokens.claims_for",
    "JWT_ENCODE_HANDLER": "profiles.identity.tokens.encode",
    "JWT_DECODE_HANDLER": "profiles.identity.tokens.decode",
    "JWT_PAYLOAD_GET_USERNAME_HANDLER": "profiles.identity.tokens.family_of",
    "JWT_GET_USER_BY_NATURAL_KEY_HANDLER": "profiles.identity.tokens.profile_signed_in",
}

# The two APIs

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["profiles.identity.authentication.BearerAuthentication"],
    "UNAUTHENTICATED_TOKEN": "profiles.core.actors.Actor",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["profiles.identity.throttling.OperationThrottle"],
    "DEFAULT_PARSER_CLASSES": ["profiles.core.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["profiles.core.renderers.FastJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "profiles.core.negotiation.Negotiation",
    "DEFAULT_METADATA_CLASS": "profiles.rest.metadata.AllowAlone",
    "EXCEPTION_HANDLER": "profiles.rest.exceptions.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "profiles.rest.contract.openapi.OperationSchema",
    "URL_FORMAT_OVERRIDE": None,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",  # in UTC, as TIME_ZONE; always with microseconds
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {"ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True}

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Profiles",
    "VERSION": "0.1.0",
    "DESCRIPTION": (
        "Profiles over REST. The GraphQL API at `/graphql/` has the same rules and the same error codes.\n\n"
        "Get a token with `POST /auth/token`, and send it as `Authorization: Bearer TOKEN`. Paths work with and "
        "without a trailing slash. Every response has an `X-Request-ID`, which is also in the logs and the history, "
        "and most have a `RateLimit` with the operations that remain. A row that you may not see is a 404, or a 401 "
        "if you are not signed in.\n\n"
        "Messages are for people, in English, German or Spanish, by `Accept-Language`. Codes are for clients, and do "
        "not depend on the language. If `Accept` prefers `application/problem+json`, errors are problem details "
        "(RFC 9457)."
    ),
    "LICENSE": {"name": "All rights reserved", "identifier": "LicenseRef-All-Rights-Reserved"},
    "SERVERS": [{"url": "/", "description": "The service that this contract came from."}],
    "TAGS": [
        {"name": "identity", "description": "Signing in and out."},
        {"name": "profiles", "description": "Accounts and their public profiles."},
        {"name": "batch", "description": "Several reads in one request."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "",
    "PREPROCESSING_HOOKS": ["profiles.rest.contract.openapi.without_last_slash"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "profiles.rest.contract.deprecations.mark",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Visibility": "profiles.policy.Visibility",
        "ChangeSource": "profiles.core.models.Source",
        "ErrorType": ["client_error", "server_error"],
    },
    "ENUM_SUFFIX": "",
    "SORT_OPERATION_PARAMETERS": False,
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "validatorUrl": None,  # the default is a third party's service
        "syntaxHighlight": {"theme": "tomorrow-night"},  # numbers are hard to read in the default theme
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

GRAPHENE = {"SCHEMA": "graphql_api.schema.schema", "SCHEMA_OUTPUT": "graphql_api/schema.graphql"}

# Limits of a GraphQL document by what is counted: "depth" from GRAPHQL_MAX_DEPTH, and so on
GRAPHQL_LIMITS = {
    name.removeprefix("GRAPHQL_MAX_").lower(): env.read(name) for name in VARIABLES if name.startswith("GRAPHQL_MAX_")
}
GRAPHQL_INTROSPECTION = env.read("GRAPHQL_INTROSPECTION")
GRAPHQL_DOCUMENTS = env.read("GRAPHQL_DOCUMENTS")

DATA_UPLOAD_MAX_MEMORY_SIZE = 100 * 1024  # bytes of a body, in both APIs

# Transport

SECURE_SSL_REDIRECT = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000  # a year
# Both apply to the whole domain and are hard to undo, so the domain's owner turns them on (hstspreload.org).
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.read("HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = env.read("HSTS_PRELOAD")
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG

# Browsers

STATIC_URL = "/static/"
GUIDE = "/guide/"
PAGES = ("/admin/", GUIDE, STATIC_URL)  # prefixes of pages and of the files they load; other responses may load nothing
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
CORS_URLS_REGEX = r"^/(?!admin/|guide/|static/)"  # the APIs, which read no cookie
CORS_ALLOW_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-ID",
    "traceparent",
    "tracestate",
]
CORS_EXPOSE_HEADERS = [
    "Accept-Patch",
    "Deprecation",
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Sunset",
    "X-Request-ID",
]

# Static files: the admin's, the REST docs', the pages' and the guide

STATICFILES_DIRS = [BASE_DIR / "server" / "static", WEB_BUILD / "static"]
STATIC_ROOT = BASE_DIR / ".static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_ROOT = GUIDE_BUILD
WHITENOISE_INDEX_FILE = True
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"\.[0-9a-f]{12}\."  # named after their content, by Django or by Vite

# Languages of messages: the caller's if listed, otherwise LANGUAGE_CODE. Codes and contracts are in English only.

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "server" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# Logs: a line or a JSON object per event, with the ids of its request and trace

DJANGO_GUID = {"GUID_HEADER_NAME": "X-Request-ID", "UUID_FORMAT": "string", "EXPOSE_HEADER": False}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "django_guid.log_filters.CorrelationId"},
        "trace_id": {"()": "server.observability.logs.TraceId"},
        "one_line": {"()": "server.logs.OneLine"},
    },
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)s %(name)s request=%(correlation_id)s trace=%(trace_id)s %(message)s"
        },
        "json": {"()": "server.observability.logs.json_formatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id", "trace_id", "one_line"],
            "formatter": LOG_FORMAT,
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django_guid": {"level": "WARNING"},
        "psycopg.pool": {"level": "WARNING"},
        "django": {"handlers": [], "propagate": True},
    },
}

env.check()
