"""The table of deprecations: a check reports a wrong entry, and an empty table costs nothing."""

from dataclasses import replace
from datetime import date

import pytest
import time_machine
from django.core import checks
from django.core.exceptions import MiddlewareNotUsed

from graphql_api.core import deprecations
from profiles.core.checks import check_deprecations
from profiles.core.deprecations import Deprecation
from profiles.rest.contract.deprecations import check_places
from profiles.rest.deprecations import announce

SOUND = Deprecation(
    name="website",
    rest=("Profile.website", "GET /profiles"),
    graphql=("Profile.website",),
    since=date(2026, 11, 1),
    until=date(2999, 1, 1),
    reason="It is moving.",
    link="https://example.com/website",
)


def check(settings, *table):
    settings.DEPRECATIONS = table
    return [message for each in (check_deprecations, check_places) for message in each(None)]


def test_a_sound_table_passes(settings):
    assert check(settings, SOUND) == []
    assert check(settings) == []
    registered = checks.registry.registry.get_checks()
    assert {check_deprecations, check_places} <= set(registered)


@pytest.mark.parametrize(
    ("changes", "identity", "named"),
    [
        ({"rest": (), "graphql": ()}, "profiles.E005", "'website' names nothing"),
        ({"until": date(2026, 11, 1)}, "profiles.E006", "'website'"),
        (
            {"rest": ("Profile.website", "GET /nothing", "Profile.nothing")},
            "profiles.E007",
            "GET /nothing, Profile",
        ),
        ({"graphql": ("Profile.website", "Profile.website")}, "profiles.E004", "'Profile.website'"),
    ],
)
def test_an_entry_that_is_wrong_is_an_error_that_names_it(changes, identity, named, settings):
    (error,) = check(settings, replace(SOUND, **changes))
    assert (error.id, error.level) == (identity, checks.ERROR)
    assert named in error.msg


def test_two_entries_of_one_name_or_place_are_errors(settings):
    errors = check(settings, SOUND, replace(SOUND, rest=("Profile.bio",)))
    assert [error.id for error in errors] == ["profiles.E004"] * 2
    assert "'website'" in errors[0].msg
    assert "'Profile.website'" in errors[1].msg


@pytest.mark.parametrize(("today", "expected"), [("2026-12-31", []), ("2027-01-01", ["profiles.W002"])])
def test_a_removal_that_is_due_is_a_warning(today, expected, settings):
    """A warning fails `make check`, but not the start of the service."""
    with time_machine.travel(today):
        messages = check(settings, replace(SOUND, until=date(2027, 1, 1)))
    assert [message.id for message in messages] == expected
    assert all(message.level == checks.WARNING for message in messages)


def test_an_empty_table_costs_nothing(settings):
    assert settings.DEPRECATIONS == ()
    assert deprecations.TABLE == ()
    with pytest.raises(MiddlewareNotUsed):
        announce(lambda request: None)
