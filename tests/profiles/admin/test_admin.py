"""The admin: the same policy, validation and writes as both APIs."""

import hashlib
import re

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from profiles.admin.accounts import END, NEWEST, SHORT
from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.core.outcomes import Outcome, Refused
from profiles.identity import accounts, families
from profiles.models import Change, Profile, TokenFamily
from tests.cast import PASSWORD
from tests.parity.test_statements import statements
from tests.profiles.identity.test_throttling import LIMIT
from tests.state import stored


@pytest.fixture
def page(cast):
    return reverse("admin:profiles_profile_change", args=[cast.pk("hidden")])


def form_of(response):
    form = response.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    for inline in response.context["inline_admin_formsets"]:
        for part in (inline.formset.management_form, *inline.formset.forms):
            values |= {part.add_prefix(name): part[name].value() for name in part.fields}
    return {name: value for name, value in values.items() if value is not False and value is not None}


def test_staff_see_and_edit(cast, client, page):
    client.force_login(cast["staff"])
    assert b"hidden@example.com" in client.get(reverse("admin:profiles_profile_changelist")).content
    form = form_of(client.get(page))
    assert client.post(page, form | {"bio": "  Seen to. "}).status_code == 302
    row = Profile.objects.get(username="hidden")
    assert (row.bio, row.version, row.updated_by) == ("Seen to.", 2, cast["staff"])
    change = Change.objects.get()
    assert (change.source, change.actor, change.fields) == (Source.ADMIN, cast["staff"], {"bio": ["", "Seen to."]})
    assert b"Seen to." in client.get(page).content


@pytest.mark.parametrize(
    ("target", "email", "pending", "told"),
    [
        ("hidden", "new@example.com", None, ["hidden@example.com", "new@example.com"]),
        ("staff", "staff@example.com", "new@example.com", ["new@example.com"]),  # waits for their confirmation
    ],
)
def test_an_address_waits_here_as_over_the_apis(target, email, pending, told, cast, client, mail):
    page = reverse("admin:profiles_profile_change", args=[cast.pk(target)])
    client.force_login(cast["staff"])
    assert client.post(page, form_of(client.get(page)) | {"email": "new@example.com"}).status_code == 302
    row = Profile.objects.get(username=target)
    assert (row.email, row.pending_email, row.email_verified) == (email, pending, False)
    assert sorted(message.to[0] for message in mail()) == told


def test_a_form_is_a_write_with_a_precondition(cast, client, page, settings):
    settings.REQUIRE_PRECONDITION = True
    client.force_login(cast["staff"])
    form = form_of(client.get(page))
    assert client.post(page, form | {"bio": "Seen to."}).status_code == 302
    assert Profile.objects.get(username="hidden").bio == "Seen to."


def test_a_form_that_changes_nothing_writes_nothing(cast, client, page):
    client.force_login(cast["staff"])
    before = stored()
    assert client.post(page, form_of(client.get(page))).status_code == 302
    assert stored() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"username": "KNOWN"}, "This username is taken. Choose another one."),
        ({"username": "me"}, "This username is reserved. Choose another one."),
        ({"time_zone": "Mars"}, "Must be a time zone"),
        ({"website": "ftp://x"}, "Must be an http or https URL"),
        ({"version": 7}, "Modified since you fetched it."),
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


def test_a_password_is_changed_by_the_write_path(cast, client, apis):
    client.force_login(cast["staff"])
    token = cast.token("staff")
    Profile.objects.filter(username="staff").update(bio="Written meanwhile.")
    new = {"new_password1": "a staple for the horse", "new_password2": "a staple for the horse"}
    assert client.post("/admin/password_change/", {"old_password": "wrong", **new}).status_code == 200
    assert client.post("/admin/password_change/", {"old_password": PASSWORD, **new}).status_code == 302
    assert client.get("/admin/").status_code == 200  # the current session stays
    row = Profile.objects.get(username="staff")
    assert row.check_password("a staple for the horse")
    assert (row.bio, row.version) == ("Written meanwhile.", 1)
    for api in apis:
        assert api.view_me(token=token).outcome == "UNAUTHENTICATED"


