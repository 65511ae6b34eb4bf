"""The admin: the same policy, validation and write path, behind a third door."""

import pytest
from django.urls import reverse

from profiles.models import Change, Door, Profile
from tests.cast import PASSWORD
from tests.state import stored
from tests.test_throttling import LIMIT


@pytest.fixture
def page(cast):
    return reverse("admin:profiles_profile_change", args=[cast.pk("hidden")])


def form_of(response):
    form = response.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    management = {
        "history-TOTAL_FORMS": 0, "history-INITIAL_FORMS": 0, "history-MIN_NUM_FORMS": 0, "history-MAX_NUM_FORMS": 0,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value not in (False, None)} | management


def test_staff_see_and_edit(cast, client, page):
    client.force_login(cast["staff"])
    assert b"hidden@example.com" in client.get(reverse("admin:profiles_profile_changelist")).content
    form = form_of(client.get(page))
    assert client.post(page, form | {"bio": "  Seen to. "}).status_code == 302
    row = Profile.objects.get(username="hidden")
    assert (row.bio, row.version, row.updated_by) == ("Seen to.", 2, cast["staff"])
    change = Change.objects.get()
    assert (change.door, change.actor, change.fields) == (Door.ADMIN, cast["staff"], {"bio": ["", "Seen to."]})
    assert b"Seen to." in client.get(page).content


def test_a_form_that_changes_nothing_writes_nothing(cast, client, page):
    client.force_login(cast["staff"])
    before = stored()
    assert client.post(page, form_of(client.get(page))).status_code == 302
    assert stored() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"username": "KNOWN"}, "This username is taken."),
        ({"username": "me"}, "This username is reserved."),
        ({"time_zone": "Mars"}, "Name a time zone"),
        ({"website": "ftp://x"}, "Begin with http"),
        ({"version": 7}, "It has changed since you read it."),
    ],
)
def test_the_serializer_validates_and_the_version_is_a_precondition(cast, client, page, values, message):
    client.force_login(cast["staff"])
    form = form_of(client.get(page))
    before = stored()
    response = client.post(page, form | values)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert stored() == before


def test_nobody_else_comes_in(cast, client, page):
    before = stored()
    for actor in (None, "owner", "hidden"):
        if actor:
            client.force_login(cast[actor])
        assert client.get(page).status_code == 302
        assert client.post(page, {"bio": "x"}).status_code == 302
    assert stored() == before


def test_accounts_are_neither_made_nor_deleted_here(cast, client, page):
    client.force_login(cast["staff"])
    assert client.get(reverse("admin:profiles_profile_add")).status_code == 403
    assert client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_a_password_is_changed_by_the_write_path(cast, client, doors):
    client.force_login(cast["staff"])
    token = cast.token("staff")
    Profile.objects.filter(username="staff").update(bio="Written meanwhile.")
    new = {"new_password1": "a staple for the horse", "new_password2": "a staple for the horse"}
    assert client.post("/admin/password_change/", {"old_password": "wrong", **new}).status_code == 200
    assert client.post("/admin/password_change/", {"old_password": PASSWORD, **new}).status_code == 302
    assert client.get("/admin/").status_code == 200  # this session goes on
    row = Profile.objects.get(username="staff")
    assert row.check_password("a staple for the horse")
    assert (row.bio, row.version) == ("Written meanwhile.", 1)
    for door in doors:
        assert door.view_me(token=token).outcome == "UNAUTHENTICATED"


def test_guesses_of_the_old_password_are_counted(cast, client):
    client.force_login(cast["staff"])
    client.raise_request_exception = False
    answers = [client.post("/admin/password_change/", {"old_password": "wrong"}).status_code for _ in range(LIMIT + 1)]
    assert answers == [200] * LIMIT + [429]
