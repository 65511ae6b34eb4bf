"""Management commands."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.utils import timezone

from profiles.core.models import Source
from profiles.management.commands import history
from profiles.management.commands.demo import PASSWORD
from profiles.models import Change, ExternalIdentity, Profile


def test_demo_puts_three_accounts_into_a_new_database(db, settings, capsys):
    settings.DEBUG = True
    call_command("demo", url="http://127.0.0.1:9")
    assert list(Profile.objects.order_by("pk").values_list("username", "is_staff")) == [
        ("john_doe", False),
        ("jane_doe", False),
        ("sam_staff", True),
    ]
    assert authenticate(username="john_doe", password=PASSWORD)
    printed = capsys.readouterr().out
    assert "curl -s http://127.0.0.1:9/auth/token/" in printed
    call_command("demo")
    assert Profile.objects.count() == 3


def test_demo_makes_up_as_many_as_are_wanted(db, settings):
    settings.DEBUG = True
    call_command("demo", profiles=2_500)
    call_command("demo", profiles=10)
    assert Profile.objects.count() == 3 + 2_510
    for profile in Profile.objects.order_by("?")[:20]:
        profile.full_clean(exclude=["password"])
        assert profile.username in ("john_doe", "jane_doe", "sam_staff") or not profile.has_usable_password()


def test_demo_leaves_a_database_alone_that_is_not_new(cast, settings, capsys):
    settings.DEBUG = True
    call_command("demo")
    assert not Profile.objects.named("john_doe").exists()
    assert not capsys.readouterr().out


def changes_of_ages(profile, *days):
    """Create changes of a profile, `days` old."""
    for version, age in enumerate(days, start=2):
        at = timezone.now() - timedelta(days=age)
        Change.objects.create(profile=profile, version=version, at=at, source=Source.REST, fields={"bio": ["", "B"]})


def test_history_clears_what_is_past_its_retention_period(cast, settings, capsys, monkeypatch):
    monkeypatch.setattr(history, "AT_ONCE", 2)
    changes_of_ages(cast["owner"], 10, 731, 740, 729, 800, 2_000, 0)
    call_command("history", "clear")
    assert capsys.readouterr().out == "Cleared 4.\n"
    assert list(Change.objects.order_by("version").values_list("version", flat=True)) == [2, 5, 8]
    call_command("history", "clear", "--days", "9")
    assert capsys.readouterr().out == "Cleared 2.\n"
    assert Change.objects.get().version == 8
    assert cast["owner"].version == 1


def test_history_clears_nothing_of_today(cast, capsys):
    changes_of_ages(cast["owner"], 0, 1)
    for days in ("0", "-1"):
        with pytest.raises(CommandError, match="1 at the least"):
            call_command("history", "clear", "--days", days)
    assert Change.objects.count() == 2


def test_an_identity_is_linked_and_unlinked(cast, issuer, apis, capsys, caplog):
    token = issuer.token("1")
    call_command("identities", "link", "OWNER", issuer.url, "1")
    call_command("identities", "link", "owner", issuer.url, "1")
    assert [api.view_me(token=token).body["username"] for api in apis] == ["owner", "owner"]
    call_command("identities", "list")
    call_command("identities", "list", "--username", "member")
    call_command("identities", "unlink", issuer.url, "1")
    assert {api.view_me(token=token).outcome for api in apis} == {"UNAUTHENTICATED"}
    assert capsys.readouterr().out.splitlines() == [
        f"1 at {issuer.url} is the account owner.",
        f"1 at {issuer.url} is the account owner.",
        f"owner  {issuer.url}  1",
        f"1 at {issuer.url} is no longer the account owner.",
    ]
    lines = [record.getMessage() for record in caplog.records if record.name == "profiles.security"]
    assert lines == [
        f"event=external_identity_{event} profile={cast.pk('owner')} issuer={issuer.url}"
        for event in ("linked", "unlinked")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("link", "nobody", "{url}", "2"), "There is no account nobody."),
        (("link", "gone", "{url}", "2"), "The account gone is disabled."),
        (("link", "owner", "https://others.example.com", "2"), "OIDC_ISSUERS has no issuer"),
        (("link", "owner", "{url}", "a\nb"), "can't be a subject"),
        (("link", "owner", "{url}", "1"), "is the account member: unlink it first."),
        (("unlink", "{url}", "2"), "2 at {url} is no account."),
        (("list", "--username", "nobody"), "There is no account nobody."),
    ],
    ids=str,
)
def test_an_identity_that_cannot_be_linked(cast, issuer, arguments, message):
    cast["member"].external_identities.create(issuer=issuer.url, subject="1")
    with pytest.raises(CommandError, match=message.format(url=issuer.url)):
        call_command("identities", *(argument.format(url=issuer.url) for argument in arguments))
    assert ExternalIdentity.objects.get().profile == cast["member"]
