"""The messages: collected from the code, complete in each language, and selected only by `Accept-Language`."""

import ast
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import get_language, override

from graphql_api.core.limits import too_much
from profiles.core.outcomes import Outcome
from server.edge.languages import accepted_language
from server.edge.unread import answer_to

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("profiles/**", "graphql_api/**", "server", "server/edge")
SOURCES = [each for package in PACKAGES for each in ROOT.glob(f"{package}/*.py") if each.parent.name != "migrations"]
LANGUAGES = [code for code, _ in settings.LANGUAGES]
TRANSLATED = LANGUAGES[1:]
UNTOUCHED = re.compile(r"{\w*}|'[^']+'|https?://|UTC|Europe/Madrid|application/json|Content-Type|Retry-After|\bAllow\b")
SPEAKING = {"ErrorDetail", "GraphQLError", "Refused", "ValidationError", "bad_token", "invalid", "_unreadable"}


def marked():
    """The context and text of every message in the code that is marked for translation."""
    return {
        (context, message)
        for path in SOURCES
        for _, message, _, context in extract_from_file("python", path)
    }  # fmt: skip


def file_of(language, suffix):
    return ROOT / "server" / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def catalogue(language):
    with file_of(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def test_there_are_english_german_and_spanish():
    assert LANGUAGES == ["en", "de", "es"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language):
    messages = [message for message in catalogue(language) if message.id]
    assert {(message.context, message.id) for message in messages} == marked(), "run `make words`, and translate"
    for message in messages:
        assert message.string
        assert not message.fuzzy
        assert sorted(UNTOUCHED.findall(message.string)) == sorted(UNTOUCHED.findall(message.id)), message.string
        assert message.string[-1:] == message.id[-1:] or message.context


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_translated_is_compiled(language):
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    assert file_of(language, "mo").read_bytes() == compiled.getvalue(), "run `make words`, and commit"


def test_a_message_is_a_sentence():
    for context, message in marked():
        if context is None:
            assert re.fullmatch(r"[A-Z'{].*[\w}'/]\.", message), message


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_no_refusal_has_words_that_are_not_marked(path):
    for node in ast.walk(ast.parse(path.read_text())):
        said = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in SPEAKING:
            said = node.args
        elif isinstance(node, ast.Assign) and "message" in getattr(node.targets[0], "id", ""):
            said = [node.value]
        bare = [word for word in said if isinstance(word, ast.JoinedStr) or isinstance(getattr(word, "value", 0), str)]
        assert not bare, f"{path.name}:{node.lineno}: mark it by gettext"


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_and_the_limits_are_whole_in_each_language(language):
    def said():
        yield from (outcome.message for outcome in Outcome if outcome is not Outcome.PERSISTED_QUERY_NOT_FOUND)
        yield from (too_much(name, 9_999).message for name in settings.GRAPHQL_LIMITS)

    english = list(said())
    with override(language):
        assert not set(english) & set(said())


def test_the_contracts_do_not_depend_on_a_language():
    script = """if True:
        import django
        django.setup()
        from django.core.management import call_command
        from django.utils.translation import activate
        activate("de")
        call_command("graphql_schema", out="-.graphql")
        print("=====")
        call_command("spectacular", lang="de")
    """
    environment = {
        "DJANGO_SETTINGS_MODULE": "server.settings", "DATABASE_URL": "sqlite://:memory:",
        "SECRET_KEY": "x" * 50, "JWT_KEYS": f"k={'x' * 32}", "ALLOWED_HOSTS": "example.com",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    sdl, openapi = done.stdout.split("=====\n")
    assert sdl.strip() == (ROOT / "graphql_api" / "schema.graphql").read_text().strip()
    assert openapi.strip() == (ROOT / "profiles" / "openapi.yaml").read_text().strip()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("es-419, en;q=0.9", "es"),
        ("en-GB, de;q=0.9", "en"),
        ("fr, de;q=0.5", "de"),
        ("de;q=0.5, es;q=0.7", "es"),
        ("fr", "en"),
        ("fr, *;q=0.5", "en"),
        ("*", "en"),
        ("de;q=0", "en"),
        ("de;q=0, es;q=0.1", "es"),
        ("nonsense;;q=x", "en"),
        ("de;q=2", "en"),
        ("x" * 1000, "en"),
        ("x-" * 240 + "de", "en"),
        ("é, de", "en"),
    ],
)
def test_the_first_language_that_we_have(header, language):
    assert accepted_language(header) == language


@pytest.mark.parametrize("path", ["/profiles/", "/profiles/me/", "/graphql/?query={__typename}", "/nowhere/"])
def test_an_answer_says_its_language_and_that_it_depends_on_the_request(db, client, path):
    for language in LANGUAGES:
        client.cookies["django_language"] = "es"
        response = client.get(path, headers={"accept-language": f"{language}, es;q=0.1"})
        assert response["Content-Language"] == language
        assert "Accept-Language" in response["Vary"]
        assert get_language() == "en"  # reset for the thread's next request


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.yaml", "/graphql/schema.graphql", "/docs/"])
def test_what_has_one_language_says_so(client, path):
    assert client.get(path, headers={"accept-language": "de"})["Content-Language"] == "en"


def test_what_never_was_a_request_is_answered_in_english():
    assert b"Internal server error." in answer_to(RuntimeError())
