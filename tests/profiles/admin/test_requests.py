"""Requests to the admin that its pages never send: they get an error page, never an internal error."""

import logging
import re
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import transaction
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from profiles.admin.site import LONGEST_SEARCH, Site
from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.identity import families
from profiles.models import Profile, TokenFamily
from tests.cast import PASSWORD
from tests.profiles.admin.test_admin import PROFILES, SIGN_INS, form_of
from tests.profiles.identity.test_throttling import LIMIT
from tests.state import stored

LISTS = {
    model: reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist") for model in admin.site._registry
}
DECLARED = {
    Profile: {
        "visibility__exact", "visibility__isnull", "is_active__exact", "is_active__isnull", "is_staff__exact",
        "is_staff__isnull",
    },
    TokenFamily: {"state", "profile__id__exact"},
    DBTaskResult: {"status__exact", "status__isnull"},
}  # fmt: skip
LOOKUPS = ["exact", "iexact", "startswith", "contains", "regex", "iregex", "gt", "lte", "in", "range", "isnull", "year"]
OF_MESSAGES = {"args_kwargs", "return_value", "worker_ids"}
SECRETS = {"password", "sign_outs", "session_version", "digest"} | OF_MESSAGES
HOSTILE = [
    "zz",
    "",
    "\0",
    "a\0b",
    "(",
    "[",
    "\\",
    "%",
    "'",
    '"',
    "-1",
    "0",
    "9" * 30,
    "9" * 5_000,
    "٣",
    "²",
    "1e3",
    "é" * 300,
]


@pytest.fixture
def staff(cast, client):
    """A client signed in as staff; the profile of the pages has rows of every kind."""
    families.start(cast["hidden"])
    client.force_login(cast["staff"])
    return client


@pytest.fixture
def page(cast):
    return reverse("admin:profiles_profile_change", args=[cast.pk("hidden")])


def paths_of(model, depth=2):
    """The lookup paths of a model's fields, and of related models' fields."""
    for field in model._meta.get_fields():
        yield field.name
        yield getattr(field, "attname", field.name)
        if field.is_relation and field.related_model and depth:
            yield from (f"{field.name}__{path}" for path in paths_of(field.related_model, depth - 1))
    yield "pk"


def lookups_of(model):
    paths = sorted(set(paths_of(model)))
    return {*paths, *(f"{path}__{lookup}" for path in paths for lookup in LOOKUPS)}


@pytest.mark.parametrize("model", LISTS)
def test_no_lookup_passes_but_the_declared(staff, rf_of_staff, model):
    model_admin = admin.site._registry[model]
    lookups = lookups_of(model)
    secrets = OF_MESSAGES if model is DBTaskResult else {"password", "session_version"}
    assert all(any(secret in lookup for lookup in lookups) for secret in secrets)
    passed = {lookup for lookup in lookups if model_admin.lookup_allowed(lookup, "x", rf_of_staff)}
    assert passed == DECLARED[model] - {"state"}  # a parameter, not a field
    assert all(model_admin.lookup_allowed(lookup, "x", rf_of_staff) for lookup in DECLARED[model])


@pytest.fixture
def rf_of_staff(cast, rf):
    request = rf.get("/")
    request.user = cast["staff"]
    return request


@pytest.mark.parametrize("model", LISTS)
def test_a_lookup_that_is_not_declared_is_refused_before_the_database_is_asked(staff, model):
    paths = {path for path in paths_of(model, depth=1) if SECRETS.intersection(path.split("__"))}
    assert len(paths) > 2
    lookups = ("", "__startswith", "__regex", "__gt", "__in", "__isnull")
    others = ({}, {"_popup": "1"}, {"q": "x"}, {"o": "1"}, {"_facets": "1"}, {"e": "1"})
    for path in paths:
        for lookup, other in zip(lookups, others, strict=True):
            response = staff.get(LISTS[model], {f"{path}{lookup}": "a", **other})
            assert response.status_code == 400, (path, lookup)
            assert b"Bad Request" in response.content


