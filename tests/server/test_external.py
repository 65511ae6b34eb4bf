"""OpenID issuers on a real server: its configuration, and simultaneous first requests."""

import json

import pytest

from profiles.models import ExternalIdentity, Profile
from tests.server.conftest import serving

CLAIMS = {"preferred_username": "jane", "email": "jane@example.com"}


@pytest.fixture(scope="module")
def server(listening_issuer, test_database, tmp_path_factory):
    listening_issuer.reset()
    members = {"issuer": listening_issuer.url, "audience": listening_issuer.setting()["audience"], "provision": True}
    environment = {"OIDC_ISSUERS": json.dumps([members])} | test_database
    with serving(tmp_path_factory.mktemp("external") / "log", **environment) as address:
        yield address


def test_first_requests_at_once_make_one_account(cast, at_once, listening_issuer):
    for number in range(5):
        token = listening_issuer.token(f"subject {number}", **CLAIMS)
        calls = [lambda apis, n=n, t=token: apis[("rest", "graphql")[n % 2]].view_me(token=t) for n in range(10)]
        answers = at_once(*calls)
        assert {answer.outcome for answer in answers} == {"done"}
        assert len({answer.body["id"] for answer in answers}) == 1
    assert ExternalIdentity.objects.count() == 5
    assert Profile.objects.count() == len(cast.profiles) + 5


def test_identities_of_one_name_at_once_have_an_account_each(cast, at_once, listening_issuer):
    tokens = [listening_issuer.token(f"subject {number}", **CLAIMS) for number in range(10)]
    calls = [lambda apis, n=n, t=t: apis[("rest", "graphql")[n % 2]].view_me(token=t) for n, t in enumerate(tokens)]
    answers = at_once(*calls)
    assert [answer.outcome for answer in answers] == ["done"] * 10
    assert len({answer.body["username"] for answer in answers}) == 10
    assert "jane" in {answer.body["username"] for answer in answers}
