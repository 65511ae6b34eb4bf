"""The models, and the database's own constraints."""

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.utils import DataError

from profiles.models import Change, Profile


@pytest.mark.parametrize(
    "values",
    [
        {"username": "KNOWN"},
        {"username": "-a"},
        {"username": "a\n"},
        {"username": "é"},
        {"username": ""},
        {"username": "a" * 51},
        {"email": "x"},
        {"email": "a@" + "b" * 253},
        {"bio": "x" * 2001},
        {"display_name": "x" * 101},
        {"location": "x" * 101},
        {"website": "javascript:alert(1)"},
        {"website": "https://" + "x" * 193},
        {"time_zone": ""},
        {"visibility": "secret"},
        {"version": 0},
    ],
    ids=lambda values: next(iter(values)),
)
def test_the_database_refuses(cast, values):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        Profile.objects.filter(pk=cast["owner"].pk).update(**values)


@pytest.mark.parametrize("website", ["", "http://a.example", "HTTPS://A.EXAMPLE"])
def test_the_database_takes_websites(cast, website):
    assert Profile.objects.filter(pk=cast["owner"].pk).update(website=website) == 1


def test_one_change_a_version(cast):
    row = {"profile": cast["owner"], "version": 2, "source": "rest", "at": cast["owner"].created_at, "fields": {}}
    Change.objects.create(**row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Change.objects.create(**row)


def test_a_key_always_fits_graphqls_int():
    assert Profile._meta.pk.get_internal_type() == "AutoField"


@pytest.mark.parametrize(
    "node_id",
    [
        "",
        "1",
        "é",
        "\ud800",
        "UHJvZmlsZTox=",  # base64 with more padding than it needs
        "UHJvZmlsZTox\n",
        "UHJvZmlsZTowMQ==",  # Profile:01
        "UHJvZmlsZTrCsg==",  # Profile:²
        "VXNlcjox",  # User:1
        "UHJvZmlsZTo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",  # Profile:9999…
    ],
)
def test_a_node_id_that_we_never_gave_out_finds_nothing(cast, node_id):
    assert Profile.key_of(node_id) is None


def test_a_node_id_finds_its_profile(cast):
    assert Profile.key_of(cast["owner"].node_id) == cast["owner"].pk


@pytest.mark.parametrize("username", ["KNOWN", "a b", "é", "", "x" * 51])
def test_an_account_is_made_by_the_rows_rules(cast, username):
    with pytest.raises(ValidationError):
        Profile.objects.create_user(username, "a@example.com", "secret")


def test_a_superuser_is_staff(db):
    profile = Profile.objects.create_superuser("root1", "root@example.com", "secret")
    assert profile.is_staff
    assert profile.is_superuser


def test_passwords_are_hashed_with_argon2(db, settings):
    from server import settings as ours

    settings.PASSWORD_HASHERS = ours.PASSWORD_HASHERS
    profile = Profile.objects.create_user("hashed", "a@example.com", "secret")
    assert identify_hasher(profile.password).algorithm == "argon2"