def test_declared_filters_take_no_other_lookup_of_their_field(staff):
    for lookup in ("visibility__startswith", "visibility", "visibility__in", "is_staff__gt", "is_active"):
        assert staff.get(PROFILES, {lookup: "p"}).status_code == 400


@pytest.mark.parametrize("model", LISTS)
def test_no_field_is_named_by_another_parameter(staff, model):
    for field in ("password", "sign_outs", "session_version", "token_families__session_version"):
        assert staff.get(LISTS[model], {"_to_field": field, "_popup": "1"}).status_code == 400
        by_field, by_nothing = (staff.get(LISTS[model], {"o": name}).context["cl"] for name in (field, "nonsense"))
        assert [row.pk for row in by_field.result_list] == [row.pk for row in by_nothing.result_list]


def test_a_list_is_ordered_and_searched_by_nothing_that_is_secret():
    for model, model_admin in admin.site._registry.items():
        shown = {*model_admin.list_display, *(name.lstrip("=^@") for name in model_admin.search_fields)}
        assert not SECRETS.intersection(part for name in shown for part in name.split("__"))
        for name in model_admin.list_display:
            try:
                model._meta.get_field(name)
            except FieldDoesNotExist:  # a method could only be ordered by a declared field
                assert not hasattr(getattr(model_admin, name), "admin_order_field")


@pytest.mark.parametrize("path", ["/admin/autocomplete/", "/admin/r/1/1/", "/admin/auth/group/", "/admin/nowhere/"])
def test_what_finds_rows_of_any_model_is_not_there(staff, path):
    query = {"app_label": "profiles", "model_name": "tokenfamily", "field_name": "profile", "term": "a"}
    response = staff.get(path, query)
    assert response.status_code == 404
    assert b"<title>Not Found" in response.content


def test_a_models_admin_that_is_open_is_an_error_at_start_up():
    site = Site()
    site.register(Group)
    with pytest.raises(ImproperlyConfigured, match="Group"):
        site.get_urls()


# Malformed parameters


def send(client, method, path, values):
    """Send a request; roll back its writes if it fails."""
    with transaction.atomic():
        if method == "GET":
            return client.generic("GET", path, QUERY_STRING=urlencode(values, doseq=True))
        return client.post(path, values)


LIST_PARAMETERS = [
    "q", "o", "p", "all", "e", "_to_field", "_popup", "_facets", "_changelist_filters", "state", "profile__id__exact",
    "visibility__exact", "visibility__isnull", "is_active__exact", "is_staff__isnull", "username__regex", "id__in",
    "created_at__year", "nonsense", "\0",
]  # fmt: skip


@pytest.mark.parametrize("parameter", LIST_PARAMETERS)
@pytest.mark.parametrize("path", LISTS.values())
def test_a_parameter_of_a_list_is_never_an_internal_error(staff, path, parameter):
    for value in HOSTILE:
        response = send(staff, "GET", path, {parameter: value})
        assert response.status_code in (200, 302, 400), value
        if "\0" in value + parameter:
            assert response.status_code == 400


