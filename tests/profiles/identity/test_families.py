"""Refresh token families: rotation, reuse, and every way to end them."""

import base64
import hashlib
import secrets
import uuid
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.identity import accounts, families
from profiles.models import PersonalToken, Profile, TokenFamily
from tests.cast import PASSWORD
from tests.parity.test_statements import statements
from tests.state import undone


@pytest.fixture
def pair(cast):
    return families.start(cast["owner"])


@pytest.fixture
def no_grace(monkeypatch):
    monkeypatch.setattr(families, "GRACE", timedelta(0))


def check_dead(apis, *pairs):
    """Check that both APIs reject all of these tokens."""
    pairs = [pair if isinstance(pair, dict) else asdict(pair) for pair in pairs]
    for api in apis:
        for dead in pairs:
            assert api.view_me(token=dead["token"]).outcome == "UNAUTHENTICATED"
            assert api.refresh(dead["refresh_token"]).outcome == "UNAUTHENTICATED"


def check_alive(apis, token):
    for api in apis:
        assert api.view_me(token=token).body["username"] == "owner"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_sign_ins_of_an_earlier_release_stay_good(settings):
    """Stored digests and clients' tokens depend on these values, so that moving a module must not change them."""
    settings.SECRET_KEY = "a key of an earlier release"
    child = families._mac("child", b"text").hex()
    assert child == "c994ea5becb1ca6152cf8d4f38362ccaeaa52a58bae73ed2a9c14997eff97a99"
    version = Profile(password="hash").session_version
    assert version == "d4b72506612dba5c59c8c5cf3f277505877e21fef56e32f7ad164ae5bcc22782"


def test_a_refresh_token_is_not_kept(pair):
    assert TokenFamily.objects.get().digest == digest(pair.refresh_token)
    assert pair.refresh_token not in repr(TokenFamily.objects.values())


def test_a_family_lasts_as_long_as_from_its_sign_in(pair, rest):
    later = rest.refresh(pair.refresh_token).body
    assert later["refresh_expires_at"] == pair.refresh_expires_at.isoformat().replace("+00:00", "Z")
    assert abs(pair.refresh_expires_at - timezone.now() - timedelta(days=14)) < timedelta(minutes=1)


def test_each_use_gives_another(pair, apis):
    texts = [pair.refresh_token]
    for api in (*apis, *apis):
        texts.append(api.refresh(texts[-1]).body["refresh_token"])
    assert len(set(texts)) == 5
    family = TokenFamily.objects.get()
    assert [family.previous_digest, family.digest] == [digest(text) for text in texts[-2:]]  # older ones are not kept


def test_the_direct_predecessor_gets_the_same_child_for_a_moment(pair, apis):
    children = [api.refresh(pair.refresh_token).body for api in (*apis, *apis)]
    assert len({child["refresh_token"] for child in children}) == 1
    check_alive(apis, children[0]["token"])


def test_a_used_token_after_the_grace_ends_its_family(pair, apis, no_grace, caplog):
    rest, graphql = apis
    child = rest.refresh(pair.refresh_token).body
    check_alive(apis, child["token"])
    assert graphql.refresh(pair.refresh_token).outcome == "UNAUTHENTICATED"
    check_dead(apis, pair, child)
    [line] = [record.getMessage() for record in caplog.records if "refresh_reuse" in record.getMessage()]
    assert f"family={TokenFamily.objects.get().pk}" in line
    assert pair.refresh_token not in caplog.text


def test_a_grandparent_has_no_grace(pair, apis):
    child = apis[0].refresh(pair.refresh_token).body
    grandchild = apis[0].refresh(child["refresh_token"]).body
    assert apis[1].refresh(pair.refresh_token).outcome == "UNAUTHENTICATED"
    check_dead(apis, pair, child, grandchild)


def test_a_token_of_which_nothing_is_kept_ends_its_family(pair, apis, caplog):
    texts = [pair.refresh_token]
    for _ in range(5):
        texts.append(apis[0].refresh(texts[-1]).body["refresh_token"])
    assert apis[1].refresh(texts[0]).outcome == "UNAUTHENTICATED"
    assert apis[1].refresh(texts[-1]).outcome == "UNAUTHENTICATED"
    assert caplog.text.count("refresh_reuse") == 1


def test_any_token_of_a_family_revokes_it(pair, apis):
    texts = [pair.refresh_token]
    for _ in range(3):
        texts.append(apis[0].refresh(texts[-1]).body["refresh_token"])
    assert apis[1].revoke(texts[0]).outcome == "done"
    check_dead(apis, pair)


