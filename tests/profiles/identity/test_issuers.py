"""An issuer's keys, needed by several threads."""

from threading import Event, Thread

import pytest

from profiles.core.outcomes import Outcome, Refused
from profiles.identity import issuers
from tests.issuer import Issuer

MOST_SECONDS = 30  # a thread's time for a step, on the slowest machine


@pytest.fixture
def published(monkeypatch):
    """An issuer's documents without HTTP; `asked` has the URI of each request."""
    issuer = Issuer("https://id.example.com")

    def document(uri):
        issuer.asked.append(uri)
        return issuer.key_set()

    monkeypatch.setattr(issuers, "_document", document)
    return issuer


@pytest.fixture
def keys(published):
    return issuers.Keys(published.url, "https://id.example.com/keys")


def test_a_fetch_that_takes_long_delays_nobody_else(published, keys, monkeypatch):
    """A known key is used at once; for an unknown key a request waits only `PATIENCE`."""
    assert keys.key("first")
    monkeypatch.setattr(issuers, "COOLDOWN", 0)
    monkeypatch.setattr(issuers, "LIFESPAN", 0)
    monkeypatch.setattr(issuers, "PATIENCE", 0.01)
    begun, may_end, found = Event(), Event(), []

    def slow(uri):
        begun.set()
        assert may_end.wait(MOST_SECONDS)
        published.kids = ["first", "second"]
        return published.key_set()

    monkeypatch.setattr(issuers, "_document", slow)
    fetching = Thread(target=lambda: found.append(keys.key("second")))
    fetching.start()
    assert begun.wait(MOST_SECONDS)
    assert keys.key("first")
    with pytest.raises(Refused) as refused:
        keys.key("second")
    assert refused.value.outcome is Outcome.UNAVAILABLE
    may_end.set()
    fetching.join()
    assert [key.key_id for key in found] == ["second"]


def test_requests_that_need_the_same_key_at_once_fetch_it_once(published, keys, monkeypatch):
    monkeypatch.setattr(issuers, "PATIENCE", MOST_SECONDS)
    found = []
    threads = [Thread(target=lambda: found.append(keys.key("first"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [key.key_id for key in found] == ["first"] * 10
    assert len(published.asked) == 1


def test_keys_that_are_old_are_fetched_again_and_not_before(published, keys, monkeypatch):
    monkeypatch.setattr(issuers, "COOLDOWN", 0)
    for _ in range(3):
        assert keys.key("first")
    assert len(published.asked) == 1
    monkeypatch.setattr(issuers, "LIFESPAN", 0)
    assert keys.key("first")
    assert len(published.asked) == 2


def test_a_key_that_encrypts_and_one_without_a_name_are_none(published, keys):
    first, second = ({**published.key_set()["keys"][0], "kid": kid} for kid in ("encrypts", ""))
    published.key_set = lambda: {"keys": [{**first, "use": "enc"}, second, {"kty": "?"}]}
    for kid in ("encrypts", ""):
        assert keys.key(kid) is None


@pytest.mark.parametrize(("scheme", "is_found"), [("https", True), ("http", False)])
def test_a_discovered_uri_is_as_safe_as_the_issuer(published, monkeypatch, scheme, is_found):
    keys = issuers.Keys(published.url, "")
    published.keys_at = f"{scheme}://id.example.com/keys"
    documents = {published.url + issuers.DISCOVERY: published.discovery, published.keys_at: published.key_set}
    monkeypatch.setattr(issuers, "_document", lambda uri: documents[uri]())
    if is_found:
        assert keys.key("first")
    else:
        with pytest.raises(Refused) as refused:
            keys.key("first")
        assert refused.value.outcome is Outcome.UNAVAILABLE
