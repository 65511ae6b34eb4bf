"""What allauth's security notices are about and no other tests cover, in both APIs.

See "Notices of allauth" in server/docs/security.md.
"""

import copy

import pytest

from profiles.identity import families, tokens
from profiles.identity.issuers import issuers
from profiles.identity.operations import OPERATIONS
from profiles.identity.throttling import counter
from profiles.models import Code, EmailUndo, Profile
from tests.cast import PASSWORD
from tests.parity.test_addresses import UNDO
from tests.parity.test_identity_cases import identity
from tests.parity.test_leaving import tables_with
from tests.parity.test_recovery import NEW, code_for, codes_in
from tests.parity.test_statements import statements
from tests.profiles.identity.test_throttling import LIMIT
from tests.state import stored, undone

SIGN_UP = {"username": "newcomer", "email": "new@example.com", "password": PASSWORD}
PROVISIONED = {"preferred_username": "jane.doe", "email": "jane@example.com", "name": "Jane Doe"}


# Who has an account


@pytest.fixture(params=[False, True], ids=["no mail", "mail"])
def mail_is_on(request, settings):
    settings.MAIL_IS_ON = request.param
    return request.param


ADDRESSES = ["member@example.com", "MEMBER@example.com", "nobody@example.com"]  # taken, taken, free


def answered(perform, *arguments):
    """An operation's answer and number of statements; its writes are rolled back."""
    answers = []
    with undone():
        sent = statements(lambda: answers.append(perform(*arguments)))
    return answers[0], len(sent)


def test_a_sign_up_tells_nothing_of_an_address(cast, apis, mail_is_on):
    for api in apis:
        answers, sent = zip(*(answered(api.create, SIGN_UP | {"email": email}) for email in ADDRESSES), strict=True)
        assert {answer.outcome for answer in answers} == {"done"}
        assert [answer.body["email"] for answer in answers] == ADDRESSES
        own = {"email", "id", "node_id", "created_at", "updated_at"}
        told = [{name: value for name, value in answer.body.items() if name not in own} for answer in answers]
        assert told == [told[0]] * len(ADDRESSES)
        assert len(set(sent)) == 1


