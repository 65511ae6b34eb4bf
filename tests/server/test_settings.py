"""The settings: what a start requires, and the message if it is missing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import environ
import pytest

from server.debug_keys import load_debug_keys
from server.issuers import configured
from server.variables import Variables

ROOT = Path(__file__).parent.parent.parent
SECRET = "".join(map(chr, range(48, 123)))  # long, with many different characters
PRODUCTION = {"SECRET_KEY": "s" * 60, "JWT_KEYS": f"k={'j' * 32}", "ALLOWED_HOSTS": "example.com"}


def manage(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"DATABASE_URL": "sqlite://:memory:"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", [("manage.py", "migrate"), ("-m", "gunicorn")])
def test_a_start_names_all_that_is_missing_or_wrong(command):
    wrong = {"JWT_ALGORITHM": "none", "HISTORY_DAYS": "some", "DATABASE_URL": "mysql://host/name"}
    wrong |= {"DATABASE_REPLICA_URLS": "postgres://host:port/name", "REDIS_URL": ""}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=wrong, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    named = re.findall(r"^  (\w+): ", done.stderr, re.MULTILINE)
    assert sorted(named) == [
        "ALLOWED_HOSTS", "DATABASE_REPLICA_URLS", "DATABASE_URL", "HISTORY_DAYS", "JWT_ALGORITHM", "JWT_KEYS",
        "SECRET_KEY",
    ]  # fmt: skip
    assert "Traceback" not in done.stderr


MAIL = {
    "EMAIL_URL": "smtp+tls://me:p%40ss@smtp.example.com:587",
    "MAIL_FROM": "service@example.com",
    "SITE_URL": "https://example.com",
}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, []),
        ({"EMAIL_URL": "http://example.com"}, ["EMAIL_URL"]),
        ({"EMAIL_URL": "consolemail://"}, ["EMAIL_URL"]),
        ({"EMAIL_URL": "smtp+other://example.com"}, ["EMAIL_URL"]),
        ({"EMAIL_URL": "smtp://"}, ["EMAIL_URL"]),
        ({"EMAIL_URL": "smtp://example.com:port"}, ["EMAIL_URL"]),
        ({"MAIL_FROM": ""}, ["MAIL_FROM"]),
        ({"SITE_URL": ""}, ["SITE_URL"]),
        ({"SITE_URL": "http://example.com"}, ["SITE_URL"]),
        ({"EMAIL_URL": "", "MAIL_FROM": "", "SITE_URL": ""}, []),
        ({"EMAIL_URL": "", "REQUIRE_VERIFIED_EMAIL": "true"}, ["REQUIRE_VERIFIED_EMAIL"]),
    ],
)
def test_mail_is_configured_whole_or_not_at_all(given, named):
    done = manage("check", **PRODUCTION | MAIL | given)
    assert re.findall(r"^  (\w+): ", done.stderr, re.MULTILINE) == named
    assert done.returncode == bool(named)
    assert "p%40ss" not in done.stderr


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (PRODUCTION | MAIL, [True, "django.core.mail.backends.smtp.EmailBackend", "p@ss", True, "https://example.com"]),
        (PRODUCTION, [False, "django.core.mail.backends.smtp.EmailBackend", "", False, ""]),
        ({"DEBUG": "true", "PORT": "9"}, [True, "server.mail.Backend", "", False, "http://127.0.0.1:9"]),
    ],
)
def test_where_mail_goes(given, expected):
    names = ["MAIL_IS_ON", "EMAIL_BACKEND", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "SITE_URL"]
    code = f"import json; from django.conf import settings; print(json.dumps([getattr(settings, n) for n in {names}]))"
    environment = given | {"DJANGO_SETTINGS_MODULE": "server.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == expected


def test_a_production_that_sends_no_mail_is_warned():
    arguments = ("check", "--deploy", "--fail-level", "WARNING")
    assert manage(*arguments, **PRODUCTION | {"SECRET_KEY": SECRET} | MAIL).returncode == 0
    done = manage(*arguments, **PRODUCTION | {"SECRET_KEY": SECRET})
    assert (done.returncode, "profiles.W001" in done.stderr) == (1, True)


def test_gunicorn_names_its_own_variables_too():
    command = [sys.executable, "-m", "gunicorn"]
    environment = PRODUCTION | {"STOP_DELAY": "-1", "PORT": "http"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert re.findall(r"^  (\w+): ", done.stderr, re.MULTILINE) == ["PORT", "STOP_DELAY"]


@pytest.mark.parametrize("secret", ["$HOME", "a=b,c", "#"])
def test_a_secret_is_taken_as_it_is(secret, monkeypatch):
    monkeypatch.setattr(Variables, "ENVIRON", {"SECRET_KEY": secret})
    assert Variables().str("SECRET_KEY") == secret


@pytest.mark.parametrize("keys", ["", "k=short", "a=" + "x" * 32 + ",b=short"])
def test_a_short_key_is_an_error(keys):
    done = manage("check", **PRODUCTION | {"JWT_KEYS": keys})
    assert done.returncode != 0
    assert "JWT_KEYS" in done.stderr


@pytest.mark.parametrize(
    ("module", "environment", "options"),
    [
        ("server.wsgi", {}, "-c statement_timeout=2000 -c lock_timeout=1000"),
        ("server.wsgi", {"DATABASE_STATEMENT_TIMEOUT": "0.25"}, "-c statement_timeout=250 -c lock_timeout=1000"),
        ("django", {}, None),  # a management command
    ],
)
def test_web_processes_alone_cancel_long_statements(module, environment, options):
    code = f"import {module}, django.conf; print(django.conf.settings.DATABASES['default']['OPTIONS']['options'])"
    url = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "DJANGO_SETTINGS_MODULE": "server.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=PRODUCTION | url | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.partition("-c max_parallel_workers_per_gather=0")[2].strip() == (options or "")


@pytest.mark.parametrize("seconds", ["0", "-1", "0.0001"])
def test_the_timeout_of_statements_cannot_be_none(seconds):
    url = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "DATABASE_STATEMENT_TIMEOUT": seconds}
    done = manage("check", **PRODUCTION | url)
    assert done.returncode != 0
    assert "DATABASE_STATEMENT_TIMEOUT: Set a number of seconds above 0." in done.stderr


def test_debug_keys_are_made_once_and_are_the_owners(tmp_path, monkeypatch):
    monkeypatch.setattr(environ.Env, "ENVIRON", environment := {})
    path = tmp_path / "keys"
    load_debug_keys(path)
    first = dict(environment)
    assert first.keys() == {"SECRET_KEY", "JWT_KEYS"}
    assert path.stat().st_mode & 0o777 == 0o600
    environment.clear()
    load_debug_keys(path)
    assert environment == first
    assert list(tmp_path.iterdir()) == [path]


def test_the_environment_goes_before_the_debug_keys(tmp_path, monkeypatch):
    monkeypatch.setattr(environ.Env, "ENVIRON", environment := {"SECRET_KEY": "mine"})
    load_debug_keys(tmp_path / "keys")
    assert environment["SECRET_KEY"] == "mine"


def test_the_debug_keys_are_ignored_by_git():
    assert "/.env.debug" in (ROOT / ".gitignore").read_text().splitlines()


def test_demo_accounts_are_for_debug_alone():
    done = manage("demo", **PRODUCTION)
    assert done.returncode != 0
    assert "DEBUG=true" in done.stderr


def test_cookies_are_for_https_alone(settings):
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE


def issuers_of(monkeypatch, value, *, debug=False):
    """The issuers configured by this value of OIDC_ISSUERS, and the problems found."""
    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setattr(Variables, "ENVIRON", {"OIDC_ISSUERS": text})
    env = Variables()
    return configured(env, debug=debug), env.problems.get("OIDC_ISSUERS", "")


ISSUER = {"issuer": "https://id.example.com", "audience": "profiles"}


def test_an_issuer_has_defaults(monkeypatch):
    issuers, problems = issuers_of(monkeypatch, [ISSUER, ISSUER | {"issuer": "http://127.0.0.1:8080"}])
    assert problems == ""
    assert issuers[0] == ISSUER | {
        "algorithms": ["RS256"],
        "jwks_uri": "",
        "provision": False,
        "claims": {"username": "preferred_username", "email": "email", "display_name": "name"},
        "scopes": {"profiles:read": "read", "profiles:write": "write"},
    }
    assert issuers_of(monkeypatch, "") == ([], "")


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("https://id.example.com", "Set a list of objects in JSON"),
        ({"issuer": "https://id.example.com"}, "Set a list of objects in JSON"),
        ([1], "Set a list of objects in JSON"),
        ([{}], "Set audience"),
        ([ISSUER, ISSUER], "Name each issuer once."),
        ([ISSUER | {"issuer": "http://id.example.com"}], "Set issuer to an https URL"),
        ([ISSUER | {"issuer": "https://[::1"}], "Set issuer to an https URL"),
        ([ISSUER | {"issuer": "https://id.example.com/" + "x" * 250}], "Set issuer to an https URL"),
        ([ISSUER | {"issuer": 1}], "Set issuer to an https URL"),
        ([ISSUER | {"jwks_uri": "file:///etc/passwd"}], "Set jwks_uri to an https URL"),
        ([ISSUER | {"audience": ["profiles"]}], "Set audience"),
        ([ISSUER | {"algorithms": ["RS256", "HS256"]}], "never none or HS256"),
        ([ISSUER | {"algorithms": ["none"]}], "never none or HS256"),
        ([ISSUER | {"algorithms": []}], "never none or HS256"),
        ([ISSUER | {"algorithms": "RS256"}], "never none or HS256"),
        ([ISSUER | {"provision": "yes"}], "Set provision to true or false."),
        ([ISSUER | {"claims": {"is_staff": "admin"}}], "Set claims"),
        ([ISSUER | {"claims": {"bio": 1}}], "Set claims"),
        ([ISSUER | {"scopes": {}}], "Set scopes"),
        ([ISSUER | {"scopes": {"admin": "staff"}}], "Set scopes"),
        ([ISSUER | {"audiance": "x"}], "Leave out audiance"),
    ],
    ids=str,
)
def test_an_issuer_that_is_wrong(monkeypatch, wrong, advice):
    issuers, problems = issuers_of(monkeypatch, wrong)
    assert issuers == []
    assert advice in problems


def test_an_issuer_by_http_is_for_debug(monkeypatch):
    value = [ISSUER | {"issuer": "http://id.internal", "jwks_uri": "http://id.internal/keys"}]
    assert issuers_of(monkeypatch, value, debug=True)[1] == ""


def test_a_start_with_an_issuer_that_is_wrong():
    done = manage("check", **PRODUCTION | {"OIDC_ISSUERS": json.dumps([ISSUER | {"algorithms": ["none"]}])})
    assert done.returncode == 1
    assert "OIDC_ISSUERS: Set algorithms to some of RS256" in done.stderr
    assert "Traceback" not in done.stderr