def made_up(family):
    """Forged tokens by someone who knows a family's id from an access token, but none of the service's keys."""
    content = family.pk.bytes + secrets.token_bytes(families.NONCE_BYTES)
    yield base64.urlsafe_b64encode(content + secrets.token_bytes(32)).decode()
    yield base64.urlsafe_b64encode(content + hashlib.sha256(content).digest()).decode()
    yield base64.urlsafe_b64encode(family.pk.bytes).decode()
    yield str(family.pk)
    yield family.pk.hex
    yield family.digest


def test_a_made_up_token_ends_no_family(pair, apis):
    family = TokenFamily.objects.get()
    changed = [
        pair.refresh_token[:-1] + "!",
        pair.refresh_token + "=",
        pair.refresh_token[4:],
    ]
    for text in [*made_up(family), *changed]:
        for api in apis:
            assert api.refresh(text).outcome == "UNAUTHENTICATED"
            assert api.revoke(text).outcome == "done"
    check_alive(apis, pair.token)
    assert apis[0].refresh(pair.refresh_token).outcome == "done"


def test_a_token_of_the_old_form_goes_on(cast, pair, apis, no_grace):
    old = secrets.token_urlsafe(32)
    for api in apis:
        with undone():
            TokenFamily.objects.update(digest=digest(old))
            child = api.refresh(old).body
            check_alive(apis, child["token"])
            assert api.refresh(child["refresh_token"]).outcome == "done"
            assert api.refresh(old).outcome == "UNAUTHENTICATED"


def test_a_deletion_loads_none_of_what_belongs_to_the_account(cast):
    def cost(profile):
        return len(statements(lambda: writing.delete(profile, actor=Actor(cast["staff"]))))

    TokenFamily.objects.bulk_create(
        TokenFamily(profile=cast["owner"], scope="read", session_version="x", expires_at=timezone.now())
        for _ in range(500)
    )
    ContentType.objects.get_for_model(Profile)  # caches it
    assert cost(cast["owner"]) == cost(cast["known"])
    assert not TokenFamily.objects.exists()


# The migration


@pytest.fixture
def migrate(transactional_db):
    """Migrate `profiles` to a named state and return its models; afterwards migrate to the newest state again."""
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()

    def to(name):
        executor = MigrationExecutor(connection)
        executor.migrate([("profiles", name)])
        return MigrationExecutor(connection).loader.project_state([("profiles", name)]).apps

    yield to
    MigrationExecutor(connection).migrate(latest)


def test_the_migration_keeps_the_newest_tokens_and_can_be_undone(migrate):
    before, after = "0004_lists", "0006_tokens_in_families"
    models = migrate(before)
    profile = models.get_model("profiles", "Profile").objects.create(username="owner", email="a@b.co")
    families_before = models.get_model("profiles", "TokenFamily").objects
    tokens_before = models.get_model("profiles", "RefreshToken").objects
    used_at = timezone.now()
    for length in (0, 1, 2, 5):
        family = families_before.create(pk=uuid.UUID(int=length), profile=profile, scope="read", expires_at=used_at)
        parent = None
        for number in range(length):
            used = None if number == length - 1 else used_at + timedelta(seconds=number)
            text = digest(f"{length} {number}")
            parent = tokens_before.create(family=family, digest=text, used_at=used, parent=parent)
    kept = migrate(after).get_model("profiles", "TokenFamily").objects.order_by("pk")
    assert list(kept.values_list("digest", "previous_digest", "rotated_at")) == [
        (None, None, None),
        (digest("1 0"), None, None),
        (digest("2 1"), digest("2 0"), used_at),
        (digest("5 4"), digest("5 3"), used_at + timedelta(seconds=3)),
    ]
    rows = migrate(before).get_model("profiles", "RefreshToken").objects.order_by("family", "pk")
    assert list(rows.values_list("family", "digest", "parent__digest", "used_at")) == [
        (uuid.UUID(int=1), digest("1 0"), None, None),
        (uuid.UUID(int=2), digest("2 0"), None, used_at),
        (uuid.UUID(int=2), digest("2 1"), digest("2 0"), None),
        (uuid.UUID(int=5), digest("5 3"), None, used_at + timedelta(seconds=3)),
        (uuid.UUID(int=5), digest("5 4"), digest("5 3"), None),
    ]


def test_another_family_of_the_same_account_lives_on(cast, pair, apis, no_grace):
    other = families.start(cast["owner"])
    for _ in range(2):
        apis[0].refresh(pair.refresh_token)
    check_dead(apis, pair)
    check_alive(apis, other.token)


