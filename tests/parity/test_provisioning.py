"""An issuer's identities without an account, in both APIs: they get a new account, never an existing one."""

import re

import pytest

from profiles.identity import issuers, provisioning
from profiles.models import ExternalIdentity, Profile
from tests.cast import PASSWORD
from tests.parity.test_statements import statements
from tests.state import stored, undone

CLAIMS = {"preferred_username": "jane.doe", "email": "jane@example.com", "name": "Jane Doe"}


@pytest.fixture
def configure(issuer, settings):
    """Configure the issuer with these members."""

    def configured(**members):
        settings.OIDC_ISSUERS = [issuer.setting(**members)]
        issuers.issuers.cache_clear()

    return configured


@pytest.fixture(autouse=True)
def with_provisioning(configure):
    configure(provision=True)


def made(apis, token):
    """The row that each API creates at the token's first use. Both APIs show both rows alike."""
    rows, shown = [], []
    for api in apis:
        with undone():
            answer = api.view_me(token=token)
            assert answer.outcome == "done", answer
            rows.append(Profile.objects.get(pk=answer.body["id"]))
            shown.append({name: answer.body[name] for name in ("email", "display_name", "bio", "editable_fields")})
            assert {each.view_me(token=token).body["id"] for each in apis} == {rows[-1].pk}
            assert ExternalIdentity.objects.get().profile == rows[-1]
    assert shown[0] == shown[1]
    return rows


def test_the_first_use_makes_an_account(issuer, cast, apis, caplog):
    token = issuer.token("248289761001", **CLAIMS)
    for row in made(apis, token):
        assert (row.username, row.email, row.display_name) == ("jane.doe", "jane@example.com", "Jane Doe")
        assert (row.visibility, row.is_active, row.is_staff, row.version) == ("members", True, False, 1)
        assert not row.has_usable_password()
    lines = [record.getMessage() for record in caplog.records if record.name == "profiles.security"]
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(rf"event=external_sign_up profile=\d+ issuer={issuer.url} address=127.0.0.1", line)


def test_the_first_use_may_be_a_write(issuer, cast, apis):
    for api, other in (apis, apis[::-1]):
        with undone():
            token = issuer.token("1", **CLAIMS, scope="read")
            assert api.update(cast.pk("known"), {"bio": "x"}, token=token).outcome == "FORBIDDEN"
            pk = other.view_me(token=token).body["id"]
            assert other.update(pk, {"bio": "x"}, token=token).outcome == "FORBIDDEN"
            assert other.update(pk, {"bio": "x"}, token=issuer.token("1")).outcome == "done"


def test_the_second_use_costs_what_any_token_does(issuer, cast, apis):
    token = issuer.token("1", **CLAIMS)
    assert apis[0].view_me(token=token).outcome == "done"
    for api in apis:
        assert len(statements(lambda api=api: api.view(cast.pk("shown"), token=token))) == 2


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("jane", r"jane"),
        ("jane@example.com", r"jane"),
        ("José Ñandú", r"Jose-Nandu"),
        ("DOMAIN\\jane", r"DOMAIN-jane"),
        ("_jane_", r"jane"),
        ("x" * 80, r"x{50}"),
        ("OWNER", r"OWNER-[0-9a-f]{8}"),  # taken, in another case
        ("Admin", r"Admin-[0-9a-f]{8}"),  # reserved
        ("李雷", r"user-[0-9a-f]{8}"),
        ("", r"user-[0-9a-f]{8}"),
        ("\0", r"user-[0-9a-f]{8}"),
        ("ﷺ" * 80, r"user-[0-9a-f]{8}"),
        (None, r"user-[0-9a-f]{8}"),
        (7, r"user-[0-9a-f]{8}"),
        (["jane"], r"user-[0-9a-f]{8}"),
    ],
    ids=ascii,
)
def test_a_username_is_made_of_the_claim(issuer, cast, apis, name, username):
    for row in made(apis, issuer.token("1", **CLAIMS | {"preferred_username": name})):
        assert re.fullmatch(username, row.username)


def test_a_long_username_that_is_taken(issuer, cast, apis):
    Profile.objects.filter(username="known").update(username="x" * 50)
    for row in made(apis, issuer.token("1", **CLAIMS | {"preferred_username": "x" * 50})):
        assert re.fullmatch(r"x{41}-[0-9a-f]{8}", row.username)


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "a\u202eb", "\0", None, 7, {"x": 1}], ids=ascii)
def test_an_optional_value_that_is_not_valid_is_left_out(issuer, cast, apis, name):
    for row in made(apis, issuer.token("1", **CLAIMS | {"name": name})):
        assert (row.username, row.display_name) == ("jane.doe", "")


