"""Recovery codes guessed in a burst over four processes."""

import random
from collections import Counter

import pytest

from profiles.identity import codes
from profiles.models import Code, Profile
from tests.server.conftest import MOST_AT_ONCE, serving

GUESSES = 1_000
NEW = "a staple for the horse"


@pytest.fixture
def server(test_database, tmp_path):
    mailing = {"EMAIL_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "service@example.com", "SITE_URL": "https://example.com"}
    with serving(tmp_path / "log", **test_database, **mailing, WEB_CONCURRENCY="4") as address:
        yield address


def guess(code):
    def call(apis):
        api = apis[random.choice(("rest", "graphql"))]  # noqa: S311
        return api.confirm_recovery("owner@example.com", code, NEW).outcome

    return call


def test_of_a_thousand_guesses_at_once_five_are_checked(cast, at_once, report):
    (code,) = codes.issue(Code.Purpose.RECOVERY, "owner@example.com", [cast["owner"]])
    wrong = [
        f"BCDF-{number:04}".translate(str.maketrans("0123456789", codes.LETTERS[:10])) for number in range(GUESSES)
    ]
    outcomes = Counter()
    for begin in range(0, GUESSES, MOST_AT_ONCE):
        outcomes.update(at_once(*map(guess, wrong[begin : begin + MOST_AT_ONCE])))
    checked = Code.objects.get().attempts
    report(f"{GUESSES} guesses over four processes: {dict(outcomes)}, {checked} checked")
    assert (outcomes, checked) == ({"CODE_INVALID": GUESSES}, codes.MOST_ATTEMPTS)
    assert at_once(guess(code)) == ["CODE_INVALID"]
    assert Profile.objects.get(pk=cast.pk("owner")).version == 1


def test_a_code_that_is_given_many_times_at_once_is_used_once(cast, at_once):
    (code,) = codes.issue(Code.Purpose.RECOVERY, "owner@example.com", [cast["owner"]])
    outcomes = Counter(at_once(*[guess(code)] * 10))
    assert outcomes == {"done": 1, "CODE_INVALID": 9}