@pytest.mark.parametrize(
    "end",
    [
        lambda profile: TokenFamily.objects.update(expires_at=timezone.now()),
        lambda profile: Profile.objects.filter(pk=profile.pk).update(is_active=False),
        lambda profile: Profile.objects.filter(pk=profile.pk).delete(),
        lambda profile: accounts.change_password(profile, "another"),
        lambda profile: accounts.sign_out_everywhere(profile),
        lambda profile: (profile.set_password("by a command"), profile.save()),
        lambda profile: call_command("tokens", "end", "--username", "owner"),
        lambda profile: call_command("tokens", "end", "--family", str(TokenFamily.objects.get().pk)),
    ],
    ids=["expired", "disabled", "deleted", "password", "everywhere", "set elsewhere", "by name", "by family"],
)
def test_what_ends_a_family_ends_it_at_the_next_request(cast, pair, apis, end):
    check_alive(apis, pair.token)
    end(cast["owner"])
    check_dead(apis, pair)


def test_a_disabled_account_begins_anew_when_it_is_enabled(cast, pair, apis):
    for api, is_active in zip(apis, (False, True), strict=True):
        assert api.update(cast.pk("owner"), {"is_active": is_active}, token=cast.token("staff")).outcome == "done"
    check_dead(apis, pair)
    check_alive(apis, families.start(cast["owner"]).token)


def test_a_revoked_family_ends_alone(cast, pair, apis):
    other = families.start(cast["owner"])
    assert apis[1].revoke(pair.refresh_token).outcome == "done"
    check_dead(apis, pair)
    check_alive(apis, other.token)


def test_a_new_password_ends_every_other_token(cast, pair, apis):
    other = families.start(cast["owner"])
    new = apis[1].change_password(PASSWORD, "a staple for the horse", token=pair.token).body
    check_dead(apis, pair, other)
    check_alive(apis, new["token"])
    assert apis[0].sign_in("owner", PASSWORD).outcome == "UNAUTHENTICATED"
    assert apis[0].sign_in("owner", "a staple for the horse").outcome == "done"


def test_a_new_password_saves_nothing_else(cast):
    stale = cast["owner"]
    Profile.objects.filter(pk=stale.pk).update(bio="Written meanwhile.")
    row = accounts.change_password(stale, "another")
    assert (row.bio, row.version) == ("Written meanwhile.", 1)
    assert Profile.objects.get(pk=stale.pk).bio == "Written meanwhile."


def test_logging_out_everywhere_ends_the_admins_session_too(cast, client, rest):
    client.force_login(cast["staff"])
    assert client.get("/admin/").status_code == 200
    rest.log_out_everywhere(token=cast.token("staff"))
    assert client.get("/admin/").status_code == 302


def test_tokens_lists_and_clears(cast, pair, capsys):
    families.start(cast["member"])
    for name in ("owner", "member"):
        cast.personal_token(name, "read")
    call_command("tokens", "list")
    assert len(capsys.readouterr().out.splitlines()) == 4
    call_command("tokens", "list", username="OWNER")
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["owner", "owner"]
    for model in (TokenFamily, PersonalToken):
        model.objects.filter(profile=cast["owner"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    call_command("tokens", "clear")
    assert capsys.readouterr().out == "Cleared 2.\n"
    assert [model.objects.get().profile for model in (TokenFamily, PersonalToken)] == [cast["member"]] * 2


def test_tokens_of_nobody(db):
    with pytest.raises(Exception, match="There is no account nobody"):
        call_command("tokens", "end", "--username", "nobody")


SECRETS = (PASSWORD, "a staple for the horse", "not the password")


def test_the_security_log_has_a_line_for_each_event_and_no_secret(cast, apis, caplog, no_grace):
    rest, graphql = apis
    pair = rest.sign_in("owner", PASSWORD).body
    graphql.sign_in("owner", "not the password")
    graphql.sign_in("not the password", "x")
    again = graphql.refresh(pair["refresh_token"]).body
    rest.refresh(pair["refresh_token"])
    second = families.start(cast["owner"])
    graphql.revoke(second.refresh_token)
    third = families.start(cast["owner"])
    graphql.change_password("not the password", "a staple for the horse", token=third.token)
    new = graphql.change_password(PASSWORD, "a staple for the horse", token=third.token).body
    rest.log_out_everywhere(token=new["token"])
    lines = [record.getMessage() for record in caplog.records if record.name == "profiles.security"]
    assert [line.split()[0].removeprefix("event=") for line in lines] == [
        "sign_in",
        "sign_in_failed",
        "sign_in_failed",
        "refresh_reuse",
        "revoked",
        "password_change_failed",
        "password_changed",
        "signed_out_everywhere",
    ]
    assert f"profile={cast.pk('owner')} address=127.0.0.1" in lines[0]
    assert "profile=none" in lines[2]
    told = [*SECRETS, *(t for p in (pair, again, new) for t in (p["token"], p["refresh_token"]))]
    assert not any(secret in caplog.text for secret in told)