def test_several_values_that_are_not_valid(issuer, cast, apis, configure):
    configure(
        provision=True,
        claims={"username": "sub", "email": "mail", "website": "web", "time_zone": "zoneinfo", "location": "home"},
    )
    claims = {"mail": "a@b.co", "web": "javascript:x", "zoneinfo": "Mars/Phobos", "home": "Here", "name": "Unused"}
    for row in made(apis, issuer.token("owner", **claims)):
        assert re.fullmatch(r"owner-[0-9a-f]{8}", row.username)
        values = (row.email, row.website, row.time_zone, row.location, row.display_name)
        assert values == ("a@b.co", "", "UTC", "Here", "")


@pytest.mark.parametrize("email", [None, "", "jane", "jane@", 7, "a@b.co\n", "x" * 250 + "@b.co"], ids=ascii)
def test_without_an_address_there_is_no_account(issuer, cast, apis, email):
    token, before = issuer.token("1", **CLAIMS | {"email": email}), stored()
    if email == "a@b.co\n":  # surrounding blanks are trimmed, as at a sign-up
        assert {row.email for row in made(apis, token)} == {"a@b.co"}
        return
    for api in apis:
        answer = api.view_me(token=token)
        assert answer.outcome == "UNAUTHENTICATED"
        assert answer.errors[0][2].startswith("An account needs a valid email address, and the token has none.")
    assert stored() == before
    assert not ExternalIdentity.objects.exists()


def test_an_issuer_that_claims_another_accounts_name_and_address(issuer, cast, apis):
    """The identity gets a new account without access to the other one."""
    claimed = {"preferred_username": "staff", "email": "staff@example.com", "email_verified": True, "is_staff": True}
    victim = Profile.objects.filter(username="staff").values().get()
    for row in made(apis, issuer.token(str(cast.pk("staff")), **claimed)):
        assert row.pk != cast.pk("staff")
        assert (row.is_staff, row.is_superuser) == (False, False)
        assert row.username != "staff"
        assert Profile.objects.filter(username="staff").values().get() == victim
    token = issuer.token("1", **claimed)
    for api in apis:
        with undone():
            assert api.update(cast.pk("staff"), {"bio": "x"}, token=token).outcome == "NOT_FOUND"
            assert api.view(cast.pk("hidden"), token=token).outcome == "NOT_FOUND"


def test_a_disabled_accounts_identity_is_given_no_other(issuer, cast, apis):
    cast["gone"].external_identities.create(issuer=issuer.url, subject="1")
    before = stored()
    for api in apis:
        assert api.view_me(token=issuer.token("1", **CLAIMS)).outcome == "UNAUTHENTICATED"
    assert stored() == before


@pytest.mark.parametrize("claims", [{"aud": "others"}, {"scope": "openid"}, {"exp": 1}, {"nonce": "x"}], ids=str)
def test_a_bad_token_makes_no_account(issuer, cast, apis, claims):
    before = stored()
    for api in apis:
        assert api.view_me(token=issuer.token("1", **CLAIMS | claims)).outcome == "UNAUTHENTICATED"
    assert stored() == before


def test_sign_up_may_be_closed(issuer, cast, apis, settings):
    settings.SIGN_UP_IS_OPEN = False
    made(apis, issuer.token("1", **CLAIMS))


def test_the_new_account_has_no_password(issuer, cast, apis):
    token = issuer.token("1", **CLAIMS)
    for api in apis:
        with undone():
            assert api.view_me(token=token).outcome == "done"
            assert api.sign_in("jane.doe", "").outcome == "invalid"
            assert api.sign_in("jane.doe", PASSWORD).outcome == "UNAUTHENTICATED"
            answer = api.change_password(PASSWORD, "a new staple of the horse", token=token)
            assert [error[:2] for error in answer.errors] == [("invalid", "old_password")]


def test_the_new_accounts_sign_ins_end(issuer, cast, apis):
    for api in apis:
        with undone():
            token = issuer.token("1", **CLAIMS)
            assert api.log_out_everywhere(token=token).outcome == "done"
            assert api.view_me(token=token).outcome == "UNAUTHENTICATED"
            assert ExternalIdentity.objects.count() == 1


def test_one_that_the_staff_linked_meanwhile_is_that_account(issuer, cast, apis, monkeypatch):
    """Staff link the identity after the search for its account, before a new one is created."""

    def linked(token):
        cast["owner"].external_identities.get_or_create(issuer=issuer.url, subject="1")
        return original(token)

    original = provisioning._made
    for api in apis:
        with undone():
            monkeypatch.setattr(provisioning, "_made", linked)
            assert api.view_me(token=issuer.token("1", **CLAIMS)).body["username"] == "owner"
            assert not Profile.objects.filter(username="jane.doe").exists()