def test_guesses_of_the_old_password_are_counted(cast, client):
    client.force_login(cast["staff"])
    client.raise_request_exception = False
    answers = [client.post("/admin/password_change/", {"old_password": "wrong"}).status_code for _ in range(LIMIT + 1)]
    assert answers == [200] * LIMIT + [429]


def test_staff_grant_and_withdraw_staff(cast, client, page, caplog):
    client.force_login(cast["staff"])
    assert client.post(page, form_of(client.get(page)) | {"is_staff": "on"}).status_code == 302
    assert Profile.objects.get(username="hidden").is_staff
    granted = Change.objects.get()
    assert (granted.source, granted.actor, granted.fields) == (Source.ADMIN, cast["staff"], {"is_staff": [False, True]})
    form = form_of(client.get(page))
    assert form.pop("is_staff") is True
    assert client.post(page, form).status_code == 302
    assert not Profile.objects.get(username="hidden").is_staff
    events = [each.getMessage() for each in caplog.records if each.name == "profiles.security"]
    facts = f"profile={cast.pk('hidden')} by={cast.pk('staff')} address=127.0.0.1"
    assert events == [f"event=staff_granted {facts}", f"event=staff_withdrawn {facts}"]


@pytest.mark.parametrize("name", ["is_staff", "is_active"])
def test_staff_do_not_withdraw_their_own_rights(cast, client, name):
    client.force_login(cast["staff"])
    own = reverse("admin:profiles_profile_change", args=[cast.pk("staff")])
    form = form_of(client.get(own))
    assert name not in form
    before = stored()
    assert client.post(own, form).status_code == 302
    assert stored() == before


def test_of_two_staff_who_withdraw_each_others_rights_one_remains(cast, client, page):
    """Each page was fetched before the other one was sent."""
    Profile.objects.filter(username="hidden").update(is_staff=True)
    client.force_login(cast["staff"])
    form = form_of(client.get(page))
    del form["is_staff"]
    first, other = Profile.objects.get(username="hidden"), cast["staff"]
    writing.update(other, {"is_staff": False}, actor=Actor(first), source=Source.ADMIN)
    before = stored()
    with pytest.raises(Refused) as refused:
        writing.update(first, {"is_staff": False}, actor=Actor(other), source=Source.ADMIN)
    assert refused.value.outcome is Outcome.NOT_FOUND
    assert client.post(page, form).status_code == 302  # redirects to the sign-in page
    assert stored() == before


PROFILES = reverse("admin:profiles_profile_changelist")
SIGN_INS = reverse("admin:profiles_tokenfamily_changelist")


def listed(client, path, **query):
    return {str(row) for row in client.get(path, query).context["cl"].result_list}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "HIDDEN"}, {"hidden"}),
        ({"q": "mailed@example.com"}, {"mailed"}),
        ({"q": "The Owner"}, {"owner"}),
        ({"visibility__exact": "private"}, {"member", "staff", "hidden"}),
        ({"is_active__exact": 0}, {"gone"}),
        ({"is_staff__exact": 1}, {"staff"}),
        ({"is_staff__exact": 0, "visibility__exact": "private", "q": "e"}, {"member", "hidden"}),
    ],
)
def test_profiles_are_searched_and_filtered(cast, client, query, names):
    Profile.objects.filter(username="owner").update(display_name="The Owner")
    client.force_login(cast["staff"])
    assert listed(client, PROFILES, **query) == names


def write_often(cast, times):
    for n in range(times):
        row = Profile.objects.get(username="hidden")
        writing.update(row, {"bio": f"<{n}>"}, actor=Actor(cast["staff"]), source=Source.REST)