WRITES = {
    "update": lambda api, cast, email, token: api.update(cast.pk("owner"), {"email": email}, token=token),
    "replacement": lambda api, cast, email, token: api.replace(
        cast.pk("owner"), {"username": "owner", "email": email}, token=token
    ),
    "several": lambda api, cast, email, token: api.update_many([(cast.pk("owner"), {"email": email})], token=token),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_change_of_address_tells_nothing_of_the_new_one(cast, apis, mail_is_on, write):
    token = cast.token("owner")
    for api in apis:
        written = [answered(WRITES[write], api, cast, email, token) for email in ADDRESSES]
        answers, sent = zip(*written, strict=True)
        rows = [answer.body["rows"][0] if "rows" in answer.body else answer.body for answer in answers]
        assert [row["pending_email" if mail_is_on else "email"] for row in rows] == ADDRESSES
        own = {"email", "pending_email", "updated_at"}
        told = [{name: value for name, value in row.items() if name not in own} for row in rows]
        assert told == [told[0]] * len(ADDRESSES)
        assert len(set(sent)) == 1


# Invalid passwords


@pytest.mark.parametrize("password", ["", None, " ", "\t\n", 0, False, []], ids=repr)
def test_no_account_is_made_with_a_blank_password(cast, rest, graphql, password):
    before = stored()
    assert rest.create(SIGN_UP | {"password": password}).outcome == "invalid"
    assert graphql.create(SIGN_UP | {"password": password}).outcome in ("invalid", "BAD_REQUEST")
    without = {name: value for name, value in SIGN_UP.items() if name != "password"}
    assert {api.create(without).outcome for api in (rest, graphql)} == {"invalid"}
    assert stored() == before


@pytest.fixture
def provisioning(issuer, settings):
    settings.OIDC_ISSUERS = [issuer.setting(provision=True)]
    issuers.cache_clear()
    return issuer


def test_an_issuers_account_has_no_password_rather_than_a_blank_one(provisioning, cast, client, apis):
    token = provisioning.token("1", **PROVISIONED)
    for api in apis:
        counter.cache_clear()
        with undone():
            assert api.view_me(token=token).outcome == "done"
            row = Profile.objects.get(username="jane.doe")
            assert not row.has_usable_password()
            for text in ("", "!", row.password, "None"):
                assert api.sign_in("jane.doe", text).outcome in ("invalid", "UNAUTHENTICATED")
                client.post("/admin/login/", {"username": "jane.doe", "password": text})
                assert "sessionid" not in client.cookies
                assert api.change_password(text, NEW, token=token).outcome == "invalid"


# An issuer's claims


@pytest.mark.parametrize("said", [True, False, None, "true", "false", 1, [True], {"x": True}], ids=repr)
def test_an_address_is_verified_by_an_issuer_that_says_true(provisioning, cast, apis, said):
    for api in apis:
        with undone():
            assert api.view_me(token=provisioning.token("1", **PROVISIONED, email_verified=said)).outcome == "done"
            assert Profile.objects.get(username="jane.doe").email_verified is (said is True)


def test_another_claims_address_is_not_what_the_issuer_verified(issuer, cast, apis, settings):
    settings.OIDC_ISSUERS = [issuer.setting(provision=True, claims={"username": "sub", "email": "contact"})]
    issuers.cache_clear()
    claims = PROVISIONED | {"contact": "staff@example.com", "email_verified": True}
    for api in apis:
        with undone():
            assert api.view_me(token=issuer.token("jane", **claims)).body["email"] == "staff@example.com"
            assert not Profile.objects.get(username="jane").email_verified


def test_no_token_changes_how_an_issuer_is_configured(provisioning, cast, apis, settings):
    known = issuers()[provisioning.url]

    def configured():
        return copy.deepcopy(
            (settings.OIDC_ISSUERS, dict(known.scopes), dict(known.claims), known.algorithms, known.audience)
        )

    before = configured()
    hostile = {"scope": "profiles:read admin", "scopes": {"admin": "write"}, "claims": {"is_staff": "x"}, "alg": "none"}
    for api in apis:
        with undone():
            assert api.view_me(token=provisioning.token("1", **PROVISIONED | hostile)).outcome == "done"
            assert api.view_me(token=provisioning.token("2", **PROVISIONED | hostile | {"email": 7})).outcome != "done"
            api.view_me(token=provisioning.token("3", **PROVISIONED | hostile, aud=["x", "y"]))
    assert configured() == before
    assert issuers()[provisioning.url] is known


def test_a_name_that_many_have_costs_no_more_statements(provisioning, cast, apis):
    """The service does not search for the next free name."""
    sent = {}
    for others in (1, 30):
        for n in range(others):
            name = f"jane.doe{f'-{n}' if n else ''}"
            Profile.objects.get_or_create(username=name, defaults={"email": "x@example.com"})
        for api in apis:
            with undone():
                token = provisioning.token("1", **PROVISIONED)
                sent.setdefault(others, []).append(len(statements(lambda d=api, t=token: d.view_me(token=t))))
    assert sent[1] == sent[30]


# Secrets


def test_no_text_of_an_object_has_its_secret(cast):
    pair = families.start(cast["owner"])
    read = tokens.read(pair.token)
    cast.personal_token("owner", "read")
    rows = [cast["owner"], cast["owner"].token_families.get(), cast["owner"].personal_tokens.get()]
    rows += [Code(digest="a digest"), EmailUndo(digest="a digest", address="owner@example.com")]
    secrets = {pair.token, pair.refresh_token, "a digest", "owner@example.com", cast["owner"].password}
    secrets |= {getattr(row, "digest", "") or "a digest" for row in rows}
    for each in (*rows, pair, read):
        for text in (str(each), repr(each), f"{[each]}"):
            assert [secret for secret in secrets if secret in text] == []


def test_no_table_and_no_log_has_a_token_or_a_password(provisioning, cast, apis, caplog):
    secrets = [PASSWORD, NEW]
    for api in apis:
        name = f"new-{api.source}"
        assert api.create(SIGN_UP | {"username": name}, key="a key").outcome == "done"
        pair = api.sign_in(name, PASSWORD).body
        pair = api.refresh(pair["refresh_token"]).body
        changed = api.change_password(PASSWORD, NEW, token=pair["token"]).body
        personal = api.create_personal_token("x", ["write"], 1, token=changed["token"]).body["token"]
        external = provisioning.token(name, **PROVISIONED)
        for token in (changed["token"], personal, external):
            assert api.view_me(token=token).outcome == "done"
        secrets += [personal, external, *(p[key] for p in (pair, changed) for key in ("token", "refresh_token"))]
    for secret in secrets:
        assert tables_with(secret.lower()) == set()
        assert secret not in caplog.text


# Links and forms on other sites


def test_nothing_is_done_by_a_get(cast, rest, graphql):
    """Following a link changes nothing, whether a person or a mail scanner does it."""
    token, before = cast.token("owner"), identity()
    lists = {operation.path for operation in OPERATIONS if operation.is_list}
    for path in {operation.path for operation in OPERATIONS} - lists:
        query = "token=x&code=x&email=owner@example.com"
        response = rest.send("GET", f"{path.format(id=tokens.read(token).sign_in)}/?{query}", token=token)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (405, "METHOD_NOT_ALLOWED")
    for field in ("logoutEverywhere { loggedOut }", "endOtherSessions { ended }"):
        response = graphql.client.get(
            "/graphql/", {"query": f"mutation {{ {field} }}"}, headers={"authorization": f"Bearer {token}"}
        )
        assert response.status_code in (400, 405)
    assert identity() == before


# Recovery and addresses


def test_a_recovery_clears_no_count(cast, apis, mail):
    for n in range(LIMIT):
        assert apis[n % 2].sign_in("owner", "wrong").outcome == "UNAUTHENTICATED"
    for api in apis:
        assert api.confirm_recovery("owner@example.com", code_for(api, mail), NEW).outcome == "done"
        assert {other.sign_in("owner", NEW).outcome for other in apis} == {"THROTTLED"}


def test_a_recovery_ends_what_somebody_else_had_of_the_account(issuer, cast, client, apis, mail):
    """A thief with a session, also in the admin or at an issuer, or with a sign-up to this address, loses access."""
    for api in apis:
        with undone():
            client.force_login(cast["staff"])
            mine = families.start(cast["staff"])
            issued = issuer.token_of(cast["staff"])
            before = [mine.token, cast.token("staff (personal write)"), issued]
            assert {api.view_me(token=token).outcome for token in before} == {"done"}
            assert client.get("/admin/").status_code == 200
            assert api.confirm_recovery("staff@example.com", code_for(api, mail, "staff@example.com"), NEW).body
            for other in apis:
                assert {other.view_me(token=token).outcome for token in before} == {"UNAUTHENTICATED"}
                assert other.refresh(mine.refresh_token).outcome == "UNAUTHENTICATED"
            assert client.get("/admin/").status_code == 302


KELVIN = "\N{KELVIN SIGN}nown@example.com"  # `lower()` turns it into a k, in Python and in PostgreSQL


@pytest.mark.parametrize("asked", ["known@example.com", "KNOWN@example.com", KELVIN])
@pytest.mark.parametrize("first", ["known", "member"])
def test_a_code_goes_to_no_address_that_looks_like_the_accounts(cast, apis, mail, asked, first):
    """CVE-2019-19844: the address must match exactly, not only after case folding."""
    Profile.objects.filter(username="known" if first == "member" else "member").update(email_verified=True)
    Profile.objects.filter(username="member").update(email=KELVIN)
    for api in apis:
        with undone():
            assert api.request_recovery(asked).outcome == "done"
            for message in mail():
                (to,) = message.to
                named = [name for name in ("known", "member") if f"the account {name}:" in message.body]
                assert named
                assert set(Profile.objects.filter(username__in=named).values_list("email", flat=True)) == {to}


def test_no_table_and_no_log_has_a_code_or_a_link(cast, apis, mail, caplog):
    secrets = []
    for api in apis:
        with undone():
            Profile.objects.filter(username="owner").update(email_verified=True)
            token = cast.token("owner")
            api.update(cast.pk("owner"), {"email": "new@example.com"}, token=token)
            (message,) = mail()
            secrets += codes_in(message)
            assert tables_with(secrets[-1].lower()) == tables_with(secrets[-1].replace("-", "").lower()) == set()
            assert api.verify_email(secrets[-1], token=token).outcome == "done"
            (link,) = UNDO.findall(mail()[0].body)
            secrets += [link, code_for(api, mail, "new@example.com")]
            assert tables_with(link.lower()) == tables_with(secrets[-1].lower()) == set()
            assert api.undo_email_change(link).outcome == "done"
            secrets += codes_in(mail()[0])
            assert api.confirm_recovery("owner@example.com", secrets[-1], NEW).outcome == "done"
    assert len(secrets) == 2 * 4
    assert [secret for secret in (*secrets, "example.com", NEW) if secret in caplog.text] == []
