"""Password hashing: its cost, its concurrency, and the upgrade of older hashes."""

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from threading import Barrier, Event

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher, make_password

from profiles.core import cpus
from profiles.core.outcomes import RETRY_AFTER, Outcome, Refused
from profiles.identity import accounts, families, hashers
from profiles.models import Profile
from tests.cast import PASSWORD

SHIPPED = configured.PASSWORD_HASHERS
MOST_SECONDS = 30


@pytest.fixture
def shipped(settings):
    """Use the hashers that the service ships with."""
    settings.PASSWORD_HASHERS = SHIPPED


class Older(Argon2PasswordHasher):
    """Older parameters, at a low cost."""

    time_cost, memory_cost, parallelism = 1, 64, 2


@pytest.fixture
def old_hash(cast, shipped):
    encoded = Older().encode(PASSWORD, "a salt of old times")
    Profile.objects.filter(username="owner").update(password=encoded)
    cast["owner"].refresh_from_db()
    return encoded


def test_the_parameters_are_those_of_owasp(shipped):
    assert make_password(PASSWORD).startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_hashes_run_on_any_cpu_though_a_server_thread_keeps_to_one():
    def cpus_of_a_hash():
        """Those of the first hash in a new process, which a copy of the module stands for."""
        cpus.stay()
        spec = spec_from_file_location("copy_of_hashers", hashers.__file__)
        copy = module_from_spec(spec)
        spec.loader.exec_module(copy)
        with copy._threads:
            return copy._threads.submit(os.sched_getaffinity, 0).result()

    with ThreadPoolExecutor(1) as server_thread:
        assert server_thread.submit(cpus_of_a_hash).result() == cpus.ALLOWED


@pytest.fixture
def all_turns_taken(monkeypatch):
    monkeypatch.setattr(hashers, "PATIENCE", 0.01)
    begun, over = Barrier(hashers.AT_ONCE + 1), Event()
    taken = [hashers._threads.submit(lambda: (begun.wait(MOST_SECONDS), over.wait())) for _ in range(hashers.AT_ONCE)]
    begun.wait(MOST_SECONDS)
    yield
    over.set()
    for each in taken:
        each.result(MOST_SECONDS)


NEW = {"username": "newcomer", "email": "new@example.com", "password": PASSWORD}
HASHING = {
    "sign in": lambda api, token: api.sign_in("owner", PASSWORD),
    "sign in as nobody": lambda api, token: api.sign_in("nobody", PASSWORD),
    "change the password": lambda api, token: api.change_password(PASSWORD, "another staple", token=token),
    "sign up": lambda api, token: api.create(NEW),
}


@pytest.mark.parametrize("operation", HASHING)
def test_one_too_many_at_a_time_is_unavailable(cast, old_hash, apis, all_turns_taken, operation):
    token = cast.token("owner")
    answers = [HASHING[operation](api, token) for api in apis]
    assert [answer.outcome for answer in answers] == ["UNAVAILABLE"] * 2
    assert answers[0].details == {"retry_after": RETRY_AFTER}
    assert answers[1].details == {"retryAfter": RETRY_AFTER}
    assert not Profile.objects.filter(username="newcomer").exists()


def test_the_admin_says_so_too(cast, old_hash, client, all_turns_taken):
    client.raise_request_exception = False
    response = client.post("/admin/login/", {"username": "owner", "password": PASSWORD})
    assert (response.status_code, response["Retry-After"]) == (503, str(RETRY_AFTER))


def test_no_more_are_computed_at_a_time(monkeypatch):
    inside, most, both = [], [], Barrier(hashers.AT_ONCE)

    def encode(self, password, salt):
        inside.append(password)
        most.append(len(inside))
        both.wait(MOST_SECONDS)
        inside.remove(password)
        return password

    monkeypatch.setattr(hashers, "PATIENCE", MOST_SECONDS)
    monkeypatch.setattr(Argon2PasswordHasher, "encode", encode)
    with ThreadPoolExecutor(8) as pool:
        hashed = pool.map(lambda number: hashers.Argon2Hasher().encode(str(number), "salt"), range(8))
        assert list(hashed) == [str(number) for number in range(8)]
    assert max(most) == hashers.AT_ONCE