def test_the_history_is_the_newest_of_it_and_a_stale_page_is_a_conflict(cast, client, page):
    client.force_login(cast["staff"])
    write_often(cast, NEWEST + 1)
    response = client.get(page)
    shown = response.content.decode()
    assert f"bio: &quot;&lt;{NEWEST - 1}&gt;&quot; → &quot;&lt;{NEWEST}&gt;&quot;" in shown
    assert len(re.findall(r"bio: .* → ", shown)) == NEWEST
    form = form_of(response)
    write_often(cast, NEWEST)  # more changes than the page shows, so that none of its rows is among the newest
    before = stored()
    answer = client.post(page, form | {"bio": "Late."})
    assert answer.status_code == 200
    assert "Modified since you fetched it." in answer.content.decode()
    assert stored() == before


def sign_in_often(cast, times):
    pairs = [families.start(cast["hidden"]) for _ in range(times)]
    return pairs[-1]


def test_sign_ins_are_shown_by_hashes_and_never_a_token(cast, client, page):
    client.force_login(cast["staff"])
    first = sign_in_often(cast, NEWEST + 1)
    second = families.refresh(RequestFactory().get("/"), refresh_token=first.refresh_token)
    newest = hashlib.sha256(second.refresh_token.encode()).hexdigest()
    family = TokenFamily.objects.get(digest=newest)
    own_page = reverse("admin:profiles_tokenfamily_change", args=[family.pk])
    assert newest in client.get(own_page).content.decode()
    for path in (page, SIGN_INS, own_page):
        shown = client.get(path).content.decode()
        assert newest[:SHORT] in shown
        for secret in (first.token, second.token, first.refresh_token, second.refresh_token, family.session_version):
            assert secret not in shown
    assert client.get(page).content.decode().count(f">{END}<") == NEWEST


def press(client, page, number=0):
    """Press a button of a profile's page, as a browser does."""
    shown = client.get(page).content.decode()
    action = re.search(r'<form id="end-family" method="post" action="([^"]*)"', shown)[1]
    buttons = re.findall(r'<button class="button" form="end-family" name="([^"]*)" value="([^"]*)"', shown)
    return client.post(action, dict([buttons[number], ("action", "end")]), follow=True)


def test_a_family_is_ended_and_no_other(cast, client, page, apis, caplog):
    client.force_login(cast["staff"])
    other, pair = families.start(cast["hidden"]), families.start(cast["hidden"])
    response = press(client, page)  # newest first
    assert "Families ended: 1." in response.content.decode()
    assert {family.profile for family in response.context["cl"].result_list} == {cast["hidden"]}
    for api in apis:
        assert api.view_me(token=pair.token).outcome == "UNAUTHENTICATED"
        assert api.view_me(token=other.token).outcome == "done"
    assert apis[0].refresh(pair.refresh_token).outcome == "UNAUTHENTICATED"
    (said,) = [record.getMessage() for record in caplog.records if "event=revoked" in record.getMessage()]
    assert f"profile={cast.pk('hidden')}" in said
    assert f"by={cast.pk('staff')}" in said
    ended = TokenFamily.objects.exclude(ended_at=None).get()
    assert f"family={ended.pk}" in said
    assert client.get(page).content.decode().count(f">{END}<") == 1


def test_several_are_ended_from_their_list_and_the_ended_stay_as_they_are(cast, client):
    client.force_login(cast["staff"])
    sign_in_often(cast, 3)
    past = timezone.now() - timezone.timedelta(days=1)
    first, *others = TokenFamily.objects.all()
    TokenFamily.objects.filter(pk=first.pk).update(ended_at=past)
    chosen = {"action": "end", "_selected_action": [first.pk, *(family.pk for family in others)]}
    assert "Families ended: 2." in client.post(SIGN_INS, chosen, follow=True).content.decode()
    assert "Families ended: 0." in client.post(SIGN_INS, chosen, follow=True).content.decode()
    assert TokenFamily.objects.get(pk=first.pk).ended_at == past
    assert not families.living(TokenFamily.objects.all()).exists()