def test_a_search_is_as_long_as_it_may_be(staff):
    response = staff.get(PROFILES, {"q": "x " * LONGEST_SEARCH})
    assert response.status_code == 200
    assert f"at most {LONGEST_SEARCH} characters" in response.content.decode()
    assert staff.get(PROFILES, {"q": "x " * (LONGEST_SEARCH // 2)}).status_code == 200


@pytest.mark.parametrize("key", HOSTILE)
def test_a_chosen_row_that_is_none_is_a_bad_request(cast, staff, key):
    before = list(TokenFamily.objects.values())
    for action in ("end", "delete_selected", "nonsense"):
        response = send(staff, "POST", SIGN_INS, {"action": action, "_selected_action": key})
        assert response.status_code == 400
        assert "<title>Bad Request" in response.content.decode()
    assert list(TokenFamily.objects.values()) == before


@pytest.mark.parametrize("parameter", ["action", "index", "select_across", "_save", "form-TOTAL_FORMS"])
def test_a_parameter_of_an_action_is_never_an_internal_error(staff, parameter):
    chosen = {"action": "end", "_selected_action": TokenFamily.objects.get().pk}
    for value in HOSTILE:
        assert send(staff, "POST", SIGN_INS, chosen | {parameter: value}).status_code in (200, 302)


@pytest.mark.parametrize("prefix", ["token_families", "history"])
@pytest.mark.parametrize("value", ["zz", "-1", "99999999", "\0"])
def test_what_a_form_says_of_rows_that_nobody_writes_is_not_read(cast, staff, page, prefix, value):
    form = form_of(staff.get(page))
    families_before = list(TokenFamily.objects.values())
    for number, name in enumerate(("TOTAL_FORMS", "INITIAL_FORMS", "0-id", "0-profile", "0-version", "0-DELETE")):
        sent = form | {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "1", f"{prefix}-{name}": value}
        version = Profile.objects.get(pk=cast.pk("hidden")).version
        response = send(staff, "POST", page, sent | {"bio": str(number), "version": version})
        assert response.status_code == 302, name
        wrong = send(staff, "POST", page, sent | {"website": "x", "version": version + 1})
        assert (wrong.status_code, b"Must be an http or https URL" in wrong.content) == (200, True)
    assert list(TokenFamily.objects.values()) == families_before


@pytest.mark.parametrize("parameter", ["version", "username", "bio", "visibility", "time_zone", "_popup", "_saveasnew"])
def test_a_parameter_of_a_form_is_never_an_internal_error(staff, page, parameter):
    form = form_of(staff.get(page))
    for value in HOSTILE:
        assert send(staff, "POST", page, form | {parameter: value}).status_code in (200, 302, 403), value


@pytest.mark.parametrize("key", ["zz", "0", "%00", "_00", "_ff", "%ff", "9" * 30, "9" * 5_000, "%C2%B2", "%2F", "-1"])
@pytest.mark.parametrize("path", [*LISTS.values()])
@pytest.mark.parametrize("view", ["change/", "history/", "delete/", "", "password/"])
def test_a_key_that_is_none_is_never_an_internal_error(staff, path, key, view):
    response = staff.get(f"{path}{key}/{view}", follow=True)
    assert response.status_code in (200, 403, 404)
    if response.status_code == 200:
        assert "exist. Perhaps it was deleted?" in response.content.decode()


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/x", "x"])
def test_a_body_that_is_no_form_is_never_an_internal_error(staff, page, content_type):
    for path in (page, SIGN_INS, "/admin/password_change/", "/admin/login/"):
        assert staff.generic("POST", path, b"junk", content_type=content_type).status_code in (200, 400)


def test_a_form_of_too_many_fields_is_a_bad_request(staff, page, settings):
    response = staff.post(page, {f"a{n}": "" for n in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)})
    assert response.status_code == 400
    assert b"<title>Bad Request" in response.content


def test_a_defect_is_not_taken_for_a_bad_request(staff, monkeypatch):
    def broken(*args):
        raise ValueError("a defect")

    monkeypatch.setattr("profiles.admin.accounts.ProfileAdmin.get_queryset", broken)
    staff.raise_request_exception = False
    response = staff.get(PROFILES)
    shown = response.content.decode()
    assert (response.status_code, "a defect" in shown) == (500, False)
    assert f"<code>{response.headers['X-Request-ID']}</code>" in shown


# Signing in


@pytest.mark.parametrize(
    "after", [None, "", "https://evil.example/", "//evil.example", "javascript:x", "\0", "http://[::1"]
)
def test_staff_who_sign_in_come_to_the_admin(cast, client, after):
    given = {} if after is None else {"next": after}
    path = f"/admin/login/?{urlencode(given)}"
    response = client.post(path, {"username": "staff", "password": PASSWORD, **given})
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("after", [None, "/admin/", "/accounts/profile/"])
@pytest.mark.parametrize("name", ["owner", "hidden"])
def test_a_member_does_not_sign_in_to_the_admin(cast, client, name, after):
    given = {} if after is None else {"next": after}
    response = client.post("/admin/login/", {"username": name, "password": PASSWORD, **given})
    assert response.status_code == 200
    assert "for a staff account" in response.content.decode()
    assert "sessionid" not in client.cookies
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_a_session_of_one_who_is_no_longer_staff_gets_the_sign_in_page(cast, client):
    client.force_login(cast["staff"])
    Profile.objects.filter(username="staff").update(is_staff=False)
    assert client.get("/admin/login/").status_code == 200
    response = client.get("/admin/", follow=True)
    assert (response.status_code, response.redirect_chain) == (200, [("/admin/login/?next=/admin/", 302)])


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/password_change/"])
def test_too_many_attempts_get_a_page_and_a_line_in_the_log(cast, client, caplog, path):
    if "change" in path:
        client.force_login(cast["staff"])
    attempt = {"username": "staff", "password": "wrong", "old_password": "wrong"}
    for _ in range(LIMIT):
        assert client.post(path, attempt).status_code == 200
    caplog.clear()
    response = client.post(path, attempt)
    wait = response.headers["Retry-After"]
    assert (response.status_code, response.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert f"Try again in {wait} seconds." in response.content.decode()
    (said,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (said.levelname, said.exc_info) == ("WARNING", None)


def test_a_refusal_speaks_the_language_of_the_browser(staff):
    response = staff.get(PROFILES, {"password": "x"}, headers={"accept-language": "de"})
    assert response.headers["Content-Language"] == "de"
    assert "Anfrage" in response.content.decode()


# Staff themselves


def test_staff_cannot_disable_themselves(cast, client):
    client.force_login(cast["staff"])
    page = reverse("admin:profiles_profile_change", args=[cast.pk("staff")])
    form = form_of(client.get(page))
    assert "is_active" not in form
    assert client.post(page, form | {"bio": "B", "is_active": ""}).status_code == 302
    row = Profile.objects.get(username="staff")
    assert (row.bio, row.is_active, row.version) == ("B", True, 2)


def test_staff_disable_another(cast, client, page):
    client.force_login(cast["staff"])
    form = form_of(client.get(page))
    assert form.pop("is_active")
    before = stored()
    assert client.post(page, form).status_code == 302
    assert stored() != before
    assert not Profile.objects.get(username="hidden").is_active


# Redirects, and echoed input


@pytest.mark.parametrize("after", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "\0"])
@pytest.mark.parametrize("path", ["/admin/logout/", "/admin/password_change/"])
def test_no_page_of_the_admin_leads_to_another_site(cast, client, path, after):
    client.force_login(cast["staff"])
    new = "another staple for the horse"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new, "next": after}
    response = client.post(f"{path}?{urlencode({'next': after})}", form)
    assert "evil" not in response.headers.get("Location", "")
    assert "evil" not in response.content.decode()


def test_what_a_profile_says_is_text_in_the_admin(cast, staff):
    mark = "<img src=x onerror=alert(1)>"
    values = {"display_name": mark, "bio": f"{mark}</textarea><script>alert(1)</script>", "location": f'"{mark}'}
    writing.update(cast["hidden"], values, actor=Actor(cast["hidden"]), source=Source.REST)
    families.start(cast["hidden"])
    TokenFamily.objects.update(client=mark)
    key = cast.pk("hidden")
    paths = [*LISTS.values(), f"{LISTS[Profile]}?q=%3Cimg", f"{LISTS[Profile]}{key}/change/"]
    paths += [
        f"{LISTS[Profile]}{key}/history/",
        f"{LISTS[TokenFamily]}{TokenFamily.objects.latest('created_at').pk}/change/",
    ]
    for path in paths:
        response = staff.get(path)
        assert response.status_code == 200
        assert not re.search(r"<img[^>]*onerror|<script>alert", response.content.decode())
    assert "&lt;img src=x onerror" in staff.get(f"{LISTS[Profile]}{key}/change/").content.decode()