class Prompt(ThreadPoolExecutor):
    """Return each future once it is running."""

    def submit(self, compute, *arguments):
        begun = Event()
        future = super().submit(lambda: begun.set() or compute(*arguments))
        begun.wait(MOST_SECONDS)
        return future


def test_a_hash_that_has_begun_is_waited_for(monkeypatch):
    monkeypatch.setattr(hashers, "PATIENCE", 0)
    with Prompt(1) as threads:
        monkeypatch.setattr(hashers, "_threads", threads)
        assert hashers.Argon2Hasher().encode("x", "a salt of this time").startswith("argon2$")


def test_a_missing_account_costs_as_many_hashes_as_a_wrong_password(cast, shipped, apis, monkeypatch):
    Profile.objects.filter(username="owner").update(password=make_password(PASSWORD))
    hashed, in_turn = [], hashers._in_turn
    monkeypatch.setattr(hashers, "_in_turn", lambda *arguments: hashed.append(1) or in_turn(*arguments))
    for api in apis:
        counts = []
        for username in ("owner", "nobody", "a b"):
            hashed.clear()
            assert api.sign_in(username, "wrong").outcome == "UNAUTHENTICATED"
            counts.append(len(hashed))
        assert counts == [1, 1, 1]


# Hashes with older parameters


def test_a_sign_in_hashes_anew_and_ends_no_other(cast, old_hash, apis):
    other, personal = families.start(cast["owner"]), cast.personal_token("owner", "read")
    mine = apis[0].sign_in("owner", PASSWORD).body
    row = Profile.objects.get(username="owner")
    assert row.password != old_hash
    assert not identify_hasher(row.password).must_update(row.password)
    assert (row.version, row.updated_at) == (cast["owner"].version, cast["owner"].updated_at)
    for api in apis:
        assert api.view_me(token=mine["token"]).outcome == "done"
        assert api.view_me(token=personal).outcome == "done"
        assert api.view_me(token=other.token).outcome == "UNAUTHENTICATED"  # expires within minutes anyway
    refreshed = apis[1].refresh(other.refresh_token).body
    assert apis[0].view_me(token=refreshed["token"]).outcome == "done"
    assert apis[1].sign_in("owner", PASSWORD).outcome == "done"
    assert Profile.objects.get(username="owner").password == row.password


def test_a_sign_in_with_a_wrong_password_hashes_nothing_anew(cast, old_hash, apis):
    for api in apis:
        assert api.sign_in("owner", "wrong").outcome == "UNAUTHENTICATED"
    assert Profile.objects.get(username="owner").password == old_hash


def test_a_new_password_ends_the_families_that_a_new_hash_let_go_on(cast, old_hash, apis):
    other = families.start(cast["owner"])
    mine = apis[0].sign_in("owner", PASSWORD).body
    apis[1].change_password(PASSWORD, "a staple for the horse", token=mine["token"])
    assert apis[0].refresh(other.refresh_token).outcome == "UNAUTHENTICATED"


def test_of_two_sign_ins_with_an_old_hash_both_succeed(cast, old_hash):
    first, second = (Profile.objects.get(username="owner") for _ in range(2))
    for profile in (first, second):
        assert families.start(accounts.rehash(profile, PASSWORD)).token


def test_a_password_that_changed_meanwhile_is_not_overwritten(cast, old_hash):
    stale = Profile.objects.get(username="owner")
    accounts.change_password(Profile.objects.get(username="owner"), "another staple")
    with pytest.raises(Refused) as refused:
        families.start(accounts.rehash(stale, PASSWORD))
    assert refused.value.outcome is Outcome.UNAUTHENTICATED
    assert Profile.objects.get(username="owner").check_password("another staple")