def test_sign_ins_are_found_by_account_and_by_state(cast, client):
    client.force_login(cast["staff"])
    sign_in_often(cast, 1)
    families.start(cast["owner"])
    of_hidden, of_owner = (str(TokenFamily.objects.get(profile=cast[name]).pk) for name in ("hidden", "owner"))
    assert listed(client, SIGN_INS, q="hidden") == {of_hidden}
    assert listed(client, SIGN_INS, q=of_owner) == {of_owner}
    assert listed(client, SIGN_INS, state="over") == set()
    families.end(TokenFamily.objects.filter(pk=of_owner))
    assert listed(client, SIGN_INS, state="over") == {of_owner}
    assert listed(client, SIGN_INS, state="living") == {of_hidden}
    assert listed(client, SIGN_INS, profile__id__exact=cast.pk("owner")) == {of_owner}


def test_nobody_else_ends_a_family_nor_sees_one(cast, client):
    sign_in_often(cast, 1)
    family = TokenFamily.objects.get()
    for actor in (None, "owner", "hidden"):
        if actor:
            client.force_login(cast[actor])
        assert client.get(SIGN_INS).status_code == 302
        assert client.post(SIGN_INS, {"action": "end", "_selected_action": family.pk}).status_code == 302
    assert TokenFamily.objects.get().ended_at is None


def test_sign_ins_are_neither_made_nor_changed_nor_deleted_here(cast, client):
    client.force_login(cast["staff"])
    sign_in_often(cast, 1)
    row = TokenFamily.objects.values().get()
    page = reverse("admin:profiles_tokenfamily_change", args=[row["id"]])
    assert client.get(reverse("admin:profiles_tokenfamily_add")).status_code == 403
    assert client.post(page, {"scope": "read"}).status_code == 403
    assert client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": row["id"], "post": "yes"}
    client.post(SIGN_INS, delete)
    assert TokenFamily.objects.values().get() == row


def test_a_page_costs_the_same_however_much_there_is(cast, client, page):
    client.force_login(cast["staff"])
    client.get(page)  # Django caches the content types
    costs = []
    for times in (1, NEWEST + 5):
        write_often(cast, times)
        sign_in_often(cast, times)
        costs.append([len(statements(lambda p=path: client.get(p))) for path in (page, PROFILES, SIGN_INS)])
    # Statements of a page: session, user, profile, sign-ins, identities, history. Of a list: session, user, count,
    # rows.
    assert costs == [[6, 4, 4]] * 2


def test_a_password_that_changed_since_it_was_verified_is_not_changed_again(cast, client, monkeypatch):
    client.force_login(cast["staff"])
    verified = Profile.check_password

    def changed_after(self, password):
        try:
            return verified(self, password)
        finally:
            monkeypatch.undo()
            accounts.change_password(self, "the winner's password")

    monkeypatch.setattr(Profile, "check_password", changed_after)
    new = "a staple for the horse"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/admin/password_change/", sent)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["old_password"]
    assert Profile.objects.get(username="staff").check_password("the winner's password")


def test_a_store_that_is_away_is_not_told_as_a_wrong_password(cast, client, monkeypatch):
    def away(*args):
        raise Refused(Outcome.UNAVAILABLE, retry_after=5)

    client.force_login(cast["staff"])
    monkeypatch.setattr(accounts, "change_password", away)
    new = "a staple for the horse"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/admin/password_change/", sent).status_code == 503


def test_an_accounts_identities_are_shown_and_not_changed(cast, client, page):
    """Linking an identity would let staff sign in as the account's owner."""
    cast["hidden"].external_identities.create(issuer="https://id.example.com", subject="248289761001")
    client.force_login(cast["staff"])
    response = client.get(page)
    assert b"248289761001" in response.content
    form = form_of(response) | {"external_identities-0-subject": "1", "external_identities-TOTAL_FORMS": "2"}
    client.post(page, form | {"external_identities-1-issuer": "https://id.example.com", "bio": "New."})
    assert cast["hidden"].external_identities.get().subject == "248289761001"
    assert Profile.objects.get(username="hidden").bio == "New."
