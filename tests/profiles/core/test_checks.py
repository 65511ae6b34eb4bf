"""A field whose readers are not declared is hidden, and is an error at start-up."""

import django_filters
import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from rest_framework import serializers

from profiles.core.actors import Actor
from profiles.core.checks import check_resources
from profiles.core.filters import filtered
from profiles.core.listing import list_rows
from profiles.core.outcomes import Outcome, Refused
from profiles.core.resources import Resource, register
from profiles.filters import ProfileFilter
from profiles.models import Profile
from profiles.resource import PROFILES
from profiles.serializers import ProfileSerializer


class WithMotto(ProfileSerializer):
    """A serializer with a field that the policy does not mention."""

    motto = serializers.CharField(source="location")

    class Meta(ProfileSerializer.Meta):
        fields = (*ProfileSerializer.Meta.fields, "motto")


class ByEmail(ProfileFilter):
    """A filter on a field that not everybody may read, under another name."""

    email_prefix = django_filters.CharFilter("email", lookup_expr="startswith")


class ByNothing(ProfileFilter):
    """A filter that names no field."""

    motto = django_filters.CharFilter(method="by_username")


def test_what_is_served_passes():
    assert check_resources(None) == []
    assert check_resources in checks.registry.registry.get_checks()


@pytest.mark.parametrize(
    ("resource", "identity", "named"),
    [
        (Resource(WithMotto, "profiles"), "profiles.E001", "motto"),
        (Resource(ProfileSerializer, "profiles", filters=ByNothing), "profiles.E002", "motto"),
        (Resource(ProfileSerializer, "profiles", orderings={"email": ("email", "id")}), "profiles.E003", "email"),
        (
            Resource(ProfileSerializer, "profiles", orderings={"-sign_outs": ("-sign_outs",)}),
            "profiles.E003",
            "sign_outs",
        ),
    ],
)
def test_what_the_policy_does_not_list_is_an_error_that_names_it(monkeypatch, resource, identity, named):
    monkeypatch.setattr("profiles.core.checks.resources", lambda: [resource])
    (error,) = check_resources(None)
    assert error.id == identity
    assert named in error.msg
    assert "profiles/policy.py" in error.hint


def test_an_unlisted_field_is_neither_shown_nor_written(cast):
    owner = cast["owner"]
    for actor in (Actor(owner), Actor(cast["staff"])):
        serializer = WithMotto(owner, context={"actor": actor})
        assert serializer.data["motto"] is None
        assert "motto" not in serializer.data["editable_fields"]


def test_a_filter_is_judged_by_the_model_field_that_it_reads(cast):
    """The filter `email_prefix` would let any member guess an address."""
    rows = Profile.objects.all()
    with pytest.raises(Refused) as refused:
        filtered(rows, Actor(cast["member"]), ByEmail, {"email_prefix": "hidden@"})
    assert refused.value.outcome is Outcome.FORBIDDEN
    assert list(filtered(rows, Actor(cast["staff"]), ByEmail, {"email_prefix": "hidden@"})) == [cast["hidden"]]


def test_a_list_is_not_ordered_by_what_not_everybody_reads(cast):
    resource = Resource(ProfileSerializer, "profiles", orderings={"-created_at": ("-email", "id")})
    with pytest.raises(Refused) as refused:
        list_rows(resource, Profile.objects.all(), Actor(cast["member"]), {})
    assert refused.value.outcome is Outcome.FORBIDDEN


@pytest.mark.parametrize("plural", ["profiles", "others"])
def test_two_resources_of_one_name_are_an_error(plural):
    with pytest.raises(ImproperlyConfigured, match="rename"):
        register(Resource(ProfileSerializer, plural))
    assert PROFILES.name == "Profile"
